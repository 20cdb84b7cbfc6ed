"""Differences between the ledger and its vendors: found once, healed, and never seen in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from connectors.ledger import arrivals, cursors, landing, reconcile, tables
from connectors.ledger import requisition as requisitions
from connectors.ledger.decisions import Decisions, Move, Subject
from connectors.ledger.reconcile import (
    EMPLOYEE_WITHOUT_OFFER,
    HIRE_WITHOUT_EMPLOYEE,
    MOVED_BY_HAND,
    OLD_OFFER_SIGNED,
    POSTING_LEFT_OPEN,
    REPORT_WITHOUT_ORDER,
    RULES,
    Finding,
    Listed,
    Rule,
)
from connectors.ledger.store import Ledger
from connectors.records import (
    Application,
    ArchiveKind,
    Employee,
    Observed,
    OnboardingStatus,
    PayUnit,
    Place,
    Posting,
    Signature,
    SignatureStatus,
    TrackerStage,
)
from connectors.requisition import Requisition
from deployments.sandbox.people import DATA

BEGUN = datetime(2026, 3, 2, 15, tzinfo=UTC)
SWEPT = BEGUN + timedelta(days=7, hours=-1)
NIGHT = BEGUN + timedelta(days=7)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
POSTING = "HARBOR-1-US-CA"
STAGES = (
    "intake",
    "screening",
    "submittal",
    "interviews",
    "selection",
    "references",
    "offer",
    "background",
    "preboarding",
    "day_one",
    "payroll",
    "aftercare",
)


@dataclass
class Books:
    """One client's ledger with a posted requisition, and what a test has happen in it."""

    ledger: Ledger
    nights: int = 0
    seen: list[Listed] = field(default_factory=list)

    def subject(self, kind: str, key: str) -> Subject:
        columns = "id, key, stage, state, since, ready_for, seq, head_hash"
        found = self._query(f"SELECT {columns} FROM {kind} WHERE key = :key", key=key)
        return Subject(subject_kind=kind, **found[0]._mapping)

    def applies(self, name: str, stage: str = "intake") -> str:
        """Somebody applies and gets as far as inside a stage; returns the application's key."""
        applied = Application(
            external_id=name,
            updated_at=BEGUN,
            job_ref=POSTING,
            name=name,
            emails=(f"{name}@example.org",),
            source="Indeed",
            applied_at=BEGUN,
        )
        self.land("indeed", applied)
        with self.ledger.transaction() as connection:
            arrivals.open_applications(connection, self.ledger.client, "us", BEGUN)
        rows = self._query("SELECT key FROM application WHERE name = :name", name=name)
        key = str(rows[0].key)
        for behind in STAGES[: STAGES.index(stage)]:
            self.move(key, behind, "entered")
            self.move(key, behind, "complete")
        self.move(key, stage, "entered")
        return key

    def move(self, key: str, stage: str, state: str, **move: Any) -> None:
        decided = Move(self.subject("application", key), stage, state, "for this test", **move)
        self.ledger.apply(Decisions(moves=[decided]), BEGUN)

    def ends(self, key: str, disposition: str) -> None:
        stage = self.subject("application", key).stage
        self.move(key, stage, "ended", disposition=disposition)

    def shows(self, key: str, stage: TrackerStage, archived: ArchiveKind | None = None) -> None:
        """The tracker was read by the last sweep, and shows the application at a stage."""
        told = Application(
            external_id=f"tracker {key}",
            updated_at=BEGUN,
            job_ref="job",
            name="-",
            source="-",
            applied_at=BEGUN,
            stage=stage,
            archive_kind=archived,
        )
        with self.ledger.transaction() as connection:
            connection.execute(
                text(
                    "INSERT INTO external_id"
                    " SELECT client, 'ashby', 'application', :ref, 'application', id"
                    " FROM application WHERE key = :key ON CONFLICT DO NOTHING"
                ),
                {"ref": told.external_id, "key": key},
            )
            cursors.mark_read(connection, self.ledger.client, "ashby", "applications", SWEPT)
        self.land("ashby", told)

    def asks(
        self,
        key: str,
        kind: str,
        state: str = "done",
        done: datetime = BEGUN,
        ref: str | None = None,
        about: str = "",
        **request: str,
    ) -> None:
        """An effect was decided about an application, and is in a state by now."""
        with self.ledger.transaction() as connection:
            connection.execute(
                tables.effect.insert().values(
                    client=self.ledger.client,
                    key=f"{kind}:{key}:{about}",
                    kind=kind,
                    system="vendor",
                    subject_kind="application",
                    subject_id=self.subject("application", key).id,
                    request=request,
                    state=state,
                    not_before=BEGUN,
                    created_as_of=BEGUN,
                    done_as_of=done if state == "done" else None,
                    external_id=ref,
                )
            )

    def offers(self, key: str, version: int) -> None:
        decisions = Decisions()
        decisions.fact(
            "offer",
            application_id=self.subject("application", key).id,
            version=version,
            hash=f"v{version}",
            rate_cents=1,
            currency="USD",
            unit="hour",
            start_on=BEGUN.date(),
            title="-",
            entity="-",
            work_place={},
            expires_at=NIGHT,
            letter="-",
        )
        self.ledger.apply(decisions, BEGUN)

    def employs(self, key: str, ref: str) -> None:
        """A sweep has read back the employee that we created."""
        self.land(
            "gusto",
            Employee(
                external_id=ref,
                updated_at=BEGUN,
                application_key=key,
                onboarding=OnboardingStatus.INVITED,
                entity="-",
                title="-",
                start_on=BEGUN.date(),
                rate_cents=1,
                unit=PayUnit.HOUR,
                work_place="-",
            ),
        )

    def land(self, system: str, record: Observed) -> None:
        with self.ledger.transaction() as connection:
            landing.land(connection, self.ledger.client, system, [record], BEGUN)

    def closes(self, down: Sequence[str] = (POSTING,)) -> None:
        """The requisition is cancelled, and the ledger takes these postings down."""
        requisition = self.subject("requisition", "HARBOR-1")
        self.ledger.apply(
            Decisions(
                moves=[Move(requisition, "sourcing", "ended", "over", disposition="CANCELLED")],
                taken_down=list(down),
            ),
            BEGUN,
        )

    def lists(
        self, resource: str, ref: str, key: str = "", since: datetime = NIGHT, effect: str = ""
    ) -> None:
        """A vendor holds an object from now on."""
        systems = {
            "all_employees": "gusto",
            "all_reports": "checkr",
            "all_postings": "indeed",
            "all_signature_requests": "dropbox_sign",
        }
        self.seen.append(Listed(resource, systems[resource], ref, since.isoformat(), key, effect))

    def night(self, *rules: Rule) -> tuple[int, int]:
        """Compare by these rules, all if none is named; returns (new, healed)."""
        as_of = NIGHT + self.nights * DAY
        self.nights += 1
        new = healed = 0
        with self.ledger.transaction() as connection:
            for rule in rules or RULES:
                client = self.ledger.client
                found = reconcile.differences(connection, client, rule, self.seen, as_of)
                counts = reconcile.record(connection, client, rule, found, as_of)
                new, healed = new + counts[0], healed + counts[1]
        return new, healed

    def findings(self) -> list[Finding]:
        with self.ledger.transaction() as connection:
            return reconcile.open_findings(connection, self.ledger.client)

    def history(self) -> list[tuple[bool, str]]:
        """(still open, kind) of every finding there ever was, in order."""
        rows = self._query("SELECT kind, closed_at FROM finding ORDER BY id")
        return [(row.closed_at is None, row.kind) for row in rows]

    def _query(self, sql: str, **parameters: Any) -> Sequence[Any]:
        with self.ledger.transaction() as connection:
            return connection.execute(text(sql), parameters).all()


