"""Greenhouse, our connector against the stand-in, over real HTTP."""

import hashlib
import hmac
import json
import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors import watched
from connectors.access import Access
from connectors.applicant_tracking import VENDORS, greenhouse
from connectors.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.ports import ApplicantTracker
from connectors.quota import Quota
from connectors.records import (
    AddApplication,
    AddNote,
    Application,
    ArchiveKind,
    CancelOffer,
    Candidate,
    CloseJob,
    Interview,
    InterviewStatus,
    MoveApplication,
    Observed,
    OpenJob,
    Page,
    Place,
    Recommendation,
    RejectApplication,
    Request,
    ScheduleInterview,
    Scorecard,
    TrackerStage,
)
from deployments.sandbox.ashby_records import STAGE
from deployments.sandbox.envelopes import Event, sealed
from deployments.sandbox.greenhouse import CLIENT_ID, CLIENT_SECRET, Greenhouse
from deployments.sandbox.greenhouse_records import TEMPLATE
from deployments.sandbox.people import Apply, Behaviour, People, Persona
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)
OPEN = OpenJob(
    requisition="HARBOR-3",
    title="Night nurse",
    place=Place(code="US-CA", city="Oakland", country="US"),
    headcount=2,
)
REQUISITION = """
code: HARBOR-3
headcount: 1
must_haves: [{id: licence}, {id: nights}]
rounds: [{name: panel}]
"""
GRACE = Persona(
    id="grace",
    name="Grace Hopper",
    emails=("grace@example.test",),
    phones=("555 0100",),
    links=("https://example.test/me",),
    residence="US-CA",
    applications=(
        Apply("HARBOR-3", "ashby", 1, 9, "grace@example.test", "555 0100", {"nights": "yes"}),
    ),
    resume_text="",
    resume_json=None,
    truth={"HARBOR-3:licence": True, "HARBOR-3:nights": False},
    pay_expectation_cents=500_000,
    behaviour=Behaviour(strength=0.9),
)


@pytest.fixture
def vendor(tmp_path: Path) -> Greenhouse:
    (tmp_path / "harbor.yaml").write_text(REQUISITION, encoding="utf-8")
    return Greenhouse(World(seed=7, now=NOW), People([GRACE]), tmp_path)


@pytest.fixture
def sandbox(vendor: Greenhouse) -> Iterator[Sandbox]:
    sandbox = Sandbox(vendor.world, [vendor])
    yield sandbox
    sandbox.stop()


@pytest.fixture
def access(sandbox: Sandbox) -> Access:
    url = sandbox.start()
    options = {
        "client_id": CLIENT_ID,
        "auth_url": f"{url}/greenhouse/auth",
        "template_job_id": str(TEMPLATE),
        "reason:unqualified": "Not enough relevant experience",
    }
    return Access(base_url=f"{url}/greenhouse/v3", key=CLIENT_SECRET, options=options)


@pytest.fixture
def tracker(access: Access) -> ApplicantTracker:
    return connected(access)


def connected(access: Access) -> ApplicantTracker:
    return VENDORS["greenhouse"](access, sleep=lambda seconds: None)


def fault(sandbox: Sandbox, match: str, *faults: str) -> None:
    sandbox.faults.append({"vendor": "greenhouse", "match": match, "faults": list(faults)})


def applying(job: str, name: str = "Ada Byron", email: str | None = "ada@x.test") -> AddApplication:
    return AddApplication(
        application_key=f"HARBOR-3.{name}",
        job_ref=job,
        name=name,
        email=email,
        phone=None,
        source="indeed",
        applied_at=NOW - DAY,
    )


def crowd(vendor: Greenhouse, size: int) -> list[str]:
    """So many candidates, one a day; returns their ids, the oldest first."""
    return [
        vendor.records.add_candidate(
            f"P {n}", f"p{n}@example.test", None, {"createdAt": f"{day(n)}T09:00:00.000Z"}
        )["id"]
        for n in range(size)
    ]


def day(number: int) -> str:
    return (NOW.date() + timedelta(days=number - 1000)).isoformat()


def opened(page: Page) -> Page:
    """A page whose every object is read."""
    assert page.listed
    return watched.listed(page.listed.rows, page.listed.read, page.cursor)


def read(
    tracker: ApplicantTracker, resource: str, cursor: str | None = None
) -> tuple[list[Observed], str | None]:
    pages = [opened(page) for page in tracker.changes(resource, cursor, ())]
    assert not any(page.unreadable for page in pages)
    return [record for page in pages for record in page.records], pages[-1].cursor


def ids(tracker: ApplicantTracker, resource: str, cursor: str | None = None) -> list[str]:
    return [record.external_id for record in read(tracker, resource, cursor)[0]]


def applications(tracker: ApplicantTracker, cursor: str | None = None) -> list[Application]:
    records, _ = read(tracker, "applications", cursor)
    return [record for record in records if isinstance(record, Application)]


