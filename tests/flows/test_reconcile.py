"""The nightly comparison end to end: stand-ins over HTTP, boards on disk, Prefect around it."""

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import State
from sqlalchemy import text

from connectors import applicant_tracking, background_checks, job_boards, payroll, signatures
from connectors.access import Access
from connectors.documents import filesystem
from connectors.errors import Refused
from connectors.ledger import arrivals, cursors, steps
from connectors.ledger import reconcile as reconciliation
from connectors.ledger.decisions import Decisions
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.records import (
    AddApplication,
    CreateHire,
    OpenJob,
    OrderBackgroundCheck,
    PayUnit,
    Place,
    PublishPostings,
    Request,
)
from deployments.sandbox.ashby import Ashby
from deployments.sandbox.ashby_records import LOCATION, PLAN, STAGE, TEAM
from deployments.sandbox.checkr import Checkr
from deployments.sandbox.dropbox_sign import DropboxSign
from deployments.sandbox.gusto import COMPANY, Gusto
from deployments.sandbox.gusto_tokens import Tokens
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from flows import candidate_care as care
from flows import carry
from flows import reconcile as night
from flows.candidate_care import candidate_care
from flows.decisions import settle_effect
from flows.nightly_sync import nightly_sync
from flows.reconcile import reconcile
from flows.sweep import sweep
from tasks import desk, enter, seen
from tasks.deliver import carry_out
from tasks.desk import Desk
from tasks.observe import observe
from tasks.process import Process
from tests.locks import somebody_waits
from tests.tasks.test_reconcile import BEGUN, DAY, HOUR, POSTING, Books, a_posting, books

assert books  # a fixture

pytestmark = pytest.mark.usefixtures("prefect")

CALIFORNIA = Place(code="US-CA", city="San Francisco", region="CA", country="US")


@dataclass
class Office:
    """A client's desk with real connectors, the vendors behind it, and a clock for both."""

    desk: Desk
    sandbox: Sandbox
    url: str
    books: Books

    @property
    def now(self) -> datetime:
        return self.sandbox.world.now

    def orders(self, name: str) -> tuple[str, str]:
        """Somebody's check is ordered; returns the application's key and the invitation's id."""
        key = self.books.applies(name, "background")
        order = OrderBackgroundCheck(
            application_key=key,
            package="standard",
            name=name,
            email=f"{name}@example.org",
            work_place=CALIFORNIA,
        )
        self.does(key, "background.order", order, "checkr")
        (done,) = self.books._query(
            "SELECT external_id FROM effect WHERE key = :key", key=f"background.order:{key}"
        )
        return key, done.external_id

    def seen_done(self, key: str, ref: str) -> None:
        """A person says under which id a check was ordered."""
        by = ("ops", "seen there")
        enter.settle_effect(self.desk.client, f"background.order:{key}", "done", *by, self.now, ref)

    def later(self, by: timedelta) -> None:
        self.sandbox.advance(self.now + by)

    def vendor(self, kind: type[Any]) -> Any:
        return next(vendor for vendor in self.sandbox.vendors if isinstance(vendor, kind))

    def night(self) -> str:
        """What the flow's run says of this client the next night, an hour after a sweep."""
        self.later(DAY - HOUR)
        self.look_at_the_tracker()
        self.later(HOUR)
        state = asyncio.run(self.reconciled())
        assert state.is_completed()
        return str(state.message).removeprefix(f"{self.desk.client}: ")

    async def reconciled(self) -> State[Any]:
        return await reconcile(client=self.desk.client, as_of=self.now, return_state=True)

    def kinds(self) -> list[str]:
        return [finding.kind for finding in self.books.findings()]

    def look_at_the_tracker(self) -> None:
        observe.fn("ashby", Scope(self.desk.client), self.now)
        with self.desk.ledger.transaction() as connection:
            arrivals.open_applications(connection, self.desk.client, "us", self.now)

    def does(self, key: str, kind: str, request: Request, system: str) -> None:
        """An effect about an application is decided and delivered."""
        decisions = Decisions()
        subject = self.books.subject("application", key)
        decisions.effect(subject, system, kind, request)
        self.desk.ledger.apply(decisions, self.now)
        assert carry_out(self.desk, Scope(self.desk.client), self.now)["done"] == 1

    def by_hand(self, vendor: str, method: str, path: str, **body: Any) -> Any:
        """Somebody uses the vendor's own interface."""
        key = f"sandbox-{vendor}"
        bearer = {"Authorization": f"Bearer {key}"} if vendor == "gusto" else {}
        answer = requests.request(
            method,
            f"{self.url}/{vendor}{path}",
            auth=None if bearer else (key, ""),
            headers=bearer,
            json=body,
            timeout=10,
        )
        answer.raise_for_status()
        return answer.json()


