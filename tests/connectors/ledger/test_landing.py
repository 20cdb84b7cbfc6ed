"""Landing: what vendors told us is kept once, and becomes applications once, in any order."""

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import LedgerUnavailable
from connectors.ledger import arrivals, cursors, effects, landing
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import (
    AddApplication,
    Application,
    Candidate,
    Interview,
    Observed,
    OpenJob,
    Place,
    Receipt,
    Signature,
    TrackerStage,
)

Look = Callable[..., Sequence[Any]]
Arrival = Callable[..., Application]
JOB = "job-1"
NUMBERS = itertools.count(1)


@pytest.fixture
def land(ledger: Ledger, as_of: datetime) -> Callable[..., int]:
    """Land records of a system; returns how many were new or had changed."""

    def records(system: str, *told: Observed) -> int:
        with ledger.transaction() as connection:
            return len(landing.land(connection, ledger.client, system, told, as_of))

    return records


@pytest.fixture
def open_arrivals(ledger: Ledger, as_of: datetime) -> Callable[[], int]:
    """Turn arrivals into applications; returns how many are new."""

    def opened() -> int:
        with ledger.transaction() as connection:
            return arrivals.open_applications(connection, ledger.client, "us", as_of)

    return opened


@pytest.fixture
def in_tracker(ledger: Ledger, opened: Subject, as_of: datetime) -> None:
    """The requisition's job is open in the tracker."""
    place = Place(code="US-CA", city="San Francisco", country="US")
    request = OpenJob(requisition=opened.key, title="Accounting Clerk", place=place, headcount=2)
    decisions = Decisions()
    decisions.effect(opened, "ashby", "tracker.open_job", request)
    ledger.apply(decisions, as_of)
    _done(ledger, JOB, as_of)


def _ask_to_add(ledger: Ledger, who: Subject, name: str, email: str, as_of: datetime) -> None:
    """Ask for somebody to be put into the tracker, under the job."""
    decisions = Decisions()
    request = AddApplication(
        application_key=who.key,
        job_ref=JOB,
        name=name,
        email=email,
        phone=None,
        source="Indeed",
        applied_at=as_of,
    )
    decisions.effect(who, "ashby", "tracker.add", request)
    ledger.apply(decisions, as_of)


def _done(ledger: Ledger, external_id: str, as_of: datetime) -> None:
    with ledger.transaction() as connection:
        for effect in effects.claim(connection, Scope(ledger.client), as_of, 10, False):
            effects.done(
                connection, [effects.Done(effect, Receipt(external_id=external_id), as_of)]
            )


def test_what_is_told_again_changes_nothing(
    land: Callable[..., int], arrival: Arrival, look: Look
) -> None:
    told = [arrival("ann"), arrival("ben")]

    assert land("indeed", *told) == 2
    before = look("SELECT * FROM arrival ORDER BY id")
    assert land("indeed", *told) == 0
    assert look("SELECT * FROM arrival ORDER BY id") == before


def test_only_what_has_changed_is_written_again(
    land: Callable[..., int], arrival: Arrival, look: Look
) -> None:
    land("indeed", arrival("ann"), arrival("ben"))

    assert land("indeed", arrival("ann", phones=("+1 415 555 0100",)), arrival("ben")) == 1
    assert look("SELECT external_id, phones FROM arrival ORDER BY external_id") == [
        ("ann", ["+1 415 555 0100"]),
        ("ben", []),
    ]


def test_a_new_timestamp_or_another_spelling_of_the_document_is_no_change(
    land: Callable[..., int], arrival: Arrival, as_of: datetime
) -> None:
    land("indeed", arrival("ann", document=b"{}"))

    later = as_of + timedelta(hours=1)
    assert land("indeed", arrival("ann", document=b"{ }", updated_at=later)) == 0


def test_of_one_batch_the_last_word_on_a_record_stands(
    land: Callable[..., int], arrival: Arrival, look: Look
) -> None:
    assert land("indeed", arrival("ann", name="Ann"), arrival("ann", name="Anne")) == 1
    assert look("SELECT name FROM arrival") == [("Anne",)]


def test_the_same_id_in_two_systems_is_two_records(
    land: Callable[..., int], arrival: Arrival, look: Look
) -> None:
    land("indeed", arrival("1"))
    land("ashby", arrival("1", stage=TrackerStage.NEW))
    assert look("SELECT system FROM arrival ORDER BY system") == [("ashby",), ("indeed",)]


