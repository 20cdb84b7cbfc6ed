"""The whole system as its users see it: up, a requisition by its form, a sweep, down, up again.

One system lives through all of it, once. What it showed to the outside (commands, Prefect's API
behind the forms, ports, processes) is kept, and each test reads a part of that.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
import yaml
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from deployments import embedded, postgres
from deployments.demo import CLIENT, Control
from deployments.processes import listening
from deployments.sandbox.people import DATA
from deployments.serve import BY_HAND, SCHEDULED
from deployments.settings import PORTS, Settings
from deployments.state import State
from deployments.supervisor import SERVICES

FILE = DATA / "requisitions/HARBOR-1.yaml"
WANTED: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
MISTYPED = {name: value for name, value in WANTED.items() if name != "level"} | {
    "code": "harbor 1",
    "headcount": 0,
    "salary": 7,
}
CONTRADICTORY = WANTED | {
    "code": "HARBOR-77",
    "pay": WANTED["pay"] | {"min_cents": WANTED["pay"]["max_cents"] + 1},
    "places": WANTED["places"] * 2,
}
BY = {"by": "R. Lee", "why": "asked to"}
UNTIL_APPROVED = timedelta(days=2)  # of simulated time; the approver answers sooner
AT_ONCE = {"PREFECT_WORKER_QUERY_SECONDS": "1"}  # a run begins within 1 s, not within Prefect's 10
COMMAND_SECONDS, RUN_SECONDS = 200, 60
REPEATED = {"sweep", "nightly-sync", "reconcile", "candidate-care"}
ENDED = ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Look:
    """What a running system shows at one moment. `pages` are HTTP statuses by who answers.

    `addresses`: where any of its processes listens, by port.
    """

    state: State
    pages: dict[str, int]
    ports: list[int]
    processes: list[str]
    addresses: dict[int, set[str]]
    deployments: dict[str, dict[str, Any]]
    ended_runs: dict[str, str]
    sandbox_time: datetime


@dataclass(frozen=True)
class Life:
    """One system's life, in its order."""

    said: str
    connected: str
    fresh: Look
    planned: set[str]
    problems: dict[str, Any]
    opened: dict[str, Any]
    refused: dict[str, Any]
    status_when_opened: dict[str, Any]
    swept: dict[str, Any]
    before: Look
    status_before: dict[str, Any]
    cut_off: str
    ports_when_down: list[int]
    processes_when_down: list[str]
    after: Look
    status_after: dict[str, Any]


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    """Its home is not under pytest's own directory, which every pytest closes to other users."""
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as directory:
        home = Path(directory).resolve()
        try:
            yield live(home)
        finally:
            fullcycle(home, "down")


def live(home: Path) -> Life:
    said = fullcycle(home, "up", "--sandbox")
    connected = fullcycle(home, "connect", CLIENT, "checkr", typed="\n" * 6)
    fresh = look(home)
    planned = scheduled(fresh)
    pause_schedules(fresh)

    form = fresh.deployments["open-requisition"]["parameter_openapi_schema"]
    filled_in = {"schema": form, "values": {"requisition": MISTYPED, **BY}}
    problems = ask(fresh.state, "/ui/schemas/validate", filled_in)
    good = start(fresh, "open-requisition", {"requisition": WANTED, **BY})
    bad = start(fresh, "open-requisition", {"requisition": CONTRADICTORY, **BY})
    opened, refused = reached(fresh, good, ENDED), reached(fresh, bad, ENDED)
    status_when_opened = status(home)
    sandbox = Control(fresh.state.sandbox_url)
    sandbox.advance(sandbox.now() + UNTIL_APPROVED)
    swept = reached(fresh, start(fresh, "sweep", {"client": CLIENT}), ENDED)

    before, status_before = look(home), status(home)
    with no_client_found(home):
        cut_off = start(fresh, "nightly-sync", {"client": CLIENT})
        reached(fresh, cut_off, ["PENDING", "RUNNING"])
        fullcycle(home, "down")
    ports_when_down = ports(before.state)
    processes_when_down = [str(each) for each in processes(home)]
    fullcycle(home, "up")
    return Life(
        said=said,
        connected=connected,
        fresh=fresh,
        planned=planned,
        problems=problems,
        opened=opened,
        refused=refused,
        status_when_opened=status_when_opened,
        swept=swept,
        before=before,
        status_before=status_before,
        cut_off=cut_off,
        ports_when_down=ports_when_down,
        processes_when_down=processes_when_down,
        after=look(home),
        status_after=status(home),
    )


@contextmanager
def no_client_found(home: Path) -> Iterator[None]:
    """Have a run wait for its client in the ledger, while the context lasts or the ledger does."""
    engine = create_engine(postgres.urls(home).admin_url)
    with suppress(DBAPIError), engine.connect() as connection:
        connection.execute(text("LOCK TABLE client"))
        yield


