"""What is asked of every vendor of a kind, and which of its calls that takes."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, timedelta

from connectors.errors import Refused, Unsupported
from connectors.records import (
    AddApplication,
    AddNote,
    BackgroundReport,
    CancelBackgroundCheck,
    CancelOffer,
    CloseJob,
    CorrectHire,
    CreateHire,
    EmploymentType,
    MoveApplication,
    OpenJob,
    OrderBackgroundCheck,
    PayQuestion,
    PayUnit,
    Place,
    Posting,
    PublishPostings,
    RejectApplication,
    Request,
    ScheduleInterview,
    SendMessage,
    SendOffer,
    StartAdverseAction,
    TrackerStage,
)
from tests.contracts.trial import NOW, Bench, Write, records

DAY = timedelta(days=1)
DENVER = Place(code="US-CO", city="Denver", region="CO", country="US")
CHICAGO = Place(code="US-IL", city="Chicago", region="IL", country="US")
KEY = "effect:HARBOR-3.ada"
BY_A_PERSON = "its API cannot: a person does it there, and that is found"


def opening(_: Bench) -> OpenJob:
    return OpenJob(requisition="HARBOR-3", title="Electrician", place=DENVER, headcount=1)


def closing(bench: Bench) -> CloseJob:
    return CloseJob(job_ref=bench.port.open_job(opening(bench), "k").external_id)


def adding(bench: Bench, name: str = "ada") -> AddApplication:
    return AddApplication(
        application_key=f"HARBOR-3.{name}",
        job_ref=closing(bench).job_ref,
        name=f"{name.title()} Byron",
        email=f"{name}@example.test",
        phone="+1 303 555 0100",
        source="indeed",
        applied_at=NOW - DAY,
    )


def moving(bench: Bench) -> MoveApplication:
    added = bench.port.add_application(adding(bench), "a")
    return MoveApplication(application_ref=added.external_id, to=TrackerStage.SUBMITTED)


def counting_as_hired(bench: Bench) -> MoveApplication:
    return moving(bench).model_copy(update={"to": TrackerStage.HIRED})


def rejecting(bench: Bench) -> RejectApplication:
    ref = moving(bench).application_ref
    return RejectApplication(application_ref=ref, reason="not_qualified")


def noting(bench: Bench) -> AddNote:
    added = bench.port.add_application(adding(bench), "a")
    return AddNote(candidate_ref=added.others["candidate"], text="Speaks Welsh.")


def scheduling(bench: Bench) -> ScheduleInterview:
    return ScheduleInterview(
        application_ref=moving(bench).application_ref,
        round="panel",
        starts_at=NOW + DAY,
        ends_at=NOW + DAY + timedelta(hours=1),
        interviewers=("grace@harbor.example",),
    )


def ordering(_: Bench, name: str = "ada", package: str = "tasker_standard") -> OrderBackgroundCheck:
    return OrderBackgroundCheck(
        application_key=f"HARBOR-3.{name}",
        package=package,
        name="Ada Byron",
        email=f"{name}@example.test",
        work_place=DENVER,
    )


def calling_off(bench: Bench) -> CancelBackgroundCheck:
    return CancelBackgroundCheck(order_ref=bench.port.order(ordering(bench), "o").external_id)


def warning(bench: Bench) -> StartAdverseAction:
    order = bench.port.order(ordering(bench), "o").external_id
    bench.later(days=6)
    report = next(records(bench.port.changes("reports", None, [order])))
    assert isinstance(report, BackgroundReport) and report.report_ref
    return StartAdverseAction(
        report_ref=report.report_ref, final_not_before=NOW + 20 * DAY, decided_by="Grace"
    )


def offering(_: Bench, name: str = "ada") -> SendOffer:
    return SendOffer(
        application_key=f"HARBOR-3.{name}",
        offer_hash="5d41402a",
        title="Your offer",
        letter="Dear Ada",
        signer_name="Ada Byron",
        signer_email=f"{name}@example.test",
        expires_at=NOW + 14 * DAY,
    )


def cancelling(bench: Bench) -> CancelOffer:
    return CancelOffer(signature_ref=bench.port.send(offering(bench), "s").external_id)


def hiring(_: Bench, name: str = "ada") -> CreateHire:
    return CreateHire(
        application_key=f"HARBOR-3.{name}",
        first_name="Ada",
        last_name="Byron",
        email=f"{name}@example.test",
        title="Electrician",
        start_on=date(2026, 3, 16),
        rate_cents=3850,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=DENVER,
        entity="Harbor Works Inc.",
    )


def correcting(bench: Bench) -> CorrectHire:
    """Another start, another pay and another place: three writes."""
    hire = bench.port.create_hire(hiring(bench), "h").external_id
    bench.later(minutes=5)
    employee = next(records(bench.port.changes("employees", None, [hire])))
    return CorrectHire(
        employee_ref=employee.external_id,
        start_on=date(2026, 3, 23),
        rate_cents=4000,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=CHICAGO,
    )


def publishing(_: Bench, *names: str) -> PublishPostings:
    """One posting, or one of each name."""
    postings = tuple(
        Posting(
            reference=f"{name}-US-CO",
            requisition=name,
            title="Electrician",
            description_html="<p>Mends what is broken.</p>",
            company="Harbor Works",
            place=DENVER,
            pay=None,
            employment_type=EmploymentType.FULL_TIME,
            posted_at=NOW - DAY,
        )
        for name in names or ("HARBOR-3",)
    )
    return PublishPostings(postings=postings, as_of=NOW)


def taking_down(bench: Bench) -> PublishPostings:
    """Nothing, where something was."""
    bench.port.publish(publishing(bench), "p")
    return PublishPostings(postings=(), as_of=NOW, ended=("HARBOR-3-US-CO",))


def a_list(bench: Bench) -> list[str]:
    """Two postings that the board has had time to look at."""
    bench.port.publish(publishing(bench, "HARBOR-3", "HARBOR-4"), "p")
    bench.later(minutes=10)
    return []


def messaging(_: Bench) -> SendMessage:
    return SendMessage(
        to_name="Ada Byron",
        to_email="ada@example.test",
        subject="Your application",
        body="Thank you.\n",
        template="acknowledgement",
    )


TRACKERS: dict[str, tuple[str, Callable[[Bench], Request], str]] = {
    "open_job": ("open_job", opening, "jobs"),
    "close_job": ("close_job", closing, "closed_jobs"),
    "add_application": ("add_application", adding, "applications"),
    "move": ("move", moving, "moves"),
    "hire": ("move", counting_as_hired, "moves"),
    "reject": ("reject", rejecting, "rejections"),
    "add_note": ("add_note", noting, "notes"),
    "schedule_interview": ("schedule_interview", scheduling, "interviews"),
}


def tracking(blank: Sequence[str] = (), **calls: str | Sequence[str]) -> tuple[Write, ...]:
    """A tracker's writes: by what is done the requests it takes; `blank` ones have no answer."""
    return tuple(
        Write(verb, call, request, shows, may_be_blank=done in blank)
        for done, told in calls.items()
        for call in ((told,) if isinstance(told, str) else told)
        for verb, request, shows in [TRACKERS[done]]
    )


