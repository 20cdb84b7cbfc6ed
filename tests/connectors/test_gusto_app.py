"""Gusto through an App Integration: less may be written, and a hire is told by e-mail alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.access import Access
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Unsupported
from connectors.payroll.gusto import VENDOR
from connectors.payroll.gusto.app import SCOPES, AppIntegration
from connectors.records import (
    CloseJob,
    CorrectHire,
    CreateHire,
    Employee,
    OnboardingStatus,
    Page,
    PayStatement,
    PayUnit,
    Place,
)
from deployments.sandbox.gusto import COMPANY
from deployments.sandbox.gusto_app import GustoApp
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
START = date(2026, 3, 16)
DENVER = Place(code="US-CO", city="Denver", region="CO", country="US")
CHICAGO = Place(code="US-IL", city="Chicago", region="IL", country="US")
LOST = """drop_after truncated html_after empty_after error_in_200 reshaped
    redirect_after""".split()  # noqa: SIM905 - one a line would be long


class _People:
    """Nobody mistypes anything."""

    def by_email(self, email: str) -> Any:
        return SimpleNamespace(behaviour=SimpleNamespace(pay_error=False))


@dataclass
class Office:
    """The vendor, the port to it, and the clock between them."""

    vendor: GustoApp
    sandbox: Sandbox
    url: str

    def port(self, **more: str) -> AppIntegration:
        options = {"company": COMPANY, "product": "app_integrations", **more}
        port = VENDOR.open(Access(f"{self.url}/gusto", "sandbox-gusto", options=options))
        assert isinstance(port, AppIntegration)
        return port

    def fail(self, match: str, *faults: str) -> None:
        self.sandbox.faults.append({"vendor": "gusto", "match": match, "faults": list(faults)})

    def later(self, **delta: float) -> None:
        self.sandbox.advance(self.vendor.world.now + timedelta(**delta))

    def employees(self, *watching: str) -> list[Employee]:
        pages = list(self.port().changes("employees", None, watching))
        return [r for page in pages for r in page.records if isinstance(r, Employee)]

    def working(self, rate: str = "38.50", start: date = START) -> tuple[str, Employee]:
        """A hire to whom the admin has given a job."""
        ref = self.port().create_hire(a_hire(), "k1").external_id
        self.vendor.admin_gives_job("ada@example.test", start.isoformat(), rate)
        (hire,) = self.employees(ref)
        return ref, hire


@pytest.fixture
def office() -> Iterator[Office]:
    vendor = GustoApp(World(seed=7, now=NOW), _People())
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


def test_a_hire_is_invited_and_nobody_until_the_admin_gives_them_a_job(office: Office) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id
    assert office.employees(ref) == []

    office.vendor.admin_gives_job("ada@example.test", "2026-03-16", "38.50")
    (ada,) = office.employees(ref)

    assert ref == f"HARBOR-3.aa:{ada.external_id}"
    assert (ada.application_key, ada.onboarding) == ("HARBOR-3.aa", OnboardingStatus.INVITED)
    assert (ada.start_on, ada.rate_cents, ada.unit) == (START, 3850, PayUnit.HOUR)
    assert (ada.work_place, ada.entity) == ("Denver, CO", "Harbor Works Inc.")


def test_whoever_has_no_job_yet_is_nobody_that_payroll_would_pay(office: Office) -> None:
    def everybody() -> list[str]:
        (page,) = office.port().changes("all_employees", None, [])
        return [record.external_id for record in page.records]

    office.port().create_hire(a_hire(), "k1")
    assert everybody() == []
    office.vendor.admin_gives_job("ada@example.test", "2026-03-16", "38.50")
    assert everybody() == list(office.vendor.employees)


def test_what_the_employee_gives_gusto_is_not_sent(office: Office) -> None:
    office.port().create_hire(a_hire(), "k1")
    (employee,) = office.vendor.employees.values()
    assert (employee["ssn"], employee["date_of_birth"]) == ("", None)


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_hire_is_found_by_e_mail_and_made_once(office: Office, fault: str) -> None:
    office.fail("POST /v1/companies", fault)
    with pytest.raises(OutcomeUnknown):
        office.port().create_hire(a_hire(), "k1")

    found = office.port().find(a_hire(email="ADA@example.test"), "k1")

    assert found and found.external_id.startswith("HARBOR-3.aa:")
    assert office.vendor.received["employees"] == ["ada@example.test"]


def test_a_hire_that_never_went_out_is_not_found(office: Office) -> None:
    office.fail("POST /v1/companies", "drop_before")
    with pytest.raises(OutcomeUnknown):
        office.port().create_hire(a_hire(), "k1")
    assert office.port().find(a_hire(), "k1") is None


def test_whoever_has_the_e_mail_address_already_is_no_new_hire(office: Office) -> None:
    for number in range(4):  # on a page of its own
        office.port().create_hire(a_hire(email=f"hire{number}@example.test"), f"k{number}")
    with pytest.raises(Refused, match="rehire them in Gusto"):
        office.port().create_hire(a_hire(email="hire3@example.test"), "k9")
    assert len(office.vendor.employees) == 4


def test_pay_and_place_are_set_to_what_was_signed_once(office: Office) -> None:
    ref, hire = office.working(rate="33.50")
    request = the_terms_of(a_hire(work_place=CHICAGO), hire.external_id)
    assert office.port().find(request, "k2") is None

    office.port().correct_hire(request, "k2")
    office.port().correct_hire(request, "k2")

    (ada,) = office.employees(ref)
    assert (ada.rate_cents, ada.work_place) == (3850, "Chicago, IL")
    assert office.port().find(request, "k2")
    assert len(office.vendor.received["corrections"]) == 2


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_correction_is_found_by_the_terms(office: Office, fault: str) -> None:
    _, hire = office.working(rate="33.50")
    request = the_terms_of(a_hire(), hire.external_id)
    office.fail("PUT /v1/compensations", fault)
    with pytest.raises(OutcomeUnknown):
        office.port().correct_hire(request, "k2")
    assert office.port().find(request, "k2")


def test_another_first_day_is_left_to_the_admin(office: Office) -> None:
    _, hire = office.working(start=date(2026, 3, 23))
    request = the_terms_of(a_hire(), hire.external_id)
    with pytest.raises(Unsupported, match="first day"):
        office.port().correct_hire(request, "k2")
    assert office.port().find(request, "k2") is None
    assert "corrections" not in office.vendor.received


def paid(office: Office, cursor: str | None, *employees: str) -> list[Page]:
    return list(office.port().changes("pay_statements", cursor, employees))


def test_what_was_paid_is_read_from_the_payrolls_once(office: Office) -> None:
    for number in range(4):
        office.port().create_hire(a_hire(email=f"hire{number}@example.test"), f"k{number}")
        office.vendor.admin_gives_job(f"hire{number}@example.test", "2026-02-02", "50.00")
    _, hire = office.working()
    assert paid(office, None, hire.external_id)[0].records == ()
    office.later(days=33)

    (page,) = paid(office, None, hire.external_id)

    first = page.records[0]
    assert isinstance(first, PayStatement)
    assert (first.rate_cents, first.start_on, first.work_place) == (3850, START, "Denver, CO")
    assert first.gross_cents == 3850 * 80
    assert b"50" not in first.document.replace(first.external_id.encode(), b"")
    assert paid(office, page.cursor, hire.external_id)[0].records == ()


def test_a_payroll_that_ended_before_the_first_day_is_not_asked_for(office: Office) -> None:
    office.port().create_hire(a_hire(email="old@example.test"), "k0")
    office.vendor.admin_gives_job("old@example.test", "2026-02-02", "50.00")
    office.later(days=16)
    _, hire = office.working(start=date(2026, 4, 6))
    office.fail("GET /v1/companies/[^/]+/payrolls/", "html", "html", "html", "html", "html")
    assert paid(office, None, hire.external_id)[0].unreadable == {}


def test_the_token_is_of_this_company_and_allows_what_we_do(office: Office) -> None:
    assert {c.what for c in office.port().check() if c.wrong} <= {"clock"}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_that_is_lacking_is_named(office: Office, scope: str) -> None:
    office.vendor.scopes.remove(scope)
    wrong = {c.what: c.wrong for c in office.port().check() if c.wrong}
    assert scope in wrong["token"]


def test_the_token_of_another_company_is_refused(office: Office) -> None:
    office.vendor.company = "another"
    wrong = {c.what: c.wrong for c in office.port().check() if c.wrong}
    assert "not of this company" in wrong["token"]


def test_a_reference_that_names_no_application_is_a_persons_mistake(office: Office) -> None:
    (page,) = office.port().changes("employees", None, ["d7282d99"])
    assert "APPLICATION:EMPLOYEE" in page.refused["d7282d99"]


def test_an_answer_of_another_shape_proves_nothing(office: Office) -> None:
    office.fail("POST /v1/companies", "reshaped")
    with pytest.raises(OutcomeUnknown):
        office.port().create_hire(a_hire(), "k1")
    assert office.port().find(a_hire(), "k1")


def test_nothing_else_can_be_asked_and_no_other_product_is_known(office: Office) -> None:
    with pytest.raises(Unsupported):
        office.port().find(CloseJob(job_ref="1"), "k")
    with pytest.raises(Misconfigured, match="app_integrations"):
        office.port(product="payroll")
