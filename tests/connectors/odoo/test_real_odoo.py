"""A real Odoo 19 with hr_recruitment, carried from a published job to employee records.

It runs only where FULLCYCLE_ODOO_URL (the address), FULLCYCLE_ODOO_KEY (an administrator's API key)
and, of several databases, FULLCYCLE_ODOO_DATABASE are set. What it makes there stays there.
"""

import base64
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request as Post
from urllib.request import urlopen

import pytest
import requests

from connectors import resume
from connectors.access import Access
from connectors.applicant_tracking import odoo
from connectors.documents import VAULTS
from connectors.errors import Misconfigured, OutcomeUnknown, Refused
from connectors.http import RefusedReply
from connectors.json2 import Odoo
from connectors.payroll import odoo_employees
from connectors.records import (
    AddApplication,
    AddNote,
    Application,
    ArchiveKind,
    CloseJob,
    CorrectHire,
    CreateHire,
    Employee,
    Interview,
    KeepResume,
    MoveApplication,
    OpenJob,
    PayUnit,
    Place,
    RejectApplication,
    Request,
    ScheduleInterview,
    TrackerStage,
)
from deployments.sandbox.odoo import Odoo as StandIn
from deployments.sandbox.paper import pdf
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

URL = os.environ.get("FULLCYCLE_ODOO_URL", "")
pytestmark = [
    pytest.mark.skipif(not URL, reason="needs a real Odoo: set FULLCYCLE_ODOO_URL"),
    pytest.mark.timeout(900),
]
OAKLAND = Place(code="US-CA", city="Oakland", region="CA", country="US")
RUN = f"{int(time.time()):X}"
NAMES = [
    "Zoë Marchetti",
    "Þórður Ægisson",
    "Nguyễn Thị Ánh",
    "محمد بن عبد الله",
    "דוד בן־גוריון",
    "山田 太郎",
    "김민준",
    "Seán O'Connor",
    "D’Arcy O’Brien-Łukasiewicz",
    "Cher",
    "Robert'); DROP TABLE hr_applicant;--",
    '=HYPERLINK("x")',
    "Maria  del   Carmen",
    "İbrahim Şükrü",
    "Wolfeschlegelsteinhausenbergerdorff " * 6,
    "a, b; c",
    "123",
    "None",
    "👩🏽‍⚕️ Ana",
    "Ana\u0308 Mu\u0308ller",
]
STAGES = (
    TrackerStage.SCREEN,
    TrackerStage.SUBMITTED,
    TrackerStage.INTERVIEW,
    TrackerStage.OFFER,
    TrackerStage.HIRED,
)


SAID_ALIKE: list[tuple[str, Any]] = [
    ("hr.applicant/search_read", {"fields": ["nonsense"]}),
    ("hr.applicant/search_read", {"domain": [["nonsense", "=", 1]]}),
    ("hr.applicant/search_read", {"nonsense": 1}),
    ("hr.applicant/search_read", {"domain": [["id", "=", 10**8]], "fields": ["partner_name"]}),
    ("hr.job/search_read", {"domain": [["id", "=", 10**8]], "fields": ["address_id"]}),
    ("hr.recruitment.stage/search_read", {"fields": ["name", "hired_stage"], "limit": 1}),
    ("hr.employee/get_external_id", {"ids": [10**8]}),
    ("hr.applicant/write", {"ids": [10**8], "vals": {"partner_name": "x"}}),
    ("hr.applicant/write", {"ids": [], "vals": {}, "nonsense": 1}),
    ("hr.applicant/write", {"ids": [10**8], "vals": {"nonsense": 1}}),
    ("hr.applicant/load", {"fields": ["id", "job_id/.id"], "data": [["fullcycle.x", "99999999"]]}),
    ("hr.job/load", {"fields": ["id", "name"], "data": [["fullcycle.with a blank", "x"]]}),
    ("hr.applicant/message_post", {"ids": [10**8], "body": "x"}),
    ("hr.applicant/nonsense", {}),
    ("hr.applicant/_read_format", {}),
    ("no.model/search_read", {}),
]


class Lossy(BaseHTTPRequestHandler):
    """Passes on what is asked; while `losing`, the answer to a write does not come back."""

    protocol_version = "HTTP/1.1"
    losing = False

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
        with urlopen(Post(URL + self.path, body, headers), timeout=60) as answer:
            content = answer.read()
        if Lossy.losing and self.path.rpartition("/")[2] in ("load", "write", "message_post"):
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""