def test_what_passes_a_limit_of_the_database_keeps_nobody_else_from_landing(
    ledger: Ledger, arrival: Arrival, look: Look, as_of: datetime
) -> None:
    too_long = "".join(sha256(str(n).encode()).hexdigest() for n in range(200))
    told = {1: arrival("ann"), 2: arrival(too_long), 3: arrival("ben")}

    with ledger.transaction() as connection:
        _, wrong = landing.land_what_can_be(connection, ledger.client, "indeed", told, as_of)

    assert wrong == {2: "OperationalError"}
    assert look("SELECT external_id FROM arrival ORDER BY id") == [("ann",), ("ben",)]


def test_a_document_that_is_no_text_keeps_nobody_else_from_landing(
    ledger: Ledger, arrival: Arrival, look: Look, as_of: datetime
) -> None:
    told = {1: arrival("ann"), 2: arrival("ben", document=b'{"never read": "\xff"}')}

    with ledger.transaction() as connection:
        _, wrong = landing.land_what_can_be(connection, ledger.client, "indeed", told, as_of)

    assert wrong == {2: "DataError"}
    assert look("SELECT external_id FROM arrival") == [("ann",)]


def test_a_database_that_is_lost_is_nobodys_poison(
    ledger: Ledger, arrival: Arrival, look: Look, as_of: datetime
) -> None:
    with pytest.raises(LedgerUnavailable), ledger.transaction() as connection:
        mine = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with Ledger(ledger.url, ledger.client).transaction() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({mine}, 5000)")
        landing.land_what_can_be(connection, ledger.client, "indeed", {1: arrival("ann")}, as_of)

    assert look("SELECT external_id FROM arrival") == []


def test_an_arrival_becomes_an_application_at_intakes_gate_once(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    posted: str,
    arrival: Arrival,
    look: Look,
    as_of: datetime,
) -> None:
    land("indeed", arrival("ann", residence="US-NY-NYC", phones=("1",)))

    assert [open_arrivals(), open_arrivals()] == [1, 0]
    land("indeed", arrival("ann", residence="US-NY-NYC", phones=("2",)))
    assert open_arrivals() == 0
    assert look(
        "SELECT requisition, name, email, phone, owner, state, ready_for, seq, arrived_at, j"
        " FROM (SELECT a.*, r.key AS requisition, a.jurisdictions AS j FROM application a"
        " JOIN requisition r ON r.id = a.requisition_id) a"
    ) == [
        (
            "HARBOR-1",
            "Applicant ann",
            "ann@mail.example",
            "1",
            "us",
            "received",
            "intake",
            1,
            as_of,
            ["US", "US-CA", "US-NY", "US-NY-NYC"],
        )
    ]


@pytest.mark.parametrize("residence", ["Austin, Texas", "CA-based", "US-California", "us", ""])
def test_a_residence_in_somebodys_own_words_is_no_place_of_law(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    posted: str,
    arrival: Arrival,
    look: Look,
    residence: str,
) -> None:
    land("indeed", arrival("ann", residence=residence))
    open_arrivals()

    assert look("SELECT residence, jurisdictions FROM application") == [
        (residence, ["US", "US-CA"])
    ]


def test_the_key_of_an_application_does_not_depend_on_order_or_batches(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    posted: str,
    arrival: Arrival,
    look: Look,
) -> None:
    land("indeed", arrival("cleo"))
    open_arrivals()
    land("indeed", arrival("ben"), arrival("ann"))
    open_arrivals()

    keys = look(
        "SELECT v.external_id, a.key FROM arrival v JOIN application a ON a.id = v.application_id"
        " ORDER BY v.external_id"
    )
    assert keys == [
        (name, f"HARBOR-1.{sha256(f'indeed {name}'.encode()).hexdigest()[:10]}")
        for name in ("ann", "ben", "cleo")
    ]


def test_an_arrival_for_a_job_nobody_knows_waits_until_the_job_is_known(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    ledger: Ledger,
    opened: Subject,
    arrival: Arrival,
    look: Look,
    as_of: datetime,
) -> None:
    land("indeed", arrival("ann", job_ref="HARBOR-1-US-NY"))

    assert open_arrivals() == 0
    assert look("SELECT application_id FROM arrival") == [(None,)]

    decisions = Decisions()
    decisions.post(opened, "HARBOR-1-US-NY", {})
    ledger.apply(decisions, as_of)
    assert open_arrivals() == 1