def fullcycle(home: Path, *arguments: str, typed: str = "") -> str:
    """Run a command that must succeed, and type its answers; returns what it prints."""
    told = {k: v for k, v in os.environ.items() if not k.startswith(("FULLCYCLE_", "PREFECT_"))}
    done = subprocess.run(
        [sys.executable, "-m", "deployments.cli", *arguments],
        env={**told, **AT_ONCE, "FULLCYCLE_HOME": str(home)},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def look(home: Path) -> Look:
    state = embedded.state(Settings(home=home))
    assert state is not None
    over = {"flow_runs": {"state": {"type": {"any_": ENDED}}}}
    return Look(
        state=state,
        pages={
            "Prefect's pages": page(f"{state.prefect_url}/"),
            "receiver": page(f"{state.receiver_url}/indeed/{CLIENT}/apply", "POST"),
            "stand-ins": page(f"{state.sandbox_url}/ashby/job.list", "POST"),
        },
        ports=ports(state),
        processes=[" ".join(each.cmdline()) for each in processes(home)],
        addresses=addresses(home),
        deployments={each["name"]: each for each in ask(state, "/deployments/filter", {})},
        ended_runs={run["id"]: run["state_type"] for run in ask(state, "/flow_runs/filter", over)},
        sandbox_time=Control(state.sandbox_url).now(),
    )


def status(home: Path) -> dict[str, Any]:
    return dict(json.loads(fullcycle(home, "status", "--json")))


def page(url: str, method: str = "GET") -> int:
    return requests.request(method, url, timeout=30).status_code


def ports(state: State) -> list[int]:
    """The system's ports on which somebody listens."""
    return [port for name in PORTS if listening(port := getattr(state.settings, name))]


def processes(home: Path) -> list[psutil.Process]:
    """Everything that runs for this home: each process inherits who it belongs to."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended meanwhile, or is somebody else's
            if process.environ().get("FULLCYCLE_HOME") == str(home):
                found.append(process)
    return found


def addresses(home: Path) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for process in processes(home):
        with suppress(psutil.NoSuchProcess):
            for socket in process.net_connections("inet"):
                if socket.status == psutil.CONN_LISTEN:
                    found.setdefault(socket.laddr.port, set()).add(socket.laddr.ip)
    return found


def ask(state: State, path: str, body: Any = None, method: str = "POST") -> Any:
    """Ask Prefect's API."""
    answer = requests.request(method, f"{state.prefect_url}/api{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def scheduled(seen: Look) -> set[str]:
    """The deployments of which Prefect plans further runs, once it has had time to do so."""
    names = {each["id"]: name for name, each in seen.deployments.items()}
    runs = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    deadline = time.monotonic() + RUN_SECONDS
    found: set[str] = set()
    while found != REPEATED and time.monotonic() < deadline:
        planned = ask(seen.state, "/flow_runs/filter", runs)
        found = {names[run["deployment_id"]] for run in planned if run["auto_scheduled"]}
        time.sleep(0.2)
    return found


def pause_schedules(seen: Look) -> None:
    """Let no quarter of an hour that passes on the wall start a run of its own."""
    for deployment in seen.deployments.values():
        for schedule in deployment["schedules"]:
            path = f"/deployments/{deployment['id']}/schedules/{schedule['id']}"
            ask(seen.state, path, {"active": False}, "PATCH")


def start(seen: Look, deployment: str, parameters: dict[str, Any]) -> str:
    """Start a run as the form's button does; returns its id."""
    path = f"/deployments/{seen.deployments[deployment]['id']}/create_flow_run"
    return str(ask(seen.state, path, {"parameters": parameters})["id"])


def reached(seen: Look, run: str, types: list[str]) -> dict[str, Any]:
    """Wait until a run's state is of one of these types; returns it, with its message."""
    deadline = time.monotonic() + RUN_SECONDS
    while time.monotonic() < deadline:
        now: dict[str, Any] = ask(seen.state, f"/flow_runs/{run}", method="GET")["state"]
        if now["type"] in types:
            return now
        time.sleep(0.1)
    raise AssertionError(f"{now['type']} after {RUN_SECONDS} s: {now['message']}")


def test_up_says_where_to_look_and_everything_answers_there(life: Life) -> None:
    state = life.fresh.state

    for address in (state.prefect_url, state.receiver_url, state.sandbox_url, "fullcycle status"):
        assert address in life.said
    assert life.fresh.pages == {
        "Prefect's pages": 200,
        "receiver": 401,  # it knows the client's account, and that nobody signed
        "stand-ins": 401,
    }
    assert len(life.fresh.ports) == len(PORTS)
    assert len(life.fresh.processes) > len(SERVICES)


def test_nothing_listens_beyond_this_machine_unless_told_to(life: Life) -> None:
    assert any("postgres" in process for process in life.fresh.processes)
    assert set(life.fresh.ports) <= life.fresh.addresses.keys()
    assert set().union(*life.fresh.addresses.values()) == {"127.0.0.1"}


def test_an_accounts_form_is_filled_in_from_standard_input_and_no_secret_is_echoed(
    life: Life,
) -> None:
    assert "harbor-checkr is saved" in life.connected
    assert "`fullcycle doctor harbor` now asks every system" in life.connected
    assert "sandbox-checkr" not in life.connected


def test_every_deployment_is_served_and_what_repeats_has_its_schedule(life: Life) -> None:
    served = life.fresh.deployments

    assert len(served) == len(SCHEDULED) + len(BY_HAND)
    assert {each["status"] for each in served.values()} == {"READY"}
    schedules = {
        (name, schedule["schedule"]["cron"], schedule["active"])
        for name, deployment in served.items()
        for schedule in deployment["schedules"]
    }
    assert schedules == {
        ("nightly-sync", "0 2 * * *", True),
        ("reconcile", "0 3 * * *", True),
        ("sweep", "*/15 * * * *", True),
        ("candidate-care", "0 8 * * *", True),
    }


def test_what_has_a_schedule_is_planned_by_it(life: Life) -> None:
    assert life.planned == REPEATED


def test_the_form_of_a_requisition_explains_each_field_and_offers_choices(life: Life) -> None:
    form = life.fresh.deployments["open-requisition"]["parameter_openapi_schema"]
    fields = form["definitions"]["Requisition"]["properties"]

    for name, field in fields.items():
        kind = form["definitions"].get(field.get("$ref", "").rpartition("/")[2], field)
        assert field["title"], name
        assert field.get("description") or kind["description"], name
        assert {"type", "anyOf"} & kind.keys(), name
    assert form["definitions"]["EmploymentType"]["enum"][:2] == ["full_time", "part_time"]
    assert (fields["headcount"]["type"], fields["headcount"]["default"]) == ("integer", 1)
    assert fields["employment_type"]["default"] == "full_time"


def test_the_form_shows_every_mistyped_field_at_once(life: Life) -> None:
    assert not life.problems["valid"]
    said = json.dumps(life.problems["errors"])
    for field in ("level", "code", "headcount", "salary"):
        assert field in said


def test_a_requisition_typed_into_the_form_is_opened_and_its_approval_asked_for(
    life: Life,
) -> None:
    assert life.opened["type"] == "COMPLETED"
    assert life.opened["message"].startswith("HARBOR-1 opened; ")
    [requisition] = life.status_when_opened["requisitions"]
    assert (requisition["requisition"], requisition["title"], requisition["headcount"]) == (
        "HARBOR-1",
        "Accounting Clerk",
        2,
    )
    assert requisition["state"] == "awaiting_approval"


def test_a_requisition_that_contradicts_itself_fails_with_all_its_problems(life: Life) -> None:
    assert life.refused["type"] == "FAILED"
    assert "pay.min_cents is above pay.max_cents: swap them" in life.refused["message"]
    assert "places: two have the same code: remove one" in life.refused["message"]


def test_a_sweep_carries_on_when_the_client_has_answered(life: Life) -> None:
    assert life.swept["type"] == "COMPLETED"
    [requisition] = life.status_before["requisitions"]
    assert requisition["stage"] == "sourcing"
    assert life.status_before["troubled_effects"] == []


def test_down_leaves_neither_a_port_nor_a_process(life: Life) -> None:
    assert len(life.before.ports) == len(PORTS)
    assert life.before.processes
    assert life.ports_when_down == []
    assert life.processes_when_down == []


def test_up_goes_on_where_down_stopped(life: Life) -> None:
    assert life.status_after == life.status_before
    assert len(life.before.ended_runs) == 3
    assert life.before.ended_runs.items() <= life.after.ended_runs.items()


def test_a_run_that_down_has_cut_off_is_not_shown_as_running_for_ever(life: Life) -> None:
    assert life.after.ended_runs[life.cut_off] == "CRASHED"


def test_up_goes_on_with_the_stand_ins_and_their_time(life: Life) -> None:
    assert life.after.sandbox_time == life.before.sandbox_time
    assert life.after.state.settings == life.before.state.settings
    assert life.after.pages == life.before.pages == life.fresh.pages


def test_up_serves_again_and_what_was_paused_stays_paused(life: Life) -> None:
    assert life.after.deployments.keys() == life.before.deployments.keys()
    assert {each["status"] for each in life.after.deployments.values()} == {"READY"}
    active = [
        schedule["active"]
        for deployment in life.after.deployments.values()
        for schedule in deployment["schedules"]
    ]
    assert active == [False] * 4
