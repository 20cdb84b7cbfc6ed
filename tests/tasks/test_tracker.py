"""Decisions in the built-in tracker: made once, with an act, or refused with the remedy."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connectors.applicant_tracking.built_in import BuiltIn
from connectors.errors import Refused
from connectors.ledger import audit, evidence
from connectors.ledger.decisions import Subject
from connectors.ledger.store import Ledger
from connectors.records import (
    AddApplication,
    AddNote,
    MoveApplication,
    OpenJob,
    Place,
    ScheduleInterview,
    TrackerStage,
)
from tasks import tracker
from tests.connectors.ledger.conftest import (
    applicants,
    arrival,
    as_of,
    look,
    opened,
    posted,
    requisition,
    subject,
)

assert all((applicants, arrival, as_of, look, opened, posted, requisition, subject))  # fixtures

MANAGER = "daniel.reyes@harborworks.example"
SCREENED = {"interested": "yes", "must_have:bookkeeping": "met", "notice_days": "14"}
BY = ("R. Lee", "as we agreed")
Look = Callable[..., Sequence[Any]]


@pytest.fixture
def built(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> BuiltIn:
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "secret")
    return BuiltIn(ledger)


@pytest.fixture
def ann(built: BuiltIn, applicants: list[Subject], as_of: datetime) -> str:
    """An application in the tracker, by its key."""
    place = Place(code="US-CA", city="San Francisco", region="CA", country="US")
    job = OpenJob(requisition="HARBOR-1", title="Clerk", place=place, headcount=2)
    built.open_job(job, "job")
    key = applicants[0].key
    added = AddApplication(
        application_key=key,
        job_ref="HARBOR-1",
        name="Ann",
        email="ann@mail.example",
        phone=None,
        source="Indeed",
        applied_at=as_of,
    )
    candidate = built.add_application(added, "add").others["candidate"]
    built.add_note(AddNote(candidate_ref=candidate, text="the packet"), "packet")
    return key


def stands(built: BuiltIn, ann: str, at: TrackerStage) -> None:
    built.move(MoveApplication(application_ref=ann, to=at), f"to {at}")


def due(built: BuiltIn, at: datetime) -> str:
    ((_, to_do),) = tracker.waiting(built._client, None, at)
    return to_do


def acts(ledger: Ledger, key: str) -> list[tuple[str, str, str, str]]:
    with ledger.transaction() as connection:
        kept = audit.acts(connection, ledger.client, key)
    return [(act.command, act.about, act.by, act.why) for act in kept]


def test_from_the_phone_screen_to_the_finalist_the_list_says_whose_turn_it_is(
    built: BuiltIn, ledger: Ledger, ann: str, as_of: datetime
) -> None:
    client, later = ledger.client, as_of + timedelta(days=1)
    assert due(built, as_of) == ""

    stands(built, ann, TrackerStage.SCREEN)
    assert due(built, as_of) == "recruiter: call, and hand in the scorecard recruiter_screen"
    tracker.submit_scorecard(client, ann, "recruiter_screen", None, SCREENED, *BY, as_of)
    assert due(built, as_of) == ""

    stands(built, ann, TrackerStage.SUBMITTED)
    assert due(built, as_of) == "hiring manager: move to interview, or reject"
    tracker.move(client, ann, "interview", "D. Reyes", "strong in closing", as_of)
    assert due(built, as_of) == ""

    hour = timedelta(hours=1)
    interview = ScheduleInterview(
        application_ref=ann,
        round="skills",
        starts_at=later - hour,
        ends_at=later,
        interviewers=(MANAGER,),
    )
    built.schedule_interview(interview, "skills")
    assert due(built, as_of) == ""
    assert due(built, later) == "interviewer: record whether skills has taken place"
    tracker.record_interview(client, ann, "skills", "completed", *BY, later)
    assert due(built, later) == f"{MANAGER}: hand in the scorecard skills"
    tracker.submit_scorecard(client, ann, "skills", "yes", {}, MANAGER, "after the talk", later)
    assert due(built, later) == "hiring manager: move to offer, or reject"
    tracker.move(client, ann, "offer", "D. Reyes", "the best of three", later)
    assert due(built, later) == ""

    assert acts(ledger, ann) == [
        ("application scorecard", "recruiter_screen", *BY),
        ("application move", "interview", "D. Reyes", "strong in closing"),
        ("application interview", "skills: completed", *BY),
        ("application scorecard", "skills", MANAGER, "after the talk"),
        ("application move", "offer", "D. Reyes", "the best of three"),
    ]


def test_who_is_rejected_is_archived_once_with_the_reason(
    built: BuiltIn, ledger: Ledger, ann: str, as_of: datetime
) -> None:
    tracker.reject(ledger.client, ann, "not_qualified", *BY, as_of)

    with pytest.raises(Refused, match="archived already"):
        tracker.reject(ledger.client, ann, "withdrew", *BY, as_of)
    with pytest.raises(Refused, match="is archived"):
        tracker.move(ledger.client, ann, "offer", *BY, as_of)
    assert tracker.waiting(ledger.client, None, as_of) == []
    assert acts(ledger, ann) == [("application reject", "not_qualified", *BY)]


def test_a_withdrawal_is_the_candidates_own(
    built: BuiltIn, ledger: Ledger, ann: str, as_of: datetime, look: Look
) -> None:
    tracker.reject(ledger.client, ann, "withdrew", *BY, as_of)

    [row] = look("SELECT archive_kind, archive_reason FROM tracker_application")
    assert tuple(row) == ("by_candidate", "withdrew")


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({}, "interested is missing"),
        ({"interested": "maybe"}, "not such a value: interested"),
        (SCREENED | {"must_have:flying": "met"}, "not known .* must_have:flying"),
        (SCREENED | {"pay_expectation_cents": "much"}, "pay_expectation_cents"),
        (SCREENED | {"must_have:bookkeeping": "yes"}, r"must_have:bookkeeping \(met\|not_met\)"),
    ],
)
def test_a_phone_screen_that_says_nothing_we_know_is_refused_with_what_it_may_say(
    built: BuiltIn, ledger: Ledger, ann: str, as_of: datetime, answers: dict[str, str], told: str
) -> None:
    with pytest.raises(Refused, match=told):
        tracker.submit_scorecard(ledger.client, ann, "recruiter_screen", None, answers, *BY, as_of)
    assert acts(ledger, ann) == []


def test_an_interview_is_judged_with_a_recommendation_and_not_before_its_time(
    built: BuiltIn, ledger: Ledger, ann: str, as_of: datetime
) -> None:
    soon = as_of + timedelta(hours=1)
    interview = ScheduleInterview(
        application_ref=ann, round="skills", starts_at=soon, ends_at=soon, interviewers=(MANAGER,)
    )
    built.schedule_interview(interview, "skills")

    with pytest.raises(Refused, match="begins at 2026-11-23 10:00 UTC"):
        tracker.record_interview(ledger.client, ann, "skills", "completed", *BY, as_of)
    with pytest.raises(Refused, match="has a recommendation"):
        tracker.submit_scorecard(ledger.client, ann, "skills", None, {}, MANAGER, "no", soon)
    tracker.record_interview(ledger.client, ann, "skills", "cancelled", *BY, as_of)
    assert due(built, soon) == ""


def test_nobody_decides_about_who_is_not_there(built: BuiltIn, ledger: Ledger) -> None:
    now = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
    for decide in (
        lambda: tracker.move(ledger.client, "HARBOR-1.x", "offer", *BY, now),
        lambda: tracker.reject(ledger.client, "HARBOR-1.x", "withdrew", *BY, now),
        lambda: tracker.show(ledger.client, "HARBOR-1.x", *BY, now),
    ):
        with pytest.raises(Refused, match="no application HARBOR-1"):
            decide()
    assert acts(ledger, "HARBOR-1.x") == []


def test_no_scorecard_is_shown_before_all_interviewers_of_its_round_have_handed_theirs_in(
    built: BuiltIn, ledger: Ledger, ann: str, as_of: datetime
) -> None:
    both = (MANAGER, "ines@harborworks.example")
    interview = ScheduleInterview(
        application_ref=ann, round="skills", starts_at=as_of, ends_at=as_of, interviewers=both
    )
    built.schedule_interview(interview, "skills")
    tracker.record_interview(ledger.client, ann, "skills", "completed", *BY, as_of)

    shown = []
    for author in both:
        tracker.submit_scorecard(ledger.client, ann, "skills", "yes", {}, author, "done", as_of)
        shown.append(len(tracker.show(ledger.client, ann, *BY, as_of).scorecards))

    found = tracker.show(ledger.client, ann, *BY, as_of)
    assert shown == [0, 2]
    assert (found.name, found.email, found.notes) == ("Ann", "ann@mail.example", ("the packet",))
    assert acts(ledger, ann)[-1] == ("application show", "", *BY)


def test_the_evidence_tells_what_became_of_it_there_and_of_no_note_or_scorecard(
    built: BuiltIn, ledger: Ledger, ann: str, as_of: datetime
) -> None:
    tracker.submit_scorecard(ledger.client, ann, "recruiter_screen", None, SCREENED, *BY, as_of)
    tracker.reject(ledger.client, ann, "not_selected", *BY, as_of)

    with ledger.transaction() as connection:
        story = evidence.export(connection, ledger.client, ann, as_of)

    assert story is not None
    [told] = story["tracker"]
    assert (told["stage"], told["archive_reason"]) == ("archived", "not_selected")
    assert "the packet" not in str(story)
    assert "notice_days" not in str(story)


def test_what_is_shown_is_nothing_of_self_identification(
    built: BuiltIn, ledger: Ledger, ann: str, as_of: datetime
) -> None:
    with ledger.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO self_id.answer (client, application_key, question, answer)"
                " VALUES (:client, :key, 'veteran', 'canary-declined')"
            ),
            {"client": ledger.client, "key": ann},
        )

    assert "canary" not in str(tracker.show(ledger.client, ann, *BY, as_of))
    assert "canary" not in str(list(built.changes("applications", None, ())))
