"""The process that carries, made to die at one chosen boundary of delivery.

It runs in a process of its own (`tests/chaos/carriers.py`) and prints a line for every sweep that
it begins or completes.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any

from psycopg import OperationalError
from sqlalchemy import Connection

from connectors import http
from connectors.ledger import breaker, effects, store
from connectors.ledger.scope import Scope
from deployments import demo, embedded
from deployments.cli.system import sandbox_settings
from deployments.processes import ROOT, listening
from deployments.state import State

BOUNDARIES = (
    "before the intent",
    "after the intent",
    "after sending",
    "after the vendor's commit",
    "after the vendor's answer",
    "after our commit",
)
LOST_COMMIT = "a commit whose answer is lost"
BEGUN, SWEPT = "begun", "swept"
GAVE_UP = 75
LEASE_SECONDS = 6  # so that a sleeper can be waited for
LATE = timedelta(days=3)
READ_SECONDS = 1.5  # less than a stalled vendor takes
SETTLING_SECONDS = 4.0  # longer than it takes
UNDER_WAY_SECONDS = 0.3  # well inside what a slow stand-in takes
BESIDE = "beside"  # a file in the home, there while somebody works beside the carrier
TRIES = 600  # of one instant: the world stands still for as long as a disturbance lasts


@dataclass(frozen=True, slots=True)
class Orders:
    """What one carrying process is to do, and to suffer.

    It dies at the `passing`-th passing of the `boundary`, and loses the answer to the
    `lost_commit`-th commit (0: to none). A `rival` sweeps once, three days late.
    """

    plan: demo.Plan
    boundary: str = ""
    passing: int = 0
    lost_commit: int = 0
    rival: bool = False


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Boundary:
    """Calls `happen` at the n-th passing of the boundary that was chosen."""

    def __init__(self, name: str, passing: int) -> None:
        self.name, self.passing = name, passing
        self._passings = count(1)

    def is_now(self, name: str) -> bool:
        return name == self.name and next(self._passings) == self.passing

    def before(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        @wraps(function)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            if self.is_now(name):
                die()
            return function(*arguments, **named)

        return wrapped

    def after(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        @wraps(function)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            result = function(*arguments, **named)
            if result and self.is_now(name):
                die()
            return result

        return wrapped

    def while_under_way(self, write: Callable[..., Any], sandbox: str) -> Callable[..., Any]:
        """Die with a write at the vendor: before it has done it, or before it has answered."""

        @wraps(write)
        def wrapped(api: http.Api, method: str, path: str, **named: Any) -> Any:
            slowness = next(
                (
                    fault
                    for boundary, fault in (
                        ("after sending", "slow"),
                        ("after the vendor's commit", "slow_after"),
                    )
                    if self.is_now(boundary)
                ),
                None,
            )
            if slowness:
                slow = {"vendor": api.system, "match": "", "faults": [slowness]}
                told = urllib.request.Request(
                    f"{sandbox}/__sandbox/faults", json.dumps(slow).encode(), method="POST"
                )
                urllib.request.urlopen(told, timeout=5).close()
                threading.Timer(UNDER_WAY_SECONDS, die).start()
            return write(api, method, path, **named)

        return wrapped


def lose_a_commit(lost: Boundary) -> None:
    """Let one transaction's connection be cut as soon as its COMMIT has left."""
    begin = store.Ledger.transaction

    @contextmanager
    def transaction(ledger: store.Ledger) -> Iterator[Connection]:
        with begin(ledger) as connection:
            yield connection
            if lost.is_now(LOST_COMMIT):
                send_commit_and_hang_up(connection)

    store.Ledger.transaction = transaction  # type: ignore[method-assign, assignment]


def send_commit_and_hang_up(connection: Connection) -> None:
    """The database gets the COMMIT and does it; its answer finds nobody."""
    wire: Any = connection.connection.dbapi_connection
    wire.pgconn.send_query(b"COMMIT")
    while wire.pgconn.flush():
        pass
    socket.socket(fileno=os.dup(wire.pgconn.socket)).shutdown(socket.SHUT_RDWR)
    with suppress(OperationalError):
        wire.pgconn.consume_input()


