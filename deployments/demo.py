"""The demo: the sandbox's requisitions, from intake to first pay statement, on simulated time.

It can be killed at any instant and started again: the ledger, the vendors and the simulated clock
all keep their state, so it goes on with the same instant and ends in the same ledger.
"""

import asyncio
import json
import os
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from connectors.ledger import status
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.registry import KINDS
from connectors.requisition import Requisition
from deployments import embedded, setup
from deployments.errors import DeploymentError
from deployments.sandbox.__main__ import plan_path
from deployments.sandbox.people import DATA
from deployments.settings import Settings
from deployments.state import State
from tasks.process import Process, Systems, load

START = "2026-09-08T13:00:00+00:00"
HOUR = time(13, tzinfo=UTC)
CLIENT = setup.SANDBOX_CLIENT
TRIES, PAUSE_SECONDS = 20, 1.0
LONGEST = timedelta(days=240)
# The sandbox's payroll pays in the United States alone, so the client gives up its Toronto opening
# after the first interviews: everyone still open must get an answer.
CANCELLED, CANCELLED_AT = "HARBOR-8", datetime(2026, 9, 25, 13, tzinfo=UTC)
WHY = {"decision": "cancel", "reason": "the client will not hire in Canada this year"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated. `applicants` 0: those shipped; `fault_rate`: share of spoiled calls.

    `webhooks`: share of those that misbehave; `patience`: seconds of wall clock that people stay
    before a receiver that is away, as the simulated time stands still. `systems`: which vendor does
    a job that another does otherwise, by the kind of system.
    """

    seed: int = 7
    applicants: int = 0
    fault_rate: float = 0.01
    start: str = START
    webhooks: float = 0.0
    patience: float = 0.0
    systems: Mapping[str, str] = field(default_factory=dict)


Watch = Callable[[datetime, str], None]


def prepare(settings: Settings, plan: Plan) -> State:
    """Start everything the demo needs and enter the client; harmless if it all runs already."""
    _keep_plan(settings, plan)
    services = {"postgres", "prefect", "sandbox", "receiver"}
    state = embedded.up(settings, only={"postgres"})
    setup.prepare_ledger(state.settings)
    process = _process(plan)
    begun = datetime.fromisoformat(plan.start)
    setup.register(state.settings, process, "demo", "the stand-ins' client", begun)
    state = embedded.up(settings, only=services)
    os.environ.update(state.environment() | {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING"})
    asyncio.run(setup.connect_sandbox(state.settings, CLIENT))
    return state


def run(state: State, watch: Watch, until: datetime | None = None) -> None:
    """Sweep, then care for candidates, at each tick until every requisition is over, or `until`.

    Who may not be texted yet at a tick, has one of their own later that day.

    watch: told the instant and a sentence after every sweep.
    """
    asyncio.run(_run(state, watch, until))


async def _run(state: State, watch: Watch, until: datetime | None) -> None:
    # Prefect must see the environment that `prepare` has set.
    from flows.candidate_care import candidate_care
    from flows.sweep import sweep
    from tasks import enter

    sandbox = Control(state.sandbox_url)
    ledger = Ledger(state.settings.database_url or "", CLIENT)
    as_of = sandbox.now()
    for path in sorted((DATA / "requisitions").glob("*.yaml")):
        wanted = Requisition.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        enter.requisition(wanted, "demo", wanted.business_reason, as_of)
    last = until or datetime.fromisoformat(START) + LONGEST
    while True:
        if as_of >= CANCELLED_AT:
            enter.answer(CLIENT, "cancel_requisition", CANCELLED, "", "approver", WHY, CANCELLED_AT)
        swept = await _done(sweep, as_of)
        await _done(candidate_care, as_of)
        watch(as_of, swept)
        sandbox.visit(state.settings.home / "documents")
        with ledger.transaction() as connection:
            if not status.unfinished(connection, Scope(CLIENT)):
                return
            clock = status.next_clock(connection, CLIENT, as_of)
            text = status.next_text(connection, CLIENT, as_of)
        tick = next_tick(as_of, sandbox.next_event_at(), clock)
        as_of = min(tick, text) if text else tick
        if as_of > last:
            return
        sandbox.advance(as_of)


async def _done(flow: Callable[..., Awaitable[Any]], as_of: datetime) -> str:
    """Run a flow until it is done, as the world stands still: a system may be away for a while.

    Returns what it says; after many tries the world goes on all the same.
    """
    from flows.carry import BUSY

    for attempt in range(TRIES):
        await asyncio.sleep(attempt and PAUSE_SECONDS)
        ended = await flow(CLIENT, as_of, return_state=True)
        if ended.is_completed() and ended.message != BUSY:
            break
    return ended.message or ""


def next_tick(as_of: datetime, event: datetime | None, clock: datetime | None) -> datetime:
    """The morning of the first weekday on which something has happened or is due."""
    awaited = min((moment for moment in (event, clock) if moment), default=as_of)
    day = max(as_of.date() + timedelta(days=1), awaited.date())
    if datetime.combine(day, HOUR) < awaited:
        day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return datetime.combine(day, HOUR)


def _process(plan: Plan) -> Process:
    """The client's process, with the vendors of the plan; raises DeploymentError."""
    process = load(DATA / "clients" / f"{CLIENT}.yaml")
    systems = {**process.systems.model_dump(), **plan.systems}
    for kind, vendor in plan.systems.items():
        if vendor not in KINDS.get(kind, {}):
            known = ", ".join(f"{kind}={name}" for kind in KINDS for name in KINDS[kind])
            raise DeploymentError(f"no system {kind}={vendor}; there are {known}")
    return process.model_copy(update={"systems": Systems.model_validate(systems)})


def _keep_plan(settings: Settings, plan: Plan) -> None:
    path = plan_path(settings.home)
    wanted = asdict(plan)
    if path.exists() and {**asdict(Plan()), **json.loads(path.read_text())} != wanted:
        raise DeploymentError(
            f"{settings.home} holds a demo with another seed or size;"
            " run `fullcycle demo --fresh` to begin anew"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(wanted))


class Control:
    """The sandbox's control endpoints."""

    def __init__(self, url: str) -> None:
        self._url = url

    def now(self) -> datetime:
        """The simulated instant."""
        return datetime.fromisoformat(self._call("GET", "/__sandbox/clock")["now"])

    def next_event_at(self) -> datetime | None:
        """When the next thing happens in the world."""
        found = self._call("GET", "/__sandbox/clock")["next_event_at"]
        return datetime.fromisoformat(found) if found else None

    def advance(self, to: datetime) -> None:
        """Let the world go on until an instant."""
        body = json.dumps({"to": to.isoformat()}).encode()
        self._call("POST", "/__sandbox/advance", body)

    def visit(self, public: Path) -> None:
        """Let the vendors' robots look at what is public: the job boards read their feeds."""
        body = json.dumps({"public": str(public.resolve())}).encode()
        self._call("POST", "/__sandbox/visit", body)

    def record(self) -> dict[str, Any]:
        """What each vendor says it has received, and which faults were injected."""
        return self._call("GET", "/__sandbox/record")

    def _call(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        request = urllib.request.Request(self._url + path, body, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return dict(json.loads(answer.read() or b"{}"))
