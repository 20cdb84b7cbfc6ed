"""Gusto: hires are created once, read back strictly, corrected, and their pay stubs read once."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from connectors.access import Access
from connectors.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.payroll.gusto import connect, read_webhook, verify_webhook
from connectors.payroll.gusto.rows import NOT_BEGUN, ONBOARDING
from connectors.ports import Payroll
from connectors.records import (
    CloseJob,
    CorrectHire,
    CreateHire,
    Employee,
    OnboardingStatus,
    PayStatement,
    PayUnit,
    Place,
)
from deployments.sandbox.gusto import COMPANY, Gusto
from deployments.sandbox.server import Answer, Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DENVER = Place(code="US-CO", city="Denver", country="US")
NEW_YORK = Place(code="US-NY-NYC", city="New York", country="US")
START = date(2026, 3, 16)
PAY = "flsa_status, payment_unit, rate"


class _People:
    """Everyone whose address starts with "wrong" is mistyped by the clerk."""

    def by_email(self, email: str) -> Any:
        return SimpleNamespace(behaviour=SimpleNamespace(pay_error=email.startswith("wrong")))


@dataclass
class Office:
    """The vendor, the port to it, and the clock between them."""

    vendor: Gusto
    sandbox: Sandbox
    url: str

    def port(self, key: str = "sandbox-gusto", company: str = COMPANY, **more: str) -> Payroll:
        access = Access(f"{self.url}/gusto", key, options={"company": company, **more})
        return connect(access, sleep=lambda _: None)

    def fail(self, match: str, *faults: str) -> None:
        plan = {"vendor": "gusto", "match": match, "faults": list(faults)}
        requests.post(f"{self.url}/__sandbox/faults", json=plan, timeout=5)

    def later(self, **delta: float) -> None:
        self.sandbox.advance(self.vendor.world.now + timedelta(**delta))


@pytest.fixture
def office() -> Iterator[Office]:
    world = World(seed=7, now=NOW)
    vendor = Gusto(world, _People())
    sandbox = Sandbox(world, [vendor])
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
    return CorrectHire(
        employee_ref=employee_ref,
        start_on=hire.start_on,
        rate_cents=hire.rate_cents,
        unit=hire.unit,
        exempt=hire.exempt,
        work_place=hire.work_place,
    )


def employees(port: Payroll, *batches: str) -> list[Employee]:
    pages = port.changes("employees", None, batches)
    return [r for page in pages for r in page.records if isinstance(r, Employee)]


def pay(port: Payroll, cursor: str | None, *refs: str) -> tuple[list[PayStatement], str | None]:
    statements: list[PayStatement] = []
    for page in port.changes("pay_statements", cursor, refs):
        statements += [r for r in page.records if isinstance(r, PayStatement)]
        cursor = page.cursor
    return statements, cursor


def hired(office: Office, hire: CreateHire, days: float = 8) -> Employee:
    """Create a hire and wait until onboarding is complete."""
    batch = office.port().create_hire(hire, hire.application_key).external_id
    office.later(days=days)
    return employees(office.port(), batch)[0]


def test_a_hire_is_readable_once_its_batch_is_processed(office: Office) -> None:
    batch = office.port().create_hire(a_hire(), "k1").external_id
    assert employees(office.port(), batch) == []

    office.later(minutes=5)
    (ada,) = employees(office.port(), batch)

    assert ada.application_key == "HARBOR-3.aa"
    assert ada.onboarding is OnboardingStatus.INVITED
    assert (ada.entity, ada.title, ada.work_place) == (
        "Harbor Works Inc.",
        "Electrician",
        "Denver, CO",
    )
    assert (ada.start_on, ada.rate_cents, ada.unit) == (START, 3850, PayUnit.HOUR)
    assert ada.updated_at == NOW + timedelta(minutes=5)


def test_onboarding_moves_on_until_it_is_complete(office: Office) -> None:
    batch = office.port().create_hire(a_hire(), "k1").external_id
    seen = []
    for _ in range(8 * 24):
        office.later(hours=1)
        seen += [e.onboarding for e in employees(office.port(), batch)]
    assert list(dict.fromkeys(seen)) == [
        OnboardingStatus.INVITED,
        OnboardingStatus.IN_PROGRESS,
        OnboardingStatus.AWAITING_REVIEW,
        OnboardingStatus.COMPLETE,
    ]


def test_the_same_key_makes_one_hire_and_names_the_same_batch(office: Office) -> None:
    first = office.port().create_hire(a_hire(), "k1")
    again = office.port().create_hire(a_hire(), "k1")
    office.later(minutes=5)

    assert again == first
    assert office.vendor.received["people_batches"] == ["HARBOR-3.aa"]
    assert office.vendor.received["employees"] == ["ada@example.test"]


def test_a_hire_made_twice_past_the_key_shows_in_the_vendors_record(office: Office) -> None:
    person = {"first_name": "Ada", "last_name": "Byron", "email": "ada@example.test"}
    url = f"{office.url}/gusto/v1/companies/{COMPANY}/employees"
    auth = {"Authorization": "Bearer sandbox-gusto"}
    made = [requests.post(url, json=person, headers=auth, timeout=5).json() for _ in range(2)]

    assert made[0]["uuid"] != made[1]["uuid"]
    assert office.vendor.received["employees"] == ["ada@example.test"] * 2


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "500", "html", "truncated"])
def test_a_lost_answer_is_found_by_posting_the_same_key_again(office: Office, fault: str) -> None:
    port = office.port()
    office.fail("POST .*people_batches", fault)
    with pytest.raises(OutcomeUnknown):
        port.create_hire(a_hire(), "k1")

    assert port.find(a_hire(), "k1") is None
    batch = port.create_hire(a_hire(), "k1").external_id

    office.later(minutes=5)
    assert len(employees(port, batch)) == 1
    assert office.vendor.received["employees"] == ["ada@example.test"]


def test_nothing_the_employee_must_enter_is_ever_sent(office: Office) -> None:
    office.port().create_hire(a_hire(), "k1")
    ((entity,),) = office.vendor.submitted.values()
    assert set(entity["person"]) == {
        "external_id",
        "first_name",
        "last_name",
        "email",
        "self_onboarding",
    }
    assert set(entity) == {"entity_type", "person", "work_address", "job", "compensation"}


def test_what_the_employee_entered_is_not_kept(office: Office) -> None:
    ada = hired(office, a_hire())
    kept = json.loads(ada.document)["employee"]
    assert kept["onboarding_status"] == "onboarding_completed"
    assert not kept.keys() & {"ssn", "date_of_birth", "custom_fields"}


@pytest.mark.parametrize(
    ("unit", "exempt", "expected"),
    [
        (PayUnit.HOUR, False, ("38.50", "Hour", "Nonexempt")),
        (PayUnit.YEAR, True, ("38.50", "Year", "Exempt")),
        (PayUnit.YEAR, False, ("38.50", "Year", "Salaried Nonexempt")),
    ],
)
def test_pay_is_told_in_gustos_words(
    office: Office, unit: PayUnit, exempt: bool, expected: tuple[str, str, str]
) -> None:
    hired(office, a_hire(unit=unit, exempt=exempt))
    (employee,) = office.vendor.employees.values()
    told = employee["jobs"][0]["compensations"][0]
    assert (told["rate"], told["payment_unit"], told["flsa_status"]) == expected


def test_pay_by_the_day_cannot_be_told(office: Office) -> None:
    with pytest.raises(Unsupported):
        office.port().create_hire(a_hire(unit=PayUnit.DAY), "k1")


def test_a_place_is_found_on_the_last_page_of_locations(office: Office) -> None:
    remote = Place(code="US", city="Remote", country="US", remote=True)
    assert hired(office, a_hire(work_place=remote)).work_place == "Remote, CA"


def test_a_place_gusto_does_not_know_is_refused_with_the_remedy(office: Office) -> None:
    boise = Place(code="US-ID", city="Boise", country="US")
    with pytest.raises(Refused, match="location:US-ID"):
        office.port().create_hire(a_hire(work_place=boise), "k1")


def test_an_option_names_the_location_of_a_place(office: Office) -> None:
    austin = next(place for place in office.vendor.locations if place["city"] == "Austin")
    port = office.port(**{"location:US-CO": austin["uuid"]})
    batch = port.create_hire(a_hire(), "k1").external_id
    office.later(minutes=5)
    assert employees(port, batch)[0].work_place == "Austin, TX"


def test_a_failed_batch_names_the_fields_and_no_person_and_others_are_still_read(
    office: Office,
) -> None:
    port = office.port(**{"location:US-CO": "no-such-location"})
    bad = port.create_hire(a_hire(), "k1").external_id
    other = a_hire(application_key="HARBOR-3.bb", email="bob@example.test", work_place=NEW_YORK)
    good = port.create_hire(other, "k2").external_id
    office.later(minutes=5)

    refused, shown = port.changes("employees", None, [bad, good])

    assert [getattr(record, "application_key", "") for record in shown.records] == ["HARBOR-3.bb"]
    assert "work_address, location_uuid" in refused.refused[bad]
    assert "ada" not in refused.refused[bad].lower()


def test_a_new_onboarding_status_is_unreadable(office: Office) -> None:
    batch = office.port().create_hire(a_hire(), "k1").external_id
    office.later(minutes=5)
    (ada,) = office.vendor.employees.values()
    ada["onboarding_status"] = "self_onboarding_paused"

    (page,) = office.port().changes("employees", None, [batch])

    assert (page.records, list(page.unreadable)) == ((), [batch])


@pytest.mark.parametrize("status", ONBOARDING)
def test_every_onboarding_status_gusto_documents_is_understood(office: Office, status: str) -> None:
    batch = office.port().create_hire(a_hire(), "k1").external_id
    office.later(minutes=5)
    (ada,) = office.vendor.employees.values()
    ada["onboarding_status"] = status
    assert employees(office.port(), batch)[0].onboarding is ONBOARDING[status]


def test_a_unit_no_offer_has_is_refused_and_can_be_corrected(office: Office) -> None:
    ada = hired(office, a_hire())
    compensation = office.vendor.employees[ada.external_id]["jobs"][0]["compensations"][0]
    compensation["payment_unit"] = "Month"
    (batch,) = office.vendor.batches
    (page,) = office.port().changes("employees", None, [batch])
    assert "month" in page.refused[batch]

    office.port().correct_hire(the_terms_of(a_hire(), ada.external_id), "c1")
    assert employees(office.port(), batch)[0].unit is PayUnit.HOUR


def test_the_first_pay_statement_matches_the_offer(office: Office) -> None:
    ada = hired(office, a_hire())
    statements, cursor = pay(office.port(), None, ada.external_id)
    assert statements == []

    office.sandbox.advance(datetime(2026, 4, 3, 9, tzinfo=UTC))
    ((statement,), cursor) = pay(office.port(), cursor, ada.external_id)

    assert statement.employee_ref == ada.external_id
    assert (statement.period_start_on, statement.period_end_on, statement.check_on) == (
        date(2026, 3, 14),
        date(2026, 3, 27),
        date(2026, 4, 3),
    )
    assert (statement.rate_cents, statement.unit) == (3850, PayUnit.HOUR)
    assert statement.gross_cents == 3850 * 80
    assert (statement.start_on, statement.work_place) == (START, "Denver, CO")
    assert statement.entity == "Harbor Works Inc."


def test_a_salary_is_paid_by_the_share_of_working_days(office: Office) -> None:
    salary = a_hire(
        rate_cents=13_000_000, unit=PayUnit.YEAR, exempt=True, start_on=date(2026, 3, 18)
    )
    ada = hired(office, salary)
    office.sandbox.advance(datetime(2026, 4, 3, 9, tzinfo=UTC))
    ((statement,), _) = pay(office.port(), None, ada.external_id)
    assert statement.gross_cents == 13_000_000 // 26 * 8 // 10


def test_pay_stubs_are_turned_to_the_last_page_and_read_once(office: Office) -> None:
    ada = hired(office, a_hire())
    office.later(days=14 * 5)
    statements, cursor = pay(office.port(), None, ada.external_id)
    assert len(statements) == 4
    assert pay(office.port(), cursor, ada.external_id) == ([], cursor)

    office.later(days=14)
    new, _ = pay(office.port(), cursor, ada.external_id)
    assert len(new) == 1
    assert new[0].check_on > statements[-1].check_on


def test_a_raise_counts_from_the_period_it_is_in_force_and_is_corrected_too(
    office: Office,
) -> None:
    ada = hired(office, a_hire())
    job = office.vendor.employees[ada.external_id]["jobs"][0]
    raised = {"uuid": "raise", "rate": "50.00", "effective_date": "2026-04-10"}
    job["compensations"].append({**job["compensations"][0], **raised})
    office.later(days=14 * 4)

    statements, _ = pay(office.port(), None, ada.external_id)
    assert [s.rate_cents for s in statements] == [3850, 5000, 5000]

    correction = the_terms_of(a_hire(), ada.external_id)
    assert office.port().find(correction, "c1") is None
    office.port().correct_hire(correction, "c1")
    assert [c["rate"] for c in job["compensations"]] == ["38.50", "38.50"]


def test_a_payroll_not_processed_proves_nothing(office: Office) -> None:
    ada = hired(office, a_hire())
    office.sandbox.advance(datetime(2026, 4, 3, 9, tzinfo=UTC))
    (payroll,) = office.vendor.payrolls.values()

    payroll["processed"] = False
    assert pay(office.port(), None, ada.external_id)[0] == []

    payroll["processed"] = True
    assert len(pay(office.port(), None, ada.external_id)[0]) == 1


def test_a_field_gusto_never_sent_before_is_reported(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    ada = hired(office, a_hire())
    office.sandbox.advance(datetime(2026, 4, 3, 9, tzinfo=UTC))
    pay(office.port(), None, ada.external_id)
    assert not caplog.records

    office.vendor.pay_stubs[ada.external_id][0]["paid_in_kind"] = "yes"
    pay(office.port(), None, ada.external_id)
    assert [record.message for record in caplog.records] == ["vendor drift"]


def test_a_listed_job_without_a_hire_date_has_yet_to_begin(office: Office) -> None:
    hired(office, a_hire())
    (employee,) = office.vendor.employees.values()
    del employee["jobs"][0]["hire_date"]

    (page,) = office.port().changes("all_employees", None, ())
    assert [each.updated_at for each in page.records] == [NOT_BEGUN]


def test_amounts_are_read_as_text_and_as_numbers(office: Office) -> None:
    ada = hired(office, a_hire())
    office.sandbox.advance(datetime(2026, 4, 3, 9, tzinfo=UTC))
    (stub,) = office.vendor.pay_stubs[ada.external_id]
    assert stub["gross_pay"] == "3080.00"
    stub["gross_pay"] = 3080.0
    assert pay(office.port(), None, ada.external_id)[0][0].gross_cents == 308_000


def test_a_clerks_typo_shows_in_the_first_statement_and_is_gone_from_the_next(
    office: Office,
) -> None:
    hire = a_hire(email="wrong@example.test")
    ada = hired(office, hire)
    office.sandbox.advance(datetime(2026, 4, 3, 9, tzinfo=UTC))
    ((first,), cursor) = pay(office.port(), None, ada.external_id)
    assert first.rate_cents == 3580
    assert first.gross_cents == 3580 * 80

    correction = the_terms_of(hire, ada.external_id)
    assert office.port().find(correction, "c1") is None
    office.port().correct_hire(correction, "c1")

    office.later(days=14)
    ((second,), _) = pay(office.port(), cursor, ada.external_id)
    assert (second.rate_cents, second.gross_cents) == (3850, 3850 * 80)
    assert office.vendor.received["corrections"] == [f"HARBOR-3.aa {PAY}"]


def test_start_pay_and_place_are_corrected_once_and_only_where_they_differ(office: Office) -> None:
    ada = hired(office, a_hire())
    other = a_hire(start_on=date(2026, 3, 23), rate_cents=4000, work_place=NEW_YORK)
    correction = the_terms_of(other, ada.external_id)

    office.port().correct_hire(correction, "c1")
    office.port().correct_hire(correction, "c1")

    (batch,) = office.vendor.batches
    (now,) = employees(office.port(), batch)
    assert (now.start_on, now.rate_cents, now.work_place) == (
        date(2026, 3, 23),
        4000,
        "New York, NY",
    )
    assert now.version != ada.version
    changed = ("hire_date", PAY, "location_uuid")
    assert office.vendor.received["corrections"] == [f"HARBOR-3.aa {what}" for what in changed]


@pytest.mark.parametrize(("fault", "done"), [("drop_after", True), ("drop_before", False)])
def test_a_correction_whose_answer_was_lost_is_found_by_reading_back(
    office: Office, fault: str, done: bool
) -> None:
    ada = hired(office, a_hire())
    correction = the_terms_of(a_hire(rate_cents=4000), ada.external_id)
    office.fail("PUT .*compensations", fault)
    with pytest.raises(OutcomeUnknown):
        office.port().correct_hire(correction, "c1")

    found = office.port().find(correction, "c1")

    assert (found is not None) is done
    assert len(office.vendor.received.get("corrections", [])) == done


@pytest.mark.parametrize("status", [409, 422])
def test_a_correction_crossing_someone_elses_change_is_tried_again_later(
    office: Office, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    ada = hired(office, a_hire())
    correction = the_terms_of(a_hire(rate_cents=4000), ada.external_id)

    def put_after_the_clerk(thing: Any, request: Any, names: Any) -> Answer:
        office.vendor._change(thing, {"title": "Electrician II"})
        return replace(Gusto._put(office.vendor, thing, request, names), status=status)

    with monkeypatch.context() as patch:
        patch.setattr(office.vendor, "_put", put_after_the_clerk)
        with pytest.raises(Unavailable):
            office.port().correct_hire(correction, "c1")

    office.port().correct_hire(correction, "c1")
    assert office.vendor.received["corrections"] == [f"HARBOR-3.aa {PAY}"]


@pytest.mark.parametrize("fault", ["429", "500", "drop_before", "html", "truncated"])
def test_reading_is_patient_and_then_says_unavailable(office: Office, fault: str) -> None:
    batch = office.port().create_hire(a_hire(), "k1").external_id
    office.later(minutes=5)

    office.fail("GET", *[fault] * 4)
    assert len(employees(office.port(), batch)) == 1

    office.fail("GET", *[fault] * 5)
    with pytest.raises(Unavailable):
        employees(office.port(), batch)


def test_refusals_have_names(office: Office) -> None:
    with pytest.raises(Misconfigured):
        office.port(key="another").create_hire(a_hire(), "k1")
    for resource in ("employees", "pay_statements"):
        (page,) = office.port().changes(resource, None, ["nobody-we-know"])
        assert list(page.refused) == ["nobody-we-know"]
    office.fail("POST", "429")
    with pytest.raises(Unavailable):
        office.port().create_hire(a_hire(), "k1")
    with pytest.raises(Unsupported):
        list(office.port().changes("reports", None, []))
    with pytest.raises(Unsupported):
        office.port().find(CloseJob(job_ref="1"), "k1")


def test_gusto_says_when_there_were_too_many_requests(office: Office) -> None:
    url, auth = f"{office.url}/gusto/v1/companies/{COMPANY}", "Bearer sandbox-gusto"
    with requests.Session() as session:
        answers = [session.get(url, headers={"Authorization": auth}) for _ in range(201)]
    assert [a.status_code for a in answers[199:]] == [200, 429]
    assert answers[-1].headers["Retry-After"] == "60"

    office.later(minutes=1)
    assert office.port().create_hire(a_hire(), "k1").external_id


def test_gusto_remembers_after_a_restart(tmp_path: Path) -> None:
    records = []
    for _ in range(2):
        world = World(seed=7, now=NOW)
        vendor = Gusto(world, _People())
        sandbox = Sandbox(world, [vendor], journal=tmp_path / "journal")
        office = Office(vendor, sandbox, sandbox.start())
        office.port().create_hire(a_hire(), "k1")
        sandbox.advance(NOW + timedelta(days=40))
        records.append((vendor.received, vendor.employees, vendor.pay_stubs))
        sandbox.stop()
    assert records[0] == records[1]


def test_another_version_of_the_interface_is_not_acceptable(office: Office) -> None:
    headers = {"Authorization": "Bearer sandbox-gusto", "X-Gusto-API-Version": "2019-01-01"}
    url = f"{office.url}/gusto/v1/companies/{COMPANY}"
    assert requests.get(url, headers=headers, timeout=5).status_code == 406


def test_twenty_hires_are_read_well_within_the_quota(office: Office) -> None:
    port = office.port()
    batches = [
        port.create_hire(
            a_hire(application_key=f"HARBOR-3.{n}", email=f"p{n}@example.test"), str(n)
        )
        for n in range(20)
    ]
    office.later(minutes=5)
    assert len(employees(port, *[batch.external_id for batch in batches])) == 20
    assert max(office.vendor.asked.values()) < 100


def test_a_webhook_counts_only_with_its_signature() -> None:
    raw = b'{"event_type":"employee.onboarded"}'
    signature = hmac.new(b"token", raw, hashlib.sha256).hexdigest()
    assert verify_webhook(raw, {"x-gusto-signature": signature}, "token")
    assert not verify_webhook(raw + b" ", {"X-Gusto-Signature": signature}, "token")
    assert not verify_webhook(raw, {"X-Gusto-Signature": "é"}, "token")
    assert not verify_webhook(raw, {}, "token")
    unkeyed = hmac.new(b"", raw, hashlib.sha256).hexdigest()
    assert not verify_webhook(raw, {"X-Gusto-Signature": unkeyed}, "")


def test_a_webhook_tells_which_employee_it_is_about() -> None:
    told = {"uuid": "e-1", "event_type": "employee.onboarded", "entity_uuid": "w-1"}
    event = read_webhook(json.dumps({**told, "timestamp": 1_795_424_400}).encode())

    assert (event.id, event.kind, event.refs) == ("e-1", "employee.onboarded", ("w-1",))
    assert event.at == datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"uuid": "e", "event_type": "t"}'])
def test_a_body_that_is_no_webhook_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_webhook(raw)
