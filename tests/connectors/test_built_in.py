"""The built-in tracker: written once by key, read to the end, no change missed, nothing leaked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from connectors.access import Access
from connectors.applicant_tracking import built_in
from connectors.applicant_tracking.built_in import VENDOR, BuiltIn
from connectors.errors import LedgerUnavailable, Refused, Unsupported
from connectors.ledger import tracker
from connectors.ledger.store import Ledger
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
    SendMessage,
    TrackerStage,
)
from tests.connectors.tracking import DAY, NOW, applications, applying, records, send
from tests.locks import somebody_waits

CALIFORNIA = Place(code="US-CA", city="San Francisco", region="CA", country="US")
JOB = OpenJob(requisition="HARBOR-3", title="Night Nurse", place=CALIFORNIA, headcount=1)
KEY = "HARBOR-3.Ada Byron"
PANEL = ScheduleInterview(
    application_ref=KEY,
    round="panel",
    starts_at=NOW,
    ends_at=NOW + timedelta(hours=1),
    interviewers=("ines@harborworks.example", "omar@harborworks.example"),
)


@pytest.fixture
def built(ledger: Ledger) -> BuiltIn:
    """The tracker of a client who has opened a job."""
    opened = VENDOR.open(Access(""), ledger=ledger)
    assert isinstance(opened, BuiltIn)
    opened.open_job(JOB, "job")
    return opened


def interviews(built: BuiltIn) -> list[Interview]:
    found = records(list(built.changes("interviews", None, ())))
    return [record for record in found if isinstance(record, Interview)]


def scorecards(built: BuiltIn) -> list[Scorecard]:
    found = records(list(built.changes("scorecards", None, ())))
    return [record for record in found if isinstance(record, Scorecard)]


def cursor_of(built: BuiltIn) -> str:
    return read_from(built, "0")[1]


def held(ledger: Ledger, status: InterviewStatus = InterviewStatus.COMPLETED) -> None:
    with ledger.transaction() as connection:
        tracker.alone(connection, ledger.client)
        tracker.record_interview(connection, ledger.client, KEY, "panel", status, NOW + DAY)


def feedback(ledger: Ledger, author: str, word: Recommendation = Recommendation.YES) -> None:
    with ledger.transaction() as connection:
        tracker.alone(connection, ledger.client)
        told = (KEY, "panel", author, word, {"notes": "calm"}, NOW + DAY)
        tracker.put_scorecard(connection, ledger.client, *told)


def test_an_application_is_read_as_it_was_added(built: BuiltIn) -> None:
    receipt = built.add_application(applying("HARBOR-3", phone="555 0100"), "add")

    [read] = applications(built)
    assert receipt.external_id == read.external_id == KEY
    assert receipt.others["candidate"] == read.candidate_ref
    assert (read.job_ref, read.name, read.emails, read.phones) == (
        "HARBOR-3",
        "Ada Byron",
        ("ada@x.test",),
        ("555 0100",),
    )
    assert (read.stage, read.source, read.applied_at) == (TrackerStage.NEW, "indeed", NOW - DAY)


def test_a_job_is_listed_while_it_is_open_with_how_many_it_still_wants(built: BuiltIn) -> None:
    porters = OpenJob(requisition="HARBOR-4", title="Porter", place=CALIFORNIA, headcount=2)
    built.open_job(porters, "porters")
    hired = built.add_application(applying("HARBOR-4"), "add").external_id
    built.move(MoveApplication(application_ref=hired, to=TrackerStage.HIRED), "hire")
    built.close_job(CloseJob(job_ref="HARBOR-3"), "close")

    [read] = applications(built)
    [job] = records(list(built.changes("open_jobs", None, ())))

    assert isinstance(job, Job)
    assert (job.external_id, job.title, job.headcount) == (read.job_ref, "Porter", 1)


@pytest.mark.parametrize(
    "request_",
    [
        JOB,
        CloseJob(job_ref="HARBOR-3"),
        applying("HARBOR-3", name="Grace"),
        MoveApplication(application_ref=KEY, to=TrackerStage.SCREEN),
        RejectApplication(application_ref=KEY, reason="not_selected"),
        AddNote(candidate_ref="", text="packet"),
        PANEL,
    ],
    ids=lambda request: type(request).__name__,
)
def test_every_write_is_done_once_by_its_key_and_found_by_it(
    built: BuiltIn, ledger: Ledger, request_: Request
) -> None:
    candidate = built.add_application(applying("HARBOR-3"), "add").others["candidate"]
    if isinstance(request_, AddNote):
        request_ = AddNote(candidate_ref=candidate, text="packet")
    assert built.find(request_, "key") is None

    first = send(built, request_, "key")
    before = everything(ledger)
    again = send(built, request_, "key")
    found = built.find(request_, "key")

    assert found is not None
    assert first == again == found.external_id
    assert everything(ledger) == before


def everything(ledger: Ledger) -> list[list[str]]:
    """All rows of the tracker's tables, as text."""
    with ledger.transaction() as connection:
        return [
            sorted(connection.execute(text(f"SELECT CAST(t AS text) FROM {table} t")).scalars())
            for table in TABLES
        ]