def a_posting(reference: str = POSTING) -> Posting:
    return Posting.model_validate(
        {
            "reference": reference,
            "requisition": "HARBOR-1",
            "title": "Accounting Clerk",
            "description_html": "<p>Keep the books.</p>",
            "company": "Harbor Works",
            "place": Place(code="US-CA", city="San Francisco", region="CA", country="US"),
            "pay": {"min_cents": 6_000_000, "max_cents": 8_000_000},
            "employment_type": "full_time",
            "posted_at": BEGUN,
        }
    )


@pytest.fixture
def books(ledger: Ledger) -> Books:
    books = Books(ledger)
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    with ledger.transaction() as connection:
        wanted = Requisition.model_validate(fields | {"client": ledger.client})
        requisitions.put(connection, wanted, BEGUN)
    requisition = books.subject("requisition", "HARBOR-1")
    decisions = Decisions(moves=[Move(requisition, "sourcing", "posted", "for this test")])
    decisions.post(requisition, POSTING, a_posting().model_dump(mode="json"))
    ledger.apply(decisions, BEGUN)
    return books


def test_a_hire_in_the_tracker_that_payroll_does_not_know_is_found_until_it_does(
    books: Books,
) -> None:
    key = books.applies("ann", "offer")
    books.shows(key, TrackerStage.HIRED)

    assert [books.night(), books.night()] == [(1, 0), (0, 0)]
    (finding,) = books.findings()
    assert (finding.kind, finding.owner) == ("hire.not_in_payroll", "client")
    assert (finding.system, finding.external_id) == ("ashby", f"tracker {key}")
    assert finding.subject == key

    books.employs(key, "employee-1")
    books.lists("all_employees", "employee-1")
    books.offers(key, 1)

    assert books.night() == (0, 1)
    assert books.findings() == []


