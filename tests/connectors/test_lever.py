"""Lever, our connector against the stand-in, over real HTTP."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.access import Access
from connectors.applicant_tracking import lever
from connectors.applicant_tracking.lever.rows import milliseconds, moment, read_posting
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable, Unreadable
from connectors.payload import Payload
from connectors.ports import ApplicantTracker
from connectors.records import (
    AddApplication,
    AddNote,
    Application,
    ArchiveKind,
    CloseJob,
    Interview,
    InterviewStatus,
    Job,
    MoveApplication,
    OpenJob,
    Place,
    Recommendation,
    RejectApplication,
    Request,
    ScheduleInterview,
    Scorecard,
    TrackerStage,
)
from deployments.sandbox.envelopes import Event, sealed
from deployments.sandbox.lever import Lever
from deployments.sandbox.lever_records import TEAM, TEMPLATE, USER
from deployments.sandbox.people import Behaviour, People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tests.connectors import tracking
from tests.connectors.tracking import DAY, NOW, REQUISITION, applications, records, send

OPEN = OpenJob(
    requisition="HARBOR-3",
    title="Night nurse",
    place=Place(code="US-CA", city="Oakland", region="CA", country="US"),
    headcount=1,
)
GRACE = replace(
    tracking.GRACE,
    name="grace",
    applications=(replace(tracking.GRACE.applications[0], via="lever"),),
    behaviour=Behaviour(screen="answers", strength=0.9),
)
SETTINGS = {
    "user_id": USER,
    "team": TEAM,
    "feedback_template_id": TEMPLATE,
    "reason:unqualified": "Not enough relevant experience",
}


@pytest.fixture
def vendor(tmp_path: Path) -> Lever:
    (tmp_path / "harbor.yaml").write_text(REQUISITION, encoding="utf-8")
    return Lever(World(seed=7, now=NOW), People((GRACE,)), tmp_path)


@pytest.fixture
def sandbox(vendor: Lever) -> Iterator[Sandbox]:
    sandbox = Sandbox(vendor.world, [vendor])
    yield sandbox
    sandbox.stop()


@pytest.fixture
def access(sandbox: Sandbox) -> Access:
    return Access(sandbox.start() + "/lever/v1", key="sandbox-lever", options=SETTINGS)


@pytest.fixture
def tracker(access: Access) -> ApplicantTracker:
    return lever.connect(access, sleep=lambda seconds: None)


@pytest.fixture
def job(tracker: ApplicantTracker) -> str:
    return tracker.open_job(OPEN, "o").external_id


def fault(sandbox: Sandbox, match: str, *faults: str) -> None:
    sandbox.faults.append({"vendor": "lever", "match": match, "faults": list(faults)})


def applying(job: str, name: str = "Ada", email: str | None = "ada@example.test") -> AddApplication:
    return AddApplication(
        application_key=f"HARBOR-3.{name}",
        job_ref=job,
        name=name,
        email=email,
        phone="555 0199",
        source="indeed",
        applied_at=NOW - DAY,
    )


def test_a_posting_that_only_colleagues_see_is_an_open_job(
    tracker: ApplicantTracker, vendor: Lever, job: str
) -> None:
    draft = tracker.open_job(OPEN.model_copy(update={"requisition": "HARBOR-4"}), "p").external_id
    postings = vendor.records.tables["job"]
    postings[job]["shown"] = {"state": "internal"}
    postings[draft]["shown"] = {"state": "draft"}

    [found] = records(list(tracker.changes("open_jobs", None, ())))

    assert isinstance(found, Job)
    assert (found.external_id, found.title, found.place) == (job, OPEN.title, "Oakland, CA")


def add_many(tracker: ApplicantTracker, job: str, number: int) -> list[str]:
    return [
        tracker.add_application(applying(job, f"P{n}", f"p{n}@example.test"), f"k{n}").external_id
        for n in range(number)
    ]


def last_cursor(tracker: ApplicantTracker, resource: str) -> str | None:
    return list(tracker.changes(resource, None, ()))[-1].cursor


def later(sandbox: Sandbox, days: int) -> None:
    sandbox.advance(sandbox.world.now + days * DAY)


def test_reads_every_opportunity_to_the_last_page_though_some_are_edited_meanwhile(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Lever, job: str
) -> None:
    vendor.page = 5
    refs = add_many(tracker, job, 12)
    fault(sandbox, "GET /v1/opportunities$", *["edit"] * 3)

    pages = list(tracker.changes("applications", None, ()))

    assert len(pages) == 3
    assert {record.external_id for record in records(pages)} == set(refs)


def test_goes_on_from_the_middle_of_a_list(
    tracker: ApplicantTracker, vendor: Lever, job: str
) -> None:
    vendor.page = 5
    refs = add_many(tracker, job, 12)

    first = next(iter(tracker.changes("applications", None, ())))

    rest = {each.external_id for each in applications(tracker, first.cursor)}
    assert rest | {each.external_id for each in records([first])} == set(refs)
    assert len(rest) == 7


def test_a_list_whose_offset_is_refused_is_read_from_its_start(
    tracker: ApplicantTracker, job: str
) -> None:
    [ref] = add_many(tracker, job, 1)
    cursor = json.dumps({"since": None, "began": 0, "at": "nonsense"})

    assert [each.external_id for each in applications(tracker, cursor)] == [ref]


def test_the_last_cursor_gives_what_changed_since_and_what_was_deleted(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Lever, job: str
) -> None:
    ada, bob, _ = add_many(tracker, job, 3)
    sandbox.advance(NOW + timedelta(hours=1))
    cursor = last_cursor(tracker, "applications")
    tracker.move(MoveApplication(application_ref=ada, to=TrackerStage.SUBMITTED), "m")
    vendor.records.delete(bob)

    pages = list(tracker.changes("applications", cursor, ()))

    [moved] = records(pages)
    assert isinstance(moved, Application)
    assert (moved.external_id, moved.stage) == (ada, TrackerStage.SUBMITTED)
    assert [(page.gone.kind, list(page.gone.refs)) for page in pages if page.gone] == [
        (Application, [bob])
    ]


def test_what_changes_in_the_moments_before_a_reading_is_read_again(
    tracker: ApplicantTracker, job: str
) -> None:
    [ada] = add_many(tracker, job, 1)
    cursor = last_cursor(tracker, "applications")

    assert [each.external_id for each in applications(tracker, cursor)] == [ada]


@pytest.mark.parametrize("expands", [True, False])
def test_an_applicant_of_the_careers_page_is_read_with_contacts_and_answers(
    tracker: ApplicantTracker, vendor: Lever, sandbox: Sandbox, job: str, expands: bool
) -> None:
    vendor.expands = expands
    later(sandbox, 2)

    [grace] = applications(tracker)

    assert (grace.name, grace.emails, grace.phones) == (
        "grace",
        ("grace@example.test",),
        ("555 0100",),
    )
    assert (grace.links, grace.residence) == (("https://example.test/me",), "US-CA")
    assert [(answer.question, answer.value) for answer in grace.answers] == [("nights", "yes")]
    assert (grace.stage, grace.source, grace.job_ref) == (
        TrackerStage.NEW,
        "Company careers page",
        job,
    )
    assert grace.applied_at == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert b"203.0.113.7" not in grace.document


def test_someone_known_gets_another_opportunity_for_another_posting(
    tracker: ApplicantTracker, vendor: Lever, job: str
) -> None:
    other = tracker.open_job(OPEN.model_copy(update={"requisition": "HARBOR-4"}), "p").external_id

    one = tracker.add_application(applying(job), "a")
    two = tracker.add_application(applying(other, email="ADA@example.test"), "b")

    assert one != two
    assert len(vendor.records.tables["candidate"]) == 1


def test_an_open_opportunity_is_taken_and_an_archived_one_is_not(
    tracker: ApplicantTracker, job: str
) -> None:
    first = tracker.add_application(applying(job), "a")
    assert tracker.add_application(applying(job), "b") == first

    reject = RejectApplication(
        application_ref=first.external_id, reason="withdrew", by_candidate=True
    )
    tracker.reject(reject, "r")

    assert tracker.add_application(applying(job), "c") != first


def test_a_hire_and_a_rejection_are_told_apart_by_the_type_of_the_reason(
    tracker: ApplicantTracker, job: str
) -> None:
    hired, turned_away, withdrew = add_many(tracker, job, 3)
    tracker.move(MoveApplication(application_ref=hired, to=TrackerStage.HIRED), "h")
    tracker.reject(RejectApplication(application_ref=turned_away, reason="unqualified"), "r")
    gone = RejectApplication(application_ref=withdrew, reason="withdrew", by_candidate=True)
    tracker.reject(gone, "s")

    read = {
        a.external_id: (a.stage, a.archive_kind, a.archive_reason) for a in applications(tracker)
    }

    assert read == {
        hired: (TrackerStage.HIRED, None, ""),
        turned_away: (
            TrackerStage.ARCHIVED,
            ArchiveKind.OTHER,
            "Not enough relevant experience",
        ),
        withdrew: (TrackerStage.ARCHIVED, ArchiveKind.BY_CANDIDATE, "Withdrew"),
    }


def test_what_is_archived_is_not_moved_as_it_would_stay_archived(
    tracker: ApplicantTracker, vendor: Lever, job: str
) -> None:
    [ref] = add_many(tracker, job, 1)
    tracker.reject(RejectApplication(application_ref=ref, reason="unqualified"), "r")

    with pytest.raises(Refused, match="bring it back"):
        tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.OFFER), "m")

    assert "moves" not in vendor.received


def test_who_is_hired_is_not_rejected(tracker: ApplicantTracker, job: str) -> None:
    [ref] = add_many(tracker, job, 1)
    tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.HIRED), "h")

    with pytest.raises(Refused, match="hired"):
        tracker.reject(RejectApplication(application_ref=ref, reason="unqualified"), "r")


def interview_of(ref: str) -> ScheduleInterview:
    return ScheduleInterview(
        application_ref=ref,
        round="panel",
        starts_at=NOW + 4 * DAY,
        ends_at=NOW + 4 * DAY + timedelta(hours=1),
        interviewers=("joe.doe@harbor.example", "mia@harbor.example"),
    )


def test_an_interview_took_place_when_somebody_has_written_about_it(
    tracker: ApplicantTracker, sandbox: Sandbox, job: str
) -> None:
    later(sandbox, 2)
    ref = applications(tracker)[0].external_id
    tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.INTERVIEW), "m")
    tracker.schedule_interview(interview_of(ref), "i")
    pages = list(tracker.changes("interviews", None, ()))
    [planned] = records(pages)
    cursor = last_cursor(tracker, "scorecards")
    later(sandbox, 10)

    [held] = records(list(tracker.changes("interviews", pages[-1].cursor, ())))
    cards = records(list(tracker.changes("scorecards", cursor, ())))

    assert isinstance(planned, Interview)
    assert isinstance(held, Interview)
    assert (planned.round, planned.status) == ("panel", InterviewStatus.SCHEDULED)
    assert planned.interviewers == ("joe.doe@harbor.example", "mia@harbor.example")
    assert planned.ends_at == NOW + 4 * DAY + timedelta(hours=1)
    assert (held.external_id, held.status) == (planned.external_id, InterviewStatus.COMPLETED)
    told = [card for card in cards if isinstance(card, Scorecard)]
    assert {(card.application_ref, card.round) for card in told} == {(ref, "panel")}
    assert {card.author for card in told} == set(planned.interviewers)
    assert {card.recommendation for card in told} <= set(Recommendation)


def test_who_is_archived_before_all_is_read_is_not_asked_about(
    tracker: ApplicantTracker, vendor: Lever, job: str
) -> None:
    vendor.page = 2
    refs = add_many(tracker, job, 5)
    for ref in refs[:2]:
        tracker.reject(RejectApplication(application_ref=ref, reason="unqualified"), "r")

    first = next(iter(tracker.changes("scorecards", None, ())))
    rest = list(tracker.changes("scorecards", first.cursor, ()))

    assert len(rest) == 1


def test_a_recruiter_writes_down_the_phone_screen(
    tracker: ApplicantTracker, sandbox: Sandbox, job: str
) -> None:
    later(sandbox, 2)
    ref = applications(tracker)[0].external_id
    tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.SCREEN), "m")
    later(sandbox, 3)

    [card] = records(list(tracker.changes("scorecards", None, ())))

    assert isinstance(card, Scorecard)
    said = {answer.question: answer.value for answer in card.answers}
    assert (card.round, card.recommendation) == ("recruiter_screen", None)
    assert (said["must_have:licence"], said["pay_expectation_cents"]) == ("met", "500000")


WRITES = ["job", "close", "add", "move", "hire", "reject", "note", "interview"]


def write(tracker: ApplicantTracker, name: str) -> tuple[str, str, Request]:
    """A write: its call at Lever, the vendor's word for it, and the request."""
    job = tracker.open_job(OPEN, "o").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    another = OPEN.model_copy(update={"requisition": "HARBOR-9"})
    writes: dict[str, tuple[str, str, Request]] = {
        "job": ("POST /v1/postings$", "jobs", another),
        "close": ("POST /v1/postings/", "closed_jobs", CloseJob(job_ref=job)),
        "add": ("POST /v1/opportunities$", "applications", applying(job, "Bo", None)),
        "move": ("stage$", "moves", MoveApplication(application_ref=ref, to=TrackerStage.SCREEN)),
        "hire": (
            "archived$",
            "moves",
            MoveApplication(application_ref=ref, to=TrackerStage.HIRED),
        ),
        "reject": (
            "archived$",
            "rejections",
            RejectApplication(application_ref=ref, reason="unqualified"),
        ),
        "note": ("POST .*notes$", "notes", AddNote(candidate_ref=ref, text="Hello")),
        "interview": ("POST .*panels$", "interviews", interview_of(ref)),
    }
    return writes[name]