@pytest.fixture(scope="module")
def lossy() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lossy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def access(url: str = URL) -> Access:
    options = {"stage:submitted": "submitted"}
    if database := os.environ.get("FULLCYCLE_ODOO_DATABASE"):
        options["database"] = database
    return Access(base_url=url, key=os.environ["FULLCYCLE_ODOO_KEY"], options=options)


@pytest.fixture(scope="module")
def raw() -> Odoo:
    """What the account needs beside what Odoo comes with, and a look at what is there."""
    raw = Odoo("test", access())
    raw.make("hr.recruitment.stage", "stage_submitted", {"name": "Submitted", "sequence": "1"})
    if not raw.rows("hr.work.location", [("name", "=", "Oakland, CA")], ("name",)):
        address = raw.rows("res.company", [], ("partner_id",))[0]["partner_id"][0]
        values = {"name": "Oakland, CA", "address_id/.id": str(address), "location_type": "office"}
        raw.make("hr.work.location", "place_oakland", values)
    return raw


def opening(code: str) -> OpenJob:
    return OpenJob(requisition=f"{code}-{RUN}", title="Night nurse", place=OAKLAND, headcount=100)


def applying(job: str, number: int, name: str, email: str | None = None) -> AddApplication:
    return AddApplication(
        application_key=f"REAL-{RUN}.{job}x{number}",
        job_ref=job,
        name=name,
        email=email,
        phone="+1 510 555 0100",
        source="indeed",
        applied_at=datetime(2026, 3, 2, tzinfo=UTC),
    )


def hiring(key: str, first: str, last: str, email: str) -> CreateHire:
    return CreateHire(
        application_key=key,
        first_name=first,
        last_name=last,
        email=email,
        title="Night nurse",
        start_on=date(2027, 1, 11),
        rate_cents=10_000_000,
        unit=PayUnit.YEAR,
        exempt=False,
        work_place=OAKLAND,
        entity="",
    )


def read(tracker: Any, resource: str, cursor: str | None = None) -> tuple[list[Any], str]:
    pages = list(tracker.changes(resource, cursor, ()))
    assert [page.unreadable for page in pages if page.unreadable] == []
    return [record for page in pages for record in page.records], pages[-1].cursor


def lost_then_done(port: Any, verb: str, request: Request, key: str) -> str:
    """Ask, lose the answer, look for what was asked, and ask again if it is not found."""
    Lossy.losing = True
    try:
        with pytest.raises(OutcomeUnknown):
            getattr(port, verb)(request, key)
    finally:
        Lossy.losing = False
    found = port.find(request, key) or getattr(port, verb)(request, key)
    return str(found.external_id)


def test_a_hundred_difficult_applicants_become_a_hundred_employees(raw: Odoo) -> None:
    tracker, payroll = odoo.connect(access()), odoo_employees.connect(access())
    job = tracker.open_job(opening("HUNDRED"), "job").external_id
    asked = []
    for number in range(100):
        email = f"  Person.{number}.{RUN}@Example.TEST  "
        name = f"{NAMES[number % len(NAMES)]}{number}"
        request = applying(job, number, name, email)
        asked.append((request, tracker.add_application(request, request.application_key)))

    applications = {a.external_id: a for a in read(tracker, "applications")[0] if a.job_ref == job}
    assert len(applications) == 100
    for request, receipt in asked:
        application = applications[receipt.external_id]
        assert application.name == request.name.strip()
        assert application.emails == ((request.email or "").strip(),)
        assert application.stage is TrackerStage.NEW

    for stage in STAGES:
        for _, receipt in asked:
            move = MoveApplication(application_ref=receipt.external_id, to=stage)
            tracker.move(move, "m")
            assert tracker.find(move, "m")
    hires = [
        payroll.create_hire(
            hiring(request.application_key, "", request.name, request.email or ""), "h"
        )
        for request, _ in asked
    ]
    pages = list(payroll.changes("employees", None, [hire.external_id for hire in hires]))
    employees = [
        record for page in pages for record in page.records if isinstance(record, Employee)
    ]

    assert len(employees) == 100
    assert {e.application_key for e in employees} == {r.application_key for r, _ in asked}
    assert {e.rate_cents for e in employees} == {10_000_000}
    assert {e.work_place for e in employees} == {"Oakland, CA"}
    hired = raw.rows("hr.applicant", [("job_id", "=", int(job))], ("employee_id", "partner_name"))
    assert len({row["employee_id"][0] for row in hired}) == 100
    stages = {a.stage for a in read(tracker, "applications")[0] if a.job_ref == job}
    assert stages == {TrackerStage.HIRED}