def test_an_application_made_in_the_tracker_is_known_by_the_trackers_id(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    in_tracker: None,
    arrival: Arrival,
    look: Look,
) -> None:
    land("ashby", arrival("t-1", job_ref=JOB, stage=TrackerStage.NEW))

    assert open_arrivals() == 1
    assert look("SELECT kind, external_id, subject_kind FROM external_id ORDER BY kind") == [
        ("application", "t-1", "application"),
        ("job", JOB, "requisition"),
    ]


def test_a_lead_in_the_tracker_becomes_an_application_when_it_is_active(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    in_tracker: None,
    arrival: Arrival,
) -> None:
    land("ashby", arrival("t-1", job_ref=JOB, stage=TrackerStage.LEAD))
    assert open_arrivals() == 0

    land("ashby", arrival("t-1", job_ref=JOB, stage=TrackerStage.NEW))
    assert open_arrivals() == 1


def test_a_lead_whom_a_sourcer_gives_up_never_applied(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    in_tracker: None,
    arrival: Arrival,
) -> None:
    land("ashby", arrival("t-1", job_ref=JOB, stage=TrackerStage.LEAD))
    land("ashby", arrival("t-1", job_ref=JOB, stage=TrackerStage.ARCHIVED))
    assert open_arrivals() == 0

    land("ashby", arrival("t-1", job_ref=JOB, stage=TrackerStage.NEW))
    assert open_arrivals() == 1


def test_who_has_applied_and_is_archived_from_the_leads_is_seen_to_be_archived(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    in_tracker: None,
    arrival: Arrival,
    look: Look,
) -> None:
    land("ashby", arrival("t-1", job_ref=JOB, stage=TrackerStage.NEW))
    open_arrivals()

    land("ashby", arrival("t-1", job_ref=JOB, stage=TrackerStage.LEAD))
    land("ashby", arrival("t-1", job_ref=JOB, stage=TrackerStage.ARCHIVED))
    assert look("SELECT stage FROM arrival") == [("archived",)]


def test_an_application_we_put_into_the_tracker_does_not_come_back_as_another(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    in_tracker: None,
    ledger: Ledger,
    applicants: list[Subject],
    arrival: Arrival,
    look: Look,
    as_of: datetime,
) -> None:
    ann = applicants[0]
    _ask_to_add(ledger, ann, "Ann", "ann@mail.example", as_of)
    _done(ledger, "t-1", as_of)

    land("ashby", arrival("t-1", job_ref=JOB, stage=TrackerStage.NEW))

    assert open_arrivals() == 0
    assert look("SELECT application_id FROM arrival WHERE system = 'ashby'") == [(ann.id,)]


def test_what_we_may_have_put_there_ourselves_is_not_opened_before_that_is_settled(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    in_tracker: None,
    ledger: Ledger,
    applicants: list[Subject],
    arrival: Arrival,
    look: Look,
    as_of: datetime,
) -> None:
    ann = applicants[0]
    ((name, email),) = look("SELECT name, email FROM application WHERE id = :id", id=ann.id)
    _ask_to_add(ledger, ann, name, email, as_of)
    with ledger.transaction() as connection:
        (sent,) = effects.claim(connection, Scope(ledger.client), as_of, 9, False)
    ours = arrival("t-1", job_ref=JOB, stage=TrackerStage.NEW, name=name, emails=(email,))
    somebody = arrival("t-2", job_ref=JOB, stage=TrackerStage.NEW)
    land("ashby", ours, somebody)

    assert open_arrivals() == 1
    assert look("SELECT external_id FROM arrival WHERE application_id IS NULL") == [("t-1",)]

    with ledger.transaction() as connection:  # refused, a person adds them by hand before a retry
        effects.failed(connection, sent, "dead", "refused", as_of)
    assert open_arrivals() == 0
    with ledger.transaction() as connection:
        effects.close_by_hand(connection, ledger.client, sent.key, "due", "us", "-", as_of)
        (sent,) = effects.claim(connection, Scope(ledger.client), as_of, 9, False)
        effects.done(connection, [effects.Done(sent, Receipt(external_id="t-1"), as_of)])
    assert open_arrivals() == 0
    assert look("SELECT application_id FROM arrival WHERE external_id = 't-1'") == [(ann.id,)]


