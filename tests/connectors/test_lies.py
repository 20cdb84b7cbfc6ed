"""Whatever a vendor says of something it has done: it is looked up, and done once."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from connectors import ports
from connectors.access import Access
from connectors.applicant_tracking import ashby, greenhouse, lever, smartrecruiters
from connectors.background_checks import certn, checkr, manual
from connectors.errors import OutcomeUnknown
from connectors.links import Links
from connectors.messaging import smtp
from connectors.payroll import bamboohr, gusto
from connectors.records import (
    AddApplication,
    AddNote,
    AskReference,
    CancelOffer,
    CloseJob,
    CorrectHire,
    CreateHire,
    MoveApplication,
    OpenJob,
    OrderBackgroundCheck,
    PayUnit,
    Place,
    RejectApplication,
    Request,
    ScheduleInterview,
    SendMessage,
    SendOffer,
    StartAdverseAction,
    TrackerStage,
)
from connectors.references import questionnaire
from connectors.signatures import docusign, dropbox_sign
from deployments.sandbox import ashby as ashby_stand_in
from deployments.sandbox import bamboohr as bamboohr_stand_in
from deployments.sandbox import certn as certn_stand_in
from deployments.sandbox import checkr as checkr_stand_in
from deployments.sandbox import docusign as docusign_stand_in
from deployments.sandbox import docusign_key
from deployments.sandbox import dropbox_sign as dropbox_sign_stand_in
from deployments.sandbox import greenhouse as greenhouse_stand_in
from deployments.sandbox import gusto as gusto_stand_in
from deployments.sandbox import lever as lever_stand_in
from deployments.sandbox import smartrecruiters as smartrecruiters_stand_in
from deployments.sandbox.ashby_records import LOCATION, PLAN, TEAM
from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.greenhouse_records import TEMPLATE
from deployments.sandbox.lever_records import TEMPLATE as FORM
from deployments.sandbox.lever_records import USER
from deployments.sandbox.mail import Mail
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox, StandIn
from deployments.sandbox.smartrecruiters_records import SETTINGS
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = "effect:HARBOR-3.ada"
DENVER = Place(code="US-CO", city="Denver", country="US")
LIES = (
    "drop_after",
    "truncated",
    "html_after",
    "empty_after",
    "error_in_200",
    "reshaped",
    "redirect_after",
)


class Town:
    """Everybody is alike: a bad report, an offer left unsigned, pay typed as agreed."""

    def by_email(self, email: str) -> Any:
        behaviour = {"report": "consider_adverse", "offer": "silent", "pay_error": False}
        return SimpleNamespace(behaviour=SimpleNamespace(**behaviour))


class Vendors:
    """The vendors we write to over HTTP, and the mail server."""

    def __init__(self) -> None:
        world, nobody = World(seed=7, now=NOW), People(())
        self.mail = Mail(world, Correspondents(world, nobody, {}))
        hiring = greenhouse_stand_in.Greenhouse(world, nobody)
        hiring.records.rounds = ["panel"]
        self.by_name: dict[str, StandIn] = {
            "ashby": ashby_stand_in.Ashby(world, nobody),
            "certn": certn_stand_in.Certn(world, Town()),
            "bamboohr": bamboohr_stand_in.BambooHR(world, Town()),
            "checkr": checkr_stand_in.Checkr(world, Town()),
            "docusign": docusign_stand_in.DocuSign(world, Town()),
            "dropbox_sign": dropbox_sign_stand_in.DropboxSign(world, Town()),
            "greenhouse": hiring,
            "gusto": gusto_stand_in.Gusto(world, Town()),
            "lever": lever_stand_in.Lever(world, nobody),
            "smartrecruiters": smartrecruiters_stand_in.SmartRecruiters(world, nobody),
            "smtp": self.mail,
        }
        self.sandbox = Sandbox(world, list(self.by_name.values()))
        self._url = self.sandbox.start()
        smtp_port, imap_port = self.mail.start(self.sandbox)
        options = {
            "ashby": {"team_id": TEAM, "location_id": LOCATION, "interview_plan_id": PLAN},
            "docusign": {
                "account_id": docusign_stand_in.ACCOUNT,
                "integration_key": docusign_stand_in.INTEGRATION_KEY,
                "user_id": docusign_stand_in.USER,
                "auth_url": f"{self._url}/docusign/account",
            },
            "certn": {"package:pro_criminal": '{"CRIMINAL_RECORD_REPORT_1": {}}'},
            "bamboohr": {"reference_field": bamboohr_stand_in.REFERENCE_FIELD},
            "greenhouse": {
                "client_id": greenhouse_stand_in.CLIENT_ID,
                "user_id": greenhouse_stand_in.USER,
                "auth_url": f"{self._url}/greenhouse/auth",
                "template_job_id": str(TEMPLATE),
            },
            "gusto": {"company": gusto_stand_in.COMPANY},
            "lever": {"user_id": USER, "team": "Operations", "feedback_template_id": FORM},
            "smartrecruiters": SETTINGS,
        }
        connect: dict[str, Callable[..., Any]] = {
            "ashby": ashby.connect,
            "certn": certn.connect,
            "bamboohr": bamboohr.connect,
            "checkr": checkr.connect,
            "docusign": docusign.connect,
            "dropbox_sign": dropbox_sign.connect,
            "greenhouse": greenhouse.connect,
            "gusto": gusto.connect,
            "lever": lever.connect,
            "smartrecruiters": smartrecruiters.connect,
        }
        paths = {"greenhouse": "greenhouse/v3", "lever": "lever/v1"}
        keys = {"docusign": docusign_key.pem()}
        self.ports: dict[str, Any] = {
            name: open_(
                Access(
                    f"{self._url}/{paths.get(name, name)}",
                    keys.get(name, f"sandbox-{name}"),
                    options=options.get(name, {}),
                ),
                sleep=lambda _: None,
            )
            for name, open_ in connect.items()
        }
        mailbox = {
            "from_name": "Harbor Goods",
            "from_email": "talent@harbor.example",
            "journal": f"imap://127.0.0.1:{imap_port}",
            "journal_user": "journal",
        }
        messenger = smtp.connect(
            Access(f"smtp://127.0.0.1:{smtp_port}", "sandbox-smtp", options=mailbox)
        )
        client = Access("", options={"client": "harbor"})
        links = Links("http://forms.example", "secret")
        self.ports["smtp"] = messenger
        person = {
            "screener": "Harbor Checks",
            "person": "Grace",
            "person_email": "g@harbor.example",
        }
        self.ports["manual_screening"] = manual.connect(
            Access("", options={"client": "harbor", **person}), messenger, links, lambda _: ()
        )
        self.ports["questionnaire"] = questionnaire.connect(client, messenger, links)

    def lie(self, name: str, match: str, lie: str) -> None:
        self.sandbox.faults.append({"vendor": name, "match": match, "faults": [lie]})

    def done(self, name: str, kind: str) -> int:
        return len(self.by_name[name].received.get(kind, []))

    def later(self, **delta: float) -> None:
        self.sandbox.advance(self.sandbox.world.now + timedelta(**delta))

    def stop(self) -> None:
        self.mail.stop()
        self.sandbox.stop()


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    vendors = Vendors()
    yield vendors
    vendors.stop()


def opening(_: Vendors, tracker: str) -> OpenJob:
    return OpenJob(requisition="HARBOR-3", title="Electrician", place=DENVER, headcount=1)


def closing(vendors: Vendors, tracker: str) -> CloseJob:
    job = vendors.ports[tracker].open_job(opening(vendors, tracker), "k").external_id
    return CloseJob(job_ref=job)


def adding(vendors: Vendors, tracker: str) -> AddApplication:
    return AddApplication(
        application_key="HARBOR-3.ada",
        job_ref=closing(vendors, tracker).job_ref,
        name="Ada Byron",
        email="ada@example.test",
        phone=None,
        source="indeed",
        applied_at=NOW - DAY,
    )


def moving(vendors: Vendors, tracker: str) -> MoveApplication:
    added = vendors.ports[tracker].add_application(adding(vendors, tracker), "a")
    return MoveApplication(application_ref=added.external_id, to=TrackerStage.SUBMITTED)


def counting_as_hired(vendors: Vendors, tracker: str) -> MoveApplication:
    return moving(vendors, tracker).model_copy(update={"to": TrackerStage.HIRED})


def rejecting(vendors: Vendors, tracker: str) -> RejectApplication:
    ref = moving(vendors, tracker).application_ref
    return RejectApplication(application_ref=ref, reason="not_qualified")


def noting(vendors: Vendors, tracker: str) -> AddNote:
    added = vendors.ports[tracker].add_application(adding(vendors, tracker), "a")
    return AddNote(candidate_ref=added.others["candidate"], text="Speaks Welsh.")


def scheduling(vendors: Vendors, tracker: str) -> ScheduleInterview:
    return ScheduleInterview(
        application_ref=moving(vendors, tracker).application_ref,
        round="panel",
        starts_at=NOW + DAY,
        ends_at=NOW + DAY,
        interviewers=("grace@harbor.example",),
    )


def ordering(_: Vendors) -> OrderBackgroundCheck:
    return OrderBackgroundCheck(
        application_key="HARBOR-3.ada",
        package="pro_criminal",
        name="Ada Byron",
        email="ada@example.test",
        work_place=DENVER,
    )


def warning(vendors: Vendors) -> StartAdverseAction:
    order = vendors.ports["checkr"].order(ordering(vendors), "o").external_id
    vendors.later(days=6)
    ((report,),) = [p.records for p in vendors.ports["checkr"].changes("reports", None, [order])]
    return StartAdverseAction(
        report_ref=report.report_ref, final_not_before=NOW + 20 * DAY, decided_by="Grace"
    )


def offering(_: Vendors) -> SendOffer:
    return SendOffer(
        application_key="HARBOR-3.ada",
        offer_hash="5d41402a",
        title="Your offer",
        letter="Dear Ada",
        signer_name="Ada Byron",
        signer_email="ada@example.test",
        expires_at=NOW + 14 * DAY,
    )


def cancelling(vendors: Vendors, provider: str) -> CancelOffer:
    sent = vendors.ports[provider].send(offering(vendors), "s")
    return CancelOffer(signature_ref=sent.external_id)


def hiring(_: Vendors) -> CreateHire:
    return CreateHire(
        application_key="HARBOR-3.ada",
        first_name="Ada",
        last_name="Byron",
        email="ada@example.test",
        title="Electrician",
        start_on=date(2026, 3, 16),
        rate_cents=3850,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=DENVER,
        entity="Harbor Works Inc.",
    )


def correcting(vendors: Vendors) -> CorrectHire:
    """Another start, another pay and another place: three writes."""
    batch = vendors.ports["gusto"].create_hire(hiring(vendors), "h").external_id
    vendors.later(minutes=5)
    ((employee,),) = [p.records for p in vendors.ports["gusto"].changes("employees", None, [batch])]
    return CorrectHire(
        employee_ref=employee.external_id,
        start_on=date(2026, 3, 23),
        rate_cents=4000,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=Place(code="US-IL", city="Chicago", country="US"),
    )


def correcting_in_the_hris(vendors: Vendors) -> CorrectHire:
    """Another start, another pay and another place: three writes."""
    employee = vendors.ports["bamboohr"].create_hire(hiring(vendors), "h").external_id
    return correcting(vendors).model_copy(update={"employee_ref": employee})


def writing(_: Vendors) -> SendMessage:
    return SendMessage(
        to_name="Ada Byron",
        to_email="ada@example.test",
        subject="Your application",
        body="Thank you.\n",
        template="acknowledgement",
    )


def asking(_: Vendors) -> AskReference:
    return AskReference(
        application_key="HARBOR-3.ada",
        about="2",
        candidate_name="Ada Byron",
        referee_name="Grace Hopper",
        referee_email="grace@example.test",
        company="Harbor Goods",
        reminder=0,
    )


@dataclass(frozen=True)
class Write:
    """One call that changes something; `shows` is where the vendor notes it, `times` how often."""

    vendor: str
    verb: str
    call: str
    request: Callable[[Vendors], Request]
    shows: str
    times: int = 1


def tracking(
    tracker: str, verb: str, call: str, request: Callable[[Vendors, str], Request], shows: str
) -> Write:
    """A write that every tracker has."""
    return Write(tracker, verb, call, lambda vendors: request(vendors, tracker), shows)


def signing(provider: str, send: str, cancel: str) -> tuple[Write, Write]:
    """The writes of every provider of signatures."""
    cancellation = partial(cancelling, provider=provider)
    return (
        Write(provider, "send", send, offering, "offers"),
        Write(provider, "cancel", cancel, cancellation, "cancellations"),
    )


WRITES = [
    tracking("ashby", "open_job", "job.create", opening, "jobs"),
    tracking("ashby", "open_job", "job.setStatus", opening, "jobs"),
    tracking("ashby", "close_job", "job.setStatus", closing, "closed_jobs"),
    tracking("ashby", "add_application", "candidate.create", adding, "applications"),
    tracking("ashby", "add_application", "application.create", adding, "applications"),
    tracking("ashby", "move", "application.changeStage", moving, "moves"),
    tracking("ashby", "reject", "application.changeStage", rejecting, "rejections"),
    tracking("ashby", "add_note", "candidate.createNote", noting, "notes"),
    tracking("ashby", "schedule_interview", "interviewSchedule.create", scheduling, "interviews"),
    tracking("greenhouse", "open_job", "POST /v3/jobs", opening, "jobs"),
    tracking("greenhouse", "close_job", "PATCH /v3/openings", closing, "closed_jobs"),
    tracking("greenhouse", "add_application", "POST /v3/candidates", adding, "applications"),
    tracking("greenhouse", "move", "POST .*/move", moving, "moves"),
    tracking("greenhouse", "move", "POST .*/hire", counting_as_hired, "moves"),
    tracking("greenhouse", "reject", "POST .*/reject", rejecting, "rejections"),
    tracking("greenhouse", "add_note", "POST /v3/notes", noting, "notes"),
    tracking("greenhouse", "schedule_interview", "POST /v3/interviews", scheduling, "interviews"),
    tracking("lever", "open_job", "POST /v1/postings$", opening, "jobs"),
    tracking("lever", "close_job", "POST /v1/postings/", closing, "closed_jobs"),
    tracking("lever", "add_application", "POST /v1/opportunities$", adding, "applications"),
    tracking("lever", "move", "PUT .*/stage", moving, "moves"),
    tracking("lever", "move", "PUT .*/archived", counting_as_hired, "moves"),
    tracking("lever", "reject", "PUT .*/archived", rejecting, "rejections"),
    tracking("lever", "add_note", "POST .*/notes", noting, "notes"),
    tracking("lever", "schedule_interview", "POST .*/panels", scheduling, "interviews"),
    tracking("smartrecruiters", "open_job", "POST /jobs$", opening, "jobs"),
    tracking("smartrecruiters", "open_job", "PUT /jobs/.*/status", opening, "jobs"),
    tracking("smartrecruiters", "close_job", "PUT /jobs/.*/status", closing, "closed_jobs"),
    tracking("smartrecruiters", "add_application", "POST .*/candidates", adding, "applications"),
    tracking("smartrecruiters", "move", "PUT /candidates/.*/status", moving, "moves"),
    tracking("smartrecruiters", "move", "PUT /candidates/.*/status", counting_as_hired, "moves"),
    tracking("smartrecruiters", "reject", "PUT /candidates/.*/status", rejecting, "rejections"),
    tracking("smartrecruiters", "add_note", "POST /messages/shares", noting, "notes"),
    Write("certn", "order", "POST .*/order/", ordering, "cases"),
    Write("checkr", "order", "POST /v1/candidates", ordering, "candidates"),
    Write("checkr", "order", "POST /v1/invitations", ordering, "invitations"),
    Write("checkr", "start_adverse_action", "POST .*adverse_actions", warning, "adverse_actions"),
    *signing("docusign", "POST .*/envelopes$", "PUT .*/envelopes/"),
    *signing("dropbox_sign", "POST .*/send", "POST .*/cancel"),
    Write("gusto", "create_hire", "POST .*people_batches", hiring, "people_batches"),
    Write("gusto", "correct_hire", "PUT .*jobs", correcting, "corrections", times=3),
    Write("gusto", "correct_hire", "PUT .*compensations", correcting, "corrections", times=3),
    Write("gusto", "correct_hire", "PUT .*work_addresses", correcting, "corrections", times=3),
]
HRIS = [
    Write("bamboohr", "create_hire", "POST /api/v1/employees", hiring, "employees"),
    Write("bamboohr", "create_hire", "POST .*tables/jobInfo", hiring, "rows", times=2),
    Write("bamboohr", "create_hire", "POST .*tables/compensation", hiring, "rows", times=2),
    *(
        Write("bamboohr", "correct_hire", call, correcting_in_the_hris, "corrections", times=3)
        for call in (r"POST .*/employees/\d+$", "POST .*tables/jobInfo", "POST .*compensation")
    ),
]
WRITES += HRIS
NO_LIES = {  # of a true answer that is empty
    (call, lie)
    for call in (
        "POST .*/cancel",
        "POST .*/move",
        "POST .*/hire",
        "POST .*/reject",
        "PUT /jobs/.*/status",
        "PUT /candidates/.*/status",
    )
    for lie in ("empty_after", "truncated")
} | {(write.call, lie) for write in HRIS for lie in ("empty_after", "truncated")}


@pytest.mark.parametrize(
    ("write", "lie"),
    [
        pytest.param(write, lie, id=f"{write.vendor} {write.call} {lie}")
        for write in WRITES
        for lie in LIES
        if (write.call, lie) not in NO_LIES
    ],
)
def test_a_lie_about_a_write_is_looked_up_and_it_is_done_once(
    vendors: Vendors, write: Write, lie: str
) -> None:
    request, port = write.request(vendors), vendors.ports[write.vendor]
    vendors.lie(write.vendor, write.call, lie)

    with pytest.raises(OutcomeUnknown) as told:
        getattr(port, write.verb)(request, KEY)
    if port.find(request, KEY) is None:
        getattr(port, write.verb)(request, KEY)

    vendors.later(minutes=5)
    assert port.find(request, KEY) is not None or isinstance(request, CreateHire)
    assert vendors.done(write.vendor, write.shows) == write.times
    assert "Ada" not in str(told.value)
    assert "ada@" not in str(told.value)


@pytest.mark.parametrize("lie", ["drop_after", "html_after"])
@pytest.mark.parametrize(
    ("port", "verb", "request_"),
    [
        ("smtp", "send", writing),
        ("questionnaire", "ask", asking),
        ("manual_screening", "order", ordering),
    ],
)
def test_a_lie_about_a_letter_is_looked_up_and_it_is_sent_once(
    vendors: Vendors, port: str, verb: str, request_: Callable[[Vendors], Request], lie: str
) -> None:
    request = request_(vendors)
    vendors.mail.faults.append(lie)

    with pytest.raises(OutcomeUnknown):
        getattr(vendors.ports[port], verb)(request, KEY)

    assert vendors.ports[port].find(request, KEY) is not None
    assert vendors.done("smtp", "messages") == 1


KINDS = (
    ports.JobBoard,
    ports.ApplicantTracker,
    ports.BackgroundScreener,
    ports.ReferenceChecker,
    ports.SignatureProvider,
    ports.Payroll,
    ports.Messenger,
)


def test_every_write_of_every_kind_is_lied_about() -> None:
    verbs = {name for kind in KINDS for name, _ in inspect.getmembers(kind, inspect.isfunction)}
    reads = {"changes", "find", "check"}
    lied_about = {write.verb for write in WRITES} | {"send", "ask"}

    published = {"publish"}  # compared byte by byte with what is stored
    assert {verb for verb in verbs - reads if not verb.startswith("_")} == lied_about | published