TABLES = [
    f"tracker_{name}"
    for name in ("job", "candidate", "application", "note", "interview", "scorecard", "receipt")
]


def test_a_write_that_is_refused_leaves_no_key_and_may_be_tried_again(built: BuiltIn) -> None:
    with pytest.raises(Refused, match="no job HARBOR-9"):
        built.add_application(applying("HARBOR-9"), "add")
    assert built.find(applying("HARBOR-9"), "add") is None

    built.open_job(JOB.model_copy(update={"requisition": "HARBOR-9"}), "job 9")
    assert built.add_application(applying("HARBOR-9"), "add").external_id == KEY


def test_a_repeated_move_does_not_undo_what_a_person_has_decided_since(built: BuiltIn) -> None:
    built.add_application(applying("HARBOR-3"), "add")
    submit = MoveApplication(application_ref=KEY, to=TrackerStage.SUBMITTED)
    built.move(submit, "submit")
    built.move(MoveApplication(application_ref=KEY, to=TrackerStage.INTERVIEW), "accept")

    built.move(submit, "submit")

    assert [each.stage for each in applications(built)] == [TrackerStage.INTERVIEW]


def test_a_candidate_is_known_by_the_address_and_nobody_by_none(built: BuiltIn) -> None:
    def candidate(name: str, email: str | None) -> str:
        request = applying("HARBOR-3", name=name, email=email)
        return built.add_application(request, name).others["candidate"]

    assert candidate("Ada", "ada@x.test") == candidate("Ada B.", "ADA@x.test")
    assert candidate("Grace", None) != candidate("Grace H.", None)


def test_an_archive_stands(built: BuiltIn) -> None:
    built.add_application(applying("HARBOR-3"), "add")
    withdrew = RejectApplication(application_ref=KEY, reason="withdrew", by_candidate=True)
    built.reject(withdrew, "withdrew")

    built.reject(RejectApplication(application_ref=KEY, reason="not_selected"), "no")
    with pytest.raises(Refused, match="is archived"):
        built.move(MoveApplication(application_ref=KEY, to=TrackerStage.OFFER), "offer")
    with pytest.raises(Refused, match="is archived"):
        built.schedule_interview(PANEL, "panel")

    [read] = applications(built)
    assert (read.stage, read.archive_kind, read.archive_reason) == (
        TrackerStage.ARCHIVED,
        ArchiveKind.BY_CANDIDATE,
        "withdrew",
    )


@pytest.mark.parametrize(
    "request_",
    [
        CloseJob(job_ref="HARBOR-9"),
        MoveApplication(application_ref="HARBOR-9.x", to=TrackerStage.OFFER),
        RejectApplication(application_ref="HARBOR-9.x", reason="not_selected"),
        AddNote(candidate_ref="9", text="packet"),
        AddNote(candidate_ref="of nobody", text="packet"),
        PANEL,
    ],
)
def test_what_is_about_nobody_is_refused(built: BuiltIn, request_: Request) -> None:
    with pytest.raises(Refused, match=r"no (job|application|candidate)"):
        send(built, request_, "key")


def test_nobody_is_archived_by_a_move_and_nothing_else_is_read(built: BuiltIn) -> None:
    with pytest.raises(Unsupported, match="reject"):
        built.move(MoveApplication(application_ref=KEY, to=TrackerStage.ARCHIVED), "key")
    with pytest.raises(Unsupported, match="offers"):
        next(built.changes("offers", None, ()))


