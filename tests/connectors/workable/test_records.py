"""What Workable's JSON means, and that what makes no sense keeps no other from being read."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.access import Access
from connectors.applicant_tracking.workable import rows
from connectors.errors import ConnectorError, Misconfigured, Unreadable
from connectors.ports import ApplicantTracker
from connectors.records import (
    Application,
    ArchiveKind,
    CloseJob,
    Interview,
    InterviewStatus,
    Recommendation,
    Scorecard,
    TrackerStage,
)
from deployments.sandbox.server import Answer, Request, Sandbox
from deployments.sandbox.workable import Workable
from tests.connectors.tracking import DAY, NOW, applying
from tests.connectors.workable.account import (
    OPEN,
    applications,
    connected,
    crowd,
    fault,
    interview_of,
    moving,
    opened,
    read,
    to_interview,
)

# A candidate as a list shows it; alone it has `DETAILS` too.
LISTED: dict[str, Any] = {
    "id": "2a17f0c4",
    "name": "Nadia Okafor",
    "firstname": "Nadia",
    "lastname": "Okafor",
    "headline": "Dispatcher",
    "account": {"subdomain": "harbor", "name": "Harbor Works"},
    "job": {"shortcode": "6F0D21A9B3", "title": "Port Dispatcher"},
    "stage": "Assessment",
    "stage_kind": "assessment",
    "disqualified": False,
    "anonymized": False,
    "disqualification_reason": None,
    "hired_at": None,
    "moved_to_offer_at": None,
    "sourced": False,
    "profile_url": "https://harbor.workable.com/backend/jobs/12/candidates/34",
    "address": "9 Quay Street, Tacoma",
    "phone": "+12065550123",
    "email": "nadia@example.test",
    "domain": "indeed.com",
    "outlet": None,
    "common_source": "indeed.com",
    "common_source_category": "Job boards",
    "created_at": "2026-02-11T03:36:38Z",
    "updated_at": "2026-02-23T18:58:15Z",
    "resume_metadata": {"filename": "cv.pdf", "filetype": "pdf"},
}
DETAILS: dict[str, Any] = {
    "image_url": None,
    "disqualified_at": None,
    "withdrew": False,
    "outbound_mailbox": "box@candidates.example",
    "uploader_id": None,
    "cover_letter": None,
    "summary": None,
    "education_entries": [],
    "experience_entries": [],
    "skills": [{"name": "radio"}],
    "answers": [
        {"question": {"body": "licence "}, "answer": {"checked": True}},
        {"question": {"body": "nights"}, "answer": {"checked": False}},
        {"question": {"body": "years"}, "answer": {"number": 7}},
        {"question": {"body": "ports"}, "answer": {"choices": [{"body": "A"}, {"body": "B"}]}},
        {"question": {"body": "why"}, "answer": {"body": "I like cranes"}},
        {"question": {"body": "from"}, "answer": {"date": "2026-04-01"}},
        {"question": {"body": "papers"}, "answer": {"file_url": "https://files.example/1"}},
        {"question": {"body": "left out"}, "answer": None},
        {"question": {"body": None}, "answer": {"body": "to nothing"}},
    ],
    "resume_url": "https://files.example/2?signature=abc",
    "social_profiles": [{"type": "linkedin", "url": "https://linkedin.example/nadia"}],
    "tags": ["port"],
    "location": {"location_str": None, "country": None, "zip_code": None},
    "originating_candidate_id": None,
}
EVENT: dict[str, Any] = {
    "id": "10e0d9a",
    "title": "Meet the yard [Shift Lead]",
    "description": None,
    "type": "InterviewEvent",
    "starts_at": "2026-03-05T10:00:00.000Z",
    "ends_at": "2026-03-05T10:45:00.000Z",
    "cancelled": False,
    "job": {"shortcode": "6F0D21A9B3", "title": "Port Dispatcher"},
    "members": [
        {"id": "1f3961", "name": "Joe Doe", "type": "Member", "status": "accepted"},
        {"id": "1f3964", "name": "Mia", "type": "Member", "status": "needs-action"},
    ],
    "candidate": {"id": "2a17f0c4", "name": "Nadia Okafor"},
}
RATING: dict[str, Any] = {
    "id": "9077450a",
    "action": "rating",
    "stage_name": "Interview",
    "action_stage": {"id": 5, "identifier": "5077a3", "name": "Yard Visit", "slug": "yard-visit"},
    "target_stage": None,
    "created_at": "2026-03-05T12:00:00.500Z",
    "updated_at": "2026-03-05T12:10:00.500Z",
    "member": {"id": "1f3961", "name": "Joe Doe", "type": "Member"},
    "body": "Calm on the radio.",
    "rating": {"score": "definite"},
    "visibility_roles": ["hiring_manager", "admin"],
}
MEMBERS = {"1f3961": "joe.doe@harbor.example"}


def ignoring(vendor: Workable, *filters: str) -> Callable[[Request], Answer]:
    """How the vendor answers if it does not know these filters."""
    answer = vendor.handle

    def handle(request: Request) -> Answer:
        query = {name: value for name, value in request.query.items() if name not in filters}
        return answer(replace(request, query=query))

    return handle


def application(**changes: Any) -> Application:
    return rows.read_application(rows.document({**LISTED, **DETAILS, **changes}), {})


def interviews(**changes: Any) -> list[Interview]:
    return rows.read_interviews({**EVENT, **changes}, NOW, MEMBERS)


def scorecard(events: tuple[dict[str, Any], ...] = (), **changes: Any) -> Scorecard:
    return rows.read_scorecard({**RATING, **changes}, "2a17f0c4", events, MEMBERS)


def test_a_candidate_is_an_application_for_one_job() -> None:
    nadia = application()

    assert (nadia.external_id, nadia.candidate_ref, nadia.job_ref) == (
        "2a17f0c4",
        "2a17f0c4",
        "6F0D21A9B3",
    )
    assert (nadia.name, nadia.emails, nadia.phones) == (
        "Nadia Okafor",
        ("nadia@example.test",),
        ("+12065550123",),
    )
    assert (nadia.links, nadia.source) == (("https://linkedin.example/nadia",), "indeed.com")
    assert (nadia.stage, nadia.archive_kind) == (TrackerStage.SCREEN, None)
    assert nadia.residence == "9 Quay Street, Tacoma"
    assert nadia.applied_at == datetime(2026, 2, 11, 3, 36, 38, tzinfo=UTC)
    assert nadia.ordered


def test_answers_are_put_in_words_whatever_their_kind() -> None:
    assert {answer.question: answer.value for answer in application().answers} == {
        "licence": "yes",
        "nights": "no",
        "years": "7",
        "ports": "A, B",
        "why": "I like cranes",
        "from": "2026-04-01",
    }


def test_a_row_of_a_list_says_less_and_is_read_as_well() -> None:
    nadia = rows.read_application(rows.document(LISTED), {})

    assert (nadia.stage, nadia.answers, nadia.links) == (TrackerStage.SCREEN, (), ())


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        ({}, True),
        ({"sourced": True}, False),
        ({"stage_kind": "hired"}, False),
        ({"disqualified": True}, True),
        ({"disqualified": True, "sourced": True}, True),
        ({"disqualified": True, "withdrew": True}, False),
    ],
)
def test_a_candidate_is_read_alone_only_for_what_a_list_leaves_out(
    told: dict[str, Any], asked: bool
) -> None:
    assert rows.needs_details({**LISTED, **told}) is asked


@pytest.mark.parametrize(
    ("reason", "alone"), [("Withdrew", False), ("Did not like the commute", True), (None, True)]
)
def test_who_is_out_is_read_alone_only_if_the_reason_does_not_tell_who_ended_it(
    tracker: ApplicantTracker, vendor: Workable, reason: str | None, alone: bool
) -> None:
    [ref] = crowd(tracker, vendor, 1)
    out = {"disqualified": True, "withdrew": True, "disqualification_reason": reason}
    vendor.records.tables["application"][ref]["shown"] = out
    asked = vendor.window.taken

    [read_] = applications(tracker)

    assert read_.archive_kind is ArchiveKind.BY_CANDIDATE
    assert vendor.window.taken - asked == 2 + alone  # the list and the reasons


def test_nothing_that_is_another_address_every_time_is_kept() -> None:
    kept = json.loads(application().document)

    assert not kept.keys() & {"resume_url", "image_url", "outbound_mailbox"}
    assert kept["skills"] == [{"name": "radio"}]


@pytest.mark.parametrize(("kind", "means"), rows.STAGE_KINDS.items())
def test_every_kind_of_stage_means_something(kind: str, means: TrackerStage) -> None:
    assert application(stage_kind=kind).stage is means


def test_what_a_client_says_of_a_stage_counts_for_more_than_its_kind() -> None:
    ours = rows.meanings({"stage:take_home_test": "interview", "reason:x": "y"})
    told = rows.document({**LISTED, "stage": "Take-home test", "stage_kind": "assessment"})

    assert rows.read_application(told, ours).stage is TrackerStage.INTERVIEW


def test_a_stage_cannot_be_said_to_mean_what_we_do_not_know(access: Access) -> None:
    with pytest.raises(Misconfigured, match="stage:x"):
        connected(replace(access, options={"stage:x": "somewhere"}))


@pytest.mark.parametrize(
    ("withdrew", "kind"), [(True, ArchiveKind.BY_CANDIDATE), (False, ArchiveKind.BY_EMPLOYER)]
)
def test_who_is_disqualified_is_archived_whatever_their_stage(
    withdrew: bool, kind: ArchiveKind
) -> None:
    out = application(disqualified=True, withdrew=withdrew, disqualification_reason="Too far")

    assert (out.stage, out.archive_kind, out.archive_reason) == (
        TrackerStage.ARCHIVED,
        kind,
        "Too far",
    )


def test_who_was_made_anonymous_has_no_name() -> None:
    nobody = application(anonymized=True, name=None, email=None, phone=None)

    assert (nobody.name, nobody.emails, nobody.phones) == ("", (), ())


@pytest.mark.parametrize(
    "spoil",
    [
        {"stage_kind": "trial"},
        {"stage_kind": None},
        {"name": None},
        {"job": None},
        {"job": {}},
        {"disqualified": None},
        {"disqualified": "no"},
        {"disqualified": True, "withdrew": None},
        {"updated_at": "yesterday"},
        {"created_at": None},
        {"created_at": "2026-02-11T03:36:38"},
        {"answers": [{"answer": {"body": "x"}}]},
        {"answers": {"question": "x"}},
        {"social_profiles": [{"type": "github"}]},
    ],
)
def test_a_candidate_we_do_not_understand_is_unreadable(spoil: dict[str, Any]) -> None:
    with pytest.raises(Unreadable) as told:
        application(**spoil)

    assert "Nadia" not in str(told.value)


def test_a_field_we_have_never_seen_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        application(shoe_size=43)

    assert [vars(record)["fields"] for record in caplog.records] == [["shoe_size"]]


def test_no_field_that_we_know_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        application()
        application(disqualified=True)

    assert caplog.records == []


def test_an_interview_is_scheduled_until_its_time_has_passed() -> None:
    [planned] = interviews()
    [under_way] = rows.read_interviews(EVENT, datetime(2026, 3, 5, 10, 30, tzinfo=UTC), MEMBERS)
    [held] = rows.read_interviews(EVENT, NOW + 7 * DAY, MEMBERS)
    [cancelled] = rows.read_interviews({**EVENT, "cancelled": True}, NOW + 7 * DAY, MEMBERS)

    assert [each.status for each in (planned, under_way, held, cancelled)] == [
        InterviewStatus.SCHEDULED,
        InterviewStatus.SCHEDULED,
        InterviewStatus.COMPLETED,
        InterviewStatus.CANCELLED,
    ]
    assert planned.interviewers == ("joe.doe@harbor.example", "1f3964")
    assert (planned.application_ref, planned.round) == ("2a17f0c4", "shift_lead")


@pytest.mark.parametrize(
    ("kind", "title", "name"),
    [
        ("InterviewEvent", "Meet [panel]", "panel"),
        ("CallEvent", "Call Nadia [Second Call] ", "second_call"),
        ("CallEvent", "Call Nadia", "recruiter_screen"),
        ("InterviewEvent", "Interview with Nadia", "interview"),
        ("InterviewEvent", "[panel] with Nadia", "interview"),
        ("InterviewEvent", None, "interview"),
    ],
)
def test_a_round_is_what_the_title_has_in_brackets_at_its_end(
    kind: str, title: str | None, name: str
) -> None:
    [told] = interviews(type=kind, title=title)

    assert told.round == name


@pytest.mark.parametrize("changes", [{"type": "MeetingEvent"}, {"candidate": None}])
def test_an_internal_meeting_is_no_interview(changes: dict[str, Any]) -> None:
    assert interviews(**changes) == []


@pytest.mark.parametrize(
    "spoil",
    [
        {"type": "PicnicEvent"},
        {"type": None},
        {"starts_at": None},
        {"ends_at": "later"},
        {"cancelled": None},
        {"candidate": {}},
        {"members": [{}]},
    ],
)
def test_an_event_we_do_not_understand_is_unreadable(spoil: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        interviews(**spoil)


def test_an_evaluation_is_a_scorecard_of_the_round_its_author_had_begun_last() -> None:
    first = {**EVENT, "starts_at": "2026-03-04T10:00:00Z", "title": "Before [phone]"}
    later = {**EVENT, "starts_at": "2026-03-06T10:00:00Z", "title": "After [last]"}

    card = scorecard((later, EVENT, first))

    assert (card.round, card.author) == ("shift_lead", "joe.doe@harbor.example")
    assert card.recommendation is Recommendation.STRONG_YES
    assert [(a.question, a.value) for a in card.answers] == [("comment", "Calm on the radio.")]
    assert card.submitted_at == datetime(2026, 3, 5, 12, 0, 0, 500_000, tzinfo=UTC)
    assert card.updated_at == card.submitted_at + timedelta(minutes=10)


def test_an_evaluation_of_somebody_who_was_in_no_round_is_of_the_stage() -> None:
    stranger = {"id": "1f9999", "name": "Ann", "type": "Member"}

    card = scorecard((EVENT,), member=stranger, body=None)

    assert (card.round, card.author, card.answers) == ("yard_visit", "1f9999", ())


def test_an_evaluation_that_fills_in_our_fields_is_the_recruiters_screen() -> None:
    said = (
        "must_have:licence: met\nmust_have:day-shift: not_met\ninterested: yes\n\nnice: to talk to"
    )

    card = scorecard((EVENT,), body=said)

    assert card.round == "recruiter_screen"
    assert [(answer.question, answer.value) for answer in card.answers] == [
        ("must_have:licence", "met"),
        ("must_have:day-shift", "not_met"),
        ("interested", "yes"),
        ("nice", "to talk to"),
    ]


@pytest.mark.parametrize("said", ["interested: very much", "I asked: must_have:licence", ""])
def test_a_comment_that_only_sounds_like_a_screen_is_none(said: str) -> None:
    assert scorecard(body=said).round == "yard_visit"


@pytest.mark.parametrize(
    "spoil",
    [
        {"rating": {"score": "four_stars"}},
        {"rating": {}},
        {"rating": None},
        {"member": None},
        {"created_at": None},
    ],
)
def test_an_evaluation_we_do_not_understand_is_unreadable(spoil: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        scorecard(**spoil)


TAKING_ITS_TIME = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
JSON = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.text(max_size=5), PLAIN, max_size=2)


@TAKING_ITS_TIME
@given(st.dictionaries(st.sampled_from(sorted({**LISTED, **DETAILS})), JSON, max_size=4))
def test_whatever_a_candidate_holds_it_is_read_or_unreadable(spoil: dict[str, Any]) -> None:
    try:
        told = application(**spoil)
    except Unreadable:
        return
    assert told.job_ref == (spoil.get("job") or LISTED["job"])["shortcode"]


@TAKING_ITS_TIME
@given(st.dictionaries(st.sampled_from(sorted({**EVENT, **RATING})), JSON, max_size=4))
def test_whatever_an_event_or_an_evaluation_holds_it_is_read_or_unreadable(
    spoil: dict[str, Any],
) -> None:
    for reading in (lambda: interviews(**spoil), lambda: scorecard((EVENT,), **spoil)):
        try:
            reading()
        except Unreadable:
            continue


@TAKING_ITS_TIME
@given(st.text(), st.text())
def test_a_comments_lines_are_never_more_than_what_was_said(before: str, after: str) -> None:
    card = scorecard(body=f"{before}\nmust_have:licence: met\n{after}")

    assert card.round == "recruiter_screen"
    assert all(a.question in f"{before}\nmust_have:licence{after}" for a in card.answers)


@pytest.mark.parametrize(
    "spoil", [{"stage_kind": "trial"}, {"disqualified": "no"}, {"created_at": "yesterday"}]
)
def test_one_who_makes_no_sense_keeps_nobody_from_being_read(
    tracker: ApplicantTracker, vendor: Workable, spoil: dict[str, Any]
) -> None:
    everybody = crowd(tracker, vendor, 3)
    vendor.records.tables["application"][everybody[1]]["shown"] = spoil

    (page,) = map(opened, tracker.changes("applications", None, ()))

    assert list(page.unreadable) == [everybody[1]]
    assert [record.external_id for record in page.records] == [everybody[0], everybody[2]]


def test_one_whose_details_are_refused_or_spoilt_keeps_nobody_from_being_read(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    everybody = crowd(tracker, vendor, 3)
    for ref in everybody:
        vendor.records.tables["application"][ref]["appliedViaJobPostingId"] = "p"
    fault(sandbox, f"GET .*/{everybody[0]}", "reshaped")
    vendor.records.tables["application"][everybody[1]]["shown"] = {"id": "gone"}

    (page,) = map(opened, tracker.changes("applications", None, ()))

    assert (list(page.unreadable), list(page.refused)) == ([everybody[0]], ["gone"])
    assert [record.external_id for record in page.records] == [everybody[2]]


def test_an_applicant_of_the_careers_page_is_read_with_contacts_and_answers(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox, careers_page: None
) -> None:
    tracker.open_job(OPEN, "k")
    sandbox.advance(NOW + 2 * DAY)

    [grace] = applications(tracker)

    assert (grace.name, grace.emails, grace.phones) == (
        "Grace Hopper",
        ("grace@example.test",),
        ("555 0100",),
    )
    assert (grace.links, grace.residence) == (("https://example.test/me",), "US-CA")
    assert [(answer.question, answer.value) for answer in grace.answers] == [("nights", "yes")]
    assert (grace.stage, grace.source) == (TrackerStage.NEW, "careers.harbor.example")
    assert vendor.received["applied"] == [grace.external_id]
    assert grace.applied_at == datetime(2026, 3, 3, 9, tzinfo=UTC)


def test_a_corrected_candidate_is_read_again(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    tracker.add_application(applying(job), "a")
    sandbox.advance(NOW + DAY)
    _, cursor = read(tracker, "applications")
    sandbox.advance(NOW + 2 * DAY)

    [person] = vendor.records.tables["candidate"]
    vendor.records.touch("candidate", person)["emailAddresses"][0]["value"] = "ada.l@x.test"

    assert [a.emails for a in applications(tracker, cursor)] == [("ada.l@x.test",)]


def test_a_recruiter_writes_down_the_phone_screen(
    tracker: ApplicantTracker, sandbox: Sandbox, careers_page: None
) -> None:
    tracker.open_job(OPEN, "k")
    sandbox.advance(NOW + 2 * DAY)
    [grace] = applications(tracker)
    tracker.move(moving(grace.external_id, TrackerStage.SCREEN), "m")
    sandbox.advance(NOW + 5 * DAY)

    (page,) = tracker.changes("scorecards", None, [grace.external_id])

    [card] = page.records
    assert isinstance(card, Scorecard)
    said = {answer.question: answer.value for answer in card.answers}
    assert card.round == "recruiter_screen"
    assert (said["must_have:licence"], said["must_have:nights"]) == ("met", "not_met")
    assert (said["interested"], said["pay_expectation_cents"]) == ("yes", "500000")


def test_an_interview_is_read_scheduled_then_held_with_its_evaluations(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    ref = to_interview(tracker, sandbox)
    [planned], cursor = read(tracker, "interviews")
    assert isinstance(planned, Interview)
    assert (planned.round, planned.status) == ("panel", InterviewStatus.SCHEDULED)

    sandbox.advance(NOW + 12 * DAY)

    [held] = read(tracker, "interviews", cursor)[0]
    (page,) = tracker.changes("scorecards", None, [ref])
    assert isinstance(held, Interview)
    assert (held.external_id, held.status) == (planned.external_id, InterviewStatus.COMPLETED)
    assert held.interviewers == ("joe.doe@harbor.example", "mia@harbor.example")
    cards = [each for each in page.records if isinstance(each, Scorecard)]
    assert {(card.application_ref, card.round) for card in cards} == {(ref, "panel")}
    assert {card.author for card in cards} == set(held.interviewers)


def test_interviews_of_more_than_a_month_ago_are_read_only_with_the_whole_list(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    to_interview(tracker, sandbox)
    sandbox.advance(NOW + 60 * DAY)
    records, cursor = read(tracker, "interviews")

    assert len(records) == 1
    assert read(tracker, "interviews", cursor)[0] == []


def test_an_evaluation_that_makes_no_sense_is_told_of_its_candidate(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    ref = to_interview(tracker, sandbox)
    sandbox.advance(NOW + 12 * DAY)
    for row in vendor.records.tables["feedback"].values():
        row["shown"] = {"rating": {"score": "four_stars"}}

    spoilt, gone = tracker.changes("scorecards", None, [ref, "nobody"])

    assert list(spoilt.unreadable) == [ref]
    assert list(gone.refused) == ["nobody"]


def test_a_filter_that_is_ignored_brings_nothing_of_somebody_else(
    tracker: ApplicantTracker,
    vendor: Workable,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    to_interview(tracker, sandbox)
    sandbox.advance(NOW + 12 * DAY)
    job = tracker.open_job(OPEN, "k").external_id
    other = tracker.add_application(applying(job), "a").external_id
    monkeypatch.setattr(vendor, "handle", ignoring(vendor, "candidate_id", "actions", "email"))

    (page,) = tracker.changes("scorecards", None, [other])
    asked = interview_of(other)

    assert (page.records, page.unreadable) == ((), {})
    assert tracker.find(asked, "i") is None
    assert tracker.find(applying(job, "Bo Lee", "bo@x.test"), "b") is None


def test_scorecards_of_nobody_are_read_without_asking(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    asked = vendor.window.taken

    assert list(tracker.changes("scorecards", None, ())) == []
    assert vendor.window.taken == asked


def test_a_job_alone_has_no_envelope_and_an_unknown_state_is_unreadable(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    assert tracker.find(CloseJob(job_ref=job), "c") is None
    vendor.records.tables["job"][job]["shown"] = {"state": "dormant"}

    with pytest.raises(ConnectorError, match="dormant"):
        tracker.find(CloseJob(job_ref=job), "c")