def test_a_job_is_listed_until_it_is_closed() -> None:
    tracker = odoo.connect(access())
    ref = tracker.open_job(opening("LISTED"), "job").external_id
    before = {job.external_id: job.headcount for job in read(tracker, "open_jobs")[0]}

    tracker.close_job(CloseJob(job_ref=ref), "close")

    assert before[ref] == 100
    assert {job.external_id for job in read(tracker, "open_jobs")[0]} == before.keys() - {ref}


def test_the_resume_of_an_applicant_is_kept(raw: Odoo, tmp_path: Path) -> None:
    vault = VAULTS["folder_vault"].open(Access("", options={"root": str(tmp_path)}))
    tracker = odoo.connect(access(), vault)
    job = tracker.open_job(opening("RESUME"), "job").external_id
    ref = tracker.add_application(applying(job, 1, "Ada"), "add").external_id
    files = {
        "samples.zip": b"PK\x05\x06" + bytes(18),
        "cv.pdf": pdf("Resume"),
        "contract.pdf": pdf("Contract"),
    }
    asked = KeepResume(application_ref=ref, name=f"resumes/{RUN}")
    nobody = tracker.keep_resume(asked, "k")
    common = {"res_model": "hr.applicant", "res_id": int(ref)}
    told = [
        {**common, "name": name, "datas": base64.b64encode(content).decode()}
        for name, content in files.items()
    ]
    raw._ask("ir.attachment", "create", {"vals_list": told})

    tracker.keep_resume(asked, "k")

    assert nobody == resume.NONE
    assert vault.get(f"resumes/{RUN}.pdf") == files["cv.pdf"]


def test_three_hundred_that_share_one_instant_are_all_read(raw: Odoo) -> None:
    tracker = odoo.connect(access())
    job = tracker.open_job(opening("SHARED"), "job").external_id
    _, before = read(tracker, "applications")
    body = {"vals_list": [{"partner_name": f"P{n}", "job_id": int(job)} for n in range(300)]}
    raw._ask("hr.applicant", "create", body)

    rows = raw.rows("hr.applicant", [("job_id", "=", int(job))], ("write_date",))
    assert (len(rows), len({row["write_date"] for row in rows})) == (300, 1)
    changed, after = read(tracker, "applications", before)
    ours = [record.external_id for record in changed if record.job_ref == job]
    assert (len(ours), len(set(ours))) == (300, 300)
    again = read(tracker, "applications", after)[0]
    assert {r.external_id for r in again if r.job_ref == job} == set(ours)