@pytest.mark.parametrize(
    ("state", "done", "new"),
    [("due", BEGUN, 0), ("sending", BEGUN, 0), ("done", SWEPT, 0), ("done", BEGUN, 1)],
)
def test_a_hire_on_the_way_to_payroll_is_no_finding_unless_it_never_arrives(
    books: Books, state: str, done: datetime, new: int
) -> None:
    key = books.applies("ann", "preboarding")
    books.shows(key, TrackerStage.HIRED)
    books.asks(key, "payroll.create", state, done, ref="batch-1")

    assert books.night(HIRE_WITHOUT_EMPLOYEE) == (new, 0)


def test_an_employee_whom_payroll_has_lost_is_found(books: Books) -> None:
    key = books.applies("ann", "aftercare")
    books.shows(key, TrackerStage.HIRED)
    books.employs(key, "employee-1")

    assert books.night(HIRE_WITHOUT_EMPLOYEE) == (1, 0)


def test_an_employee_nobody_offered_a_job_to_is_found_until_gone(books: Books) -> None:
    books.lists("all_employees", "stranger")

    assert [books.night(), books.night()] == [(1, 0), (0, 0)]
    (finding,) = books.findings()
    assert (finding.kind, finding.external_id) == ("employee.not_offered", "stranger")

    books.seen.clear()

    assert books.night() == (0, 1)


def test_who_was_employed_before_the_first_requisition_is_not_ours_to_explain(
    books: Books,
) -> None:
    books.lists("all_employees", "old hand", since=BEGUN - DAY)
    books.lists("all_reports", "old report", since=BEGUN - DAY)

    assert books.night() == (0, 0)


def test_an_employee_of_ours_was_offered_a_job_whether_read_back_or_not_and_if_withdrawn(
    books: Books,
) -> None:
    for name in ("ann", "ben", "cleo"):
        books.offers(books.applies(name, "preboarding"), 1)
    ann, ben, cleo = books._query("SELECT key FROM application ORDER BY name")
    books.employs(ann.key, "employee-1")
    books.lists("all_employees", "employee-1")
    books.lists("all_employees", "employee-2", key=ben.key)
    books.employs(cleo.key, "employee-3")
    books.lists("all_employees", "employee-3")
    books.ends(cleo.key, "WITHDRAWN")

    assert books.night(EMPLOYEE_WITHOUT_OFFER) == (0, 0)


def test_a_new_employee_may_be_the_one_that_is_being_created(books: Books) -> None:
    books.asks(books.applies("ann", "preboarding"), "payroll.create", "sending")
    books.lists("all_employees", "employee-1")

    assert books.night() == (0, 0)


def test_a_report_nobody_ordered_is_found_though_the_person_is_ours(books: Books) -> None:
    key = books.applies("ann", "background")
    books.asks(key, "background.order", ref="invitation-1")
    books.lists("all_reports", "invitation-1", key=key)
    books.lists("all_reports", "invitation-2", key=key)

    assert [books.night(), books.night()] == [(1, 0), (0, 0)]
    (finding,) = books.findings()
    assert (finding.kind, finding.subject) == ("report.not_ordered", key)
    assert finding.external_id == "invitation-2"

    books.seen.pop()

    assert books.night() == (0, 1)


@pytest.mark.parametrize("state", ["sending", "parked", "done"])
def test_a_report_may_be_the_one_whose_order_nobody_can_tell_the_outcome_of(
    books: Books, state: str
) -> None:
    key = books.applies("ann", "background")
    books.asks(key, "background.order", state)
    books.lists("all_reports", "invitation-1", key=key)

    assert books.night(REPORT_WITHOUT_ORDER) == (0, 0)


def test_an_offer_that_is_out_and_that_the_ledger_does_not_know_is_found_until_it_is_gone(
    books: Books,
) -> None:
    key = books.applies("ann", "offer")
    books.asks(key, "offer.send", ref="request-1", about="v1")
    for version in ("v1", "v2"):
        ref = f"request-{version[1]}"
        effect = f"offer.send:{key}:{version}"
        books.lists("all_signature_requests", ref, key, effect=effect)

    assert [books.night(), books.night()] == [(1, 0), (0, 0)]
    (finding,) = books.findings()
    assert (finding.kind, finding.owner) == ("signature.not_asked", "provider")
    assert (finding.external_id, finding.subject) == ("request-2", key)

    books.asks(key, "offer.send", "sending", about="v2")

    assert books.night() == (0, 1)


