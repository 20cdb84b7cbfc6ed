"""What SmartRecruiters says is read strictly, and nothing private of it is kept."""

import json
import string
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.applicant_tracking.smartrecruiters import rows
from connectors.errors import Refused, Unreadable
from connectors.ports import ApplicantTracker
from connectors.records import (
    Application,
    ArchiveKind,
    Interview,
    InterviewStatus,
    Observed,
    Recommendation,
    Scorecard,
    TrackerStage,
)
from deployments.sandbox.server import Sandbox
from deployments.sandbox.smartrecruiters import SmartRecruiters
from tests.connectors.smartrecruiters.account import (
    add_many,
    applying,
    interview_of,
    move_of,
    rejection_of,
    withdrawal_of,
)
from tests.connectors.tracking import DAY, NOW, applications, records

AT = "2026-03-02T15:00:00.000Z"


def candidate(**more: Any) -> rows.Row:
    """A candidate in full, in the shape of the vendor's example."""
    return {
        "id": "c-1",
        "internal": False,
        "firstName": "Ada",
        "lastName": "Byron",
        "email": "ada@example.test",
        "phoneNumber": "555 0100",
        "location": {
            "country": "United States",
            "countryCode": "us",
            "regionCode": "CA",
            "region": "California",
            "city": "Oakland",
            "lat": 0,
            "lng": 0,
        },
        "web": {"skype": "ada", "linkedin": "https://example.test/in", "website": None},
        "createdOn": AT,
        "updatedOn": AT,
        "tags": ["welder"],
        "averageRating": 0,
        "education": [{"institution": "College", "degree": "BSc", "current": False}],
        "experience": [{"title": "Nurse", "company": "Clinic", "current": True}],
        "primaryAssignment": assignment(),
        "secondaryAssignments": [],
        "actions": {"properties": {"url": "https://example.test", "method": "GET"}},
        **more,
    }


def assignment(status: str = "NEW", **more: Any) -> rows.Row:
    """One assignment, in the shape of the vendor's example."""
    return {
        "job": {"id": "j-1", "title": "Nurse", "actions": {}},
        "status": status,
        "startsOn": AT,
        "source": "Indeed",
        "actions": {"sourceDetails": {"url": "https://example.test", "method": "GET"}},
        **more,
    }


def read(
    told: rows.Row | None = None,
    how: rows.Row | None = None,
    history: list[rows.Row] | None = None,
    answers: dict[str, str] | None = None,
) -> Application:
    raw = rows.kept(told or candidate(), "j-1", how or assignment(), history or [], answers or {})
    return rows.read_application(raw, "Hiring Manager Review")


def test_a_candidate_and_an_assignment_are_one_application() -> None:
    read_ = read()

    assert (read_.external_id, read_.candidate_ref, read_.job_ref) == ("c-1:j-1", "c-1", "j-1")
    assert (read_.name, read_.emails, read_.phones) == (
        "Ada Byron",
        ("ada@example.test",),
        ("555 0100",),
    )
    assert (read_.links, read_.residence) == (("https://example.test/in",), "US-CA")
    assert (read_.source, read_.stage) == ("Indeed", TrackerStage.NEW)
    assert read_.applied_at == read_.updated_at == datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "below", "stage", "kind"),
    [
        ("LEAD", None, TrackerStage.LEAD, None),
        ("NEW", None, TrackerStage.NEW, None),
        ("IN_REVIEW", None, TrackerStage.SCREEN, None),
        ("IN_REVIEW", "Coffee with the team", TrackerStage.SCREEN, None),
        ("IN_REVIEW", "Hiring manager review", TrackerStage.SUBMITTED, None),
        ("INTERVIEW", "Hiring Manager Review", TrackerStage.INTERVIEW, None),
        ("OFFERED", "Offer Accepted", TrackerStage.OFFER, None),
        ("HIRED", None, TrackerStage.HIRED, None),
        ("REJECTED", None, TrackerStage.ARCHIVED, ArchiveKind.BY_EMPLOYER),
        ("WITHDRAWN", None, TrackerStage.ARCHIVED, ArchiveKind.BY_CANDIDATE),
        ("TRANSFERRED", None, TrackerStage.ARCHIVED, ArchiveKind.OTHER),
    ],
)
def test_every_status_has_its_meaning(
    status: str, below: str | None, stage: TrackerStage, kind: ArchiveKind | None
) -> None:
    read_ = read(how=assignment(status, subStatus=below))

    assert (read_.stage, read_.archive_kind) == (stage, kind)