@pytest.fixture
def office(
    ledger: Ledger,
    books: Books,
    process: Process,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Office]:
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "secret")
    world, nobody = World(seed=7, now=BEGUN), People(())
    vendors = [
        Ashby(world, nobody),
        Checkr(world, nobody),
        DropboxSign(world, nobody),
        Gusto(world, nobody),
    ]
    sandbox = Sandbox(world, vendors)
    url = sandbox.start()

    def access(vendor: str, **options: str) -> Access:
        return Access(f"{url}/{vendor}", f"sandbox-{vendor}", options=options)

    store = filesystem.Filesystem(tmp_path, "http://127.0.0.1")
    ashby = access("ashby", team_id=TEAM, location_id=LOCATION, interview_plan_id=PLAN)
    google = access("google_for_jobs", prefix=ledger.client, apply_url="http://127.0.0.1/apply")
    indeed = access("indeed", api_token="token", apply_url="http://127.0.0.1/apply")
    links = Links("http://127.0.0.1", "secret")
    opened = Desk(
        process,
        ledger,
        links,
        {
            "ashby": applicant_tracking.VENDORS["ashby"].connect(ashby),
            "checkr": background_checks.VENDORS["checkr"].connect(access("checkr")),
            "dropbox_sign": signatures.VENDORS["dropbox_sign"].connect(access("dropbox_sign")),
            "gusto": payroll.VENDORS["gusto"].connect(access("gusto", company=COMPANY)),
            "google_for_jobs": job_boards.VENDORS["google_for_jobs"].connect(google, store),
            "indeed": job_boards.VENDORS["indeed"].connect(indeed, store),
        },
        store,
        settling_seconds=0,
    )
    desk._open[ledger.client] = opened
    yield Office(opened, sandbox, url, books)
    sandbox.stop()
    del desk._open[ledger.client]


@pytest.fixture
def tracked(office: Office) -> str:
    """Ann is in screening, and in the tracker, which was read; returns her application's key."""
    key = office.books.applies("ann")
    job = OpenJob(requisition="HARBOR-1", title="Clerk", place=CALIFORNIA, headcount=1)
    decisions = Decisions()
    decisions.effect(
        office.books.subject("requisition", "HARBOR-1"), "ashby", "tracker.open_job", job
    )
    office.desk.ledger.apply(decisions, office.now)
    carry_out(office.desk, Scope(office.desk.client), office.now)
    (row,) = office.books._query("SELECT external_id FROM external_id WHERE kind = 'job'")
    added = AddApplication(
        application_key=key,
        job_ref=row.external_id,
        name="Ann",
        email="ann@example.org",
        phone=None,
        source="Indeed",
        applied_at=BEGUN,
    )
    office.does(key, "tracker.add", added, "ashby")
    office.books.move(key, "intake", "complete")
    office.books.move(key, "screening", "entered")
    return key


def moved_by_hand(office: Office, key: str, stage: str) -> None:
    (row,) = office.books._query(
        "SELECT x.external_id FROM external_id x JOIN application a ON a.id = x.subject_id"
        " WHERE x.kind = 'application' AND a.key = :key",
        key=key,
    )
    office.by_hand(
        "ashby",
        "POST",
        "/application.changeStage",
        applicationId=row.external_id,
        interviewStageId=STAGE[stage]["id"],
    )


def test_a_check_ordered_behind_our_back_is_found_once_and_healed_when_cancelled(
    office: Office,
) -> None:
    key = office.books.applies("ann", "background")
    ours = OrderBackgroundCheck(
        application_key=key,
        package="standard",
        name="Ann",
        email="ann@example.org",
        work_place=CALIFORNIA,
    )
    office.does(key, "background.order", ours, "checkr")
    assert office.night() == "0 differences: 0 new, 0 healed"

    somebody = office.by_hand("checkr", "POST", "/v1/candidates", email="x@example.org")
    invitation = office.by_hand(
        "checkr", "POST", "/v1/invitations", candidate_id=somebody["id"], package="standard"
    )

    assert office.night() == "1 difference: 1 new, 0 healed"
    (finding,) = office.books.findings()
    assert (finding.kind, finding.external_id) == ("report.not_ordered", invitation["id"])

    # The person has completed Checkr's form by now: what is there, and billed, stays a finding.
    assert office.night() == "1 difference: 0 new, 0 healed"

    office.vendor(Checkr)._rows["invitation"][invitation["id"]]["deleted_at"] = str(office.now)

    assert office.night() == "0 differences: 0 new, 1 healed"


