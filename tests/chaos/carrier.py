"""The process that carries, made to die at one chosen boundary of delivery.

`python -m tests.chaos.carrier PLAN`, PLAN being JSON: the demo's seed, applicants and fault rate,
the `boundary` at which to die, and at which passing of it (`passing`, from 1); `lost_commit`: after
which passing of a commit its answer is lost. With `rival` it sweeps once, three days late.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import traceback
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any

from connectors import http
from connectors.errors import LedgerUnavailable
from connectors.ledger import effects, store
from deployments import demo
from deployments.cli.system import sandbox_settings
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
GAVE_UP = 75
LEASE_SECONDS = 6  # so that a sleeper can be waited for
LATE = timedelta(days=3)
UNDER_WAY_SECONDS = 0.3  # well inside what a slow stand-in takes


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
    """Let one transaction's commit arrive, and its answer be lost."""
    begin = store.Ledger.transaction

    def transaction(ledger: store.Ledger) -> Any:
        return _LosingItsAnswer(begin(ledger), lambda: lost.is_now(LOST_COMMIT))

    store.Ledger.transaction = transaction  # type: ignore[method-assign, assignment]


class _LosingItsAnswer:
    def __init__(self, inner: Any, is_lost: Callable[[], bool]) -> None:
        self._inner, self._is_lost = inner, is_lost

    def __enter__(self) -> Any:
        return self._inner.__enter__()

    def __exit__(self, *failure: Any) -> Any:
        swallowed = self._inner.__exit__(*failure)
        if failure[0] is None and self._is_lost():
            raise LedgerUnavailable
        return swallowed


def install(boundary: Boundary, sandbox: str) -> None:
    """Put the boundary into the delivering code of this process."""
    from tasks import deliver

    effects.LEASE_SECONDS = LEASE_SECONDS
    effects.claim = boundary.after(effects.claim, "before the intent")  # its commit comes later
    deliver._send = boundary.before(deliver._send, "after the intent")
    http.Api.write = boundary.while_under_way(http.Api.write, sandbox)  # type: ignore[method-assign]
    effects.done = boundary.before(effects.done, "after the vendor's answer")
    deliver._one = boundary.after(deliver._one, "after our commit")


def main() -> None:
    plan = json.loads(sys.argv[1])
    settings = sandbox_settings()
    state = demo.prepare(settings, demo.Plan(plan["seed"], plan["applicants"], plan["fault_rate"]))
    try:
        if plan["rival"]:
            sweep_late(demo.Control(state.sandbox_url).now() - LATE)
        else:
            carry(plan, state, settings.home / "carrier.pid")
    except Exception:  # the database or Prefect's server is gone: to be started again
        traceback.print_exc()
        os._exit(GAVE_UP)
    os._exit(0)


def sweep_late(as_of: datetime) -> None:
    from flows.sweep import sweep

    async def once() -> None:
        await sweep(demo.CLIENT, as_of, return_state=True)

    asyncio.run(once())


def carry(plan: dict[str, Any], state: State, turn: Path) -> None:
    turn.write_text(str(os.getpid()))
    install(Boundary(plan["boundary"], plan["passing"]), state.sandbox_url)
    lose_a_commit(Boundary(LOST_COMMIT, plan["lost_commit"]))

    def watch(as_of: datetime, sentence: str) -> None:
        if turn.read_text() != str(os.getpid()):
            os._exit(0)  # it slept, and another has taken its place
        print(f"{as_of:%Y-%m-%d}  {sentence}", flush=True)

    demo.run(state, watch)


if __name__ == "__main__":
    main()