def asked(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The parameters of every request to a list from now on."""
    seen: list[dict[str, str]] = []
    answer = sandbox.answer

    def noting(request: Any) -> Any:
        if request.method == "GET":
            seen.append(dict(request.query))
        return answer(request)

    monkeypatch.setattr(sandbox, "answer", noting)
    return seen


# Reading lists


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 300])
def test_reads_everybody_once_however_many_there_are(
    tracker: ApplicantTracker, vendor: Greenhouse, size: int
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, size)

    assert set(ids(tracker, "candidates")) == set(everybody)


def test_who_is_created_at_one_instant_is_read_too(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    vendor.page = 10
    at = {"createdAt": "2026-01-05T09:00:00.000Z"}
    everybody = {vendor.records.add_candidate(f"P {n}", None, None, at)["id"] for n in range(45)}

    assert Counter(ids(tracker, "candidates")) == Counter(everybody)


def test_a_list_is_read_in_windows_that_share_nobody(
    tracker: ApplicantTracker,
    vendor: Greenhouse,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 300)
    seen = asked(sandbox, monkeypatch)

    found = ids(tracker, "candidates")

    windows = [each for each in seen if "gte|" in each.get("created_at", "")]
    without_end = [each for each in seen if "cursor" not in each and each not in windows]
    assert len(windows) == 8
    assert len(without_end) == 3
    # Two first pages told how long a window is to be, and were read again within one.
    assert len(found) == len(everybody) + 2 * vendor.page
    assert set(found) == set(everybody)


def test_a_cursor_travels_alone(
    tracker: ApplicantTracker,
    vendor: Greenhouse,
    sandbox: Sandbox,
    access: Access,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor.page = 10
    crowd(vendor, 25)
    seen = asked(sandbox, monkeypatch)

    ids(tracker, "candidates")

    followed = [each for each in seen if "cursor" in each]
    assert followed
    assert all(len(each) == 1 for each in followed)
    token = next(iter(vendor.tokens))
    for more, status in ({}, 200), ({"per_page": "10"}, 422), ({"fields": "id"}, 422):
        answer = requests.get(
            f"{access.base_url}/candidates",
            params={**followed[0], **more},
            headers={"Authorization": f"Bearer {token}"},
            timeout=5,
        )
        assert answer.status_code == status


def test_goes_on_from_the_middle_of_a_read(
    tracker: ApplicantTracker, access: Access, vendor: Greenhouse
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 120)
    pages = tracker.changes("candidates", None, ())
    first = [opened(next(pages)) for _ in range(4)]

    rest = ids(connected(access), "candidates", first[-1].cursor)

    before = {record.external_id for page in first for record in page.records}
    assert before | set(rest) == set(everybody)
    assert len(rest) < len(everybody)


@pytest.mark.parametrize("lie", ["error_in_200", "html_after", "empty_after", "truncated", "500"])
def test_a_page_that_is_an_error_moves_no_cursor_and_loses_nobody(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox, lie: str
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 35)
    pages = tracker.changes("candidates", None, ())
    first = opened(next(pages))
    fault(sandbox, "GET /v3/candidates", *[lie] * 40)

    with pytest.raises(Unavailable):
        list(pages)

    sandbox.faults.clear()
    rest = ids(tracker, "candidates", first.cursor)
    assert {record.external_id for record in first.records} | set(rest) == set(everybody)


def test_an_error_that_passes_in_the_middle_of_a_read_is_not_noticed(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 60)
    fault(sandbox, "GET /v3/candidates", "error_in_200", "empty_after", "429", "expire")

    assert set(ids(tracker, "candidates")) == set(everybody)


def test_rows_that_are_edited_while_the_list_is_read_push_no_other_out(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 300)
    fault(sandbox, "GET /v3/candidates", *["edit"] * 20)

    found = ids(tracker, "candidates")

    assert len(found) == len(everybody) + 2 * vendor.page  # as if nobody had edited anything
    assert set(found) == set(everybody)
    assert sandbox.injected["greenhouse edit"] == 20


def test_who_comes_and_changes_while_the_list_is_read_is_read_then_or_next_time(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 120)
    pages = tracker.changes("candidates", None, ())
    seen = list(opened(next(pages)).records)

    late = vendor.records.add_candidate("Late Comer", None, None, {})
    changed = vendor.records.touch("candidate", everybody[119])
    changed["first_name"] = "Renamed"
    last = [opened(page) for page in pages]
    seen += [record for page in last for record in page.records]
    again, _ = read(tracker, "candidates", last[-1].cursor)

    names = {r.external_id: r.name for r in [*seen, *again] if isinstance(r, Candidate)}
    assert names.keys() == {*everybody, late["id"]}
    assert names[everybody[119]].startswith("Renamed")


def test_who_is_deleted_is_in_no_list_any_more(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    everybody = crowd(vendor, 3)
    ids(tracker, "candidates")

    del vendor.records.tables["candidate"][everybody[1]]

    assert set(ids(tracker, "candidates")) == {everybody[0], everybody[2]}


def test_the_last_cursor_gives_only_what_changed_since_in_one_request_a_page(
    tracker: ApplicantTracker,
    vendor: Greenhouse,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 120)
    sandbox.advance(NOW + DAY)
    _, cursor = read(tracker, "candidates")
    sandbox.advance(NOW + 2 * DAY)
    for ref in everybody[:15]:
        vendor.records.touch("candidate", ref)
    ids(tracker, "scorecards")  # with a new token
    seen = asked(sandbox, monkeypatch)

    changed, after = read(tracker, "candidates", cursor)

    assert {record.external_id for record in changed} == set(everybody[:15])
    assert len(seen) == 2
    sandbox.advance(NOW + 3 * DAY)
    _, later = read(tracker, "candidates", after)  # by the overlap, those of the last look again
    assert ids(tracker, "candidates", later) == []


def test_starts_over_when_greenhouse_refuses_a_cursor_of_old(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    everybody = crowd(vendor, 3)
    chain = {"since": None, "low": None, "high": None, "at": "of-old"}
    cursor = json.dumps({"began": "2026-03-01T00:00:00Z", "chains": [chain]})

    assert set(ids(tracker, "candidates", cursor)) == set(everybody)


# The quota


@pytest.mark.parametrize("limit", [2, 5, 10])
def test_a_quota_is_never_exceeded_and_no_window_is_left_unused(
    access: Access, vendor: Greenhouse, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    now, waits = 1_000_000.0, 0

    def sleep(seconds: float) -> None:
        nonlocal now, waits
        now, waits = now + seconds, waits + 1

    monkeypatch.setattr("connectors.http.Quota", partial(Quota, now=lambda: now))
    vendor.page, vendor.window.limit, vendor.window.clock = 10, limit, lambda: now
    everybody = crowd(vendor, 300)
    tracker = VENDORS["greenhouse"](access, sleep=sleep)

    found = set(ids(tracker, "candidates"))

    assert found == set(everybody)
    assert vendor.window.refused == 0
    assert vendor.window.taken > 30
    assert waits == (vendor.window.taken - 1) // limit


# Tokens


def test_a_token_that_has_ended_is_renewed_and_nothing_is_lost_over_it(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox
) -> None:
    crowd(vendor, 3)
    ids(tracker, "candidates")
    sandbox.advance(NOW + timedelta(hours=2))

    job = tracker.open_job(OPEN, "k").external_id

    assert len(ids(tracker, "candidates")) == 3
    assert vendor.given == 2
    assert vendor.received["jobs"] == ["HARBOR-3"]
    vendor.expire()
    tracker.close_job(CloseJob(job_ref=job), "c")
    assert vendor.given == 3


def test_threads_that_are_refused_at_once_ask_for_one_new_token(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 300)
    pages = tracker.changes("candidates", None, ())
    found = {record.external_id for record in opened(next(pages)).records}
    vendor.expire()

    found |= {record.external_id for page in pages for record in opened(page).records}

    assert found == set(everybody)
    assert vendor.given == 2


@pytest.mark.parametrize(
    ("key", "options"), [("wrong", {}), (CLIENT_SECRET, {"client_id": "another"})]
)
def test_a_client_that_greenhouse_does_not_know_is_a_matter_of_set_up(
    access: Access, key: str, options: dict[str, str]
) -> None:
    other = Access(access.base_url, key, options={**access.options, **options})

    with pytest.raises(Misconfigured, match="client_id"):
        read(connected(other), "candidates")


def test_a_client_without_scopes_or_a_scope_that_is_missing_is_a_matter_of_set_up(
    access: Access, tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    vendor.scopes.discard("harvest:interviews:list")
    with pytest.raises(Misconfigured, match="interviews"):
        read(tracker, "interviews")

    vendor.scopes.clear()
    with pytest.raises(Misconfigured, match="scopes"):
        read(connected(access), "candidates")


def test_tokens_that_cannot_be_had_for_now_are_asked_for_again_later(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox
) -> None:
    fault(sandbox, "token", "500", "truncated")
    assert ids(tracker, "candidates") == []

    vendor.expire()
    fault(sandbox, "token", *["500"] * 30)
    with pytest.raises(Unavailable):
        tracker.open_job(OPEN, "k")


# What is read


def test_a_person_and_their_application_are_read_each_for_itself(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    sandbox.advance(NOW + 2 * DAY)

    [application], ((person,), _) = applications(tracker), read(tracker, "candidates")

    assert isinstance(person, Candidate)
    assert (person.name, person.emails, person.phones, person.links, person.residence) == (
        "Grace Hopper",
        ("grace@example.test",),
        ("555 0100",),
        ("https://example.test/me",),
        "US-CA",
    )
    assert (application.name, application.candidate_ref) == ("", person.external_id)
    assert (application.job_ref, application.stage) == (job, TrackerStage.NEW)
    assert application.source == "Company careers page"
    assert [(answer.question, answer.value) for answer in application.answers] == [
        ("nights", "yes")
    ]
    assert application.applied_at == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert vendor.received["applied"] == [application.external_id]


def test_a_document_is_what_greenhouse_sent_byte_for_byte(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    crowd(vendor, 1)
    (page,) = tracker.changes("candidates", None, ())

    assert page.listed
    assert [
        (record.external_id, record.document.encode()) for record in opened(page).records
    ] == page.listed.rows


def test_a_rejection_is_read_with_its_kind_and_reason_and_greenhouse_writes_to_nobody(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id
    bob = tracker.add_application(applying(job, "Bob Lee", "bob@x.test"), "b").external_id

    tracker.reject(RejectApplication(application_ref=ada, reason="unqualified"), "r")
    gone = RejectApplication(application_ref=bob, reason="withdrew", by_candidate=True)
    tracker.reject(gone, "s")

    told = {
        a.external_id: (a.stage, a.archive_kind, a.archive_reason) for a in applications(tracker)
    }
    assert told == {
        ada: (TrackerStage.ARCHIVED, ArchiveKind.BY_EMPLOYER, "Not enough relevant experience"),
        bob: (TrackerStage.ARCHIVED, ArchiveKind.BY_CANDIDATE, "Withdrew"),
    }
    assert "rejection_emails" not in vendor.received


def test_prospects_are_leads_with_and_without_a_job(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    for name in ("Ann Lead", "Ben Lead"):
        candidate = vendor.records.add_candidate(name, None, None, {})
        vendor.records.add_application(
            candidate, vendor.records.tables["job"][job], STAGE["New Lead"], {}
        )
    [first, *_] = vendor.records.tables["application"].values()
    first["shown"] = {"status": "converted"}

    assert [a.stage for a in applications(tracker)] == [TrackerStage.LEAD] * 2


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("Application Review", TrackerStage.NEW),
        ("Preliminary Phone Screen", TrackerStage.SCREEN),
        ("Recruiter Call", TrackerStage.SCREEN),
        ("Hiring Manager Review", TrackerStage.SUBMITTED),
        ("Phone Interview", TrackerStage.INTERVIEW),
        ("Onsite", TrackerStage.INTERVIEW),
        ("Face to Face", TrackerStage.INTERVIEW),
        ("Offer", TrackerStage.OFFER),
        ("Take Home Test", TrackerStage.INTERVIEW),
    ],
)
def test_a_stages_name_gives_its_meaning_or_the_client_does(
    access: Access, vendor: Greenhouse, name: str, stage: TrackerStage
) -> None:
    told = {**access.options, "stage:take_home_test": "interview"}
    tracker = connected(Access(access.base_url, access.key, options=told))
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id
    vendor.records.tables["application"][ada]["shown"] = {"stage_name": name}

    assert [a.stage for a in applications(tracker)] == [stage]


def test_a_meaning_of_a_stage_that_there_is_not_is_a_matter_of_set_up(access: Access) -> None:
    told = {**access.options, "stage:bake_off": "baking"}

    with pytest.raises(Misconfigured, match="stage:bake_off"):
        connected(Access(access.base_url, access.key, options=told))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ({"status": "dormant"}, "status"),
        ({"updated_at": "yesterday"}, "datetime"),
        ({"updated_at": "2026-03-02T09:00:00"}, "timezone"),
        ({"stage_name": "Bake-off"}, "stage:bake_off"),
        ({"stage_name": None}, "no stage"),
        ({"candidate_id": None}, "candidate_id"),
        ({"source_id": 1}, "source"),
        ({"status": "rejected", "rejection_reason_id": 1}, "rejection reason"),
        ({"answers": [{"question": "Why?"}]}, "answer"),
    ],
)
def test_what_we_do_not_understand_is_unreadable_and_all_others_are_read(
    tracker: ApplicantTracker, vendor: Greenhouse, spoil: dict[str, Any], why: str
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id
    bob = tracker.add_application(applying(job, "Bob Lee", "bob@x.test"), "b").external_id
    vendor.records.tables["application"][ada]["shown"] = spoil

    (page,) = tracker.changes("applications", None, ())

    told = opened(page)
    assert list(told.unreadable) == [ada]
    assert why in told.unreadable[ada]
    assert [record.external_id for record in told.records] == [bob]


@pytest.mark.parametrize("field", ["status", "created_at", "candidate_id", "answers", "stage_name"])
def test_a_missing_field_is_unreadable(
    tracker: ApplicantTracker, vendor: Greenhouse, field: str
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    tracker.add_application(applying(job), "a")
    (page,) = tracker.changes("applications", None, ())
    assert page.listed
    row = json.loads(page.listed.rows[0][1])
    del row[field]

    with pytest.raises(Unreadable, match=field):
        page.listed.read(json.dumps(row).encode())


def test_a_field_we_have_never_seen_is_reported_and_a_null_that_may_be_is_none(
    tracker: ApplicantTracker, vendor: Greenhouse, caplog: pytest.LogCaptureFixture
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id
    spoil = {"match_score": 0.7, "source_id": None, "answers": None}
    vendor.records.tables["application"][ada]["shown"] = spoil

    with caplog.at_level(logging.WARNING):
        [application] = applications(tracker)

    assert (application.source, application.answers) == ("", ())
    assert [vars(record)["fields"] for record in caplog.records] == [["match_score"]]


def test_the_fields_that_are_documented_are_no_drift(
    tracker: ApplicantTracker,
    vendor: Greenhouse,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    to_interview(tracker, sandbox)
    sandbox.advance(NOW + 12 * DAY)

    with caplog.at_level(logging.WARNING):
        for resource in tracker.resources:
            assert read(tracker, resource)[0]

    assert caplog.records == []


def test_a_recruiter_writes_down_the_phone_screen(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    tracker.open_job(OPEN, "k")
    sandbox.advance(NOW + 2 * DAY)
    [grace] = applications(tracker)
    move = MoveApplication(application_ref=grace.external_id, to=TrackerStage.SCREEN)
    tracker.move(move, "m")

    sandbox.advance(NOW + 5 * DAY)

    [card] = read(tracker, "scorecards")[0]
    assert isinstance(card, Scorecard)
    said = {answer.question: answer.value for answer in card.answers}
    assert (card.round, card.recommendation) == ("recruiter_screen", None)
    assert (said["must_have:licence"], said["must_have:nights"]) == ("met", "not_met")
    assert (said["pay_expectation_cents"], said["interested"]) == ("500000", "yes")
    assert card.author == "recruiter@greenhouse.example"


def to_interview(tracker: ApplicantTracker, sandbox: Sandbox) -> str:
    """Bring an applicant to a panel interview; returns their application."""
    job = tracker.open_job(OPEN, "k").external_id
    added = tracker.add_application(applying(job, "Grace Hopper", "grace@example.test"), "g")
    ref = added.external_id
    tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.SUBMITTED), "m")
    sandbox.advance(NOW + 3 * DAY)
    tracker.schedule_interview(interview_of(ref), "i")
    return ref


def interview_of(ref: str) -> ScheduleInterview:
    return ScheduleInterview(
        application_ref=ref,
        round="panel",
        starts_at=NOW + 4 * DAY,
        ends_at=NOW + 4 * DAY + timedelta(hours=1),
        interviewers=("joe.doe@harbor.example", "mia@harbor.example"),
    )


def test_an_interview_is_read_scheduled_then_completed_with_its_scorecards(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    ref = to_interview(tracker, sandbox)
    [planned], cursor = read(tracker, "interviews")
    assert isinstance(planned, Interview)
    assert (planned.round, planned.status) == ("panel", InterviewStatus.SCHEDULED)
    assert planned.interviewers == ("joe.doe@harbor.example", "mia@harbor.example")
    assert read(tracker, "scorecards")[0] == []  # what is a draft nobody has handed in

    sandbox.advance(NOW + 12 * DAY)

    [held] = read(tracker, "interviews", cursor)[0]
    cards = [card for card in read(tracker, "scorecards")[0] if isinstance(card, Scorecard)]
    assert isinstance(held, Interview)
    assert (held.external_id, held.status) == (planned.external_id, InterviewStatus.COMPLETED)
    assert {(card.application_ref, card.round) for card in cards} == {(ref, "panel")}
    assert {card.author for card in cards} == set(planned.interviewers)
    good = {Recommendation.YES, Recommendation.STRONG_YES}
    assert {card.recommendation for card in cards} <= good


@pytest.mark.parametrize(
    ("resource", "table", "spoil", "why"),
    [
        ("scorecards", "feedback", {"candidate_rating": "maybe"}, "rating"),
        ("scorecards", "feedback", {"submitted_at": None}, "submitted"),
        ("scorecards", "feedback", {"interviewer_id": 1}, "not listed"),
        ("scorecards", "feedback", {"interview_kit_id": 1}, "not listed"),
        ("scorecards", "feedback", {"application_id": "1"}, "application_id"),
        ("interviews", "schedule", {"status": "unheard_of"}, "status"),
        ("interviews", "schedule", {"ends_at": None}, "no time"),
        ("interviews", "schedule", {"job_interview_id": 1}, "not listed"),
    ],
)
def test_one_scorecard_or_interview_that_makes_no_sense_is_named_by_its_id(
    tracker: ApplicantTracker,
    vendor: Greenhouse,
    sandbox: Sandbox,
    resource: str,
    table: str,
    spoil: dict[str, Any],
    why: str,
) -> None:
    to_interview(tracker, sandbox)
    sandbox.advance(NOW + 12 * DAY)
    before = set(ids(tracker, resource))
    next(iter(vendor.records.tables[table].values()))["shown"] = spoil

    (page,) = tracker.changes(resource, None, ())

    told = opened(page)
    ((ref, said),) = told.unreadable.items()
    assert why in said
    assert {record.external_id for record in told.records} == before - {ref}


# What is written


def test_a_job_is_copied_from_the_template_with_its_openings(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    job = tracker.open_job(OPEN, "k").external_id

    assert vendor.records.tables["job"][job]["requisition_id"] == "HARBOR-3"
    assert len(vendor.records.tables["opening"]) == 2
    assert tracker.open_job(OPEN, "k").external_id == job
    assert vendor.received["jobs"] == ["HARBOR-3"]


def test_a_job_of_somebody_elses_with_the_same_requisition_id_is_not_ours(
    tracker: ApplicantTracker,
) -> None:
    theirs = tracker.open_job(OPEN.model_copy(update={"title": "Day nurse"}), "t")

    assert tracker.find(OPEN, "k") is None
    assert tracker.open_job(OPEN, "k") != theirs


@pytest.mark.parametrize("option", [None, "the usual one"])
def test_without_a_template_no_job_is_opened(access: Access, option: str | None) -> None:
    options = {name: value for name, value in access.options.items() if name != "template_job_id"}
    told = options | ({"template_job_id": option} if option else {})

    with pytest.raises(Misconfigured, match="template_job_id"):
        connected(Access(access.base_url, access.key, options=told)).open_job(OPEN, "k")


def test_closes_a_job_with_the_last_of_its_openings(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    assert tracker.find(CloseJob(job_ref=job), "c") is None

    tracker.close_job(CloseJob(job_ref=job), "c")

    assert tracker.find(CloseJob(job_ref=job), "c")
    assert vendor.received["closed_jobs"] == ["HARBOR-3"]
    assert all("closedAt" in opening for opening in vendor.records.tables["opening"].values())


def test_an_application_we_add_has_its_instant_its_source_and_its_candidate(
    tracker: ApplicantTracker,
) -> None:
    job = tracker.open_job(OPEN, "k").external_id

    receipt = tracker.add_application(applying(job), "a")

    [ada] = applications(tracker)
    [person] = read(tracker, "candidates")[0]
    assert isinstance(person, Candidate)
    assert (ada.external_id, ada.candidate_ref) == (
        receipt.external_id,
        receipt.others["candidate"],
    )
    assert (ada.job_ref, ada.stage, ada.source) == (job, TrackerStage.NEW, "Indeed")
    assert ada.applied_at == NOW - DAY
    assert (person.name, person.emails) == ("Ada Byron", ("ada@x.test",))


def test_someone_who_is_a_candidate_already_is_not_created_again(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    first = tracker.open_job(OPEN, "k").external_id
    second = tracker.open_job(OPEN.model_copy(update={"requisition": "HARBOR-4"}), "l").external_id

    one = tracker.add_application(applying(first), "a")
    two = tracker.add_application(applying(second, email="ADA@x.test"), "b")

    assert one.others == two.others
    assert one.external_id != two.external_id
    assert len(vendor.records.tables["candidate"]) == 1


def test_who_applies_again_after_being_rejected_gets_an_application_of_their_own(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    first = tracker.add_application(applying(job), "a").external_id
    gone = RejectApplication(application_ref=first, reason="withdrew", by_candidate=True)
    tracker.reject(gone, "r")
    again = applying(job).model_copy(update={"applied_at": NOW})
    assert tracker.find(again, "b") is None

    second = tracker.add_application(again, "b")

    assert second.external_id != first
    assert len(vendor.records.tables["candidate"]) == 1
    assert tracker.find(again, "b") == second
    assert tracker.find(applying(job), "a") == tracker.add_application(applying(job), "a")


def test_who_has_applied_at_the_clients_site_already_is_not_added_again(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    sandbox.advance(NOW + 2 * DAY)
    [grace] = applications(tracker)

    added = tracker.add_application(applying(job, "Grace H", "GRACE@example.test"), "g")

    assert added.external_id == grace.external_id
    assert added.others == {"candidate": grace.candidate_ref}


@pytest.mark.parametrize("name", ["Ada Byron", "Ada", "Ada King Byron"])
def test_who_has_no_email_is_found_by_name_and_instant(
    tracker: ApplicantTracker, vendor: Greenhouse, name: str
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = applying(job, name, email=None)
    another = applying(job, "Bob Byron", email=None)
    tracker.add_application(another, "b")
    assert tracker.find(ada, "a") is None

    added = tracker.add_application(ada, "a")

    assert tracker.find(ada, "a") == added
    tracker.add_application(ada.model_copy(update={"applied_at": NOW}), "c")
    assert len(vendor.records.tables["candidate"]) == 3


def test_a_move_that_somebody_else_has_overtaken_changes_nothing_and_is_tried_again(
    tracker: ApplicantTracker, vendor: Greenhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    move = MoveApplication(application_ref=ref, to=TrackerStage.INTERVIEW)
    stays = vendor.records.rows("job_interview_stages")

    def meanwhile(name: str) -> Any:
        if name == "job_interview_stages":
            monkeypatch.undo()
            vendor.records.enter(vendor.records.tables["application"][ref], STAGE["Offer"])
            return stays
        return type(vendor.records).rows(vendor.records, name)

    monkeypatch.setattr(vendor.records, "rows", meanwhile)
    with pytest.raises(Unavailable, match="somebody else"):
        tracker.move(move, "m")
    assert [a.stage for a in applications(tracker)] == [TrackerStage.OFFER]

    tracker.move(move, "m")
    assert [a.stage for a in applications(tracker)] == [TrackerStage.INTERVIEW]


def test_what_stands_where_it_should_is_not_moved_again(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id

    tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.NEW), "m")

    assert "moves" not in vendor.received


def test_a_hire_fills_one_opening_and_the_last_of_them_closes_the_job(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    people = [("Ada Byron", "ada@x.test"), ("Bob Lee", "bob@x.test"), ("Eve Moe", "eve@x.test")]
    refs = [tracker.add_application(applying(job, *each), each[0]).external_id for each in people]

    hires = [MoveApplication(application_ref=ref, to=TrackerStage.HIRED) for ref in refs]
    for hire in [hires[0], *hires[:2]]:
        tracker.move(hire, "h")

    assert len(vendor.received["moves"]) == 2
    assert vendor.received["closed_jobs"] == ["HARBOR-3"]
    stages = {a.external_id: a.stage for a in applications(tracker)}
    assert [stages[ref] for ref in refs[:2]] == [TrackerStage.HIRED] * 2
    assert tracker.find(hires[1], "h")
    with pytest.raises(Refused, match="no opening left"):
        tracker.move(hires[2], "h")


def test_a_reason_or_a_round_greenhouse_does_not_know_is_a_matter_of_set_up(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    ref = to_interview(tracker, sandbox)

    with pytest.raises(Misconfigured, match="no rejection reason"):
        tracker.reject(RejectApplication(application_ref=ref, reason="hunch"), "r")
    with pytest.raises(Misconfigured, match="trial_day"):
        unheard_of = interview_of(ref).model_copy(update={"round": "trial_day"})
        tracker.schedule_interview(unheard_of, "i")


def writes(tracker: ApplicantTracker) -> list[tuple[str, str, Request, str]]:
    """Each write: the call at Greenhouse, the vendor's word for it, the request and a key."""
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a")
    ref, candidate = ada.external_id, ada.others["candidate"]
    elsewhere = tracker.open_job(OPEN.model_copy(update={"requisition": "HARBOR-7"}), "e")
    only_one = OPEN.model_copy(update={"requisition": "HARBOR-8", "headcount": 1})
    last = tracker.open_job(only_one, "l").external_id
    another = OPEN.model_copy(update={"requisition": "HARBOR-9"})
    return [
        ("/jobs", "jobs", another, "o"),
        ("/openings", "closed_jobs", CloseJob(job_ref=last), "c"),
        ("/candidates", "applications", applying(job, "Bo Lee", "bo@x.test"), "b"),
        ("/candidates", "applications", applying(job, "Cy Lee", None), "c"),
        ("/applications", "applications", applying(elsewhere.external_id), "d"),
        ("/move", "moves", MoveApplication(application_ref=ref, to=TrackerStage.SCREEN), "m"),
        ("/hire", "moves", MoveApplication(application_ref=ref, to=TrackerStage.HIRED), "h"),
        ("/notes", "notes", AddNote(candidate_ref=candidate, text="Hello"), "n"),
        ("/interviews", "interviews", interview_of(ref), "i"),
        (
            "/reject",
            "rejections",
            RejectApplication(application_ref=ref, reason="unqualified"),
            "r",
        ),
    ]


def send(tracker: ApplicantTracker, request: Request, key: str) -> str:
    verb = {
        OpenJob: "open_job",
        CloseJob: "close_job",
        AddApplication: "add_application",
        MoveApplication: "move",
        RejectApplication: "reject",
        AddNote: "add_note",
        ScheduleInterview: "schedule_interview",
    }[type(request)]
    done: str = getattr(tracker, verb)(request, key).external_id
    return done


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("lost", ["drop_after", "drop_before", "500", "html_after"])
def test_a_write_whose_answer_was_lost_is_found_or_done_once(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Greenhouse, number: int, lost: str
) -> None:
    call, kind, request, key = writes(tracker)[number]
    before = len(vendor.received.get(kind, []))
    people = len(vendor.records.tables["candidate"])
    fault(sandbox, f"(POST|PATCH) .*{call}", lost)

    with pytest.raises(OutcomeUnknown):
        send(tracker, request, key)
    found = tracker.find(request, key)
    assert bool(found) == (lost in ("drop_after", "html_after"))

    done = found.external_id if found else send(tracker, request, key)
    again = tracker.find(request, key)
    assert again
    assert again.external_id == done
    assert len(vendor.received[kind]) == before + 1
    assert len(vendor.records.tables["candidate"]) == people + (call == "/candidates")


def test_a_lost_move_is_found_though_the_manager_has_moved_on(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    move = MoveApplication(application_ref=ref, to=TrackerStage.SUBMITTED)
    fault(sandbox, "/move", "drop_after")
    with pytest.raises(OutcomeUnknown):
        tracker.move(move, "m")

    sandbox.advance(NOW + 3 * DAY)

    stages = {a.external_id: a.stage for a in applications(tracker)}
    assert stages[ref] is TrackerStage.INTERVIEW
    assert tracker.find(move, "m")


def test_a_write_over_the_quota_did_nothing(tracker: ApplicantTracker, sandbox: Sandbox) -> None:
    fault(sandbox, "POST /v3/jobs", "429")
    with pytest.raises(Unavailable):
        tracker.open_job(OPEN, "k")
    assert tracker.find(OPEN, "k") is None


def test_what_is_not_there_or_is_over_is_refused(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    tracker.reject(RejectApplication(application_ref=ref, reason="unqualified"), "r")

    with pytest.raises(Refused, match="not there"):
        tracker.move(MoveApplication(application_ref="1", to=TrackerStage.SCREEN), "m")
    with pytest.raises(Refused):
        tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.SCREEN), "m")
    with pytest.raises(Refused):
        tracker.close_job(CloseJob(job_ref="no"), "c")


def test_what_greenhouse_cannot_be_asked_is_unsupported(tracker: ApplicantTracker) -> None:
    with pytest.raises(Unsupported):
        tracker.find(CancelOffer(signature_ref="s"), "k")


# Webhooks


def test_only_a_webhook_signed_with_our_secret_is_believed() -> None:
    raw = b'{"action": "ping", "payload": {}}'
    signature = "sha256 " + hmac.new(b"secret", raw, hashlib.sha256).hexdigest()

    assert greenhouse.verify_webhook(raw, {"signature": signature}, "secret")
    assert greenhouse.verify_webhook(raw, {"Signature": signature}, "secret")
    assert not greenhouse.verify_webhook(raw + b" ", {"Signature": signature}, "secret")
    assert not greenhouse.verify_webhook(raw, {"Signature": signature[7:]}, "secret")
    assert not greenhouse.verify_webhook(raw, {}, "secret")


def test_what_the_stand_in_sends_is_believed_and_names_application_and_job(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    told: list[tuple[str, Any]] = []
    vendor.tell = lambda kind, about: told.append((kind, about))
    job = tracker.open_job(OPEN.model_copy(update={"title": "Cook & <chef>"}), "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    tracker.reject(RejectApplication(application_ref=ref, reason="unqualified"), "r")

    events = []
    for kind, about in told:
        post = sealed(Event("greenhouse", kind, about, "0" * 64, NOW, "http://us"), "secret")
        assert b"&" not in post.body
        assert greenhouse.verify_webhook(post.body, post.headers, "secret")
        event = greenhouse.read_webhook(post.body)
        events.append((event.kind, event.refs))

    assert events == [
        ("job_created", (job,)),
        ("new_candidate_application", (ref, job)),
        ("reject_candidate", (ref, job)),
        ("application_updated", (ref, job)),
    ]


def test_without_a_secret_no_webhook_is_believed() -> None:
    signature = "sha256 " + hmac.new(b"", b"{}", hashlib.sha256).hexdigest()

    assert not greenhouse.verify_webhook(b"{}", {"Signature": signature}, "")


@pytest.mark.parametrize(
    ("payload", "refs"),
    [
        (
            {"application": {"id": 46, "candidate": {"first_name": "Ada"}, "jobs": [{"id": 3}]}},
            "46 3",
        ),
        ({"application": {"id": 46, "jobs": []}}, "46"),
        ({"application": {"id": 46, "job_id": 3}}, "46 3"),
        ({"id": 9, "application_id": 46, "job_id": 3}, "46 3"),
        ({"offer": {"id": 9, "application_id": 46}}, "46"),
        ({"job": {"id": 3}}, "3"),
        ({"application": {"id": True, "jobs": "none"}}, ""),
    ],
)
def test_a_webhook_tells_which_application_and_job_it_is_about_and_nothing_personal(
    payload: dict[str, Any], refs: str
) -> None:
    raw = json.dumps({"action": "candidate_stage_change", "payload": payload}).encode()

    event = greenhouse.read_webhook(raw)

    assert (event.kind, event.refs, event.at) == (
        "candidate_stage_change",
        tuple(refs.split()),
        None,
    )
    assert event.id == hashlib.sha256(raw).hexdigest()
    assert event.id != greenhouse.read_webhook(raw + b" ").id


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"action": "Ada Winter"}', b"[" * 50_000])
def test_a_body_that_is_no_webhook_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        greenhouse.read_webhook(raw)
