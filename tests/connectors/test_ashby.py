"""Ashby, our connector against the stand-in, over real HTTP."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.access import Access
from connectors.applicant_tracking import ashby
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.ports import ApplicantTracker
from connectors.records import (
    AddApplication,
    AddNote,
    Application,
    ArchiveKind,
    CancelOffer,
    CloseJob,
    Interview,
    InterviewStatus,
    Job,
    MoveApplication,
    Observed,
    OpenJob,
    Place,
    Recommendation,
    RejectApplication,
    Request,
    ScheduleInterview,
    Scorecard,
    TrackerStage,
)
from deployments.sandbox.ashby import Ashby
from deployments.sandbox.ashby_records import LOCATION, PLAN, STAGE, TEAM
from deployments.sandbox.people import Apply, Behaviour, People, Persona
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tests.connectors.tracking import DAY, NOW, REQUISITION, send

OPEN = OpenJob(
    requisition="HARBOR-3",
    title="Night nurse",
    place=Place(code="US-CA", city="Oakland", country="US"),
    headcount=1,
)


class Town(People):
    """Everybody who lives here; people may move in."""

    def __init__(self) -> None:
        super().__init__(())

    def add(self, name: str, strength: float = 0.9, screen: str = "answers", day: int = 1) -> None:
        """Let someone move in who will apply on a day."""
        email = f"{name}@example.test"
        answers = {"nights": "yes"}
        apply = Apply("HARBOR-3", "ashby", day, 9, email, "555 0100", answers)
        persona = Persona(
            id=name,
            name=name,
            emails=(email,),
            phones=("555 0100",),
            links=("https://example.test/me",),
            residence="US-CA",
            applications=(apply,),
            resume_text="",
            resume_json=None,
            truth={"HARBOR-3:licence": True, "HARBOR-3:nights": False},
            pay_expectation_cents=500_000,
            behaviour=Behaviour(screen=screen, strength=strength),
        )
        super().__init__((*self.all(), persona))


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def vendor(town: Town, tmp_path: Path) -> Ashby:
    (tmp_path / "harbor.yaml").write_text(REQUISITION, encoding="utf-8")
    return Ashby(World(seed=7, now=NOW), town, tmp_path)


@pytest.fixture
def sandbox(vendor: Ashby) -> Iterator[Sandbox]:
    sandbox = Sandbox(vendor.world, [vendor])
    yield sandbox
    sandbox.stop()


@pytest.fixture
def access(sandbox: Sandbox) -> Access:
    options = {
        "team_id": TEAM,
        "location_id": LOCATION,
        "interview_plan_id": PLAN,
        "reason:not_qualified": "Not enough relevant experience",
    }
    return Access(base_url=sandbox.start() + "/ashby", key="sandbox-ashby", options=options)


@pytest.fixture
def tracker(access: Access) -> ApplicantTracker:
    return ashby.connect(access, sleep=lambda seconds: None)


def fault(sandbox: Sandbox, match: str, *faults: str) -> None:
    sandbox.faults.append({"vendor": "ashby", "match": match, "faults": list(faults)})


def applying(job: str, name: str = "Ada", email: str | None = "ada@example.test") -> AddApplication:
    return AddApplication(
        application_key=f"HARBOR-3.{name}",
        job_ref=job,
        name=name,
        email=email,
        phone=None,
        source="indeed",
        applied_at=NOW - DAY,
    )


def read(
    tracker: ApplicantTracker, resource: str, cursor: str | None = None
) -> tuple[list[Observed], str | None]:
    pages = list(tracker.changes(resource, cursor, ()))
    return [record for page in pages for record in page.records], pages[-1].cursor


def applications(tracker: ApplicantTracker, cursor: str | None = None) -> list[Application]:
    records, _ = read(tracker, "applications", cursor)
    return [record for record in records if isinstance(record, Application)]


def test_reads_every_application_to_the_last_page(tracker: ApplicantTracker) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    for n in range(60):
        tracker.add_application(applying(job, f"P{n}", f"p{n}@example.test"), f"k{n}")

    pages = list(tracker.changes("applications", None, ()))

    assert [len(page.records) for page in pages] == [50, 10]


def test_goes_on_from_the_middle_of_a_read(tracker: ApplicantTracker) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    for n in range(60):
        tracker.add_application(applying(job, f"P{n}", f"p{n}@example.test"), f"k{n}")

    first = next(iter(tracker.changes("applications", None, ())))

    assert len(applications(tracker, first.cursor)) == 10


def test_a_job_wants_as_many_as_it_has_openings_that_are_open(
    tracker: ApplicantTracker, vendor: Ashby
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    states = ["Open", "Draft", "Approved", "Open", "Closed", "Filled"]
    openings = [{"openingState": each, "isArchived": False} for each in states]
    vendor.records.tables["job"][job]["openings"] = [
        *openings,
        {"openingState": "Open", "isArchived": True},
    ]

    [found] = read(tracker, "open_jobs")[0]

    assert isinstance(found, Job)
    assert (found.title, found.place, found.headcount) == ("Night nurse (HARBOR-3)", "Harbor", 2)


@pytest.mark.parametrize("lie", ["error_in_200", "html_after", "empty_after", "truncated", "500"])
def test_a_page_that_is_an_error_moves_no_cursor_and_loses_nobody(
    tracker: ApplicantTracker, sandbox: Sandbox, lie: str
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    for n in range(60):
        tracker.add_application(applying(job, f"P{n}", f"p{n}@example.test"), f"k{n}")
    fault(sandbox, "application.list", "slow_after", *[lie] * 5)

    pages = tracker.changes("applications", None, ())
    first = next(pages)
    with pytest.raises(Unavailable):
        next(pages)

    rest = applications(tracker, first.cursor)
    assert len({record.external_id for record in (*first.records, *rest)}) == 60


def test_an_error_that_passes_in_the_middle_of_a_read_is_not_noticed(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    for n in range(60):
        tracker.add_application(applying(job, f"P{n}", f"p{n}@example.test"), f"k{n}")
    fault(sandbox, "application.list", "slow_after", "error_in_200", "empty_after", "429")

    assert len(applications(tracker)) == 60


def test_who_moves_while_the_list_is_read_is_read_again(
    tracker: ApplicantTracker, vendor: Ashby
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    refs = [
        tracker.add_application(applying(job, f"P{n}", f"p{n}@example.test"), f"k{n}").external_id
        for n in range(60)
    ]

    pages = tracker.changes("applications", None, ())
    read = list(next(pages).records)
    tracker.move(MoveApplication(application_ref=refs[0], to=TrackerStage.SCREEN), "m")
    last = list(pages)
    tracker.move(MoveApplication(application_ref=refs[59], to=TrackerStage.SCREEN), "n")
    read += [record for page in last for record in page.records]
    read += applications(tracker, last[-1].cursor)

    stages = {a.external_id: a.stage for a in read if isinstance(a, Application)}
    assert stages.keys() == set(refs)
    assert stages[refs[0]] is stages[refs[59]] is TrackerStage.SCREEN


def test_rows_that_are_edited_while_the_list_is_read_push_no_other_out(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    refs = [
        tracker.add_application(applying(job, f"P{n}", f"p{n}@example.test"), f"k{n}").external_id
        for n in range(120)
    ]
    fault(sandbox, "(application|candidate).list", *["edit"] * 4)

    assert {each.external_id for each in applications(tracker)} == set(refs)
    assert sandbox.injected["ashby edit"] == 4


def test_the_last_cursor_gives_only_what_changed_since(tracker: ApplicantTracker) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id
    tracker.add_application(applying(job, "Bob", "bob@example.test"), "b")
    _, cursor = read(tracker, "applications")

    tracker.move(MoveApplication(application_ref=ada, to=TrackerStage.SUBMITTED), "m")

    assert [(a.external_id, a.stage) for a in applications(tracker, cursor)] == [
        (ada, TrackerStage.SUBMITTED)
    ]
    _, after = read(tracker, "applications", cursor)
    assert applications(tracker, after) == []


def test_a_corrected_candidate_shows_their_application_again(
    tracker: ApplicantTracker, vendor: Ashby
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a")
    _, cursor = read(tracker, "applications")

    candidate = vendor.records.touch("candidate", ada.others["candidate"])
    candidate["emailAddresses"][0]["value"] = "ada.l@example.test"

    assert [a.emails for a in applications(tracker, cursor)] == [("ada.l@example.test",)]


@pytest.mark.parametrize("limit", ["oldest_token", "largest_incremental_sync", "broken"])
def test_starts_over_when_ashby_refuses_to_go_on(
    tracker: ApplicantTracker, vendor: Ashby, limit: str
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id
    _, cursor = read(tracker, "applications")
    tracker.move(MoveApplication(application_ref=ada, to=TrackerStage.SCREEN), "m")
    if limit == "broken":
        cursor = json.dumps({"candidates": {}, "applications": {"syncToken": "nonsense"}})
    else:
        setattr(vendor, limit, 0 if limit.startswith("largest") else 10_000)

    assert [a.external_id for a in applications(tracker, cursor)] == [ada]


def test_an_applicant_of_the_careers_page_is_read_with_contacts_and_answers(
    tracker: ApplicantTracker, vendor: Ashby, sandbox: Sandbox, town: Town
) -> None:
    town.add("grace")
    tracker.open_job(OPEN, "k")
    sandbox.advance(NOW + 2 * DAY)

    [grace] = applications(tracker)

    assert (grace.name, grace.emails, grace.phones) == (
        "grace",
        ("grace@example.test",),
        ("555 0100",),
    )
    assert (grace.links, grace.residence) == (("https://example.test/me",), "US-CA")
    assert [(answer.question, answer.value) for answer in grace.answers] == [("nights", "yes")]
    assert (grace.stage, grace.source) == (TrackerStage.NEW, "Company careers page")
    assert vendor.received["applied"] == [grace.external_id]
    assert grace.applied_at == datetime(2026, 3, 3, 9, tzinfo=UTC)


def test_an_application_we_add_is_no_lead_and_names_its_source(
    tracker: ApplicantTracker,
) -> None:
    job = tracker.open_job(OPEN, "k").external_id

    receipt = tracker.add_application(applying(job), "a")

    [ada] = applications(tracker)
    assert (ada.external_id, ada.candidate_ref) == (
        receipt.external_id,
        receipt.others["candidate"],
    )
    assert (ada.job_ref, ada.stage, ada.source) == (job, TrackerStage.NEW, "Indeed")
    assert ada.applied_at == NOW - DAY


def test_someone_who_is_a_candidate_already_is_not_created_again(
    tracker: ApplicantTracker, vendor: Ashby
) -> None:
    first = tracker.open_job(OPEN, "k").external_id
    second = tracker.open_job(OPEN.model_copy(update={"requisition": "HARBOR-4"}), "l").external_id

    one = tracker.add_application(applying(first), "a")
    two = tracker.add_application(applying(second, email="ADA@example.test"), "b")

    assert one.others == two.others
    assert len(vendor.records.tables["candidate"]) == 1


def applied_again(tracker: ApplicantTracker) -> tuple[str, AddApplication]:
    """Ada's archived application, and what is asked when she applies for the same job again."""
    job = tracker.open_job(OPEN, "k").external_id
    first = tracker.add_application(applying(job), "a").external_id
    gone = RejectApplication(application_ref=first, reason="withdrew", by_candidate=True)
    tracker.reject(gone, "r")
    return first, applying(job).model_copy(update={"applied_at": NOW})


