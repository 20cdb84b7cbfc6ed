"""ADP: hires are begun once, without what is private, read back as workers, and corrected."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from connectors import certificate
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
from connectors.payroll.adp import VENDOR, Adp, connect
from connectors.payroll.adp.rows import (
    NOT_BEGUN,
    Terms,
    begun,
    changed,
    listed,
    named,
    onboarding,
    read_worker,
    reasons,
)
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
from deployments.sandbox import adp as stand_in
from deployments.sandbox import adp_certificate
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
START = date(2026, 3, 16)
DENVER = Place(code="US-CO", city="Denver", region="CO", country="US")
SEATTLE = Place(code="US-WA-SEA", city="Seattle", region="WA", country="US")
TERMS = Terms(pay_periods=26, company_code="HRB", legal_entity="Harbor Works Inc.")
LOST = """drop_after truncated html_after empty_after error_in_200 reshaped
    redirect_after""".split()  # noqa: SIM905 - one a line would be long
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)


class _People:
    """The admin mistypes the rate of everyone whose address starts with "wrong"."""

    def by_email(self, email: str) -> Any:
        return SimpleNamespace(behaviour=SimpleNamespace(pay_error=email.startswith("wrong")))


@dataclass
class Office:
    """The vendor, the port to it, and the clock between them."""

    vendor: stand_in.Adp
    sandbox: Sandbox
    url: str

    def port(self, **more: str) -> Adp:
        port = VENDOR.open(self.account(**more))
        assert isinstance(port, Adp)
        return port

    def account(self, key: str = stand_in.SECRET, **more: str) -> Access:
        pem, private_key = adp_certificate.pems()
        options = {
            "client_id": stand_in.CLIENT_ID,
            "auth_url": f"{self.url}/adp",
            "template": stand_in.TEMPLATE,
            "company_code": stand_in.COMPANY_CODE,
            "legal_entity": stand_in.LEGAL_NAME,
            "pay_periods": "26",
            "change_reason": stand_in.REASON,
            "location:US-WA-SEA": "SEA",
            **more,
        }
        secrets = {"certificate": pem, "private_key": private_key}
        return Access(f"{self.url}/adp", key, options=options, secrets=secrets)

    def fail(self, match: str, *faults: str) -> None:
        self.sandbox.faults.append({"vendor": "adp", "match": match, "faults": list(faults)})

    def later(self, **delta: float) -> None:
        self.sandbox.advance(self.vendor.world.now + timedelta(**delta))

    def employees(self, *watching: str, **more: str) -> list[Employee]:
        return employees(list(self.port(**more).changes("employees", None, watching)))

    def completed(self, hire: CreateHire) -> tuple[str, Employee]:
        ref = self.port().create_hire(hire, "k1").external_id
        self.later(days=4)
        (worker,) = self.employees(ref)
        return ref, worker


@pytest.fixture
def office() -> Iterator[Office]:
    vendor = stand_in.Adp(World(seed=7, now=NOW), _People())
    sandbox = Sandbox(vendor.world, [vendor])
    yield Office(vendor, sandbox, sandbox.start())
    sandbox.stop()


def employees(pages: list[Page]) -> list[Employee]:
    return [r for page in pages for r in page.records if isinstance(r, Employee)]


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


def a_worker(**changed: Any) -> dict[str, Any]:
    pay = {"hourlyRateAmount": {"amountValue": 38.5, "currencyCode": "USD"}}
    assignment = {"itemID": "1N", "primaryIndicator": True, "hireDate": "2026-03-16"}
    assignment |= {"baseRemuneration": pay, "payrollGroupCode": "HRB"}
    return {
        "associateOID": "G3AA",
        "person": {"birthDate": "1990-01-01", "governmentIDs": [{"idValue": "900-12-3456"}]},
        "workerStatus": {"statusCode": {"codeValue": "Active"}},
        "workAssignments": [assignment | changed],
    }


def test_a_hire_is_nobody_while_in_progress_and_then_a_worker_with_the_signed_terms(
    office: Office,
) -> None:
    ref = office.port().create_hire(a_hire(), "k1").external_id

    assert office.employees(ref) == []

    office.later(days=4)
    (ada,) = office.employees(ref)

    assert ada.application_key == "HARBOR-3.aa"
    assert ref == f"HARBOR-3.aa:{ada.external_id}"
    assert (ada.entity, ada.title, ada.work_place) == (
        "Harbor Works Inc.",
        "Electrician",
        "Denver, CO",
    )
    assert (ada.start_on, ada.rate_cents, ada.unit) == (START, 3850, PayUnit.HOUR)
    assert ada.onboarding is OnboardingStatus.COMPLETE


@pytest.mark.parametrize(
    ("unit", "cents"), [(PayUnit.HOUR, 3850), (PayUnit.DAY, 30800), (PayUnit.YEAR, 6_000_000)]
)
def test_every_unit_of_pay_comes_back_as_it_was_signed(
    office: Office, unit: PayUnit, cents: int
) -> None:
    _, worker = office.completed(a_hire(unit=unit, rate_cents=cents))
    assert (worker.unit, worker.rate_cents) == (unit, cents)


@given(st.integers(10_000, 400_000), st.sampled_from([12, 24, 26, 52]))
def test_yearly_pay_in_whole_dollars_survives_being_told_by_the_pay_period(
    dollars: int, periods: int
) -> None:
    terms = Terms(pay_periods=periods, company_code="HRB", legal_entity="Harbor Works Inc.")
    hire = a_hire(unit=PayUnit.YEAR, rate_cents=dollars * 100)
    said = onboarding(hire, "t", terms, None)["applicantOnboarding"]["applicantPayrollProfile"]
    amount = float(said["baseRemuneration"]["payPeriodRateAmount"]["amount"])
    pay = {"payPeriodRateAmount": {"amountValue": amount, "currencyCode": "USD"}}
    assert read_worker(a_worker(baseRemuneration=pay), terms).agrees(hire)


def test_yearly_pay_that_could_not_be_read_back_as_signed_is_not_handed_over(
    office: Office,
) -> None:
    with pytest.raises(Refused, match="whole dollars"):
        office.port().create_hire(a_hire(unit=PayUnit.YEAR, rate_cents=9_964_633), "k1")
    assert "hires" not in office.vendor.received


def test_yearly_pay_is_refused_where_nobody_says_how_often_it_is_paid(office: Office) -> None:
    with pytest.raises(Unsupported, match="pay_periods"):
        office.port(pay_periods="").create_hire(a_hire(unit=PayUnit.YEAR), "k1")
    assert "hires" not in office.vendor.received


def test_neither_number_nor_birth_date_nor_bank_account_is_handed_over(office: Office) -> None:
    office.port().create_hire(a_hire(), "k1")

    (hire,) = office.vendor.in_progress.values()

    assert set(hire["applicantPersonalProfile"]) == {"birthName", "communication"}
    assert "applicantTaxProfile" not in hire
    assert hire["onboardingStatus"]["statusCode"]["code"] == "inprogress"


def test_the_place_is_said_by_its_address_and_by_its_code_if_the_account_has_it(
    office: Office,
) -> None:
    office.port().create_hire(a_hire(work_place=SEATTLE), "k1")
    office.port().create_hire(a_hire(email="bob@example.test"), "k2")

    hires = list(office.vendor.in_progress.values())
    seattle, denver = (h["applicantWorkerProfile"]["homeWorkLocation"] for h in hires)

    assert seattle["nameCode"] == {"code": "SEA"}
    assert seattle["addresses"][0]["cityName"] == "Seattle"
    assert denver == {
        "addresses": [
            {"cityName": "Denver", "subdivisionCode": {"code": "CO"}, "countryCode": "US"}
        ]
    }


def test_a_hire_asked_for_again_once_it_is_a_worker_is_there_once(office: Office) -> None:
    ref, _ = office.completed(a_hire())
    assert office.port().create_hire(a_hire(), "k1").external_id == ref
    assert office.vendor.received["hires"] == ["ada@example.test"]


def test_whoever_was_there_before_is_no_new_hire(office: Office) -> None:
    with pytest.raises(Refused, match="rehire them in ADP"):
        office.port().create_hire(a_hire(email="Grace@harbor.example"), "k1")
    assert "hires" not in office.vendor.received


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_hire_is_a_persons_to_look_for_until_it_is_a_worker(
    office: Office, fault: str
) -> None:
    office.fail("POST /hcm", fault)
    with pytest.raises(OutcomeUnknown):
        office.port().create_hire(a_hire(), "k1")
    with pytest.raises(OutcomeUnknown, match="hires in progress"):
        office.port().find(a_hire(), "k1")

    office.later(days=4)

    found = office.port().find(a_hire(), "k1")
    assert found and [e.application_key for e in office.employees(found.external_id)]
    assert office.vendor.received["hires"] == ["ada@example.test"]


def test_a_good_answer_that_names_nobody_is_looked_for_like_a_lost_one(office: Office) -> None:
    office.vendor.curt = True
    with pytest.raises(OutcomeUnknown):
        office.port().create_hire(a_hire(), "k1")


@pytest.mark.parametrize("fault", ["500", "drop_before", "html"])
def test_a_hire_that_was_not_begun_is_not_said_to_be(office: Office, fault: str) -> None:
    office.fail("POST /hcm", fault)
    with pytest.raises(OutcomeUnknown):
        office.port().create_hire(a_hire(), "k1")
    assert "hires" not in office.vendor.received


def test_a_refusal_is_told_by_its_code_and_never_by_its_text(office: Office) -> None:
    with pytest.raises(Refused, match=r"errors\.invalid") as refusal:
        office.port(template="another").create_hire(a_hire(), "k1")
    assert "Onboarding" not in str(refusal.value)


def test_a_mistyped_rate_is_set_back_once(office: Office) -> None:
    hire = a_hire(email="wrong@example.test")
    ref, worker = office.completed(hire)
    request = the_terms_of(hire, worker.external_id)
    assert worker.rate_cents != hire.rate_cents
    assert office.port().find(request, "k2") is None

    office.port().correct_hire(request, "k2")
    office.port().correct_hire(request, "k2")

    assert office.employees(ref)[0].rate_cents == hire.rate_cents
    assert office.port().find(request, "k2")
    assert office.vendor.received["corrections"] == ["wrong@example.test"]


@pytest.mark.parametrize("fault", LOST)
def test_a_lost_correction_is_found_by_the_pay(office: Office, fault: str) -> None:
    hire = a_hire(email="wrong@example.test")
    _, worker = office.completed(hire)
    request = the_terms_of(hire, worker.external_id)
    office.fail("POST /events", fault)

    with pytest.raises(OutcomeUnknown):
        office.port().correct_hire(request, "k2")

    assert office.port().find(request, "k2")


@pytest.mark.parametrize(
    ("terms", "named"),
    [({"start_on": date(2026, 3, 23)}, "first day"), ({"work_place": SEATTLE}, "work place")],
)
def test_what_no_event_of_ours_changes_is_left_to_a_person(
    office: Office, terms: dict[str, Any], named: str
) -> None:
    _, worker = office.completed(a_hire())
    request = the_terms_of(a_hire(**terms), worker.external_id)
    with pytest.raises(Unsupported, match=named):
        office.port().correct_hire(request, "k2")
    assert office.port().find(request, "k2") is None


def test_pay_is_not_changed_without_the_clients_reason(office: Office) -> None:
    hire = a_hire(email="wrong@example.test")
    _, worker = office.completed(hire)
    with pytest.raises(Misconfigured, match="change_reason"):
        office.port(change_reason="").correct_hire(the_terms_of(hire, worker.external_id), "k2")


def test_a_pay_statement_is_read_once_with_the_terms_of_its_time(office: Office) -> None:
    _, worker = office.completed(a_hire())
    office.later(days=30)

    (page,) = office.port().changes("pay_statements", None, [worker.external_id])
    first = page.records[0]

    assert isinstance(first, PayStatement)
    assert (first.employee_ref, first.start_on, first.work_place) == (
        worker.external_id,
        START,
        "Denver, CO",
    )
    assert (first.rate_cents, first.unit, first.entity) == (3850, PayUnit.HOUR, "Harbor Works Inc.")
    assert first.period_start_on <= START <= first.period_end_on < first.check_on
    assert first.gross_cents == 3850 * 80
    (again,) = office.port().changes("pay_statements", page.cursor, [worker.external_id])
    assert again.records == ()


def test_before_the_first_pay_day_there_is_nothing(office: Office) -> None:
    _, worker = office.completed(a_hire())
    (page,) = office.port().changes("pay_statements", None, [worker.external_id])
    assert (page.records, page.refused, page.unreadable) == ((), {}, {})


def test_everybody_is_listed_to_the_last_page_while_more_come(office: Office) -> None:
    for number in range(5):
        office.port().create_hire(a_hire(email=f"hire{number}@example.test"), f"k{number}")
    office.later(days=4)

    (page,) = office.port().changes("all_employees", None, [])

    assert sorted(r.external_id for r in page.records) == sorted(office.vendor.workers)
    assert all(r.document == b"" for r in page.records)


def notified(office: Office, cursor: str | None, *watching: str) -> list[Page]:
    return list(office.port(notifications="yes").changes("employees", cursor, watching))


def read_so_far(office: Office, *watching: str) -> str:
    """The cursor of who has read all of them, and every notification."""
    (*_, last) = notified(office, None, *watching)
    assert last.cursor
    notified(office, last.cursor, *watching)
    assert office.vendor.messages == {}
    return last.cursor


def test_with_notifications_only_who_is_named_is_read_again(office: Office) -> None:
    ada, worker = office.completed(a_hire())
    bob = office.port().create_hire(a_hire(email="bob@example.test", application_key="B"), "k2")
    watching = ada, bob.external_id
    cursor = read_so_far(office, *watching)
    assert employees(notified(office, cursor, ada)) == []

    office.vendor.clerk_sets(worker.external_id, 4200)

    assert [w.rate_cents for w in employees(notified(office, cursor, *watching))] == [4200]
    assert office.vendor.messages == {}


def test_a_hire_in_progress_is_looked_at_until_it_is_a_worker(office: Office) -> None:
    bob = office.port().create_hire(a_hire(), "k2").external_id
    cursor = read_so_far(office, bob)
    office.later(days=4)
    office.vendor.messages.clear()  # it was never told

    pages = notified(office, cursor, bob)

    assert [worker.application_key for worker in employees(pages)] == ["HARBOR-3.aa"]
    assert bob in (pages[-1].cursor or "")


def test_who_reads_from_the_beginning_leaves_the_notifications_to_who_goes_on(
    office: Office,
) -> None:
    ref, _ = office.completed(a_hire())
    assert len(employees(notified(office, None, ref))) == 1
    assert len(office.vendor.messages) == 1


def test_a_notification_stays_until_what_it_told_of_is_landed(office: Office) -> None:
    ref, worker = office.completed(a_hire())
    cursor = read_so_far(office, ref)
    office.vendor.clerk_sets(worker.external_id, 4200)

    for page in office.port(notifications="yes").changes("employees", cursor, [ref]):
        assert employees([page])[0].rate_cents == 4200
        break  # and here we are killed

    assert len(office.vendor.messages) == 1
    assert [w.rate_cents for w in employees(notified(office, cursor, ref))] == [4200]
    assert office.vendor.messages == {}


def test_notifications_about_strangers_are_deleted_and_keep_nobody_waiting(office: Office) -> None:
    stranger = next(iter(office.vendor.workers))
    ref, worker = office.completed(a_hire())
    cursor = read_so_far(office, ref)
    office.vendor.clerk_sets(stranger, 4100)
    office.vendor.clerk_sets(worker.external_id, 4200)

    assert [w.rate_cents for w in employees(notified(office, cursor, ref))] == [4200]
    assert office.vendor.messages == {}


@pytest.mark.parametrize("fault", ["500", "drop_before", "html", "429"])
def test_a_notification_that_cannot_be_deleted_is_left_for_the_next_look(
    office: Office, fault: str
) -> None:
    ref, worker = office.completed(a_hire())
    cursor = read_so_far(office, ref)
    office.vendor.clerk_sets(worker.external_id, 4200)
    office.fail("DELETE", fault)

    assert len(employees(notified(office, cursor, ref))) == 1
    assert len(office.vendor.messages) == 1


def test_a_notification_of_no_shape_we_know_has_everybody_read(office: Office) -> None:
    ref, _ = office.completed(a_hire())
    cursor = read_so_far(office, ref)
    office.vendor.messages = {"m1": {"something": "else"}}
    assert len(employees(notified(office, cursor, ref))) == 1


def test_a_reference_that_names_no_application_is_a_persons_mistake(office: Office) -> None:
    (page,) = office.port().changes("employees", None, ["G3AA"])
    assert "APPLICATION:ASSOCIATE" in page.refused["G3AA"]


def test_a_token_that_has_ended_is_replaced_and_nothing_asked_twice(office: Office) -> None:
    port = office.port()
    port.create_hire(a_hire(), "k1")
    office.vendor.expire()
    port.create_hire(a_hire(email="bob@example.test"), "k2")
    assert office.vendor.received["hires"] == ["ada@example.test", "bob@example.test"]


def test_a_secret_that_is_wrong_stops_everything(office: Office) -> None:
    office.vendor.secret = ""
    with pytest.raises(Misconfigured, match="no token"):
        office.employees("HARBOR-3.aa:G3AA")


def test_over_the_quota_a_write_waits_and_a_read_is_asked_again(office: Office) -> None:
    office.fail("GET /hr/v2/workers$", "429")
    office.fail("POST /hcm", "429")
    with pytest.raises(Unavailable) as refusal:
        connect(office.account(), sleep=lambda _: None).create_hire(a_hire(), "k1")
    assert refusal.value.retry_after == 1


@pytest.mark.parametrize("missing", ["certificate", "private_key", "template"])
def test_what_the_account_lacks_is_named(office: Office, missing: str) -> None:
    account = office.account()
    less = Access(
        account.base_url,
        account.key,
        options={k: v for k, v in account.options.items() if k != missing},
        secrets={k: v for k, v in account.secrets.items() if k != missing},
    )
    with pytest.raises(Misconfigured, match=missing):
        VENDOR.open(less)


def test_a_certificate_that_is_none_is_told_without_being_quoted() -> None:
    with pytest.raises(Misconfigured) as told:
        certificate.shown("adp", "not a certificate", "nor a key")
    assert "not a" not in str(told.value)


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it() -> None:
    pem, plain = adp_certificate.pems()
    key = load_pem_private_key(plain.encode(), None)
    sealed = BestAvailableEncryption(b"a passphrase")
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed).decode()
    with pytest.raises(Misconfigured, match="private_key"):
        certificate.shown("adp", pem, locked)


@pytest.mark.parametrize(("days", "wrong"), [(29, "ends on 2026-03-31"), (31, "")])
def test_a_certificate_is_complained_of_thirty_days_before_its_end(days: int, wrong: str) -> None:
    pem, _ = adp_certificate.pems(NOW + timedelta(days=days))
    assert certificate.lasting(pem, NOW).wrong == wrong


def test_the_certificate_is_shown_and_who_shows_none_is_not_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem, private_key = adp_certificate.pems()
    ours = tmp_path / "ours.pem"
    ours.write_text(pem + private_key)
    door = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ours)
    door.load_cert_chain(ours)
    door.verify_mode = ssl.CERT_REQUIRED
    vendor = stand_in.Adp(World(seed=7, now=NOW), _People())
    sandbox = Sandbox(vendor.world, [vendor])
    monkeypatch.setenv("SSL_CERT_FILE", str(ours))  # the stand-in's certificate is trusted
    office = Office(vendor, sandbox, sandbox.start(tls=door))
    try:
        office.port().create_hire(a_hire(), "k1")
        assert vendor.received["hires"] == ["ada@example.test"]
        with pytest.raises(ssl.SSLError), _raw(office.url) as connection:
            connection.recv(1)
    finally:
        sandbox.stop()


def _raw(url: str) -> ssl.SSLSocket:
    port = int(url.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port))
    return ssl.create_default_context().wrap_socket(connection, server_hostname="localhost")


def test_the_account_is_well_where_the_template_demands_no_more_than_we_have(
    office: Office,
) -> None:
    assert [c.what for c in office.port().check() if c.wrong] in ([], ["clock"])


def test_a_template_that_demands_what_only_the_new_hire_may_say_is_told(office: Office) -> None:
    office.vendor.demands = ["/applicantOnboarding/applicantPersonalProfile/governmentIDs/id"]
    wrong = {c.what: c.wrong for c in office.port().check() if c.wrong}
    assert "applicantPersonalProfile/governmentIDs/id" in wrong["onboarding template"]


def test_nothing_else_can_be_asked(office: Office) -> None:
    with pytest.raises(Unsupported):
        list(office.port().changes("applications", None, []))
    with pytest.raises(Unsupported):
        office.port().find(CloseJob(job_ref="1"), "k")


def test_nothing_private_is_kept() -> None:
    document = read_worker(a_worker(), TERMS).document
    assert b"900-12-3456" not in document and b"1990" not in document


@pytest.mark.parametrize(
    "assignment",
    [
        {"baseRemuneration": {}},
        {"baseRemuneration": {"hourlyRateAmount": {"amountValue": 1, "currencyCode": "EUR"}}},
        {
            "baseRemuneration": {
                "hourlyRateAmount": {"amountValue": 1, "currencyCode": "USD"},
                "dailyRateAmount": {"amountValue": 1, "currencyCode": "USD"},
            }
        },
        {"hireDate": "soon"},
        {"itemID": None},
    ],
)
def test_a_worker_that_makes_no_sense_is_unreadable(assignment: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read_worker(a_worker(**assignment), TERMS)


def test_a_status_we_do_not_know_is_unreadable_and_one_who_left_is_refused() -> None:
    worker = a_worker()
    worker["workerStatus"] = {"statusCode": {"codeValue": "Retired"}}
    with pytest.raises(Unreadable):
        read_worker(worker, TERMS)
    worker["workerStatus"] = {"statusCode": {"codeValue": "Terminated"}}
    with pytest.raises(Refused):
        read_worker(worker, TERMS)


def test_another_company_is_told_by_its_code() -> None:
    assert read_worker(a_worker(payrollGroupCode="XYZ"), TERMS).entity == "XYZ"


def test_whoever_has_no_first_day_has_not_begun() -> None:
    assert listed(Payload("adp", {"associateOID": "G3"})).updated_at == NOT_BEGUN


@pytest.mark.parametrize("status", ["inprogress", "submitted", "failed"])
def test_an_event_that_is_not_done_proves_nothing(status: str) -> None:
    event = {"eventStatusCode": {"codeValue": status}, "data": {"output": {}}}
    with pytest.raises(Unreadable):
        changed({"events": [event]})


@given(JSON)
def test_no_answer_is_taken_for_a_receipt_that_is_none(body: Any) -> None:
    for reading in (begun, changed):
        with pytest.raises(Unreadable):
            reading(body)


@given(JSON)
def test_whatever_is_told_is_read_or_named_unreadable(body: Any) -> None:
    assert isinstance(reasons(body), str) and isinstance(named(body), set)
    with suppress(Unreadable, Refused, TypeError, AttributeError):
        read_worker(body, TERMS)


def test_codes_are_named_and_texts_are_not() -> None:
    message = {
        "processMessageID": {"idValue": "1000-46"},
        "userMessage": {"codeValue": "Ada Byron is there", "messageTxt": "SSN 900-12-3456"},
    }
    body = {"confirmMessage": {"resourceMessages": [{"processMessages": [message]}]}}
    assert reasons(body) == "1000-46"
    assert reasons(json.loads("[]")) == "no reason given"
    short = {"_confirmMessage": {"messages": [{"messageCode": "HR-1"}, {"messageCode": None}]}}
    assert reasons(short) == "HR-1"
