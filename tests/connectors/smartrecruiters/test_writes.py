"""What is written at SmartRecruiters is written once, whatever becomes of the answer."""

from collections.abc import Callable

import pytest

from connectors.access import Access
from connectors.applicant_tracking import smartrecruiters
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable, Unsupported
from connectors.ports import ApplicantTracker
from connectors.records import AddNote, CancelOffer, CloseJob, Request, TrackerStage
from deployments.sandbox.server import AFTER, Sandbox
from deployments.sandbox.smartrecruiters import SmartRecruiters
from tests.connectors.smartrecruiters.account import (
    KEY,
    OPEN,
    applying,
    fault,
    interview_of,
    move_of,
    rejection_of,
    withdrawal_of,
)
from tests.connectors.tracking import NOW, applications, send

Making = Callable[[ApplicantTracker, str], Request]


def another_job(tracker: ApplicantTracker, job: str) -> Request:
    return OPEN.model_copy(update={"requisition": "HARBOR-9"})


def closing(tracker: ApplicantTracker, job: str) -> Request:
    return CloseJob(job_ref=job)


def adding(tracker: ApplicantTracker, job: str) -> Request:
    return applying(job)


def added(tracker: ApplicantTracker, job: str) -> str:
    return tracker.add_application(applying(job), "a").external_id


def screening(tracker: ApplicantTracker, job: str) -> Request:
    return move_of(added(tracker, job), TrackerStage.SCREEN)


def submitting(tracker: ApplicantTracker, job: str) -> Request:
    return move_of(added(tracker, job), TrackerStage.SUBMITTED)


def hiring(tracker: ApplicantTracker, job: str) -> Request:
    return move_of(added(tracker, job), TrackerStage.HIRED)


def rejecting(tracker: ApplicantTracker, job: str) -> Request:
    return rejection_of(added(tracker, job))


def withdrawing(tracker: ApplicantTracker, job: str) -> Request:
    return withdrawal_of(added(tracker, job))


def noting(tracker: ApplicantTracker, job: str) -> Request:
    return AddNote(candidate_ref=added(tracker, job).partition(":")[0], text="Speaks Welsh.")


def scheduling(tracker: ApplicantTracker, job: str) -> Request:
    return interview_of(added(tracker, job))


WRITES = [
    pytest.param("POST /jobs$", "jobs", another_job, id="create a job"),
    pytest.param("PUT /jobs/[^/]+/status", "jobs", another_job, id="open a job"),
    pytest.param("PUT /jobs/[^/]+/status", "closed_jobs", closing, id="close a job"),
    pytest.param("POST .*/candidates", "applications", adding, id="add an application"),
    pytest.param("PUT /candidates/.*/status", "moves", screening, id="move to screen"),
    pytest.param("PUT /candidates/.*/status", "moves", submitting, id="move to the manager"),
    pytest.param("PUT /candidates/.*/status", "moves", hiring, id="hire"),
    pytest.param("PUT /candidates/.*/status", "rejections", rejecting, id="reject"),
    pytest.param("PUT /candidates/.*/status", "rejections", withdrawing, id="withdraw"),
    pytest.param("POST /messages/shares", "notes", noting, id="write a note"),
]
LOST = ("drop_before", "500", "html", *AFTER, "reshaped", "redirect_after")


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize(("call", "kind", "making"), WRITES)
def test_a_write_whose_answer_was_lost_is_found_or_done_once(
    tracker: ApplicantTracker,
    sandbox: Sandbox,
    vendor: SmartRecruiters,
    job: str,
    call: str,
    kind: str,
    making: Making,
    lost: str,
) -> None:
    request, before = making(tracker, job), len(vendor.received.get(kind, []))
    fault(sandbox, call, lost)
    is_true = call.startswith("PUT") and lost in ("empty_after", "truncated")  # 204 is empty

    if is_true:
        done = send(tracker, request, KEY)
    else:
        with pytest.raises(OutcomeUnknown) as told:
            send(tracker, request, KEY)
        assert "Ada" not in str(told.value)
        found = tracker.find(request, KEY)
        done = found.external_id if found else send(tracker, request, KEY)

    again = tracker.find(request, KEY)
    assert again is not None
    assert again.external_id == done
    assert len(vendor.received[kind]) == before + 1