def test_who_applies_again_after_being_archived_gets_an_application_of_their_own(
    tracker: ApplicantTracker, vendor: Ashby
) -> None:
    first, again = applied_again(tracker)
    assert tracker.find(again, "b") is None

    second = tracker.add_application(again, "b")

    assert second.external_id != first
    assert len(vendor.records.tables["candidate"]) == 1
    assert tracker.find(again, "b") == second


def test_what_we_added_is_found_though_it_was_archived_meanwhile(
    tracker: ApplicantTracker, vendor: Ashby
) -> None:
    first, _ = applied_again(tracker)
    request = applying(vendor.records.tables["application"][first]["jobId"])

    found = tracker.find(request, "a")

    assert found is not None
    assert found.external_id == first
    assert tracker.add_application(request, "a") == found


def test_an_archived_application_that_comes_back_is_nobodys_new_one(
    tracker: ApplicantTracker, vendor: Ashby
) -> None:
    _, again = applied_again(tracker)
    vendor.one_application_a_job = True

    with pytest.raises(Refused, match="added to the job anew"):
        tracker.add_application(again, "b")


def test_the_same_name_without_an_email_is_another_person(
    tracker: ApplicantTracker, vendor: Ashby
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = applying(job, email=None)
    tracker.add_application(ada, "a")
    tracker.add_application(ada.model_copy(update={"applied_at": NOW}), "b")

    assert len(vendor.records.tables["candidate"]) == 2


def test_a_rejection_is_read_with_its_kind_and_reason(tracker: ApplicantTracker) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id
    bob = tracker.add_application(applying(job, "Bob", "bob@example.test"), "b").external_id

    tracker.reject(RejectApplication(application_ref=ada, reason="not_qualified"), "r")
    tracker.reject(
        RejectApplication(application_ref=bob, reason="withdrew", by_candidate=True), "s"
    )

    read = {
        a.external_id: (a.stage, a.archive_kind, a.archive_reason) for a in applications(tracker)
    }
    assert read == {
        ada: (
            TrackerStage.ARCHIVED,
            ArchiveKind.BY_EMPLOYER,
            "Not enough relevant experience",
        ),
        bob: (TrackerStage.ARCHIVED, ArchiveKind.BY_CANDIDATE, "Withdrew"),
    }


def test_a_reason_ashby_does_not_know_is_a_matter_of_set_up(tracker: ApplicantTracker) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id

    with pytest.raises(Misconfigured, match="no archive reason"):
        tracker.reject(RejectApplication(application_ref=ada, reason="hunch"), "r")


def test_a_recruiter_writes_down_the_phone_screen(
    tracker: ApplicantTracker, sandbox: Sandbox, town: Town
) -> None:
    town.add("grace")
    town.add("silent", screen="silent")
    tracker.open_job(OPEN, "k")
    sandbox.advance(NOW + 2 * DAY)
    for application in applications(tracker):
        ref = application.external_id
        tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.SCREEN), "m")

    sandbox.advance(NOW + 5 * DAY)

    [card] = read(tracker, "scorecards")[0]
    assert isinstance(card, Scorecard)
    said = {answer.question: answer.value for answer in card.answers}
    assert (card.round, card.recommendation) == ("recruiter_screen", None)
    assert (said["must_have:licence"], said["must_have:nights"]) == ("met", "not_met")
    assert said["pay_expectation_cents"] == "500000"