def test_one_wrong_id_keeps_nobody_else_from_being_read_and_is_told_until_it_is_right(
    office: Office,
) -> None:
    scope = Scope(office.desk.client)
    (ann, invitation), (ben, _) = office.orders("ann"), office.orders("ben")
    parked = "UPDATE effect SET state = 'parked' WHERE external_id = :ref RETURNING id"
    office.books._query(parked, ref=invitation)
    office.seen_done(ann, "0-wrong")

    state = observe.fn("checkr", scope, office.now)

    assert state.message == f"checkr: 1 changed; 1 refused: {ann}"
    landed = office.books._query("SELECT application_key FROM background_report")
    assert [row.application_key for row in landed] == [ben]
    with office.desk.ledger.transaction() as connection:
        assert reconciliation.fresh(connection, scope.client, office.now) == {"checkr"}
    assert office.books._query("SELECT 1 FROM breaker") == []
    (finding,) = office.books.findings()
    assert (finding.kind, finding.external_id) == ("watched.refused", "0-wrong")
    assert (finding.subject, finding.owner) == (ann, "provider")
    assert "HTTP 404" in finding.reason

    office.seen_done(ann, invitation)
    observe.fn("checkr", scope, office.now)

    assert office.books.findings() == []


def test_what_a_person_saw_done_is_looked_at_before_it_is_believed(office: Office) -> None:
    (ann, invitation), (_, other) = office.orders("ann"), office.orders("ben")
    key = f"background.order:{ann}"

    seen.check(office.desk, key, invitation)
    with pytest.raises(Refused, match="shows nothing of ours under the id 0-wrong"):
        asyncio.run(settle_effect.fn(office.desk.client, key, "done", "ops", "seen", "0-wrong"))
    with pytest.raises(Refused, match=f"is not about {ann}"):
        seen.check(office.desk, key, other)


def test_an_employee_entered_by_hand_is_found_and_ours_is_not_even_before_it_is_read_back(
    office: Office,
) -> None:
    key = office.books.applies("ann", "preboarding")
    office.books.offers(key, 1)
    hire = CreateHire(
        application_key=key,
        first_name="Ann",
        last_name="Byron",
        email="ann@example.org",
        title="Clerk",
        start_on=BEGUN.date() + timedelta(days=14),
        rate_cents=3850,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=CALIFORNIA,
        entity="Harbor Works Inc.",
    )
    office.does(key, "payroll.create", hire, "gusto")
    assert office.night() == "0 differences: 0 new, 0 healed"
    assert len(office.vendor(Gusto).employees) == 1

    employees = f"/v1/companies/{COMPANY}/employees"
    for name in ("Ben", "Cleo", "Dan"):
        stranger = office.by_hand("gusto", "POST", employees, first_name=name, last_name="Doe")

    assert office.night() == "3 differences: 3 new, 0 healed"
    assert set(office.kinds()) == {"employee.not_offered"}

    del office.vendor(Gusto).employees[stranger["uuid"]]

    assert office.night() == "2 differences: 0 new, 1 healed"


def test_a_posting_left_live_is_found_on_every_board_taken_down_and_healed(
    office: Office,
) -> None:
    for board in office.desk.process.systems.job_boards:
        shown: Any = office.desk.systems[board]
        shown.publish(PublishPostings(postings=(a_posting(),), as_of=office.now), "key")
    assert office.night() == "0 differences: 0 new, 0 healed"

    office.books.closes()

    assert office.night() == "2 differences: 2 new, 0 healed"
    assert set(office.kinds()) == {"posting.left_live"}
    for board in office.desk.process.systems.job_boards:
        pages = office.desk.systems[board].changes("all_postings", None, ())
        assert [record.external_id for page in pages for record in page.records] == []
    assert office.night() == "0 differences: 0 new, 2 healed"