def test_only_what_has_changed_since_is_read_and_all_of_it(
    built: BuiltIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(built_in, "PAGE", 2)
    for number in range(5):
        built.add_application(applying("HARBOR-3", name=f"n{number}"), f"add {number}")
    cursor = cursor_of(built)
    assert len(applications(built)) == 5
    assert applications(built, cursor) == []

    built.move(MoveApplication(application_ref="HARBOR-3.n1", to=TrackerStage.SCREEN), "move")
    built.add_application(applying("HARBOR-3", name="late"), "late")

    changed = {each.external_id: each.stage for each in applications(built, cursor)}
    assert changed == {"HARBOR-3.n1": TrackerStage.SCREEN, "HARBOR-3.late": TrackerStage.NEW}


def test_what_changes_while_pages_are_read_comes_again_at_the_end(
    built: BuiltIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(built_in, "PAGE", 2)
    for number in range(3):
        built.add_application(applying("HARBOR-3", name=f"n{number}"), f"add {number}")

    reading = built.changes("applications", None, ())
    pages = [next(reading)]
    built.move(MoveApplication(application_ref="HARBOR-3.n0", to=TrackerStage.SCREEN), "move")
    pages += reading

    read = [(e.external_id, e.stage) for e in records(pages) if isinstance(e, Application)]
    assert read[-1] == ("HARBOR-3.n0", TrackerStage.SCREEN)
    assert len(read) == 4


def test_a_reader_waits_for_a_change_that_is_not_committed_and_no_later_one_overtakes_it(
    built: BuiltIn, ledger: Ledger
) -> None:
    for name in ("slow", "quick"):
        built.add_application(applying("HARBOR-3", name=name), name)
    cursor = cursor_of(built)
    quick = MoveApplication(application_ref="HARBOR-3.quick", to=TrackerStage.SCREEN)

    with ThreadPoolExecutor(2) as threads:
        with ledger.transaction() as connection:
            tracker.alone(connection, ledger.client)
            tracker.move(connection, ledger.client, "HARBOR-3.slow", TrackerStage.SCREEN)
            later = threads.submit(built.move, quick, "later")
            reading = threads.submit(read_from, built, cursor)
            somebody_waits(ledger)
            assert not later.done()
            assert not reading.done()
        later.result()
        first, cursor = reading.result()

    rest, _ = read_from(built, cursor)
    assert [*first, *rest] == ["HARBOR-3.slow", "HARBOR-3.quick"]


def read_from(built: BuiltIn, cursor: str) -> tuple[list[str], str]:
    """The ids of what has changed since, and where to go on."""
    pages = list(built.changes("applications", cursor, ()))
    assert pages[-1].cursor is not None
    return [record.external_id for record in records(pages)], pages[-1].cursor


def test_interviews_and_scorecards_are_read_as_people_recorded_them(
    built: BuiltIn, ledger: Ledger
) -> None:
    built.add_application(applying("HARBOR-3"), "add")
    ref = built.schedule_interview(PANEL, "panel").external_id
    [planned] = interviews(built)

    held(ledger)
    for author in PANEL.interviewers:
        feedback(ledger, author)
    feedback(ledger, PANEL.interviewers[0], Recommendation.NO)

    [interview] = interviews(built)
    assert (planned.external_id, planned.status) == (ref, InterviewStatus.SCHEDULED)
    assert (interview.status, interview.interviewers) == (
        InterviewStatus.COMPLETED,
        PANEL.interviewers,
    )
    cards = {card.author: card.recommendation for card in scorecards(built)}
    assert cards == dict(
        zip(PANEL.interviewers, (Recommendation.NO, Recommendation.YES), strict=True)
    )


def test_feedback_comes_after_the_interview_and_from_who_conducted_it(
    built: BuiltIn, ledger: Ledger
) -> None:
    built.add_application(applying("HARBOR-3"), "add")
    with pytest.raises(Refused, match="no interview of the round"):
        held(ledger)
    built.schedule_interview(PANEL, "panel")

    with pytest.raises(Refused, match="first record"):
        feedback(ledger, PANEL.interviewers[0])
    held(ledger)
    with pytest.raises(Refused, match="interviewers of 'panel' hand in"):
        feedback(ledger, "somebody@harborworks.example")

    assert scorecards(built) == []


def test_one_client_sees_nothing_of_anothers(built: BuiltIn, ledger: Ledger) -> None:
    built.add_application(applying("HARBOR-3"), "add")

    other = BuiltIn(Ledger(ledger.url, "somebody_else"))

    assert applications(other) == []
    assert other.find(applying("HARBOR-3"), "add") is None


def test_self_identification_is_out_of_its_reach(ledger: Ledger) -> None:
    with pytest.raises(DBAPIError, match="permission denied"), ledger.transaction() as connection:
        connection.execute(text("SELECT answer FROM self_id.answer"))


def test_a_lost_database_is_said_to_be_lost() -> None:
    away = BuiltIn(Ledger("postgresql+psycopg://app@127.0.0.1:1/none?connect_timeout=1", "acme"))

    with pytest.raises(LedgerUnavailable):
        away.add_application(AddApplication.model_validate(applying("X").model_dump()), "add")


def test_it_needs_no_account_and_can_do_its_work(built: BuiltIn) -> None:
    assert not VENDOR.has_account
    assert VENDOR.lacking(Access("")) == ""
    assert list(built.check()) == []


def test_a_message_is_none_of_its_requests(built: BuiltIn) -> None:
    message = SendMessage(to_name="A", to_email="a@x.test", subject="s", body="b", template="t")

    assert built.find(message, "key") is None