def to_interview(tracker: ApplicantTracker, sandbox: Sandbox, *names: str) -> dict[str, str]:
    """Bring applicants to a panel interview and through it; returns their applications by name."""
    job = tracker.open_job(OPEN, "k").external_id
    refs = {}
    for name in names:
        added = tracker.add_application(applying(job, name, f"{name}@example.test"), name)
        refs[name] = added.external_id
        move = MoveApplication(application_ref=added.external_id, to=TrackerStage.SUBMITTED)
        tracker.move(move, name)
    sandbox.advance(NOW + 3 * DAY)
    for ref in refs.values():
        tracker.schedule_interview(interview_of(ref), ref)
    return refs


def interview_of(ref: str) -> ScheduleInterview:
    return ScheduleInterview(
        application_ref=ref,
        round="panel",
        starts_at=NOW + 4 * DAY,
        ends_at=NOW + 4 * DAY + timedelta(hours=1),
        interviewers=("joe.doe@harbor.example", "mia@harbor.example"),
    )


def test_an_interview_is_read_scheduled_then_completed_with_its_scorecards(
    tracker: ApplicantTracker, sandbox: Sandbox, town: Town
) -> None:
    town.add("grace", day=300)
    refs = to_interview(tracker, sandbox, "grace")
    records, cursor = read(tracker, "interviews")
    [planned] = records
    assert isinstance(planned, Interview)
    assert (planned.round, planned.status) == ("panel", InterviewStatus.SCHEDULED)
    assert planned.interviewers == ("joe.doe@harbor.example", "mia@harbor.example")

    sandbox.advance(NOW + 12 * DAY)

    [held] = read(tracker, "interviews", cursor)[0]
    cards = [card for card in read(tracker, "scorecards")[0] if isinstance(card, Scorecard)]
    assert isinstance(held, Interview)
    assert (held.external_id, held.status) == (planned.external_id, InterviewStatus.COMPLETED)
    assert {(card.application_ref, card.round) for card in cards} == {(refs["grace"], "panel")}
    assert {card.recommendation for card in cards} <= {
        Recommendation.YES,
        Recommendation.STRONG_YES,
    }
    assert len(cards) == 2