DONE = ["drop_after", "truncated", "html_after", "empty_after", "error_in_200", "reshaped"]


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("lost", [*DONE, "drop_before", "500"])
def test_a_write_whose_answer_was_lost_is_found_or_done_once(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Lever, name: str, lost: str
) -> None:
    call, kind, request = write(tracker, name)
    before = len(vendor.received.get(kind, []))
    fault(sandbox, call, lost)

    with pytest.raises(OutcomeUnknown):
        send(tracker, request, "k")
    found = tracker.find(request, "k")
    assert bool(found) == (lost in DONE)

    done = found.external_id if found else send(tracker, request, "k")
    again = tracker.find(request, "k")
    assert again
    assert again.external_id == done
    assert len(vendor.received[kind]) == before + 1


def test_a_busy_lever_is_asked_again_and_a_write_it_refused_was_not_done(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Lever
) -> None:
    fault(sandbox, "POST /v1/postings$", "429")
    with pytest.raises(Unavailable):
        tracker.open_job(OPEN, "o")
    assert tracker.find(OPEN, "o") is None

    fault(sandbox, "GET /v1/opportunities", "429", "500", "error_in_200", "empty_after")
    assert applications(tracker) == []
    fault(sandbox, "GET /v1/opportunities", *["429"] * 5)
    with pytest.raises(Unavailable):
        applications(tracker)