@pytest.mark.parametrize(("call", "kind", "making"), WRITES)
def test_a_write_over_the_quota_did_nothing_and_is_not_found(
    tracker: ApplicantTracker,
    sandbox: Sandbox,
    vendor: SmartRecruiters,
    job: str,
    call: str,
    kind: str,
    making: Making,
) -> None:
    request = making(tracker, job)
    fault(sandbox, call, "429")

    with pytest.raises(Unavailable):
        send(tracker, request, KEY)

    assert tracker.find(request, KEY) is None


def test_a_lost_interview_is_a_persons_to_look_for(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: SmartRecruiters, job: str
) -> None:
    request = scheduling(tracker, job)
    fault(sandbox, "POST .*interviews", "drop_after")

    for ask in (lambda: send(tracker, request, KEY), lambda: tracker.find(request, KEY)):
        with pytest.raises(OutcomeUnknown):
            ask()
    assert len(vendor.received["interviews"]) == 1


def test_a_lost_candidate_whom_the_search_does_not_show_yet_is_found_later(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: SmartRecruiters, job: str
) -> None:
    request, clock = applying(job), [1000.0]
    vendor.clock = lambda: clock[0]
    fault(sandbox, "POST .*/candidates", "drop_unlisted")
    with pytest.raises(OutcomeUnknown):
        tracker.add_application(request, KEY)
    assert tracker.find(request, KEY) is None

    clock[0] += 60

    assert tracker.find(request, KEY)
    assert smartrecruiters.SmartRecruiters.search_lag > 1


def test_a_lost_move_is_found_though_the_manager_has_moved_on(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: SmartRecruiters, job: str
) -> None:
    request = move_of(added(tracker, job), TrackerStage.SUBMITTED)
    fault(sandbox, "PUT /candidates/.*/status", "drop_after")
    with pytest.raises(OutcomeUnknown):
        send(tracker, request, KEY)

    sandbox.advance(NOW.replace(day=6))

    stages = {each.external_id: each.stage for each in applications(tracker)}
    assert stages[request.application_ref] is TrackerStage.INTERVIEW
    assert tracker.find(request, KEY)