def test_a_posting_of_a_closed_requisition_is_found_until_it_is_gone(books: Books) -> None:
    books.lists("all_postings", POSTING)
    assert books.night() == (0, 0)

    books.closes()

    assert [books.night(), books.night()] == [(1, 0), (0, 0)]
    (finding,) = books.findings()
    assert (finding.kind, finding.owner) == ("posting.left_live", "provider")
    assert (finding.system, finding.subject) == ("indeed", "HARBOR-1")

    books.seen.clear()

    assert books.night() == (0, 1)


def test_a_closed_requisition_counts_even_if_the_ledger_still_calls_its_posting_live(
    books: Books,
) -> None:
    books.lists("all_postings", POSTING)
    books.closes(down=())

    assert books.night() == (1, 0)


def test_a_posting_that_is_being_taken_down_is_no_finding(books: Books) -> None:
    books.lists("all_postings", POSTING)
    books.asks(books.applies("ann"), "posting.publish", "due")
    with books.ledger.transaction() as connection:
        connection.execute(text("UPDATE effect SET system = 'indeed'"))
    books.closes()

    assert books.night(POSTING_LEFT_OPEN) == (0, 0)


def sign(books: Books, key: str, version: int) -> None:
    signed = Signature(
        external_id=f"signature-{version}",
        updated_at=BEGUN,
        application_key=key,
        offer_hash=f"v{version}",
        status=SignatureStatus.SIGNED,
        signed_at=BEGUN,
    )
    books.land("dropbox_sign", signed)


def test_an_offer_signed_on_an_old_version_is_found_until_the_present_one_is_signed(
    books: Books,
) -> None:
    key = books.applies("ann", "offer")
    books.offers(key, 1)
    sign(books, key, 1)
    assert books.night(OLD_OFFER_SIGNED) == (0, 0)

    books.offers(key, 2)

    assert [books.night(), books.night()] == [(1, 0), (0, 0)]
    (finding,) = books.findings()
    assert (finding.kind, finding.subject) == ("offer.old_version_signed", key)

    sign(books, key, 2)

    assert books.night() == (0, 1)


@pytest.mark.parametrize(
    ("ours", "tracker"),
    [
        ("intake", TrackerStage.SUBMITTED),
        ("screening", TrackerStage.INTERVIEW),
        ("screening", TrackerStage.OFFER),
        ("interviews", TrackerStage.SUBMITTED),
        ("offer", TrackerStage.INTERVIEW),
        ("preboarding", TrackerStage.NEW),
        ("payroll", TrackerStage.ARCHIVED),
        ("aftercare", TrackerStage.OFFER),
    ],
)
def test_a_candidate_moved_by_hand_is_found_until_moved_back(
    books: Books, ours: str, tracker: TrackerStage
) -> None:
    key = books.applies("ann", ours)
    if ours == "aftercare":
        books.asks(key, "tracker.move", about="hired", to="hired")
    books.shows(key, tracker)

    assert [books.night(MOVED_BY_HAND), books.night(MOVED_BY_HAND)] == [(1, 0), (0, 0)]
    (finding,) = books.findings()
    assert finding.subject == key
    assert finding.reason == f"the tracker says {tracker}, the ledger {ours}"

    books.shows(key, in_order(ours))

    assert books.night(MOVED_BY_HAND) == (0, 1)


def test_an_archive_while_a_background_report_is_decided_on_is_found(books: Books) -> None:
    key = books.applies("ann", "background")
    books.shows(key, TrackerStage.ARCHIVED, ArchiveKind.BY_EMPLOYER)
    assert books.night(MOVED_BY_HAND) == (0, 0)  # the next sweep ends it

    books.move(key, "background", "consider")

    assert books.night(MOVED_BY_HAND) == (1, 0)


def in_order(stage: str) -> TrackerStage:
    """Where the tracker stands while an application is in a stage of ours."""
    if stage in {"interviews", "selection"}:
        return TrackerStage.INTERVIEW
    early = {
        "intake": TrackerStage.NEW,
        "screening": TrackerStage.SCREEN,
        "submittal": TrackerStage.SUBMITTED,
        "aftercare": TrackerStage.HIRED,
    }
    return early.get(stage, TrackerStage.OFFER)