def test_a_record_finds_its_application_by_our_key_or_by_the_trackers_id(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    in_tracker: None,
    arrival: Arrival,
    look: Look,
    as_of: datetime,
) -> None:
    land("ashby", arrival("t-1", job_ref=JOB, stage=TrackerStage.NEW))
    open_arrivals()
    ((number, key),) = look("SELECT id, key FROM application")

    usual: dict[str, Any] = {"updated_at": as_of}
    signature = {"external_id": "s-1", "offer_hash": "h", "status": "awaiting"}
    interview = {
        "external_id": "i-1",
        "round": "skills",
        "starts_at": as_of,
        "ends_at": as_of,
        "status": "scheduled",
    }
    land(
        "dropbox_sign",
        Signature.model_validate(usual | signature | {"application_key": key}),
        Signature.model_validate(
            usual | signature | {"application_key": "HARBOR-9.0", "external_id": "s-2"}
        ),
    )
    land("ashby", Interview.model_validate(usual | interview | {"application_ref": "t-1"}))

    assert look("SELECT external_id, application_id FROM signature ORDER BY 1") == [
        ("s-1", number),
        ("s-2", None),
    ]
    assert look("SELECT application_id FROM interview") == [(number,)]


VERSIONS = st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=6)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), phones=VERSIONS)
def test_in_whatever_order_the_versions_of_a_record_land_the_newest_stands(
    land: Callable[..., int],
    arrival: Arrival,
    look: Look,
    as_of: datetime,
    data: st.DataObject,
    phones: list[str],
) -> None:
    who = f"ann-{next(NUMBERS)}"
    versions = [
        arrival(who, phones=(phone,), updated_at=as_of + timedelta(hours=n), ordered=True)
        for n, phone in enumerate(phones)
    ]
    told = data.draw(st.permutations(versions * 2))
    pages = data.draw(st.lists(st.integers(0, len(told)), max_size=4).map(sorted))

    for start, end in itertools.pairwise([0, *pages, len(told)]):
        land("ashby", *told[start:end])

    assert look("SELECT phones, updated_at FROM arrival WHERE external_id = :who", who=who) == [
        ([phones[-1]], versions[-1].updated_at)
    ]


def test_where_a_vendors_time_says_nothing_the_last_word_stands(
    land: Callable[..., int], arrival: Arrival, look: Look, as_of: datetime
) -> None:
    land("indeed", arrival("ann", name="Ann"))

    earlier = as_of - timedelta(days=9)
    assert land("indeed", arrival("ann", name="Anne", updated_at=earlier)) == 1
    assert look("SELECT name FROM arrival") == [("Anne",)]


class Crash(Exception):
    """The process ends here."""


def test_a_cursor_is_stored_with_the_records_it_speaks_of_or_not_at_all(
    ledger: Ledger, arrival: Arrival, look: Look, as_of: datetime
) -> None:
    def page(name: str, cursor: str, crash: bool = False) -> None:
        with ledger.transaction() as connection:
            landing.land(connection, ledger.client, "ashby", [arrival(name)], as_of)
            cursors.write(connection, ledger.client, "ashby", "applications", cursor)
            if crash:
                raise Crash

    def cursor(resource: str) -> str | None:
        with ledger.transaction() as connection:
            return cursors.read(connection, ledger.client, "ashby", resource)

    page("ann", "1")
    with pytest.raises(Crash):
        page("ben", "2", crash=True)

    assert (cursor("applications"), cursor("interviews")) == ("1", None)
    assert look("SELECT external_id FROM arrival") == [("ann",)]


def test_an_application_waits_for_the_person_whom_the_tracker_lists_apart(
    land: Callable[..., int],
    open_arrivals: Callable[[], int],
    in_tracker: None,
    arrival: Arrival,
    look: Look,
    as_of: datetime,
) -> None:
    nobody: dict[str, Any] = {"name": "", "emails": (), "candidate_ref": "7", "job_ref": JOB}
    land("ashby", arrival("a-1", stage=TrackerStage.NEW, **nobody))
    assert open_arrivals() == 0

    person = Candidate(
        external_id="7", updated_at=as_of, name="Ann Lee", emails=("ann@mail.example",)
    )
    land("ashby", person)

    assert open_arrivals() == 1
    assert look("SELECT name, email FROM application") == [("Ann Lee", "ann@mail.example")]