def test_the_hiring_manager_offers_only_the_open_slots_to_the_best(
    tracker: ApplicantTracker, sandbox: Sandbox, town: Town
) -> None:
    for name, strength in (("grace", 0.95), ("ada", 0.6), ("eve", 0.1)):
        town.add(name, strength, day=300)
    refs = to_interview(tracker, sandbox, "grace", "ada")
    job = vendor_job(tracker)
    sandbox.advance(NOW + 20 * DAY)
    stages = {a.external_id: a.stage for a in applications(tracker)}
    assert stages[refs["grace"]] is TrackerStage.OFFER
    assert stages[refs["ada"]] is TrackerStage.INTERVIEW

    decline = RejectApplication(
        application_ref=refs["grace"], reason="offer declined", by_candidate=True
    )
    tracker.reject(decline, "r")
    eve = tracker.add_application(applying(job, "eve", "eve@example.test"), "e").external_id
    tracker.move(MoveApplication(application_ref=eve, to=TrackerStage.SUBMITTED), "e")
    sandbox.advance(NOW + 25 * DAY)

    stages = {a.external_id: a.stage for a in applications(tracker)}
    assert stages[refs["ada"]] is TrackerStage.OFFER
    assert stages[eve] is TrackerStage.ARCHIVED


def vendor_job(tracker: ApplicantTracker) -> str:
    found = tracker.find(OPEN, "k")
    assert found
    return found.external_id