def test_a_revoked_key_and_a_missing_permission_are_matters_of_set_up(
    tracker: ApplicantTracker, vendor: Lever
) -> None:
    vendor.scopes.discard("feedback:read")
    vendor.scopes.discard("opportunities:read")
    with pytest.raises(Misconfigured):
        applications(tracker)
    vendor.keys.clear()
    with pytest.raises(Misconfigured):
        tracker.open_job(OPEN, "o")


def test_a_setting_that_makes_no_sense_is_named(access: Access) -> None:
    wrong = {**access.options, "stage:take_home": "homework"}

    with pytest.raises(Misconfigured, match="stage:take_home"):
        lever.connect(Access(access.base_url, access.key, options=wrong))


def test_a_reason_lever_does_not_have_and_an_interviewer_it_does_not_know_are_named(
    tracker: ApplicantTracker, job: str
) -> None:
    [ref] = add_many(tracker, job, 1)
    with pytest.raises(Misconfigured, match="no archive reason"):
        tracker.reject(RejectApplication(application_ref=ref, reason="hunch"), "r")
    stranger = interview_of(ref).model_copy(update={"interviewers": ("someone@elsewhere.test",)})
    with pytest.raises(Refused, match="no user") as refusal:
        tracker.schedule_interview(stranger, "i")
    assert "someone" not in str(refusal.value)