@pytest.mark.parametrize("reason", ["reasonOfRejection", "reasonOfWithdrawal"])
def test_an_end_has_its_reason(reason: str) -> None:
    how = assignment("REJECTED", **{reason: {"id": "r", "label": "Position closed"}})

    assert read(how=how).archive_reason == "Position closed"


def test_somebody_applied_when_they_stopped_being_a_lead() -> None:
    history = [
        {"changedOn": "2026-03-05T09:00:00.000Z", "status": "INTERVIEW"},
        {"changedOn": "2026-03-04T09:00:00.000Z", "status": "NEW"},
        {"changedOn": "2026-03-01T09:00:00.000Z", "status": "LEAD"},
    ]

    read_ = read(history=history)

    assert read_.applied_at == datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert read_.updated_at == datetime(2026, 3, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("spoil", "how"),
    [
        ({"id": None}, {}),
        ({"createdOn": None}, {}),
        ({"updatedOn": "yesterday"}, {}),
        ({"updatedOn": "2026-03-02T15:00:00"}, {}),
        ({"location": "Oakland"}, {}),
        ({"email": ["ada@example.test"]}, {}),
        ({}, {"status": "DORMANT"}),
        ({}, {"status": None}),
        ({}, {"subStatus": 7}),
    ],
)
def test_what_we_do_not_understand_is_unreadable(spoil: rows.Row, how: rows.Row) -> None:
    with pytest.raises(Unreadable):
        read(candidate(**spoil), assignment(**how))


def test_what_may_be_missing_may_be_missing() -> None:
    told = candidate(email=None, phoneNumber=None, web=None, location=None, lastName=None)
    del told["averageRating"]

    read_ = read(told, {"job": {"id": "j-1"}, "status": "NEW"})

    assert (read_.name, read_.emails, read_.phones, read_.links) == ("Ada", (), (), ())
    assert (read_.residence, read_.source) == ("", "")


def test_a_place_without_a_code_is_told_in_words() -> None:
    place = {"country": "Norway", "countryCode": None, "region": "", "city": "Bergen"}

    assert read(candidate(location=place)).residence == "Bergen, Norway"


def test_a_new_field_is_reported_by_its_name_alone(caplog: pytest.LogCaptureFixture) -> None:
    read(candidate(shoeSize="a secret"))

    (record,) = caplog.records
    assert vars(record)["fields"] == ["shoeSize"]
    assert "a secret" not in caplog.text


def test_nothing_is_kept_but_what_is_needed() -> None:
    told = candidate(birthDate="1990-01-01", nationalId="123-45-6789")

    document = json.loads(read(told).document)

    assert document["candidate"].keys() == rows.PERSON
    assert not {"1990-01-01", "123-45-6789"} & set(str(document).split("'"))


def answer(name: str, *labels: str) -> rows.Row:
    """A screening answer, in the shape of the vendor's model."""
    values = [{"id": None, "label": label} for label in labels]
    fields = [{"id": "value", "label": None, "values": values}]
    told = {"id": "a", "type": "SINGLE_SELECT", "category": "x", "label": f"{name}?"}
    return {**told, "name": name, "records": [{"fields": fields}]}


def test_only_answers_to_our_own_questions_are_kept() -> None:
    told = [
        answer("licence", "Yes"),
        answer("shifts", "day", "night"),
        answer("Veteran status", "x"),
    ]

    assert rows.our_answers(told) == {"licence": "Yes", "shifts": "day, night"}


def test_an_applicant_of_the_careers_page_is_read_with_contacts_and_answers(
    tracker: ApplicantTracker, vendor: SmartRecruiters, sandbox: Sandbox, job: str
) -> None:
    sandbox.advance(NOW + 2 * DAY)

    [grace] = applications(tracker)

    assert (grace.name, grace.emails, grace.phones) == (
        "Grace Lee",
        ("grace@example.test",),
        ("555 0100",),
    )
    assert (grace.links, grace.residence) == (("https://example.test/me",), "US-CA")
    assert [(each.question, each.value) for each in grace.answers] == [("nights", "yes")]
    assert (grace.stage, grace.source) == (TrackerStage.NEW, "Company careers page")
    assert grace.applied_at == datetime(2026, 3, 3, 9, tzinfo=UTC)
    assert b"veteran" not in grace.document.lower()
    assert len(vendor.received["applied"]) == 1


