"""Greenhouse is told everything once: what it already has is found."""

from pathlib import Path
from typing import Any

import pytest

from connectors.access import Access
from connectors.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unsupported,
)
from connectors.ports import ApplicantTracker
from connectors.records import (
    AddApplication,
    AddNote,
    CancelOffer,
    Candidate,
    CloseJob,
    MoveApplication,
    OpenJob,
    RejectApplication,
    Request,
    ScheduleInterview,
    TrackerStage,
)
from deployments.sandbox.ashby_records import STAGE
from deployments.sandbox.greenhouse import Greenhouse
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tests.connectors.greenhouse.account import (
    OPEN,
    applications,
    connected,
    fault,
    interview_of,
    read,
    to_interview,
)
from tests.connectors.tracking import DAY, GRACE, NOW, applying


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


def test_an_opening_that_somebody_else_has_filled_meanwhile_is_left_to_them(
    tracker: ApplicantTracker, vendor: Greenhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    hire = MoveApplication(application_ref=ref, to=TrackerStage.HIRED)
    rows = vendor.records.rows

    def meanwhile(name: str) -> Any:
        told = rows(name)
        if name == "openings":
            monkeypatch.undo()
            for opening in vendor.records.tables["opening"].values():
                if opening["id"] == str(max(row["id"] for row in told)):
                    opening["closedAt"] = vendor.records.now
        return told

    monkeypatch.setattr(vendor.records, "rows", meanwhile)
    with pytest.raises(Unavailable, match="filled an opening"):
        tracker.move(hire, "h")

    tracker.move(hire, "h")
    assert tracker.find(hire, "h")


def test_a_reason_or_a_round_greenhouse_does_not_know_is_a_matter_of_set_up(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    ref = to_interview(tracker, sandbox)

    for reason in ("hunch", "withdrew"):  # they did not withdraw
        with pytest.raises(Misconfigured, match="no rejection reason"):
            tracker.reject(RejectApplication(application_ref=ref, reason=reason), "r")
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
            RejectApplication(application_ref=ref, reason="not_qualified"),
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
    tracker.reject(RejectApplication(application_ref=ref, reason="not_qualified"), "r")

    with pytest.raises(Refused, match="not there"):
        tracker.move(MoveApplication(application_ref="1", to=TrackerStage.SCREEN), "m")
    with pytest.raises(Refused):
        tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.SCREEN), "m")
    with pytest.raises(Refused):
        tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.HIRED), "h")
    with pytest.raises(Refused):
        tracker.close_job(CloseJob(job_ref="no"), "c")


def test_what_greenhouse_cannot_be_asked_is_unsupported(tracker: ApplicantTracker) -> None:
    with pytest.raises(Unsupported):
        tracker.find(CancelOffer(signature_ref="s"), "k")


def test_a_stand_in_that_is_started_again_remembers_everything(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox, tmp_path: Path
) -> None:
    ref = to_interview(tracker, sandbox)
    fault(sandbox, "GET", "expire")
    tracker.reject(RejectApplication(application_ref=ref, reason="not_qualified"), "r")

    again = Greenhouse(World(seed=7, now=NOW), People([GRACE]), tmp_path)
    Sandbox(again.world, [again], tmp_path / "journal.jsonl").stop()

    assert (again.received, again.stands()) == (vendor.received, vendor.stands())
    assert again.tokens == vendor.tokens
