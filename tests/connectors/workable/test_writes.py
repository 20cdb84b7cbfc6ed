"""What is asked of Workable is done once, and what it cannot be asked a person does."""

from pathlib import Path

import pytest

from connectors.access import Access
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable, Unsupported
from connectors.ports import ApplicantTracker
from connectors.records import (
    AddApplication,
    AddNote,
    ArchiveKind,
    CancelOffer,
    CloseJob,
    Interview,
    InterviewStatus,
    MoveApplication,
    RejectApplication,
    Request,
    TrackerStage,
)
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.workable import Workable
from deployments.sandbox.workable_records import MEMBER
from deployments.sandbox.world import World
from tests.connectors.tracking import DAY, NOW, applying
from tests.connectors.workable.account import (
    OPEN,
    applications,
    connected,
    fault,
    interview_of,
    moving,
    read,
    to_interview,
)


def rejecting(ref: str, reason: str = "unqualified") -> RejectApplication:
    return RejectApplication(application_ref=ref, reason=reason)


def test_a_job_that_somebody_has_published_with_our_code_is_found(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    job = tracker.open_job(OPEN, "k").external_id

    assert vendor.records.tables["job"][job]["code"] == "HARBOR-3"
    assert tracker.find(OPEN, "k") == tracker.open_job(OPEN, "k")


@pytest.mark.parametrize("status", ["Draft", "Closed", "Archived"])
def test_a_job_that_is_not_published_is_asked_of_a_person(
    tracker: ApplicantTracker, vendor: Workable, status: str
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    vendor.records.tables["job"][job]["status"] = status

    with pytest.raises(Unsupported, match="publish it there with the code 'HARBOR-3', then retry"):
        tracker.open_job(OPEN, "k")
    assert tracker.find(OPEN, "k") is None


def test_a_job_that_somebody_has_closed_is_found_closed(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    closing = CloseJob(job_ref=job)
    assert tracker.find(closing, "c") is None
    with pytest.raises(Unsupported, match=f"close {job} there, then retry"):
        tracker.close_job(closing, "c")

    vendor.close(job)

    assert tracker.find(closing, "c") == tracker.close_job(closing, "c")


def test_an_interview_that_somebody_has_scheduled_is_found_by_its_round(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    ref = to_interview(tracker, sandbox)

    [planned] = read(tracker, "interviews")[0]

    assert tracker.schedule_interview(interview_of(ref), "i").external_id == planned.external_id
    assert tracker.find(interview_of(ref, "trial day"), "i") is None
    with pytest.raises(Unsupported, match=r"with \[trial day\] at the end of its title"):
        tracker.schedule_interview(interview_of(ref, "trial day"), "i")


def test_an_interview_that_was_cancelled_is_none(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    ref = to_interview(tracker, sandbox)
    [schedule] = vendor.records.tables["schedule"].values()
    schedule["status"] = "Cancelled"

    [told] = read(tracker, "interviews")[0]

    assert isinstance(told, Interview)
    assert told.status is InterviewStatus.CANCELLED
    assert tracker.find(interview_of(ref), "i") is None


def test_who_we_add_has_applied_has_a_source_and_gets_no_letter(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    job = tracker.open_job(OPEN, "k").external_id

    receipt = tracker.add_application(applying(job), "a")

    [ada] = applications(tracker)
    assert ada.external_id == ada.candidate_ref == receipt.external_id
    assert receipt.others == {"candidate": receipt.external_id}
    assert (ada.job_ref, ada.stage, ada.source) == (job, TrackerStage.NEW, "indeed")
    assert (ada.name, ada.emails) == ("Ada Byron", ("ada@x.test",))
    assert "thank_you_mails" not in vendor.received


def test_who_has_applied_there_already_is_not_added_again(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    first = tracker.add_application(applying(job), "a")

    again = tracker.add_application(applying(job, email="ADA@x.test"), "b")

    assert first == again
    assert len(vendor.received["applications"]) == 1


def test_the_same_person_on_another_job_is_another_candidate(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    tracker.open_job(OPEN, "k")
    other = vendor.publish("HARBOR-4", "Day nurse")["id"]
    first = tracker.add_application(applying(tracker.open_job(OPEN, "k").external_id), "a")

    second = tracker.add_application(applying(other), "b")

    assert first.external_id != second.external_id
    assert tracker.find(applying(other), "b") == second


def disqualified(tracker: ApplicantTracker, sandbox: Sandbox) -> tuple[str, AddApplication]:
    """Ada's candidate who is out, and what is asked when she applies again two days later."""
    job = tracker.open_job(OPEN, "k").external_id
    first = tracker.add_application(applying(job), "a").external_id
    tracker.reject(rejecting(first), "r")
    sandbox.advance(NOW + 2 * DAY)
    return first, applying(job).model_copy(update={"applied_at": NOW + DAY})


def test_who_applies_again_after_being_disqualified_gets_a_candidate_of_their_own(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    first, again = disqualified(tracker, sandbox)
    assert tracker.find(again, "b") is None

    second = tracker.add_application(again, "b")

    assert second.external_id != first
    assert tracker.find(again, "b") == second


def test_what_we_added_is_found_though_it_was_disqualified_meanwhile(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    first, again = disqualified(tracker, sandbox)

    found = tracker.find(applying(again.job_ref), "a")

    assert found
    assert found.external_id == first


def test_a_disqualified_candidate_who_comes_back_is_nobodys_new_one(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    _, again = disqualified(tracker, sandbox)
    vendor.takes_twice = False

    with pytest.raises(Refused, match="revert that in Workable"):
        tracker.add_application(again, "b")


def test_nobody_is_added_without_an_email_address(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    job = tracker.open_job(OPEN, "k").external_id

    with pytest.raises(Unsupported, match="e-mail address"):
        tracker.add_application(applying(job, email=None), "a")

    assert tracker.find(applying(job, email=None), "a") is None
    assert "applications" not in vendor.received


def test_a_rejection_is_a_flag_beside_the_stage_with_its_kind_and_reason(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id
    bo = tracker.add_application(applying(job, "Bo Lee", "bo@x.test"), "b").external_id
    tracker.move(moving(ada, TrackerStage.SCREEN), "m")

    tracker.reject(rejecting(ada), "r")
    withdrawn = RejectApplication(application_ref=bo, reason="withdrew", by_candidate=True)
    tracker.reject(withdrawn, "s")

    told = {
        a.external_id: (a.stage, a.archive_kind, a.archive_reason) for a in applications(tracker)
    }
    employer = (ArchiveKind.BY_EMPLOYER, "Not enough relevant experience")
    assert told == {
        ada: (TrackerStage.ARCHIVED, *employer),
        bo: (TrackerStage.ARCHIVED, ArchiveKind.BY_CANDIDATE, "Withdrew"),
    }
    shown = {row["id"]: row["stage"] for row in vendor.records.candidates()}
    assert shown == {ada: "Phone Screen", bo: "Applied"}


@pytest.mark.parametrize("reason", ["hunch", "withdrew"])  # they did not withdraw
def test_a_reason_workable_does_not_know_is_a_matter_of_set_up(
    tracker: ApplicantTracker, reason: str
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id

    with pytest.raises(Misconfigured, match="no disqualification reason"):
        tracker.reject(rejecting(ref, reason), "r")


def test_a_stage_that_no_pipeline_has_is_a_matter_of_set_up(
    access: Access, vendor: Workable
) -> None:
    tracker = connected(access)
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id

    with pytest.raises(Misconfigured, match="means archived"):
        tracker.move(moving(ref, TrackerStage.ARCHIVED), "m")


def test_who_is_in_a_stage_of_unknown_meaning_can_be_moved_out_of_it(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    vendor.records.tables["application"][ref]["shown"] = {"stage_kind": "trial"}

    tracker.move(moving(ref, TrackerStage.SCREEN), "m")

    assert vendor.received["moves"] == [f"{ref} Recruiter Screen"]


def test_what_stands_where_it_should_is_not_moved_or_rejected_again(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id

    for _ in range(2):
        tracker.move(moving(ref, TrackerStage.SCREEN), "m")
    for _ in range(2):
        tracker.reject(rejecting(ref), "r")

    assert (vendor.received["moves"], vendor.received["rejections"]) == (
        [f"{ref} Recruiter Screen"],
        [ref],
    )


def test_in_the_name_of_no_member_nothing_is_written(access: Access, vendor: Workable) -> None:
    unknown = connected(Access(access.base_url, access.key, options={"member_id": "none"}))
    job = unknown.open_job(OPEN, "k").external_id
    ref = unknown.add_application(applying(job), "a").external_id

    with pytest.raises(Refused):
        unknown.add_note(AddNote(candidate_ref=ref, text="Hello"), "n")
    assert "notes" not in vendor.received


def writes(tracker: ApplicantTracker) -> list[tuple[str, str, Request, str]]:
    """Each write: the call at Workable, the vendor's word for it, the request and a key."""
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    return [
        ("/candidates", "applications", applying(job, "Bo Lee", "bo@x.test"), "b"),
        ("/move", "moves", moving(ref, TrackerStage.SCREEN), "m"),
        ("/move", "moves", moving(ref, TrackerStage.HIRED), "h"),
        ("/comments", "notes", AddNote(candidate_ref=ref, text="Hello"), "n"),
        ("/disqualify", "rejections", rejecting(ref), "r"),
    ]


def send(tracker: ApplicantTracker, request: Request, key: str) -> str:
    verb = {
        AddApplication: "add_application",
        MoveApplication: "move",
        RejectApplication: "reject",
        AddNote: "add_note",
    }[type(request)]
    done: str = getattr(tracker, verb)(request, key).external_id
    return done


DONE = ("drop_after", "truncated", "html_after", "error_in_200", "reshaped", "redirect_after")
NOT_DONE = ("drop_before", "500", "html")


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("lost", [*DONE, *NOT_DONE])
def test_a_write_whose_answer_was_lost_is_found_or_done_once(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Workable, number: int, lost: str
) -> None:
    call, kind, request, key = writes(tracker)[number]
    before = len(vendor.received.get(kind, []))
    fault(sandbox, f"POST .*{call}", lost)

    with pytest.raises(OutcomeUnknown) as told:
        send(tracker, request, key)
    found = tracker.find(request, key)
    assert bool(found) == (lost in DONE)

    done = found.external_id if found else send(tracker, request, key)
    again = tracker.find(request, key)
    assert again
    assert again.external_id == done
    assert len(vendor.received[kind]) == before + 1
    assert "@" not in str(told.value)


@pytest.mark.parametrize("number", [0, 3])
def test_an_empty_answer_proves_nothing_of_what_should_have_an_id(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Workable, number: int
) -> None:
    call, kind, request, key = writes(tracker)[number]
    before = len(vendor.received.get(kind, []))
    fault(sandbox, f"POST .*{call}", "empty_after")

    with pytest.raises(OutcomeUnknown):
        send(tracker, request, key)

    assert tracker.find(request, key)
    assert len(vendor.received[kind]) == before + 1


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_blank_answer_is_the_true_one_to_a_move_and_a_rejection(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Workable, number: int
) -> None:
    call, kind, request, key = writes(tracker)[number]
    before = len(vendor.received.get(kind, []))
    fault(sandbox, f"POST .*{call}", "empty_after")

    send(tracker, request, key)

    assert len(vendor.received[kind]) == before + 1


def test_a_lost_move_is_found_though_the_manager_has_moved_on(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    move = moving(ref, TrackerStage.SUBMITTED)
    fault(sandbox, "POST .*/move", "drop_after")
    with pytest.raises(OutcomeUnknown):
        tracker.move(move, "m")

    sandbox.advance(NOW + 3 * DAY)

    assert [a.stage for a in applications(tracker)] == [TrackerStage.INTERVIEW]
    assert tracker.find(move, "m")
    assert tracker.find(moving(ref, TrackerStage.OFFER), "o") is None


def test_a_comment_sent_twice_shows_in_the_vendors_record_and_the_whole_team_sees_it(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    note = AddNote(candidate_ref=ref, text="Hello")

    first, second = tracker.add_note(note, "n"), tracker.add_note(note, "n")

    assert first != second
    assert vendor.received["notes"] == ["[fullcycle n]"] * 2
    [application] = vendor.records.tables["application"].values()
    comments = [row for row in vendor.records.activities(application) if row["action"] == "comment"]
    assert {"hiring_manager", "admin"} <= set(comments[0]["visibility_roles"])


def test_a_write_over_the_quota_did_nothing(tracker: ApplicantTracker, sandbox: Sandbox) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    fault(sandbox, "POST .*/candidates", "429")

    with pytest.raises(Unavailable) as failure:
        tracker.add_application(applying(job), "a")

    assert failure.value.retry_after == 1
    assert tracker.find(applying(job), "a") is None


def test_what_is_not_there_or_not_open_is_refused(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    vendor.close(job)

    with pytest.raises(Refused):
        tracker.add_application(applying(job), "a")
    with pytest.raises(Refused):
        tracker.move(moving("none", TrackerStage.SCREEN), "m")
    with pytest.raises(Refused):
        tracker.close_job(CloseJob(job_ref="../candidates"), "c")


def test_what_workable_cannot_be_asked_is_unsupported(tracker: ApplicantTracker) -> None:
    with pytest.raises(Unsupported):
        tracker.find(CancelOffer(signature_ref="s"), "k")


def test_a_stand_in_that_is_started_again_remembers_everything(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox, tmp_path: Path
) -> None:
    ref = to_interview(tracker, sandbox)
    tracker.add_note(AddNote(candidate_ref=ref, text="Hello"), "n")
    tracker.reject(rejecting(ref), "r")

    again = Workable(World(seed=7, now=NOW), People(()), tmp_path)
    Sandbox(again.world, [again], tmp_path / "journal.jsonl").stop()

    assert (again.received, again.stands()) == (vendor.received, vendor.stands())
    assert MEMBER in {row["id"] for row in again.records.members()}


def test_a_member_who_is_none_is_named_by_the_check(access: Access) -> None:
    nobody = connected(Access(access.base_url, access.key, options={"member_id": "none"}))

    wrong = {each.what: each.wrong for each in nobody.check()}

    assert "member_id" in wrong["member"]
    assert not {each.what: each.wrong for each in connected(access).check()}["member"]