def test_one_application_that_makes_no_sense_keeps_no_other_from_being_read(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    refs = add_many(tracker, job, 3)
    spoilt, _, _ = refs[0].partition(":")
    for row in vendor.records.tables["application"].values():
        if row["candidateId"] == spoilt:
            row["assigned"] = {"status": "DORMANT"}

    pages = list(tracker.changes("applications", None, ()))

    assert [ref for page in pages for ref in page.unreadable] == [spoilt]
    assert [each.external_id for each in records(pages)] == refs[1:]


@pytest.mark.parametrize("how", [rejection_of, withdrawal_of])
def test_an_ended_application_is_read_with_its_kind_and_reason(
    tracker: ApplicantTracker, job: str, how: Any
) -> None:
    ref = tracker.add_application(applying(job), "a").external_id
    tracker.reject(how(ref), "r")

    [ended] = applications(tracker)

    wanted = {
        rejection_of: (ArchiveKind.BY_EMPLOYER, "Not enough relevant experience"),
        withdrawal_of: (ArchiveKind.BY_CANDIDATE, "Withdrew"),
    }
    assert (ended.archive_kind, ended.archive_reason) == wanted[how]


def watched(tracker: ApplicantTracker, resource: str, *refs: str) -> list[Observed]:
    return records(list(tracker.changes(resource, None, refs)))


def test_the_recruiters_review_is_a_scorecard_with_answers(
    tracker: ApplicantTracker, sandbox: Sandbox, job: str
) -> None:
    sandbox.advance(NOW + 2 * DAY)
    [grace] = applications(tracker)
    tracker.move(move_of(grace.external_id, TrackerStage.SCREEN), "m")
    sandbox.advance(NOW + 5 * DAY)

    [card] = watched(tracker, "scorecards", grace.external_id)

    assert isinstance(card, Scorecard)
    said = {each.question: each.value for each in card.answers}
    assert (card.round, card.recommendation) == ("recruiter_screen", None)
    assert (said["must_have:licence"], said["must_have:nights"]) == ("met", "not_met")
    assert said["pay_expectation_cents"] == "500000"
    assert card.author == "recruiter@smartrecruiters.example"


def test_an_interview_is_read_scheduled_then_completed_with_its_reviews(
    tracker: ApplicantTracker, sandbox: Sandbox, job: str
) -> None:
    sandbox.advance(NOW + 2 * DAY)
    [grace] = applications(tracker)
    ref = grace.external_id
    tracker.move(move_of(ref, TrackerStage.INTERVIEW), "m")
    made = tracker.schedule_interview(interview_of(ref), "i").external_id
    [planned] = watched(tracker, "interviews", made)
    sandbox.advance(NOW + 12 * DAY)

    [held] = watched(tracker, "interviews", made)
    cards = watched(tracker, "scorecards", ref)

    assert isinstance(planned, Interview)
    assert isinstance(held, Interview)
    assert (planned.round, planned.status) == ("panel", InterviewStatus.SCHEDULED)
    assert (planned.external_id, planned.application_ref) == (made, ref)
    assert planned.interviewers == ("joe.doe@harbor.example", "mia@harbor.example")
    assert held.status is InterviewStatus.COMPLETED
    assert {card.round for card in cards if isinstance(card, Scorecard)} == {"panel"}
    assert {card.recommendation for card in cards if isinstance(card, Scorecard)} <= {
        Recommendation.YES,
        Recommendation.STRONG_YES,
    }
    assert len(cards) == 2


@pytest.mark.parametrize(
    ("candidates", "slot", "hours", "status"),
    [
        ("accepted", {}, -1, InterviewStatus.SCHEDULED),
        ("pending", {}, 0.5, InterviewStatus.SCHEDULED),
        ("tentative", {}, 1, InterviewStatus.COMPLETED),
        ("declined", {}, 2, InterviewStatus.CANCELLED),
        ("accepted", {"noShow": True}, 2, InterviewStatus.NO_SHOW),
    ],
)
def test_what_became_of_an_interview(
    candidates: str, slot: rows.Row, hours: float, status: InterviewStatus
) -> None:
    told = interview(candidate={"id": "c-1", "status": candidates}, slot=slot)

    read_ = rows.read_interview(told, NOW + timedelta(hours=hours), lambda user: user)

    assert read_.status is status


@pytest.mark.parametrize(
    "spoil",
    [{"candidate": {"id": "c-1", "status": "maybe"}}, {"timeslots": []}, {"jobId": None}],
)
def test_an_interview_we_do_not_understand_is_unreadable(spoil: rows.Row) -> None:
    with pytest.raises(Unreadable):
        rows.read_interview({**interview(), **spoil}, NOW, lambda user: user)


def interview(candidate: rows.Row | None = None, slot: rows.Row | None = None) -> rows.Row:
    """An interview, in the shape of the vendor's example."""
    first = {
        "id": "t-1",
        "interviewType": "Onsite interview",
        "title": "Panel",
        "place": "Room 4",
        "startsOn": AT,
        "endsOn": "2026-03-02T16:00:00.000Z",
        "interviewers": [{"id": "u-1", "status": "accepted"}],
        **(slot or {}),
    }
    return {
        "id": "i-1",
        "candidate": candidate or {"id": "c-1", "status": "accepted"},
        "jobId": "j-1",
        "location": "Oakland",
        "organizerId": "u-9",
        "timezone": "UTC",
        "timeslots": [first],
        "createdOn": AT,
        "refUrl": None,
    }


def review(**more: Any) -> rows.Row:
    """A review, in the shape of the vendor's example."""
    told = {"id": "r-1", "candidateId": "c-1", "jobId": "j-1", "reviewerId": "u-1"}
    return {
        **told,
        "overallRating": 4,
        "comment": "Panel",
        "createdOn": AT,
        "updatedOn": AT,
        **more,
    }


@pytest.mark.parametrize(
    ("stars", "word"),
    [
        (None, None),
        (0, None),
        (1, Recommendation.STRONG_NO),
        (2, Recommendation.NO),
        (3, None),
        (4, Recommendation.YES),
        (5, Recommendation.STRONG_YES),
    ],
)
def test_stars_are_a_recommendation(stars: int | None, word: Recommendation | None) -> None:
    card = rows.read_review(review(overallRating=stars), "c-1:j-1", lambda user: user)

    assert (card.round, card.recommendation) == ("panel", word)


@pytest.mark.parametrize("spoil", [{"overallRating": 6}, {"overallRating": "4"}, {"id": None}])
def test_a_review_we_do_not_understand_is_unreadable(spoil: rows.Row) -> None:
    with pytest.raises(Unreadable):
        rows.read_review(review(**spoil), "c-1:j-1", lambda user: user)


def test_a_review_names_its_round_first_and_answers_in_lines_of_their_own() -> None:
    comment = "Recruiter screen\n\nmust_have:licence: met\ninterested: yes\nSee http://x.test: good"

    name, answers = rows.noted(comment)

    assert name == "recruiter_screen"
    assert [(each.question, each.value) for each in answers] == [
        ("must_have:licence", "met"),
        ("interested", "yes"),
    ]


def test_a_first_line_that_is_an_answer_or_a_story_names_no_round() -> None:
    assert rows.noted("licence: met")[0] == ""
    assert rows.noted("x" * 61)[0] == ""
    assert rows.noted("") == ("", ())


@given(st.text())
def test_any_comment_can_be_read(comment: str) -> None:
    name, answers = rows.noted(comment)

    assert name == rows.slug(name)
    assert all(each.value.strip() == each.value != "" for each in answers)


IDS = st.text(alphabet=string.ascii_letters + string.digits + "-", min_size=1)


@given(IDS, IDS)
def test_an_application_gives_its_parts_back(candidate: str, job: str) -> None:
    assert rows.parts(rows.application_ref(candidate, job)) == (candidate, job)


@given(st.text().filter(lambda text: ":" not in text))
def test_what_is_not_candidate_and_job_is_refused(ref: str) -> None:
    with pytest.raises(Refused):
        rows.parts(ref)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(rows.PERSON)), JSON), JSON)
def test_whatever_is_sent_is_an_application_or_unreadable(told: rows.Row, status: Any) -> None:
    with suppress(Unreadable):
        assert read(candidate(**told), assignment(status=status)).candidate_ref
