"""What Greenhouse tells is read strictly into our records, and what makes no sense is named."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.access import Access
from connectors.errors import (
    Misconfigured,
    Unreadable,
)
from connectors.ports import ApplicantTracker
from connectors.records import (
    ArchiveKind,
    Candidate,
    Interview,
    InterviewStatus,
    Job,
    MoveApplication,
    Recommendation,
    RejectApplication,
    Scorecard,
    TrackerStage,
)
from deployments.sandbox.ashby_records import STAGE
from deployments.sandbox.greenhouse import Greenhouse
from deployments.sandbox.server import Sandbox
from tests.connectors.greenhouse.account import (
    OPEN,
    applications,
    asked,
    connected,
    crowd,
    ids,
    opened,
    read,
    to_interview,
)
from tests.connectors.tracking import DAY, NOW, applying


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
        (record.external_id, record.document) for record in opened(page).records
    ] == page.listed.rows


def test_a_rejection_is_read_with_its_kind_and_reason_and_greenhouse_writes_to_nobody(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id
    bob = tracker.add_application(applying(job, "Bob Lee", "bob@x.test"), "b").external_id

    tracker.reject(RejectApplication(application_ref=ada, reason="not_qualified"), "r")
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


def test_what_many_applications_refer_to_is_read_once_and_only_if_there_are_any(
    tracker: ApplicantTracker,
    vendor: Greenhouse,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lists = ("/sources", "/rejection_reasons")
    seen = [asked(sandbox, monkeypatch, path) for path in lists]
    assert applications(tracker) == []
    assert seen == [[], []]
    job = tracker.open_job(OPEN, "k").external_id
    for n in range(12):
        tracker.add_application(applying(job, f"P {n}", f"p{n}@x.test"), f"k{n}")
    for requests in seen:
        requests.clear()
    vendor.page = 5

    assert len({each.external_id for each in applications(tracker)}) == 12
    assert [sum("cursor" not in each for each in requests) for requests in seen] == [1, 1]


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


def test_why_an_application_was_rejected_is_read_elsewhere_where_it_does_not_tell_it(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id
    tracker.add_application(applying(job, "Bob Lee", "bob@x.test"), "b")
    tracker.reject(RejectApplication(application_ref=ada, reason="not_qualified"), "r")
    told = {each.external_id: each for each in applications(tracker)}

    vendor.records.untold = {"rejection_reason_id"}
    found = {each.external_id: each for each in applications(tracker)}

    assert found[ada].archive_kind is ArchiveKind.BY_EMPLOYER
    assert found[ada].archive_reason == told[ada].archive_reason != ""
    assert [each.stage for each in found.values()] == [each.stage for each in told.values()]


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


def test_a_job_wants_as_many_as_it_has_openings_left(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    vendor.records.tables["job"][job]["shown"] = {"name": "Night nurse, ICU"}

    [page] = tracker.changes("open_jobs", None, ())

    [found] = page.records  # and not the template, which is open, too
    assert isinstance(found, Job)
    assert (found.external_id, found.title) == (job, "Night nurse, ICU")
    assert (found.place, found.headcount) == ("Oakland, CA", OPEN.headcount)


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
