"""BambooHR: hires are created once, read back strictly, corrected; nobody is missed or hidden."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from connectors.access import Access
from connectors.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.payload import Payload
from connectors.payroll.bamboohr import connect, read_webhook, verify_webhook
from connectors.payroll.bamboohr.rows import NOT_BEGUN, dollars, listed, read_location
from connectors.ports import Payroll
from connectors.records import (
    CloseJob,
    CorrectHire,
    CreateHire,
    Employee,
    OnboardingStatus,
    Page,
    PayUnit,
    Place,
)
from deployments.sandbox.bamboohr import REFERENCE_FIELD, BambooHR
from deployments.sandbox.server import Answer, Request, Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
START = date(2026, 3, 16)
DENVER = Place(code="US-CO", city="Denver", country="US")
TEXT = st.none() | st.sampled_from(["", "0000-00-00", "2026-03-16", "soon", "\x00"])
NEW_YORK = Place(code="US-NY-NYC", city="New York", country="US")


class _People:
    """Everyone whose address starts with "wrong" is mistyped by the clerk."""

    def by_email(self, email: str) -> Any:
        return SimpleNamespace(behaviour=SimpleNamespace(pay_error=email.startswith("wrong")))


@dataclass
class Office:
    """The vendor, the port to it, and the clock between them."""

    vendor: BambooHR
    sandbox: Sandbox
    url: str

    def port(self, key: str = "sandbox-bamboohr", **more: str) -> Payroll:
        options = {"reference_field": REFERENCE_FIELD, **more}
        return connect(Access(f"{self.url}/bamboohr", key, options=options), sleep=lambda _: None)

    def fail(self, match: str, *faults: str) -> None:
        self.sandbox.faults.append({"vendor": "bamboohr", "match": match, "faults": list(faults)})

    def later(self, **delta: float) -> None:
        self.sandbox.advance(self.vendor.world.now + timedelta(**delta))

    def pages(self, cursor: str | None, *watching: str) -> tuple[list[Page], str | None]:
        pages = list(self.port().changes("employees", cursor, watching))
        return pages, pages[-1].cursor if pages else cursor

    def changed(self, cursor: str | None, *watching: str) -> tuple[list[Employee], str | None]:
        pages, cursor = self.pages(cursor, *watching)
        found = [r for page in pages for r in page.records if isinstance(r, Employee)]
        return found, cursor


@pytest.fixture
def office() -> Iterator[Office]:
    vendor = BambooHR(World(seed=7, now=NOW), _People())
    sandbox = Sandbox(vendor.world, [vendor])
    yield Office(vendor, sandbox, sandbox.start())
    sandbox.stop()


def a_hire(**changed: Any) -> CreateHire:
    hire = CreateHire(
        application_key="HARBOR-3.aa",
        first_name="Ada",
        last_name="Byron",
        email="ada@example.test",
        title="Electrician",
        start_on=START,
        rate_cents=3850,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=DENVER,
        entity="Harbor Works Inc.",
    )
    return hire.model_copy(update=changed)


def the_terms_of(hire: CreateHire, employee_ref: str) -> CorrectHire:
    terms = ("start_on", "rate_cents", "unit", "exempt", "work_place")
    return CorrectHire(employee_ref=employee_ref, **{name: getattr(hire, name) for name in terms})


def test_a_hire_is_read_back_with_the_signed_terms(office: Office) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id

    ((ada,), _) = office.changed(None, ref)

    assert (ada.external_id, ada.application_key) == (ref, "HARBOR-3.aa")
    assert (ada.entity, ada.title, ada.work_place) == (
        "Harbor Works Inc.",
        "Electrician",
        "Denver, CO",
    )
    assert (ada.start_on, ada.rate_cents, ada.unit) == (START, 3850, PayUnit.HOUR)
    assert (ada.onboarding, ada.updated_at) == (OnboardingStatus.IN_PROGRESS, NOW)


@pytest.mark.parametrize("unit", PayUnit)
def test_every_unit_of_pay_comes_back_as_it_was_written(office: Office, unit: PayUnit) -> None:
    ref = office.port().create_hire(a_hire(unit=unit), "k1").external_id
    assert [hire.unit for hire in office.changed(None, ref)[0]] == [unit]


def test_a_hire_asked_for_twice_is_there_once(office: Office) -> None:
    first = office.port().create_hire(a_hire(), "k1")
    assert office.port().create_hire(a_hire(), "k1") == first
    assert office.vendor.received["employees"] == ["HARBOR-3.aa"]
    assert len(office.vendor.received["rows"]) == 2


def test_a_hire_is_found_on_the_last_page_among_namesakes(office: Office) -> None:
    for n in range(7):
        namesake = a_hire(application_key=f"HARBOR-3.{n}", email=f"p{n}@example.test")
        office.port().create_hire(namesake, str(n))

    assert office.port().find(a_hire(), "k1") is None
    ref = office.port().create_hire(a_hire(), "k1")
    assert office.port().find(a_hire(), "k1") == ref


@pytest.mark.parametrize("step", ["employees$", "jobInfo", "compensation"])
@pytest.mark.parametrize("fault", ["drop_before", "500"])
def test_a_hire_that_stopped_half_way_is_not_found_and_goes_on_from_there(
    office: Office, step: str, fault: str
) -> None:
    office.fail(f"POST .*{step}", fault)
    with pytest.raises(OutcomeUnknown):
        office.port().create_hire(a_hire(), "k1")

    assert office.port().find(a_hire(), "k1") is None
    office.port().create_hire(a_hire(), "k1")

    assert office.vendor.received["employees"] == ["HARBOR-3.aa"]
    assert len(office.vendor.received["rows"]) == 2


def test_where_the_key_may_not_see_a_name_nobody_can_say_that_a_hire_is_not_there(
    office: Office,
) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id
    office.vendor.hidden[ref] = {"lastName", "homeEmail"}

    with pytest.raises(OutcomeUnknown, match="may not see"):
        office.port().find(a_hire(), "k1")
    with pytest.raises(Misconfigured, match="may not see"):
        office.port().create_hire(a_hire(), "k1")
    assert office.vendor.received["employees"] == ["HARBOR-3.aa"]


def test_a_namesake_who_makes_no_sense_to_us_is_no_obstacle(office: Office) -> None:
    namesake = a_hire(application_key="HARBOR-3.bb", email="bob@example.test")
    ref = office.port().create_hire(namesake, "k2").external_id
    office.vendor.clerk_sets(ref, "compensation", rate={"currency": "CAD", "value": "1"})

    assert office.port().find(a_hire(), "k1") is None
    office.port().create_hire(a_hire(), "k1")

    assert office.port().find(a_hire(), "k1") is not None


def test_where_the_key_may_not_see_our_reference_nobody_can_say_whose_hire_it_is(
    office: Office,
) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id
    office.vendor.hidden[ref] = {REFERENCE_FIELD}

    with pytest.raises(OutcomeUnknown, match="may not see"):
        office.port().find(a_hire(), "k1")
    with pytest.raises(Misconfigured, match="may not see"):
        office.port().create_hire(a_hire(), "k1")
    assert office.vendor.received["employees"] == ["HARBOR-3.aa"]


def test_without_a_field_for_our_reference_nobody_is_created(office: Office) -> None:
    office.vendor.fields.remove(REFERENCE_FIELD)

    with pytest.raises(Misconfigured, match=REFERENCE_FIELD):
        office.port().create_hire(a_hire(), "k1")

    assert "employees" not in office.vendor.received


def test_a_person_somebody_else_has_entered_is_not_entered_again(office: Office) -> None:
    office.vendor._hire({"firstName": "Ada", "lastName": "King", "workEmail": "ADA@example.test"})

    with pytest.raises(Refused, match="102 has this e-mail") as told:
        office.port().create_hire(a_hire(), "k1")

    assert "example.test" not in str(told.value)
    assert "employees" not in office.vendor.received


@pytest.mark.parametrize(
    "hire",
    [
        a_hire(title="Lamplighter"),  # archived
        a_hire(title="Astronaut"),
        a_hire(work_place=Place(code="US-CA", city="Fresno", country="US")),
    ],
)
def test_what_is_in_no_list_of_the_clients_is_refused_before_anything_is_written(
    office: Office, hire: CreateHire
) -> None:
    with pytest.raises(Refused):
        office.port().create_hire(hire, "k1")
    assert "employees" not in office.vendor.received


def test_remote_work_has_the_location_the_account_names(office: Office) -> None:
    anywhere = Place(code="US-CA", city="Remote", country="US", remote=True)
    port = office.port(**{"location:US-CA": "Remote"})
    ref = port.create_hire(a_hire(work_place=anywhere), "k1").external_id
    assert [hire.work_place for hire in office.changed(None, ref)[0]] == ["Remote"]


@pytest.mark.parametrize("address", [None, {}, {"city": "Leeds", "state": {"name": "Leeds"}}])
def test_a_location_without_a_whole_address_keeps_no_hire_from_being_read(
    address: dict[str, Any] | None,
) -> None:
    label, _, state = read_location(Payload("bamboohr", {"label": "Leeds", "address": address}))
    assert (label, state) == ("Leeds", "")


def test_what_the_key_may_not_write_is_skipped_without_a_word_and_we_say_so(
    office: Office,
) -> None:
    office.vendor.unwritable = {"exempt"}
    with pytest.raises(Misconfigured, match="not everything was taken"):
        office.port().create_hire(a_hire(), "k1")


def test_only_what_changed_is_read_again(office: Office) -> None:
    hires = [a_hire(application_key=f"H-1.{n}", email=f"p{n}@example.test") for n in range(3)]
    refs = [office.port().create_hire(hire, hire.application_key).external_id for hire in hires]
    found, cursor = office.changed(None, *refs)
    assert [hire.external_id for hire in found] == refs
    office.later(hours=1)
    office.vendor.clerk_sets(refs[1], "compensation", type="Hourly")

    found, cursor = office.changed(cursor, *refs)
    assert refs[1] in [hire.external_id for hire in found]
    office.later(hours=1)
    office.vendor.clerk_sets(refs[2], "compensation", type="Hourly")
    found, cursor = office.changed(cursor, *refs)
    assert refs[2] in [hire.external_id for hire in found]
    assert refs[0] not in [hire.external_id for hire in found]


def test_whom_we_begin_to_watch_late_is_read_although_nothing_has_changed(office: Office) -> None:
    early = office.port().create_hire(a_hire(), "k1").external_id
    late = a_hire(application_key="HARBOR-3.bb", email="bob@example.test")
    ref = office.port().create_hire(late, "k2").external_id
    office.later(hours=1)
    office.vendor.clerk_sets(early, "compensation", type="Hourly")
    _, cursor = office.changed(None, early)

    found, _ = office.changed(cursor, early, ref)

    assert ref in [hire.external_id for hire in found]


def test_an_employee_deleted_there_is_named_and_keeps_no_other_from_being_read(
    office: Office,
) -> None:
    ada = office.port().create_hire(a_hire(), "k1").external_id
    bob = a_hire(application_key="HARBOR-3.bb", email="bob@example.test")
    bob_ref = office.port().create_hire(bob, "k2").external_id
    office.vendor.leave(ada)

    pages, _ = office.pages(None, ada, bob_ref)

    assert [ref for page in pages for ref in page.refused] == [ada]
    assert [r.external_id for page in pages for r in page.records] == [bob_ref]


def test_no_change_at_all_is_an_empty_list_and_no_error(office: Office) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id
    _, cursor = office.changed(None, ref)
    state = json.loads(cursor or "")
    later = json.dumps({**state, "since": (NOW + timedelta(days=1)).isoformat()})
    assert office.changed(later, ref) == ([], later)
    assert office.changed(later) == ([], later)


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("compensation", {"paidPer": "Fortnight"}),
        ("compensation", {"paidPer": None}),
        ("compensation", {"exempt": "Maybe"}),
        ("compensation", {"rate": {"currency": "CAD", "value": "38.50"}}),
        ("compensation", {"rate": "38.50"}),
        ("compensation", {"startDate": "0000-00-00"}),
        ("jobInfo", {"date": None}),
    ],
)
def test_what_makes_no_sense_is_unreadable_for_that_employee_alone(
    office: Office, table: str, values: dict[str, Any]
) -> None:
    ada = office.port().create_hire(a_hire(), "k1").external_id
    bob = a_hire(application_key="HARBOR-3.bb", email="bob@example.test")
    bob_ref = office.port().create_hire(bob, "k2").external_id
    office.vendor.clerk_sets(ada, table, **values)

    pages, _ = office.pages(None, ada, bob_ref)

    assert [ref for page in pages for ref in page.unreadable] == [ada]
    assert [r.external_id for page in pages for r in page.records] == [bob_ref]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda vendor, ref: vendor.employees[ref].update({REFERENCE_FIELD: None}),
        lambda vendor, ref: vendor.employees[ref].update(hireDate=None),
        lambda vendor, ref: vendor.employees[ref].update(status="Inactive"),
        lambda vendor, ref: vendor.tables[ref]["compensation"].clear(),
        lambda vendor, ref: vendor.clerk_sets(ref, "compensation", paidPer="Month"),
    ],
)
def test_an_employee_who_is_no_hire_of_ours_any_more_is_refused(office: Office, spoil: Any) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id
    spoil(office.vendor, ref)
    assert [ref for page in office.pages(None, ref)[0] for ref in page.refused] == [ref]


def test_a_status_we_do_not_know_is_unreadable(office: Office) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id
    office.vendor.employees[ref]["status"] = "On the moon"
    assert [ref for page in office.pages(None, ref)[0] for ref in page.unreadable] == [ref]


def test_nothing_private_is_kept_of_an_employee(office: Office) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id
    office.vendor.employees[ref] |= {"ssn": "078-05-1120", "dateOfBirth": "1990-12-10"}
    office.vendor.clerk_sets(ref, "compensation", comment="078-05-1120", customBank="1234")

    ((ada,), _) = office.changed(None, ref)

    assert b"078-05" not in ada.document
    assert b"1234" not in ada.document
    assert b"1990" not in ada.document


def test_a_clerks_typo_is_corrected_once(office: Office) -> None:
    hire = a_hire(email="wrong@example.test")
    ref = office.port().create_hire(hire, "k1").external_id
    office.later(days=3)
    assert [each.rate_cents for each in office.changed(None, ref)[0]] == [3580]
    correction = the_terms_of(hire, ref)

    assert office.port().find(correction, "c1") is None
    for _ in range(2):
        office.port().correct_hire(correction, "c1")

    assert office.port().find(correction, "c1") is not None
    assert [each.rate_cents for each in office.changed(None, ref)[0]] == [3850]
    assert len(office.vendor.received["corrections"]) == 1


def test_start_pay_and_place_are_corrected_only_where_they_differ(office: Office) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id
    other = a_hire(start_on=date(2026, 3, 9), rate_cents=4000, work_place=NEW_YORK)

    office.port().correct_hire(the_terms_of(other, ref), "c1")

    ((now,), _) = office.changed(None, ref)
    assert (now.start_on, now.rate_cents, now.work_place) == (
        date(2026, 3, 9),
        4000,
        "New York, NY",
    )
    assert office.vendor.received["corrections"] == [
        "HARBOR-3.aa hireDate",
        "HARBOR-3.aa date, location",
        "HARBOR-3.aa exempt, paidPer, rate, startDate, type",
    ]


def test_everybody_is_listed_with_the_day_they_began(office: Office) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id
    (page,) = office.port().changes("all_employees", None, ())
    assert {r.external_id: r.updated_at for r in page.records} == {
        "101": NOT_BEGUN,
        ref: datetime(2026, 3, 16, tzinfo=UTC),
    }


def test_a_list_whose_cursor_is_of_somebody_deleted_is_read_again_later(office: Office) -> None:
    hires = [a_hire(application_key=f"H-1.{n}", email=f"p{n}@example.test") for n in range(3)]
    refs = [office.port().create_hire(hire, hire.application_key).external_id for hire in hires]
    serve = office.vendor.handle

    def deleting(request: Request) -> Answer:
        answer = serve(request)
        office.vendor.employees.pop(refs[1], None)  # the last one of the first page
        return answer

    office.vendor.handle = deleting  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="has changed while it was read"):
        list(office.port().changes("all_employees", None, ()))


def test_pay_statements_are_not_to_be_had(office: Office) -> None:
    assert office.port().resources == ("employees",)
    with pytest.raises(Unsupported):
        list(office.port().changes("pay_statements", None, ["101"]))
    with pytest.raises(Unsupported):
        office.port().find(CloseJob(job_ref="1"), "k1")


@pytest.mark.parametrize("fault", ["429", "500", "drop_before", "html", "truncated", "empty_after"])
def test_reading_is_patient_and_then_says_unavailable(office: Office, fault: str) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id
    office.fail("GET", *[fault] * 4)
    assert len(office.changed(None, ref)[0]) == 1

    office.fail("GET", *[fault] * 5)
    with pytest.raises(Unavailable):
        office.pages(None, ref)


def test_refusals_have_names_and_tell_nothing_of_the_person(office: Office) -> None:
    office.fail("POST", "429")
    with pytest.raises(Unavailable):
        office.port().create_hire(a_hire(), "k1")
    (page, _) = office.port().changes("employees", None, ["999"])
    assert list(page.refused) == ["999"]

    office.vendor.expire()
    with pytest.raises(Misconfigured) as told:
        office.port().create_hire(a_hire(), "k1")
    assert "Ada" not in str(told.value)


def test_bamboohr_says_why_in_a_header_and_when_to_come_back(office: Office) -> None:
    url, auth = f"{office.url}/bamboohr/api/v1/employees", ("sandbox-bamboohr", "x")
    as_json = {"Accept": "application/json"}
    refused = requests.post(url, json={}, auth=auth, timeout=5)
    assert (refused.status_code, refused.content) == (400, b"")
    assert "name" in refused.headers["X-BambooHR-Error-Message"]
    office.fail("GET", "429")
    assert requests.get(url, auth=auth, headers=as_json, timeout=5).headers["Retry-After"] == "1"


def test_a_webhook_counts_only_with_its_signature_over_body_and_time() -> None:
    raw, at = b'{"type":"employee.updated"}', "2026-03-02T09:00:00+0000"
    signature = hmac.new(b"key", raw + at.encode(), hashlib.sha256).hexdigest()
    headers = {"x-bamboohr-signature": signature, "X-BambooHR-Timestamp": at}

    assert verify_webhook(raw, headers, "key")
    assert not verify_webhook(raw + b" ", headers, "key")
    assert not verify_webhook(raw, headers | {"X-BambooHR-Timestamp": "2026"}, "key")
    assert not verify_webhook(raw, headers | {"x-bamboohr-signature": "é"}, "key")
    assert not verify_webhook(raw, {}, "key")
    unkeyed = hmac.new(b"", raw + at.encode(), hashlib.sha256).hexdigest()
    assert not verify_webhook(raw, headers | {"x-bamboohr-signature": unkeyed}, "")


def test_a_webhook_tells_which_employee_it_is_about() -> None:
    data = {"companyId": "4711", "employeeId": "102", "changedFields": ["hireDate"]}
    told = {"type": "employee.updated", "timestamp": "2026-11-23T09:00:00+0000", "data": data}
    event = read_webhook(json.dumps(told).encode())

    assert (event.kind, event.refs) == ("employee.updated", ("102",))
    assert event.at == datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"type": "t", "timestamp": "soon"}'])
def test_a_body_that_is_no_webhook_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_webhook(raw)


@given(st.integers(min_value=1, max_value=10**9))
def test_an_amount_is_read_as_it_was_written(cents: int) -> None:
    assert Payload("bamboohr", {"value": dollars(cents)}).cents("value") == cents


@given(st.fixed_dictionaries({}, optional={"employeeId": TEXT, "hireDate": TEXT}))
def test_a_listed_row_is_read_or_unreadable(row: dict[str, Any]) -> None:
    with suppress(Unreadable):
        assert listed(Payload("bamboohr", row)).external_id == row["employeeId"]