def be_patient() -> None:
    """Have this process wait for nobody for long, and pause for nothing.

    A pause of minutes is a day here, as the world goes on by days: it stands still instead.
    """
    from tasks import deliver

    effects.LEASE_SECONDS = LEASE_SECONDS
    http.READ_SECONDS = READ_SECONDS  # type: ignore[assignment]
    deliver.QUICK_ATTEMPTS = effects.TRIES = TRIES
    breaker.FAILURES = dict.fromkeys(breaker.FAILURES, TRIES)
    _begin_an_instant_again_when_a_step_fails()


def _begin_an_instant_again_when_a_step_fails() -> None:
    """Otherwise the others would go on, and who waits for that step would lose a day."""
    from flows import carry

    do = carry._Steps._do

    def or_stop(sweep: carry._Steps, step: str, *work: Any) -> Any:
        state = do(sweep, step, *work)
        if sweep.undone:
            raise carry.Incomplete(step, "to be done before anybody goes on")
        return state

    carry._Steps._do = or_stop  # type: ignore[assignment, method-assign]


def install(boundary: Boundary, sandbox: str) -> None:
    """Put the boundary into the delivering code of this process."""
    from tasks import deliver

    effects.claim = boundary.after(effects.claim, "before the intent")  # its commit comes later
    deliver._send = boundary.before(deliver._send, "after the intent")
    http.Api.write = boundary.while_under_way(http.Api.write, sandbox)  # type: ignore[method-assign]
    effects.done = boundary.before(effects.done, "after the vendor's answer")
    deliver._one = boundary.after(deliver._one, "after our commit")


def main(home: Path, output: Path, orders: Orders) -> None:
    """Carry until the end of the plan, or until death; the exit code says which."""
    _become_a_process_of(home, output)
    settings = sandbox_settings().model_copy(update={"settling_seconds": SETTLING_SECONDS})
    _show_prefect_its_server(embedded.up(settings, only={"postgres", "prefect"}))
    state = demo.prepare(settings, orders.plan)
    be_patient()
    try:
        if orders.rival:
            sweep_late(demo.Control(state.sandbox_url).now() - LATE)
        else:
            carry(orders, state, settings.home / "carrier.pid")
    except Exception:  # the database or Prefect's server is gone: to be started again
        traceback.print_exc()
        _end(GAVE_UP)
    _end(0)


def _become_a_process_of(home: Path, output: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("FULLCYCLE_", "PREFECT_"))]:
        del os.environ[name]
    os.environ["FULLCYCLE_HOME"] = str(home)
    os.chdir(ROOT)
    said = os.open(output, os.O_WRONLY | os.O_APPEND)
    os.dup2(said, sys.stdout.fileno())
    os.dup2(said, sys.stderr.fileno())


def _show_prefect_its_server(state: State) -> None:
    """It was imported before anybody knew where that is."""
    from prefect.context import refresh_global_settings_context

    os.environ.update(state.environment() | {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING"})
    refresh_global_settings_context()


def _end(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def sweep_late(as_of: datetime) -> None:
    from flows.sweep import sweep

    async def once() -> None:
        await sweep(demo.CLIENT, as_of, return_state=True)

    asyncio.run(once())


def carry(orders: Orders, state: State, turn: Path) -> None:
    turn.write_text(str(os.getpid()))
    install(Boundary(orders.boundary, orders.passing), state.sandbox_url)
    lose_a_commit(Boundary(LOST_COMMIT, orders.lost_commit))
    announce_sweeps()
    demo.TRIES = TRIES

    def watch(as_of: datetime, sentence: str) -> None:
        if turn.read_text() != str(os.getpid()):
            _end(0)  # it slept, and another has taken its place
        print(f"{SWEPT} {as_of:%Y-%m-%d}  {sentence}", flush=True)
        # The world goes on when the receiver is back: seekers who find it closed apply days later.
        # And when nobody works beside us: they would read the new day, and carry at the one before.
        # What they have left is then done at this instant, by the next carrier.
        beside, waited = state.settings.home / BESIDE, False
        while not listening(state.settings.receiver_port) or beside.exists():
            waited = waited or beside.exists()
            time.sleep(0.1)
        if waited:
            _end(GAVE_UP)

    demo.run(state, watch)


def announce_sweeps() -> None:
    """Say so whenever a sweep begins."""
    from flows import sweep
    from flows.carry import carry as carry_scope

    async def carry(scope: Scope, as_of: datetime) -> str:
        print(f"{BEGUN} {as_of:%Y-%m-%d}", flush=True)
        return await carry_scope(scope, as_of)

    sweep.carry = carry  # type: ignore[attr-defined]