@pytest.mark.parametrize(
    "spoil",
    [
        {"stage": "a stage nobody lists"},
        {"updatedAt": "yesterday"},
        {"updatedAt": 10**30},
        {"emails": [7]},
        {"name": None},
        {"archived": "no"},
    ],
)
def test_what_we_do_not_understand_is_unreadable(
    tracker: ApplicantTracker, vendor: Lever, job: str, spoil: dict[str, Any]
) -> None:
    [ref] = add_many(tracker, job, 1)
    vendor.records.tables["application"][ref]["shown"] = spoil

    with pytest.raises(Unreadable):
        applications(tracker)


def test_an_archive_reason_of_a_type_we_do_not_know_is_no_hire_and_no_rejection(
    tracker: ApplicantTracker, vendor: Lever, job: str
) -> None:
    [ref] = add_many(tracker, job, 1)
    odd = {"id": "odd", "text": "Odd", "reasonType": "Odd", "type": "paused"}
    vendor.reasons.append(odd)
    at = milliseconds(NOW)
    archived = {"archived": {"reason": "odd", "archivedAt": at}}
    vendor.records.tables["application"][ref]["shown"] = archived

    with pytest.raises(Unreadable, match="paused"):
        applications(tracker)


def test_an_opportunity_that_was_never_changed_is_of_when_it_was_created(
    tracker: ApplicantTracker, vendor: Lever, job: str
) -> None:
    [ref] = add_many(tracker, job, 1)
    vendor.records.tables["application"][ref]["shown"] = {"updatedAt": None}

    [application] = applications(tracker)

    assert application.updated_at == application.applied_at