def requests(tracker: ApplicantTracker) -> list[tuple[str, str, Request, str]]:
    """Return each write as its call at Ashby, the vendor's word for it, the request and a key."""
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a")
    ref, candidate = ada.external_id, ada.others["candidate"]
    another = OPEN.model_copy(update={"requisition": "HARBOR-9"})
    return [
        ("job.create", "jobs", another, "o"),
        ("job.setStatus", "jobs", another, "o"),
        ("candidate.create", "applications", applying(job, "Bo", "bo@example.test"), "b"),
        ("application.create", "applications", applying(job, "Cy", None), "c"),
        (
            "application.changeStage",
            "moves",
            MoveApplication(application_ref=ref, to=TrackerStage.SCREEN),
            "m",
        ),
        ("candidate.createNote", "notes", AddNote(candidate_ref=candidate, text="Hello"), "n"),
        ("interviewSchedule.create", "interviews", interview_of(ref), "i"),
        (
            "application.changeStage",
            "rejections",
            RejectApplication(application_ref=ref, reason="not_qualified"),
            "r",
        ),
    ]


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("lost", ["drop_after", "drop_before", "500", "truncated"])
def test_a_write_whose_answer_was_lost_is_found_or_done_once(
    tracker: ApplicantTracker, sandbox: Sandbox, vendor: Ashby, number: int, lost: str
) -> None:
    call, kind, request, key = requests(tracker)[number]
    before = len(vendor.received.get(kind, []))
    fault(sandbox, f"/{call}$", lost)

    with pytest.raises(OutcomeUnknown):
        send(tracker, request, key)
    found = tracker.find(request, key)
    first_of_two = call in ("job.create", "candidate.create")
    assert bool(found) == (lost in ("drop_after", "truncated") and not first_of_two)

    done = found.external_id if found else send(tracker, request, key)
    again = tracker.find(request, key)
    assert again
    assert again.external_id == done
    assert len(vendor.received[kind]) == before + 1
    assert len(vendor.records.tables["candidate"]) == 1 + (kind == "applications")


def test_a_lost_move_is_found_though_the_manager_has_moved_on(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    move = MoveApplication(application_ref=ref, to=TrackerStage.SUBMITTED)
    fault(sandbox, "changeStage", "drop_after")
    with pytest.raises(OutcomeUnknown):
        tracker.move(move, "m")

    sandbox.advance(NOW + 3 * DAY)

    assert [a.stage for a in applications(tracker)] == [TrackerStage.INTERVIEW]
    assert tracker.find(move, "m")


def test_closes_a_job_and_finds_it_closed(tracker: ApplicantTracker, vendor: Ashby) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    assert tracker.find(CloseJob(job_ref=job), "c") is None

    tracker.close_job(CloseJob(job_ref=job), "c")

    assert tracker.find(CloseJob(job_ref=job), "c")
    assert vendor.received["closed_jobs"] == ["HARBOR-3"]


def test_a_write_sent_twice_shows_in_the_vendors_record(
    tracker: ApplicantTracker, vendor: Ashby
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    candidate = tracker.add_application(applying(job), "a").others["candidate"]
    note = AddNote(candidate_ref=candidate, text="Hello")

    first, second = tracker.add_note(note, "n"), tracker.add_note(note, "n")

    assert first != second
    assert vendor.received["notes"] == ["[fullcycle n]"] * 2


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (["429"] * 5, Unavailable),
        (["500"] * 5, Unavailable),
        (["html"] * 5, Unavailable),
        (["drop_after"] * 5, Unavailable),
    ],
)
def test_a_read_that_keeps_failing_is_unavailable(
    tracker: ApplicantTracker, sandbox: Sandbox, faults: list[str], error: type[ConnectorError]
) -> None:
    fault(sandbox, "list", *faults)
    with pytest.raises(error):
        read(tracker, "interviews")