def signing(send: str, cancel: str, *, may_be_blank: bool = False) -> tuple[Write, ...]:
    """The writes of a provider of signatures."""
    return (
        Write("send", send, offering, "offers"),
        Write("cancel", cancel, cancelling, "cancellations", may_be_blank=may_be_blank),
    )


def an_inbox(bench: Bench) -> list[str]:
    """Somebody new, somebody who was talked to, somebody hired and somebody rejected."""
    port = bench.port
    refs = [
        port.add_application(adding(bench, name), name).external_id
        for name in ("new", "talk", "hire", "gone")
    ]
    talk = scheduling(bench).model_copy(update={"application_ref": refs[1]})
    port.move(MoveApplication(application_ref=refs[1], to=TrackerStage.SUBMITTED), "m")
    with suppress(Unsupported, Refused):
        port.schedule_interview(talk, "i")
    port.move(MoveApplication(application_ref=refs[2], to=TrackerStage.HIRED), "h")
    port.reject(RejectApplication(application_ref=refs[3], reason="not_qualified"), "r")
    bench.later(days=5)
    return []


def orders(bench: Bench) -> list[str]:
    """Somebody with nothing on record, and somebody with something."""
    refs = [bench.port.order(ordering(bench, who), who).external_id for who in ("clear", "ada")]
    bench.later(days=10)
    return refs


def offers(bench: Bench) -> list[str]:
    """Somebody who signs, somebody who does not, and an offer that was withdrawn."""
    refs = [
        bench.port.send(offering(bench, who), who).external_id for who in ("clear", "ada", "gone")
    ]
    bench.port.cancel(CancelOffer(signature_ref=refs[2]), "c")
    bench.later(days=5)
    return refs


def hires(bench: Bench) -> list[str]:
    """Two new hires, after their first pay."""
    refs = [bench.port.create_hire(hiring(bench, who), who).external_id for who in ("ada", "clear")]
    bench.later(days=60)
    hired = records(bench.port.changes("employees", None, refs))
    return [*refs, *(employee.external_id for employee in hired)]


def pay_questions(_: Bench) -> list[str]:
    """What an electrician is paid in Denver."""
    asked = PayQuestion(title="Electrician", city="Denver", region="CO", country="US", remote=False)
    return [asked.model_dump_json()]