def test_a_job_is_found_by_its_reference_and_not_by_its_title(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    other = another_job(tracker, job)

    assert send(tracker, other, "p") != job
    assert send(tracker, OPEN, "q") == job
    assert vendor.received["jobs"] == ["HARBOR-3", "HARBOR-9"]


def test_a_template_is_no_job(tracker: ApplicantTracker, vendor: SmartRecruiters, job: str) -> None:
    vendor.records.tables["job"][job]["shown"] = {"template": True}

    assert tracker.find(OPEN, "o") is None


@pytest.mark.parametrize(("hires", "status"), [(True, "FILLED"), (False, "CANCELLED")])
def test_a_job_is_closed_as_filled_if_somebody_was_hired_for_it(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str, hires: bool, status: str
) -> None:
    if hires:
        send(tracker, hiring(tracker, job), "h")

    for _ in range(2):
        tracker.close_job(CloseJob(job_ref=job), "c")

    assert vendor.records.tables["job"][job]["shown_status"] == status
    assert vendor.received["closed_jobs"] == ["HARBOR-3"]


def test_somebody_who_is_in_the_job_already_is_not_added_again(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    one = tracker.add_application(applying(job), "a")
    two = tracker.add_application(applying(job, email="ADA@example.test"), "b")

    assert one == two
    assert len(vendor.received["applications"]) == 1


def test_an_application_we_add_names_its_source(tracker: ApplicantTracker, job: str) -> None:
    added(tracker, job)

    [ada] = applications(tracker)
    assert (ada.stage, ada.source) == (TrackerStage.NEW, "Indeed")


def test_who_applies_again_after_the_end_is_another_candidate(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    first = added(tracker, job)
    tracker.reject(rejection_of(first), "r")
    assert tracker.find(applying(job), "b") is None

    second = tracker.add_application(applying(job), "b").external_id

    assert second != first
    assert len(vendor.records.tables["candidate"]) == 2


def test_an_ended_application_that_comes_back_is_nobodys_new_one(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    tracker.reject(rejection_of(added(tracker, job)), "r")
    vendor.merges = True

    with pytest.raises(Refused, match="reopened there"):
        tracker.add_application(applying(job), "b")


def test_what_we_added_is_found_though_it_has_ended_meanwhile(
    tracker: ApplicantTracker, job: str
) -> None:
    ref = added(tracker, job)
    tracker.reject(rejection_of(ref), "r")

    found = tracker.find(applying(job), "a")

    assert found is not None
    assert found.external_id == ref


def test_nobody_is_added_without_an_email_address(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    with pytest.raises(Refused, match="e-mail"):
        tracker.add_application(applying(job, email=None), "a")
    assert tracker.find(applying(job, email=None), "a") is None
    assert "applications" not in vendor.received


def test_what_has_ended_is_not_brought_back_by_a_move(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    ref = added(tracker, job)
    tracker.reject(withdrawal_of(ref), "r")

    with pytest.raises(Refused, match="has ended"):
        tracker.move(move_of(ref, TrackerStage.INTERVIEW), "m")
    assert "moves" not in vendor.received


def test_what_is_where_it_should_be_is_not_moved(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    ref = added(tracker, job)
    for _ in range(2):
        tracker.move(move_of(ref, TrackerStage.SUBMITTED), "m")

    assert vendor.received["moves"] == [f"{ref} IN_REVIEW"]


def test_a_note_writes_to_nobody_it_quotes(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    candidate = added(tracker, job).partition(":")[0]
    text = "wrote @[USER:1] and #[CANDIDATE:2]"

    tracker.add_note(AddNote(candidate_ref=candidate, text=text), "n")

    (note,) = vendor.records.tables["note"].values()
    assert "@[" not in note["content"]
    assert note["content"].count("#[") == 1


def test_a_note_that_is_too_long_is_refused(tracker: ApplicantTracker, job: str) -> None:
    candidate = added(tracker, job).partition(":")[0]

    with pytest.raises(Refused, match="10000 characters"):
        tracker.add_note(AddNote(candidate_ref=candidate, text="x" * 10_000), "n")


def test_a_note_is_looked_for_on_every_page(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    candidate = added(tracker, job).partition(":")[0]
    vendor.page = 2
    for number in range(5):
        tracker.add_note(AddNote(candidate_ref=candidate, text=f"{number}"), f"n{number}")

    assert tracker.find(AddNote(candidate_ref=candidate, text="4"), "n4")
    assert tracker.find(AddNote(candidate_ref=candidate, text="4"), "n") is None


def test_a_reason_that_is_not_there_is_a_matter_of_set_up(access: Access, job: str) -> None:
    options = {"reason:not_qualified": "No such label"}
    poor = smartrecruiters.connect(Access(access.base_url, access.key, options=options))
    ref = poor.add_application(applying(job), "a").external_id

    with pytest.raises(Misconfigured, match="not_qualified"):
        poor.reject(rejection_of(ref), "r")


def test_what_is_not_there_is_refused(tracker: ApplicantTracker, job: str) -> None:
    with pytest.raises(Refused):
        tracker.close_job(CloseJob(job_ref="no"), "c")
    with pytest.raises(Refused):
        tracker.move(move_of(f"no:{job}", TrackerStage.SCREEN), "m")


def test_what_it_cannot_be_asked_is_unsupported(tracker: ApplicantTracker) -> None:
    with pytest.raises(Unsupported):
        tracker.find(CancelOffer(signature_ref="s"), "k")
