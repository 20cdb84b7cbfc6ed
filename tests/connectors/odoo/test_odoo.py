"""Odoo, our two connectors against the stand-in, over real HTTP."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.access import Access
from connectors.applicant_tracking import odoo
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.json2 import Odoo as Database
from connectors.payroll import odoo_employees
from connectors.records import (
    AddApplication,
    AddNote,
    Application,
    ArchiveKind,
    CancelOffer,
    CloseJob,
    CorrectHire,
    CreateHire,
    Employee,
    Interview,
    InterviewStatus,
    Job,
    MoveApplication,
    OpenJob,
    PayUnit,
    Place,
    RejectApplication,
    Request,
    ScheduleInterview,
    TrackerStage,
)
from deployments.sandbox.odoo import Odoo
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tests.connectors.tracking import NOW

HOUR = timedelta(hours=1)
OAKLAND = Place(code="US-CA", city="Oakland", region="CA", country="US")
OPEN = OpenJob(requisition="HARBOR-3", title="Night nurse", place=OAKLAND, headcount=2)
LIES = ("drop_after", "truncated", "html_after", "empty_after", "error_in_200", "reshaped")
HIRE = CreateHire(
    application_key="HARBOR-3.ada",
    first_name="Ada",
    last_name="Byron",
    email="Ada@Example.test ",
    title="Night nurse",
    start_on=date(2026, 4, 6),
    rate_cents=10_000_000,
    unit=PayUnit.YEAR,
    exempt=False,
    work_place=OAKLAND,
    entity="Harbor Works, Inc.",
)


@pytest.fixture
def vendor() -> Odoo:
    return Odoo(World(seed=7, now=NOW))


@pytest.fixture
def sandbox(vendor: Odoo) -> Iterator[Sandbox]:
    sandbox = Sandbox(vendor.world, [vendor])
    yield sandbox
    sandbox.stop()


@pytest.fixture
def access(sandbox: Sandbox) -> Access:
    return Access(base_url=sandbox.start() + "/odoo", key="sandbox-odoo")


@pytest.fixture
def tracker(access: Access) -> Any:
    return odoo.connect(access, sleep=lambda _: None)


@pytest.fixture
def payroll(access: Access) -> Any:
    return odoo_employees.connect(access, sleep=lambda _: None)


def fault(sandbox: Sandbox, match: str, *faults: str) -> None:
    sandbox.faults.append({"vendor": "odoo", "match": match, "faults": list(faults)})


def applying(
    job: str, name: str = "Ada", email: str | None = "Ada@Example.test "
) -> AddApplication:
    return AddApplication(
        application_key=f"HARBOR-3.{name}",
        job_ref=job,
        name=name,
        email=email,
        phone=None,
        source="indeed",
        applied_at=NOW,
    )


def read(port: Any, resource: str, cursor: str | None = None, *watching: str) -> tuple[Any, ...]:
    pages = list(port.changes(resource, cursor, watching))
    return [record for page in pages for record in page.records], pages[-1].cursor


def there(tracker: Any) -> tuple[str, str]:
    """A job, and somebody who applies for it."""
    job = tracker.open_job(OPEN, "job").external_id
    return job, tracker.add_application(applying(job), "a").external_id


def test_an_applicant_is_read_as_an_application(tracker: Any) -> None:
    job, ref = there(tracker)

    (application,), _ = read(tracker, "applications")
    assert isinstance(application, Application)
    assert (application.external_id, application.candidate_ref) == (ref, ref)
    assert (application.job_ref, application.name) == (job, "Ada")
    assert application.emails == ("Ada@Example.test",)
    assert (application.stage, application.source) == (TrackerStage.NEW, "Indeed")
    assert application.updated_at == NOW


def test_who_applies_for_no_job_has_not_applied(tracker: Any, vendor: Odoo) -> None:
    vendor.insert("hr.applicant", {"partner_name": "Ada"})

    assert read(tracker, "applications")[0] == []


def test_a_job_is_open_while_it_wants_anybody_or_is_shown(tracker: Any, vendor: Odoo) -> None:
    job = tracker.open_job(OPEN, "job").external_id
    office = vendor.insert("res.partner", {"name": "Oakland Office"})["id"]
    vendor.update("hr.job", int(job), {"address_id": office})
    only_shown = {"no_of_recruitment": 0, "website_published": True}
    shown = str(vendor.insert("hr.job", {"name": "Porter", **only_shown})["id"])
    vendor.insert("hr.job", {"name": "Cook", "no_of_recruitment": 0})
    vendor.insert("hr.job", {"name": "Clerk", "active": False})

    found, _ = read(tracker, "open_jobs")

    assert all(isinstance(each, Job) for each in found)
    assert [(each.external_id, each.title, each.place, each.headcount) for each in found] == [
        (job, "Night nurse (HARBOR-3)", "Oakland Office", 2),
        (shown, "Porter", "", None),
    ]


def test_hundreds_that_share_one_instant_are_all_read_once(tracker: Any, vendor: Odoo) -> None:
    job = tracker.open_job(OPEN, "job").external_id
    for number in range(401):
        vendor.insert("hr.applicant", {"partner_name": f"P{number}", "job_id": int(job)})

    pages = list(tracker.changes("applications", None, ()))
    refs = [record.external_id for page in pages for record in page.records]
    assert (len(pages), len(refs), len(set(refs))) == (3, 401, 401)


def test_what_changes_while_the_list_is_read_is_in_the_next_sync(
    tracker: Any, vendor: Odoo
) -> None:
    job = tracker.open_job(OPEN, "job").external_id
    for number in range(401):
        vendor.insert("hr.applicant", {"partner_name": f"P{number}", "job_id": int(job)})
    vendor.world.advance(NOW + HOUR)
    pages = tracker.changes("applications", None, ())
    next(pages)
    vendor.update("hr.applicant", 1, {"stage_id": 2})
    vendor.world.advance(NOW + 2 * HOUR)
    vendor.update("hr.applicant", 400, {"stage_id": 2})
    cursor = list(pages)[-1].cursor

    changed, _ = read(tracker, "applications", cursor)
    assert {"1", "400"} <= {record.external_id for record in changed}


def test_a_sync_that_was_stopped_goes_on_where_it_was(tracker: Any, vendor: Odoo) -> None:
    job = tracker.open_job(OPEN, "job").external_id
    for number in range(401):
        vendor.insert("hr.applicant", {"partner_name": f"P{number}", "job_id": int(job)})
    first = next(tracker.changes("applications", None, ()))

    rest, _ = read(tracker, "applications", first.cursor)
    assert [record.external_id for record in rest] == [str(n) for n in range(201, 402)]


def test_a_sync_of_interviews_that_was_stopped_still_reads_those_that_ended(
    tracker: Any, vendor: Odoo, access: Access
) -> None:
    _, ref = there(tracker)
    times = {"start": "2026-03-03 09:00:00", "stop": "2026-03-03 10:00:00"}
    for number in range(201):
        vendor.insert("calendar.event", {"name": f"r{number}", "applicant_id": int(ref), **times})
    _, cursor = read(tracker, "interviews")
    vendor.world.advance(NOW + 48 * HOUR)
    first = next(tracker.changes("interviews", cursor, ()))

    later = odoo.connect(access, sleep=lambda _: None)
    rest, _ = read(later, "interviews", first.cursor)
    assert [interview.round for interview in rest] == ["r200"]
    assert {i.status for i in (*first.records, *rest)} == {InterviewStatus.COMPLETED}


def test_an_hour_later_only_what_changed_is_read(tracker: Any, vendor: Odoo) -> None:
    _, ref = there(tracker)
    vendor.world.advance(NOW + HOUR)
    _, cursor = read(tracker, "applications")
    vendor.insert("hr.applicant", {"partner_name": "Grace", "job_id": 1})
    vendor.world.advance(NOW + 2 * HOUR)
    changed, cursor = read(tracker, "applications", cursor)
    assert {record.external_id for record in changed} == {ref, "2"}

    vendor.world.advance(NOW + 3 * HOUR)
    changed, _ = read(tracker, "applications", cursor)
    assert [record.external_id for record in changed] == ["2"]


def test_who_was_refused_is_still_read(tracker: Any) -> None:
    _, ref = there(tracker)
    reject = RejectApplication(application_ref=ref, reason="withdrew", by_candidate=True)
    assert tracker.find(reject, "r") is None

    tracker.reject(reject, "r")

    (application,), _ = read(tracker, "applications")
    assert application.stage is TrackerStage.ARCHIVED
    assert application.archive_kind is ArchiveKind.BY_CANDIDATE
    assert tracker.find(reject, "r")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"active": False}, ArchiveKind.OTHER),
        ({"refuse_reason_id": 3}, ArchiveKind.BY_EMPLOYER),
        ({"refuse_reason_id": 7}, ArchiveKind.OTHER),
    ],
)
def test_who_ended_it_is_told_by_the_reason_alone(
    tracker: Any, vendor: Odoo, values: dict[str, Any], kind: ArchiveKind
) -> None:
    there(tracker)
    vendor.insert("hr.applicant.refuse.reason", {"name": "Overqualified"})
    vendor.update("hr.applicant", 1, values)

    (application,), _ = read(tracker, "applications")
    assert application.archive_kind is kind


def test_a_stage_nobody_explained_is_unreadable_for_its_applicants_alone(
    tracker: Any, vendor: Odoo, access: Access
) -> None:
    job, _ = there(tracker)
    vendor.insert("hr.recruitment.stage", {"name": "Take-home test"})
    vendor.insert("hr.applicant", {"partner_name": "Grace", "job_id": int(job), "stage_id": 8})

    (page,) = tracker.changes("applications", None, ())
    assert (len(page.records), list(page.unreadable)) == (1, ["2"])
    assert "stage:take_home_test" in page.unreadable["2"]
    told = Access(access.base_url, access.key, options={"stage:take_home_test": "screen"})
    assert len(read(odoo.connect(told), "applications")[0]) == 2


def test_an_unknown_status_is_unreadable(tracker: Any, vendor: Odoo) -> None:
    there(tracker)
    vendor.tables["hr.applicant"][1]["application_status"] = "thawed"

    (page,) = tracker.changes("applications", None, ())
    assert list(page.unreadable) == ["1"]


def test_an_answer_without_a_field_is_unreadable(tracker: Any, vendor: Odoo) -> None:
    there(tracker)
    shown = vendor._shown
    vendor._shown = lambda row, fields: shown(row, fields - {"email_from"})  # type: ignore[method-assign]

    with pytest.raises(Unreadable, match="email_from"):
        read(tracker, "applications")


def test_an_interview_that_has_ended_is_read_again_as_held(tracker: Any, vendor: Odoo) -> None:
    _, ref = there(tracker)
    vendor.insert("res.partner", {"name": "Kay", "email": "Kay@harbor.example"})
    interview = ScheduleInterview(
        application_ref=ref,
        round="panel",
        starts_at=NOW + 24 * HOUR,
        ends_at=NOW + 25 * HOUR,
        interviewers=("kay@HARBOR.example",),
    )
    event = tracker.schedule_interview(interview, "interview 1").external_id
    again = tracker.schedule_interview(interview, "interview 1").external_id
    (planned,), cursor = read(tracker, "interviews")
    assert isinstance(planned, Interview)
    assert (planned.external_id, again, planned.round) == (event, event, "panel")
    assert planned.interviewers == ("Kay@harbor.example",)
    assert planned.status is InterviewStatus.SCHEDULED

    vendor.world.advance(NOW + 48 * HOUR)
    (held,), _ = read(tracker, "interviews", cursor)
    assert held.status is InterviewStatus.COMPLETED
    assert held.updated_at > planned.updated_at
    vendor.update("calendar.event", int(event), {"active": False})
    assert read(tracker, "interviews")[0][0].status is InterviewStatus.CANCELLED


def test_an_interviewer_odoo_does_not_know_is_refused_unnamed(tracker: Any) -> None:
    _, ref = there(tracker)
    interview = ScheduleInterview(
        application_ref=ref,
        round="panel",
        starts_at=NOW,
        ends_at=NOW + HOUR,
        interviewers=("kay@harbor.example",),
    )

    with pytest.raises(Refused, match="1 interviewers") as refusal:
        tracker.schedule_interview(interview, "i")
    assert "kay" not in str(refusal.value)


def test_a_move_goes_through_every_stage_and_is_found_afterwards(tracker: Any) -> None:
    _, ref = there(tracker)
    for stage in ("screen", "submitted", "interview", "offer", "hired"):
        move = MoveApplication(application_ref=ref, to=TrackerStage(stage))
        assert tracker.find(move, "m") is None
        tracker.move(move, "m")
        assert tracker.find(move, "m")
    assert read(tracker, "applications")[0][0].stage is TrackerStage.HIRED
    first = MoveApplication(application_ref=ref, to=TrackerStage.SCREEN)
    assert tracker.find(first, "m")


def test_closing_a_job_leaves_its_applicants_alone(tracker: Any, vendor: Odoo) -> None:
    job, _ = there(tracker)
    assert vendor.tables["hr.job"][1]["website_published"] is True
    assert tracker.find(CloseJob(job_ref=job), "c") is None

    tracker.close_job(CloseJob(job_ref=job), "c")

    assert tracker.find(CloseJob(job_ref=job), "c")
    assert vendor.tables["hr.job"][1]["active"] is True
    assert read(tracker, "applications")[0][0].stage is TrackerStage.NEW


def test_who_is_there_with_the_same_address_is_not_added_again(tracker: Any, vendor: Odoo) -> None:
    job = tracker.open_job(OPEN, "job").external_id
    vendor.insert(
        "hr.applicant",
        {"partner_name": "Ada B.", "email_from": " ADA@example.TEST", "job_id": int(job)},
    )

    assert tracker.add_application(applying(job), "a").external_id == "1"
    assert vendor.received.get("applications") is None


def test_a_repeated_hire_does_not_undo_what_people_changed(payroll: Any, vendor: Odoo) -> None:
    ref = payroll.create_hire(HIRE, "h").external_id
    vendor.update("hr.employee", int(ref), {"name": "Ada Lovelace"})

    assert payroll.create_hire(HIRE, "h").external_id == ref
    assert vendor.tables["hr.employee"][int(ref)]["name"] == "Ada Lovelace"


def writes(tracker: Any, payroll: Any, vendor: Odoo) -> list[tuple[Any, str, Request, str, str]]:
    job, ref = there(tracker)
    vendor.insert("res.partner", {"name": "Kay", "email": "kay@harbor.example"})
    interview = ScheduleInterview(
        application_ref=ref,
        round="panel",
        starts_at=NOW,
        ends_at=NOW + HOUR,
        interviewers=("kay@harbor.example",),
    )
    employee = payroll.create_hire(HIRE, "h").external_id
    correct = CorrectHire(
        employee_ref=employee,
        start_on=date(2026, 5, 4),
        rate_cents=4_275,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=OAKLAND,
    )
    other = HIRE.model_copy(update={"application_key": "HARBOR-3.bo", "email": "bo@example.test"})
    later = OPEN.model_copy(update={"requisition": "HARBOR-4"})
    move = MoveApplication(application_ref=ref, to=TrackerStage.SCREEN)
    return [
        (tracker, "open_job", later, "hr.job/load", "jobs"),
        (
            tracker,
            "add_application",
            applying(job, "Bo", None),
            "hr.applicant/load",
            "applications",
        ),
        (tracker, "schedule_interview", interview, "calendar.event/load", "interviews"),
        (tracker, "move", move, "hr.applicant/write", "moves"),
        (tracker, "add_note", AddNote(candidate_ref=ref, text="a\n<b>"), "message_post", "notes"),
        (
            tracker,
            "reject",
            RejectApplication(application_ref=ref, reason="not_selected"),
            "hr.applicant/write",
            "rejections",
        ),
        (tracker, "close_job", CloseJob(job_ref=job), "hr.job/write", "closed_jobs"),
        (payroll, "create_hire", other, "hr.employee/load", "employees"),
        (payroll, "correct_hire", correct, "hr.employee/write", "corrections"),
    ]


@pytest.mark.parametrize("lie", LIES)
def test_whatever_becomes_of_the_answer_a_write_is_done_once(
    tracker: Any, payroll: Any, vendor: Odoo, sandbox: Sandbox, lie: str
) -> None:
    for port, verb, request, call, kind in writes(tracker, payroll, vendor):
        before = len(vendor.received.get(kind, []))
        fault(sandbox, call, lie)

        with pytest.raises(OutcomeUnknown):
            getattr(port, verb)(request, "key & co")
        found = port.find(request, "key & co")

        assert found is not None, verb
        assert len(vendor.received[kind]) == before + 1, verb
        if "load" in call:
            assert getattr(port, verb)(request, "key & co") == found
            assert len(vendor.received[kind]) == before + 1, verb


@pytest.mark.parametrize("early", ["500", "drop_before", "html"])
def test_a_write_that_was_not_done_is_not_found(
    tracker: Any, payroll: Any, vendor: Odoo, sandbox: Sandbox, early: str
) -> None:
    for port, verb, request, call, _ in writes(tracker, payroll, vendor):
        fault(sandbox, call, early)

        with pytest.raises(OutcomeUnknown):
            getattr(port, verb)(request, "key")
        assert port.find(request, "key") is None, verb


def test_a_busy_odoo_is_asked_again_when_it_says(access: Access, sandbox: Sandbox) -> None:
    waits: list[float] = []
    tracker = odoo.connect(access, sleep=waits.append)
    fault(sandbox, "search_read", "429", "500")

    assert read(tracker, "applications")[0] == []
    assert 1 in waits


def test_a_wrong_field_is_refused_and_not_asked_again(access: Access) -> None:
    waits: list[float] = []
    database = Database("odoo", access, waits.append)

    with pytest.raises(Refused):
        database.rows("hr.applicant", [], ("nonsense",))
    assert waits == []


@pytest.mark.parametrize(
    ("access_change", "error"),
    [({"key": "ended"}, Misconfigured), ({"base_url": "http://127.0.0.1:9"}, Unavailable)],
)
def test_failures_have_names(
    access: Access, access_change: dict[str, str], error: type[ConnectorError]
) -> None:
    other = Access(**{"base_url": access.base_url, "key": access.key} | access_change)  # type: ignore[arg-type]

    with pytest.raises(error):
        read(odoo.connect(other, sleep=lambda _: None), "applications")


def test_an_account_without_a_key_is_misconfigured() -> None:
    with pytest.raises(Misconfigured):
        odoo.connect(Access(base_url="http://odoo.example"))
    with pytest.raises(Misconfigured):
        odoo.connect(Access("http://odoo.example", "k", options={"stage:x": "nonsense"}))


def test_what_it_cannot_do_is_unsupported(tracker: Any, payroll: Any) -> None:
    for port in (tracker, payroll):
        with pytest.raises(Unsupported):
            port.find(CancelOffer(signature_ref="s"), "k")
        with pytest.raises(Unsupported):
            read(port, "pay_statements")
    daily = HIRE.model_copy(update={"unit": PayUnit.DAY})
    odd = HIRE.model_copy(update={"rate_cents": 10_000_001})
    for hire in (daily, odd):
        with pytest.raises(Unsupported):
            payroll.create_hire(hire, "h")


def test_a_stage_that_is_missing_and_an_applicant_who_is_gone(tracker: Any, vendor: Odoo) -> None:
    _, ref = there(tracker)
    vendor.tables["hr.recruitment.stage"][3]["active"] = False
    with pytest.raises(Misconfigured, match="submitted"):
        tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.SUBMITTED), "m")
    for gone in ("99", "not an id"):
        with pytest.raises(Refused):
            tracker.move(MoveApplication(application_ref=gone, to=TrackerStage.SCREEN), "m")


def test_a_value_that_odoo_does_not_take_is_refused_by_its_field(tracker: Any) -> None:
    with pytest.raises(Refused, match="job_id") as refusal:
        tracker.add_application(applying("99", email=None), "a")
    assert "Ada" not in str(refusal.value)


def test_a_hire_is_read_back_as_it_was_signed_and_linked_to_its_applicant(
    tracker: Any, payroll: Any, vendor: Odoo
) -> None:
    _, ref = there(tracker)
    tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.HIRED), "m")
    employee = payroll.create_hire(HIRE, "h").external_id

    (hired,), _ = read(payroll, "employees", None, employee)
    assert isinstance(hired, Employee)
    assert (hired.application_key, hired.title) == ("HARBOR-3.ada", "Night nurse")
    assert (hired.rate_cents, hired.unit) == (10_000_000, PayUnit.YEAR)
    assert (hired.start_on, hired.work_place) == (date(2026, 4, 6), "Oakland, CA")
    assert hired.entity == "Harbor Works, Inc."
    assert vendor.tables["hr.applicant"][int(ref)]["employee_id"] == int(employee)
    assert "Ada" not in json.loads(hired.document).values()


def test_pay_by_the_hour_is_that_of_somebody_without_working_hours(payroll: Any) -> None:
    hourly = HIRE.model_copy(update={"rate_cents": 4_275, "unit": PayUnit.HOUR})
    employee = payroll.create_hire(hourly, "h").external_id

    (hired,), _ = read(payroll, "employees", None, employee)
    assert (hired.rate_cents, hired.unit) == (4_275, PayUnit.HOUR)


def test_somebody_else_with_the_address_is_not_taken_over(
    tracker: Any, payroll: Any, vendor: Odoo
) -> None:
    _, ref = there(tracker)
    tracker.move(MoveApplication(application_ref=ref, to=TrackerStage.HIRED), "m")
    by_the_button = vendor.insert("hr.employee", {"name": "Ada", "applicant_ids": [int(ref)]})

    with pytest.raises(Refused, match=f"employee {by_the_button['id']}"):
        payroll.create_hire(HIRE, "h")
    vendor.update("hr.applicant", int(ref), {"employee_id": False})
    vendor.update("hr.employee", by_the_button["id"], {"work_email": "ADA@example.test "[:-1]})
    with pytest.raises(Refused, match=f"employee {by_the_button['id']}"):
        payroll.create_hire(HIRE, "h")


def test_a_place_without_a_work_location_is_refused(payroll: Any) -> None:
    oslo = Place(code="NO", city="Oslo", region="", country="NO")
    with pytest.raises(Refused, match="0 work locations"):
        payroll.create_hire(HIRE.model_copy(update={"work_place": oslo}), "h")


def test_an_employee_who_is_not_ours_or_has_left_is_named(payroll: Any, vendor: Odoo) -> None:
    other = vendor.insert("hr.employee", {"name": "Kay"})["id"]
    ours = payroll.create_hire(HIRE, "h").external_id
    vendor.update("hr.employee", int(ours), {"active": False})

    pages = list(payroll.changes("employees", None, [str(other), ours, "99"]))
    assert [list(page.refused) for page in pages] == [[str(other)], [ours], ["99"]]
    everybody, _ = read(payroll, "all_employees")
    assert [record.external_id for record in everybody] == [str(other), ours]


@given(st.integers(min_value=1, max_value=1_000_000_00))
def test_a_whole_amount_a_year_is_read_back_exactly(dollars: int) -> None:
    wage = odoo_employees._wage(dollars * 100, PayUnit.YEAR)

    assert odoo_employees._rate(int(wage * 100), PayUnit.YEAR) == dollars * 100


@given(st.integers(min_value=1, max_value=10**11))
def test_a_rate_read_is_that_of_the_wage_to_half_a_cent(wage_cents: int) -> None:
    rate = odoo_employees._rate(wage_cents, PayUnit.YEAR)

    assert abs(rate - 12 * wage_cents) <= 6