def test_our_own_move_undone_by_hand_is_found(books: Books) -> None:
    key = books.applies("ann", "submittal")
    books.asks(key, "tracker.move", about="submitted", to="submitted")
    books.shows(key, TrackerStage.SCREEN)

    assert books.night(MOVED_BY_HAND) == (1, 0)


@pytest.mark.parametrize(
    ("state", "done"), [("due", BEGUN), ("sending", BEGUN), ("dead", BEGUN), ("done", SWEPT)]
)
def test_a_move_of_ours_that_the_tracker_has_not_shown_yet_explains_the_difference(
    books: Books, state: str, done: datetime
) -> None:
    key = books.applies("ann", "submittal")
    books.asks(key, "tracker.reject", state, done)
    books.ends(key, "REJECTED")
    books.shows(key, TrackerStage.SUBMITTED)

    assert books.night(MOVED_BY_HAND) == (0, 0)


def test_who_left_and_was_taken_out_of_the_archive_is_found(books: Books) -> None:
    key = books.applies("ann", "screening")
    books.asks(key, "tracker.reject", done=BEGUN)
    books.ends(key, "WITHDRAWN")
    books.shows(key, TrackerStage.ARCHIVED, ArchiveKind.BY_CANDIDATE)
    assert books.night() == (0, 0)

    books.shows(key, TrackerStage.SCREEN)

    assert books.night() == (1, 0)


def test_what_comes_back_is_a_finding_of_its_own(books: Books) -> None:
    key = books.applies("ann", "screening")
    for stage in (TrackerStage.OFFER, TrackerStage.SCREEN, TrackerStage.OFFER):
        books.shows(key, stage)
        books.night()

    assert books.history() == [
        (False, "application.moved_by_hand"),
        (True, "application.moved_by_hand"),
    ]


def test_work_in_flight_opens_no_finding_and_closes_none(books: Books) -> None:
    key = books.applies("ann", "screening")
    books.shows(key, TrackerStage.OFFER)
    assert books.night() == (1, 0)

    books.asks(key, "tracker.move", "due", to="screen")

    assert books.night() == (0, 0)
    assert len(books.findings()) == 1


def test_a_ledger_in_order_gives_no_findings(books: Books) -> None:
    """Somebody in every stage, in quarantine, at a gate, withdrawn, rejected, hired and paid."""
    for stage in STAGES:
        key = books.applies(stage, stage)
        books.shows(key, in_order(stage))
        if stage in {"background", "preboarding", "day_one", "payroll", "aftercare"}:
            books.offers(key, 1)
            books.asks(key, "background.order", ref=f"invitation {stage}")
            books.lists("all_reports", f"invitation {stage}", key=key)
        if stage in {"preboarding", "day_one", "payroll", "aftercare"}:
            books.asks(key, "payroll.create", ref=f"batch {stage}")
            books.employs(key, f"employee {stage}")
            books.lists("all_employees", f"employee {stage}")
    chosen = books.applies("chosen while we still read the last scorecard", "interviews")
    books.shows(chosen, TrackerStage.OFFER)
    waiting = books.applies("at the gate", "submittal")
    books.move(waiting, "submittal", "complete", ready_for="interviews")
    books.shows(waiting, TrackerStage.INTERVIEW)
    books.applies("not in the tracker yet")
    archived = books.applies("archived by the hiring manager, before our next sweep", "submittal")
    books.shows(archived, TrackerStage.ARCHIVED, ArchiveKind.BY_EMPLOYER)
    for disposition in ("WITHDRAWN", "REJECTED", "DUPLICATE", "OFFER_DECLINED"):
        gone = books.applies(disposition, "screening")
        books.asks(gone, "tracker.reject")
        books.ends(gone, disposition)
        books.shows(gone, TrackerStage.ARCHIVED, ArchiveKind.BY_EMPLOYER)
    paid = books.applies("paid", "aftercare")
    books.offers(paid, 1)
    books.employs(paid, "employee paid")
    books.lists("all_employees", "employee paid")
    books.ends(paid, "HIRED_PAID")
    books.shows(paid, TrackerStage.HIRED)
    books.lists("all_postings", POSTING)

    assert books.night() == (0, 0)
    assert books.findings() == []


def test_findings_are_each_clients_own(books: Books) -> None:
    books.lists("all_employees", "stranger")
    books.night()

    neighbour = Ledger(books.ledger.url, f"{books.ledger.client}_neighbour")
    with neighbour.transaction() as connection:
        assert reconcile.open_findings(connection, books.ledger.client) == []