def test_a_candidate_moved_by_hand_in_the_tracker_is_found_and_healed(
    office: Office, tracked: str
) -> None:
    assert office.night() == "0 differences: 0 new, 0 healed"

    moved_by_hand(office, tracked, "Offer")

    assert office.night() == "1 difference: 1 new, 0 healed"
    (finding,) = office.books.findings()
    assert finding.kind == "application.moved_by_hand"
    assert (finding.subject, finding.reason) == (
        tracked,
        "the tracker says offer, the ledger screening",
    )

    moved_by_hand(office, tracked, "Recruiter Screen")

    assert office.night() == "0 differences: 0 new, 1 healed"


def test_a_hire_in_the_tracker_that_payroll_does_not_know_is_found(
    office: Office, tracked: str
) -> None:
    moved_by_hand(office, tracked, "Hired")

    assert office.night() == "1 difference: 1 new, 0 healed"
    assert office.kinds() == ["hire.not_in_payroll"]


def test_what_a_silent_vendor_does_not_say_heals_nothing(office: Office, tracked: str) -> None:
    employees = f"/v1/companies/{COMPANY}/employees"
    office.by_hand("gusto", "POST", employees, first_name="Ben", last_name="Doe")
    assert office.night() == "1 difference: 1 new, 0 healed"

    office.vendor(Gusto).tokens = Tokens(World(seed=1, now=BEGUN), "another")

    assert office.night() == "1 difference: 0 new, 0 healed; not compared, because not read: gusto"