def test_a_read_that_fails_for_a_while_is_repeated(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    fault(sandbox, "list", "429", "500", "drop_before", "truncated")
    assert read(tracker, "interviews")[0] == []


def test_a_write_over_the_quota_did_nothing(tracker: ApplicantTracker, sandbox: Sandbox) -> None:
    fault(sandbox, "job.create", "429")
    with pytest.raises(Unavailable):
        tracker.open_job(OPEN, "k")
    assert tracker.find(OPEN, "k") is None


def test_a_wrong_key_or_a_missing_permission_is_a_matter_of_set_up(
    access: Access, tracker: ApplicantTracker, vendor: Ashby
) -> None:
    stranger = ashby.connect(Access(base_url=access.base_url, key="wrong"))
    vendor.permissions.discard("interviewsRead")

    for reader, resource in ((stranger, "applications"), (tracker, "interviews")):
        with pytest.raises(Misconfigured):
            read(reader, resource)


def test_success_false_is_a_refusal(tracker: ApplicantTracker) -> None:
    with pytest.raises(Refused, match="application_not_found"):
        tracker.move(MoveApplication(application_ref="no", to=TrackerStage.SCREEN), "m")
    with pytest.raises(Refused, match="job_not_found"):
        tracker.close_job(CloseJob(job_ref="no"), "c")


def test_what_ashby_cannot_be_asked_is_unsupported(tracker: ApplicantTracker) -> None:
    with pytest.raises(Unsupported):
        tracker.find(CancelOffer(signature_ref="s"), "k")


@pytest.mark.parametrize(
    "spoil",
    [
        {"status": "Dormant"},
        {"updatedAt": "yesterday"},
        {"stage": {**STAGE["Offer"], "type": "Bake-off"}},
        {"source": {"id": "x"}},
    ],
)
def test_what_we_do_not_understand_is_unreadable_and_all_others_are_read(
    tracker: ApplicantTracker, vendor: Ashby, spoil: dict[str, Any]
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    ada = tracker.add_application(applying(job), "a").external_id
    bob = tracker.add_application(applying(job, "Bob", "bob@example.test"), "b").external_id
    vendor.records.tables["application"][ada].update(spoil)

    (page,) = tracker.changes("applications", None, ())

    assert list(page.unreadable) == [ada]
    assert [record.external_id for record in page.records] == [bob]


def test_a_missing_field_is_unreadable(tracker: ApplicantTracker, vendor: Ashby) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    vendor.records.tables["job"][job].pop("status")

    with pytest.raises(Unreadable):
        tracker.find(CloseJob(job_ref=job), "c")


def test_only_a_webhook_signed_with_our_secret_is_believed() -> None:
    raw = b'{"action": "ping", "data": {}}'
    signature = "sha256=" + hmac.new(b"secret", raw, hashlib.sha256).hexdigest()

    assert ashby.verify_webhook(raw, {"ashby-signature": signature}, "secret")
    assert ashby.verify_webhook(raw, {"Ashby-Signature": signature}, "secret")
    assert not ashby.verify_webhook(raw + b" ", {"Ashby-Signature": signature}, "secret")
    assert not ashby.verify_webhook(raw, {}, "secret")


def test_a_webhook_tells_which_application_and_job_it_is_about_and_nothing_personal() -> None:
    application = {"id": "a-1", "candidate": {"name": "Ada Winter"}, "job": {"id": "j-1"}}
    raw = json.dumps({"action": "applicationSubmit", "data": {"application": application}}).encode()

    event = ashby.read_webhook(raw)

    assert (event.kind, event.refs, event.at) == ("applicationSubmit", ("a-1", "j-1"), None)
    assert event.id == hashlib.sha256(raw).hexdigest()
    assert event.id != ashby.read_webhook(raw + b" ").id


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"action": "Ada Winter"}', b"[" * 50_000])
def test_a_body_that_is_no_webhook_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        ashby.read_webhook(raw)


def test_without_a_secret_no_webhook_is_believed() -> None:
    signature = "sha256=" + hmac.new(b"", b"{}", hashlib.sha256).hexdigest()

    assert not ashby.verify_webhook(b"{}", {"Ashby-Signature": signature}, "")