def test_a_posting_that_was_never_changed_is_of_when_it_was_created() -> None:
    posting = {"id": "p", "text": "Electrician", "state": "published", "createdAt": 1000}
    [job] = read_posting({**posting, "updatedAt": None})
    assert job.updated_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_an_unknown_score_keeps_no_other_opportunity_from_being_read(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Lever, job: str
) -> None:
    later(sandbox, 2)
    ref = applications(tracker)[0].external_id
    tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.SCREEN), "m")
    later(sandbox, 3)
    field = {"type": "score-system", "text": "Overall rating", "value": "5 - Angel"}
    next(iter(vendor.records.tables["feedback"].values()))["shown"] = {"fields": [field]}

    [page] = tracker.changes("scorecards", None, ())

    assert list(page.unreadable) == [ref]


def test_fields_we_have_never_seen_harm_nothing(
    tracker: ApplicantTracker, vendor: Lever, job: str
) -> None:
    [ref] = add_many(tracker, job, 1)
    vendor.records.tables["application"][ref]["shown"] = {"aura": "green", "location": None}

    assert [each.external_id for each in applications(tracker)] == [ref]


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)))
def test_an_instant_is_read_as_it_was_written_to_the_millisecond(at: datetime) -> None:
    at = at.replace(tzinfo=UTC, microsecond=at.microsecond // 1000 * 1000)

    assert moment(Payload("lever", {"at": milliseconds(at)}), "at") == at


@given(st.integers())
def test_any_number_is_an_instant_or_unreadable(number: int) -> None:
    try:
        assert milliseconds(moment(Payload("lever", {"at": number}), "at")) == number
    except Unreadable:
        assert not 0 <= number < milliseconds(datetime(9000, 1, 1, tzinfo=UTC))


SIGNED = {
    "event": "candidateStageChange",
    "token": "abc",
    "triggeredAt": 1782974002353,
    "signature": "78be50df81fa0e6c8cb2838524f1609f5db108a6460e408e00ba16af5e85120a",
    "data": {"opportunityId": "o-1", "contactId": "c-1", "name": "Ada Winter"},
}


def test_a_webhook_signs_its_token_and_its_time() -> None:
    raw = json.dumps(SIGNED).encode()

    assert lever.verify_webhook(raw, {}, "test-secret")
    assert lever.verify_webhook(raw, {}, "another, test-secret")
    assert not lever.verify_webhook(raw, {}, "another")
    assert not lever.verify_webhook(raw, {}, "")


def test_what_happens_in_lever_is_told_by_webhooks_we_believe(
    tracker: ApplicantTracker, vendor: Lever, job: str
) -> None:
    told: list[Event] = []

    def tell(kind: str, about: Mapping[str, Any]) -> None:
        told.append(Event("lever", kind, about, "0" * 64, NOW, "http://us"))

    vendor.tell = tell
    ada, bob = add_many(tracker, job, 2)
    tracker.move(MoveApplication(application_ref=ada, to=TrackerStage.HIRED), "h")
    tracker.reject(RejectApplication(application_ref=bob, reason="unqualified"), "r")

    posts = [sealed(event, "secret").body for event in told]

    assert all(lever.verify_webhook(post, {}, "secret") for post in posts)
    read = [lever.read_webhook(post) for post in posts]
    assert [(event.kind, event.refs[0]) for event in read] == [
        ("applicationCreated", ada),
        ("applicationCreated", bob),
        ("candidateHired", ada),
        ("candidateArchiveChange", bob),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"token": "abd"},
        {"token": None},
        {"triggeredAt": 1782974002354},
        {"triggeredAt": True},
        {"signature": "é"},
        {"signature": None},
    ],
)
def test_a_webhook_with_another_token_time_or_signature_is_not_believed(
    change: dict[str, Any],
) -> None:
    assert not lever.verify_webhook(json.dumps(SIGNED | change).encode(), {}, "test-secret")


def test_a_webhook_tells_which_opportunity_it_is_about_and_nothing_personal() -> None:
    event = lever.read_webhook(json.dumps(SIGNED).encode())

    assert (event.kind, event.refs) == ("candidateStageChange", ("o-1",))
    assert event.at == datetime(2026, 7, 2, 6, 33, 22, 353000, tzinfo=UTC)
    assert event.id == lever.read_webhook(json.dumps(SIGNED | {"id": "again"}).encode()).id


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"event": "x"}', b"[" * 50_000])
def test_a_body_that_is_no_webhook_is_unreadable_and_not_believed(raw: bytes) -> None:
    assert not lever.verify_webhook(raw, {}, "test-secret")
    with pytest.raises(Unreadable):
        lever.read_webhook(raw)