def test_every_write_whose_answer_is_lost_is_done_once(lossy: str, raw: Odoo) -> None:
    tracker = odoo.connect(access(lossy))
    payroll = odoo_employees.connect(access(lossy))
    job = lost_then_done(tracker, "open_job", opening("LOST"), "job")
    person = applying(job, 1, "Ada O'Neill", f"Lost.{RUN}@example.test ")
    ref = lost_then_done(tracker, "add_application", person, "add")
    nameless = applying(job, 2, "Без почты")
    other = lost_then_done(tracker, "add_application", nameless, "add2")
    lost_then_done(
        tracker, "move", MoveApplication(application_ref=ref, to=TrackerStage.INTERVIEW), "move"
    )
    lost_then_done(tracker, "add_note", AddNote(candidate_ref=ref, text="a <b> & c\nd"), "note")
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    colleague = f"panel.{RUN}@odoo.example".lower()
    raw.make("res.partner", f"interviewer_{RUN}", {"name": "Panel", "email": colleague})
    interview = ScheduleInterview(
        application_ref=ref,
        round="panel",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        interviewers=(colleague.upper(),),
    )
    event = lost_then_done(tracker, "schedule_interview", interview, f"interview {RUN}")
    reject = RejectApplication(application_ref=other, reason="withdrew", by_candidate=True)
    lost_then_done(tracker, "reject", reject, "reject")
    lost_then_done(
        tracker, "move", MoveApplication(application_ref=ref, to=TrackerStage.HIRED), "hired"
    )
    hire = hiring(person.application_key, "Ada", "O'Neill", person.email or "")
    employee = lost_then_done(payroll, "create_hire", hire, "hire")
    correction = CorrectHire(
        employee_ref=employee,
        start_on=date(2027, 2, 1),
        rate_cents=4_275,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=OAKLAND,
    )
    lost_then_done(payroll, "correct_hire", correction, "correct")
    lost_then_done(tracker, "close_job", CloseJob(job_ref=job), "close")

    everyone = ("active", "in", [True, False])
    title = f"Night nurse (LOST-{RUN})"
    assert len(raw.rows("hr.job", [("name", "=", title), everyone], ("name",))) == 1
    assert len(raw.rows("hr.applicant", [("job_id", "=", int(job)), everyone], ("id",))) == 2
    notes = [
        ("model", "=", "hr.applicant"),
        ("res_id", "=", int(ref)),
        ("body", "like", "fullcycle"),
    ]
    assert len(raw.rows("mail.message", notes, ("body",))) == 1
    assert len(raw.rows("calendar.event", [("applicant_id", "=", int(ref))], ("name",))) == 1
    same = [("private_email", "=ilike", f"lost.{RUN}@example.test"), everyone]
    assert [str(row["id"]) for row in raw.rows("hr.employee", same, ("name",))] == [employee]

    records = {r.external_id: r for r in read(tracker, "applications")[0]}
    refused = records[other]
    assert isinstance(refused, Application)
    assert (refused.stage, refused.archive_kind) == (
        TrackerStage.ARCHIVED,
        ArchiveKind.BY_CANDIDATE,
    )
    meeting = next(r for r in read(tracker, "interviews")[0] if r.external_id == event)
    assert isinstance(meeting, Interview)
    assert (meeting.round, meeting.starts_at) == ("panel", starts_at)
    corrected = next(iter(payroll.changes("employees", None, [employee]))).records[0]
    assert isinstance(corrected, Employee)
    assert (corrected.rate_cents, corrected.unit) == (4_275, PayUnit.HOUR)
    assert corrected.start_on == date(2027, 2, 1)


def test_ten_at_the_same_time_make_one_employee(raw: Odoo) -> None:
    payroll = odoo_employees.connect(access())
    hire = hiring(f"SAME-{RUN}.1", "Grace", "Hopper", f"same.{RUN}@example.test")

    def make(_: int) -> str | None:
        try:
            return payroll.create_hire(hire, "h").external_id
        except (Refused, OutcomeUnknown):
            return None

    with ThreadPoolExecutor(10) as threads:
        made = set(threads.map(make, range(10))) - {None}

    same = [("private_email", "=", hire.email), ("active", "in", [True, False])]
    assert {str(row["id"]) for row in raw.rows("hr.employee", same, ("name",))} == made
    assert len(made) == 1


@pytest.mark.parametrize(("call", "body"), SAID_ALIKE)
def test_the_stand_in_says_what_the_real_one_says(call: str, body: Any) -> None:
    vendor = StandIn(World(seed=7, now=datetime(2026, 3, 2, tzinfo=UTC)))
    sandbox = Sandbox(vendor.world, [vendor])
    url = sandbox.start() + vendor.prefix
    try:
        assert shape(url, vendor.key, call, body) == shape(URL, access().key, call, body)
    finally:
        sandbox.stop()


def shape(url: str, key: str, call: str, body: Any) -> tuple[int, Any]:
    """The status, and what there is in the answer but for its values."""
    headers = {"Authorization": f"bearer {key}"}
    answer = requests.post(f"{url}/json/2/{call}", json=body, headers=headers, timeout=60)
    told = answer.json()
    if isinstance(told, dict) and "name" in told:
        return answer.status_code, (told["name"], sorted(told))
    if isinstance(told, dict) and "messages" in told:
        named = [message.get("field") for message in told["messages"]]
        return answer.status_code, (told["ids"], named, sorted(told))
    return answer.status_code, told


def test_a_wrong_field_is_refused_at_once_and_a_wrong_key_is_misconfigured(raw: Odoo) -> None:
    waits: list[float] = []
    impatient = Odoo("test", access(), waits.append)

    with pytest.raises(RefusedReply):
        impatient.rows("hr.applicant", [], ("nonsense",))
    with pytest.raises(Misconfigured):
        Odoo("test", Access(base_url=URL, key="wrong")).rows("hr.applicant", [], ("id",))
    assert waits == []