def test_while_another_run_holds_the_client_it_is_compared_and_repaired_the_next_night(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(night, "PATIENCE", timedelta(milliseconds=1))
    board: Any = office.desk.systems["indeed"]
    board.publish(PublishPostings(postings=(a_posting(),), as_of=office.now), "key")
    office.books.closes()
    office.look_at_the_tracker()

    with office.desk.ledger.exclusively() as mine:
        assert mine
        state = asyncio.run(office.reconciled())
    assert state.is_failed()
    assert state.message == f"1 difference: 1 new, 0 healed; {night.LATER}"
    assert office.books._query("SELECT 1 FROM effect WHERE kind = 'posting.publish'") == []
    assert office.night() == "1 difference: 0 new, 0 healed"
    assert office.night() == "0 differences: 0 new, 1 healed"


def test_what_a_hanging_sweep_does_not_tell_is_told_at_night(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(night, "PATIENCE", timedelta(milliseconds=1))
    office.look_at_the_tracker()

    with office.desk.ledger.exclusively():
        office.later(2 * DAY)
        asyncio.run(office.reconciled())

    assert "source.silent" in [row.kind for row in office.books._query("SELECT kind FROM alarm")]


@pytest.mark.parametrize("flow", [reconcile, candidate_care])
def test_a_late_run_works_at_the_newest_instant_of_the_ledger(office: Office, flow: Any) -> None:
    board: Any = office.desk.systems["indeed"]
    board.publish(PublishPostings(postings=(a_posting(),), as_of=office.now), "key")
    office.books.applies("ann", "screening")
    office.books.closes()
    late = office.now + 7 * DAY
    office.later(8 * DAY)
    with office.desk.ledger.transaction() as connection:
        steps.complete(connection, Scope(office.desk.client), office.now, "deliver")

    async def run() -> Any:
        return await flow(client=office.desk.client, as_of=late, return_state=True)

    assert asyncio.run(run()).is_completed()
    asked = office.books._query("SELECT DISTINCT created_as_of FROM effect")
    assert [row.created_as_of for row in asked] == [office.now]


@pytest.mark.parametrize("flow", [sweep, reconcile, candidate_care])
def test_a_run_whose_clock_is_far_behind_the_ledger_fails_with_both_instants_and_is_told_once(
    office: Office, flow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "clock").write_text(office.now.isoformat())
    monkeypatch.setenv("FULLCYCLE_CLOCK_FILE", str(tmp_path / "clock"))
    ahead = office.now + timedelta(hours=8)

    async def run() -> Any:
        return await flow(client=office.desk.client, return_state=True)

    def carried(at: datetime) -> None:
        with office.desk.ledger.transaction() as connection:
            steps.complete(connection, Scope(office.desk.client), at, "deliver")

    carried(office.now + timedelta(minutes=50))
    assert "is ahead" not in str(asyncio.run(run()).message)
    carried(ahead)
    ended = [asyncio.run(run()) for _ in range(2)]

    assert all(state.is_failed() for state in ended)
    assert f"carried at {ahead:%Y-%m-%d %H:%M}" in ended[0].message
    assert f"{office.now:%Y-%m-%d %H:%M}" in ended[0].message
    assert "set the clock" in ended[0].message
    (event,) = events_of(office.desk.client, "fullcycle.ledger.ahead")
    assert event["payload"]["why"].startswith(f"it was carried at {ahead:%Y-%m-%d %H:%M}")

    (tmp_path / "clock").write_text(ahead.isoformat())
    assert "is ahead" not in str(asyncio.run(run()).message)


def events_of(client: str, kind: str) -> list[Any]:
    """What Prefect was told of a client, of one kind."""
    wanted = {"event": {"name": [kind]}, "resource": {"id": [f"fullcycle.client.{client}"]}}
    for _ in range(100):  # it keeps them a moment later
        with get_client(sync_client=True) as prefect:
            answer = prefect.request("POST", "/events/filter", json={"filter": wanted})
        if found := answer.json()["events"]:
            return list(found)
        time.sleep(0.1)
    return []


@pytest.mark.parametrize("flow", [candidate_care, nightly_sync])
def test_what_comes_once_a_day_waits_for_the_run_that_is_under_way(
    office: Office, flow: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    office.books.applies("ann", "screening")
    office.later(7 * DAY)
    clock = tmp_path / "clock"
    clock.write_text(office.now.isoformat())
    monkeypatch.setenv("FULLCYCLE_CLOCK_FILE", str(clock))

    async def run() -> Any:
        return await flow(client=office.desk.client, return_state=True)

    with ThreadPoolExecutor(1) as other:
        with office.desk.ledger.exclusively():
            running = other.submit(copy_context().run, asyncio.run, run())
            somebody_waits(office.desk.ledger)
            with office.desk.ledger.transaction() as connection:
                client = office.desk.client
                cursors.write(connection, client, "gusto", "pay_statements", '{"e": []}')
                steps.complete(connection, Scope(client), office.now, "observe gusto")
        state = running.result(timeout=120)

    assert state.is_completed(), state.message
    if flow is candidate_care:
        (written,) = office.books._query("SELECT key FROM effect")
        assert written.key.startswith("message.send:")
    else:
        (cursor,) = office.books._query(
            "SELECT value, read_at FROM cursor WHERE resource = 'pay_statements'"
        )
        assert cursor.value == ""
        assert cursor.read_at > office.now


@pytest.mark.parametrize("flow", [candidate_care, nightly_sync])
def test_what_waited_in_vain_for_another_run_has_failed_and_says_so(
    office: Office, flow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (carry, care):
        monkeypatch.setattr(module, "PATIENCE", timedelta(milliseconds=1))

    async def run() -> Any:
        return await flow(client=office.desk.client, as_of=office.now, return_state=True)

    with office.desk.ledger.exclusively():
        state = asyncio.run(run())

    assert state.is_failed()
    assert state.message == carry.BUSY


def test_findings_are_a_table_of_ids_and_next_actions(office: Office, tracked: str) -> None:
    moved_by_hand(office, tracked, "Offer")
    office.night()

    async def table() -> Any:
        key = f"findings-{office.desk.client.replace('_', '-')}"
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        async with get_client() as client:
            found = await client.read_artifacts(artifact_filter=wanted)
        return found[-1].data

    data = asyncio.run(table())
    (row,) = json.loads(data) if isinstance(data, str) else data

    assert row["here"] == tracked
    assert row["whose turn"] == "client"
    assert row["what differs"] == "the tracker says offer, the ledger screening"
    assert "Move them back" in row["safe next action"]
    assert "ann" not in json.dumps(row).lower().replace("another", "")


def test_a_posting_that_is_rightly_live_stays_so_when_another_is_taken_down(
    office: Office,
) -> None:
    neighbour = "HARBOR-9-US-CA"
    with office.desk.ledger.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO requisition (client, key, title, fields, jurisdictions, headcount,"
                " approval_hash, stage, state, since) SELECT client, 'HARBOR-9', title, fields,"
                " jurisdictions, headcount, approval_hash, stage, state, since FROM requisition"
            )
        )
    decisions = Decisions()
    other = office.books.subject("requisition", "HARBOR-9")
    decisions.post(other, neighbour, a_posting(neighbour).model_dump(mode="json"))
    office.desk.ledger.apply(decisions, office.now)
    board: Any = office.desk.systems["google_for_jobs"]
    both = (a_posting(POSTING), a_posting(neighbour))
    board.publish(PublishPostings(postings=both, as_of=office.now), "key")
    office.books.closes()

    office.night()

    (page,) = board.changes("all_postings", None, ())
    assert [record.external_id for record in page.records] == [neighbour]
