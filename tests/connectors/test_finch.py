"""Finch: a hire that a person entered is found, read back and seen paid; nothing is written."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.access import Access
from connectors.errors import Misconfigured, Refused, Unavailable, Unreadable, Unsupported
from connectors.payroll.finch import VENDOR, Finch, connect
from connectors.payroll.finch.rows import (
    NOT_BEGUN,
    STATUSES,
    UNITS,
    answers,
    body_of,
    has_email,
    listed,
    read_employment,
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
from deployments.sandbox import finch as stand_in
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
START = date(2026, 3, 16)
DENVER = Place(code="US-CO", city="Denver", region="CO", country="US")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)


@dataclass
class Office:
    """The vendor, the port to it, and the clock between them."""

    vendor: stand_in.Finch
    sandbox: Sandbox
    url: str

    def port(self) -> Finch:
        options = {"legal_entity": stand_in.LEGAL_NAME}
        account = Access(f"{self.url}/finch", stand_in.KEY, options=options)
        port = connect(account, sleep=lambda _: None)
        assert isinstance(port, Finch)
        return port

    def fail(self, match: str, *faults: str) -> None:
        self.sandbox.faults.append({"vendor": "finch", "match": match, "faults": list(faults)})

    def later(self, **delta: float) -> None:
        self.sandbox.advance(self.vendor.world.now + timedelta(**delta))

    def enter(self, hire: CreateHire, **changed: Any) -> str:
        """The clerk enters a hire into payroll; a day later Finch shows it."""
        told: dict[str, Any] = {
            "first": hire.first_name,
            "last": hire.last_name,
            "email": hire.email,
            "start": hire.start_on,
            "income": (hire.rate_cents, "hourly"),
            "place": ("Denver", "CO"),
        }
        id = self.vendor.clerk_enters(**(told | changed))
        self.later(days=1)
        return id

    def employees(self, *refs: str) -> list[Employee]:
        pages = self.port().changes("employees", None, refs)
        return [r for page in pages for r in page.records if isinstance(r, Employee)]

    def paid(self, cursor: str | None, *ids: str) -> tuple[list[PayStatement], str | None]:
        pages = list(self.port().changes("pay_statements", cursor, ids))
        found = [r for page in pages for r in page.records if isinstance(r, PayStatement)]
        return found, pages[-1].cursor


@pytest.fixture
def office() -> Iterator[Office]:
    vendor = stand_in.Finch(World(seed=7, now=NOW))
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


def an_employment(**changed: Any) -> dict[str, Any]:
    income = {"unit": "hourly", "amount": 3850, "currency": "usd", "effective_date": "2026-03-16"}
    told = {"id": "i1", "employment_status": "active", "start_date": "2026-03-16"}
    return {**told, "income": income, "ssn": "900-12-3456", **changed}


def refusals(pages: Iterator[Page]) -> dict[str, str]:
    return {ref: why for page in pages for ref, why in (page.refused | page.unreadable).items()}


def test_a_hire_that_nobody_entered_is_a_persons_to_enter(office: Office) -> None:
    assert office.port().find(a_hire(), "k") is None
    with pytest.raises(Unsupported, match=r"enter the hire of HARBOR-3\.aa there; .* retry"):
        office.port().create_hire(a_hire(), "k")


def test_a_hire_that_a_person_entered_is_found_and_read_with_its_terms(office: Office) -> None:
    id = office.enter(a_hire())

    receipt = office.port().create_hire(a_hire(), "k")
    (ada,) = office.employees(receipt.external_id)

    assert receipt == office.port().find(a_hire(), "k")
    assert receipt.external_id == f"HARBOR-3.aa:{id}"
    assert (ada.external_id, ada.application_key) == (id, "HARBOR-3.aa")
    assert (ada.start_on, ada.rate_cents, ada.unit) == (START, 3850, PayUnit.HOUR)
    assert (ada.entity, ada.title, ada.work_place) == (
        "Harbor Works Inc.",
        "Electrician",
        "Denver, CO",
    )
    assert ada.onboarding is OnboardingStatus.COMPLETE


def test_a_hire_is_found_on_the_last_page_under_another_first_name_and_in_capitals(
    office: Office,
) -> None:
    for number in range(7):
        office.enter(a_hire(email=f"{number}@example.test", first_name="Bob", last_name="Hay"))
    id = office.enter(a_hire(), first="Augusta", last="BYRON", email="ADA@example.test")

    found = office.port().find(a_hire(), "k")

    assert found and found.external_id == f"HARBOR-3.aa:{id}"


def test_a_name_that_finch_hides_keeps_nobody_from_being_found(office: Office) -> None:
    id = office.enter(a_hire())
    office.vendor.individuals[id] |= {"first_name": None, "last_name": None}

    assert office.port().find(a_hire(), "k") is not None


def test_only_those_with_a_name_alike_are_asked_about(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = office.enter(a_hire())
    asked: list[str] = []
    about = office.vendor._about

    def noted(what: dict[str, Any], request: Any) -> Any:
        asked.extend(one["individual_id"] for one in request.json["requests"])
        return about(what, request)

    monkeypatch.setattr(office.vendor, "_about", noted)
    office.port().find(a_hire(), "k")

    assert set(asked) == {id}


def test_whoever_has_the_address_and_begins_on_another_day_is_a_persons_to_look_at(
    office: Office,
) -> None:
    id = office.enter(a_hire(), start=date(2026, 3, 23))
    with pytest.raises(Refused, match=f"{id}: .* must begin on 2026-03-16: correct it in payroll"):
        office.port().create_hire(a_hire(), "k")


def test_of_two_with_the_address_who_begin_on_the_day_neither_is_taken(office: Office) -> None:
    id = office.enter(a_hire())
    for kept in (office.vendor.individuals, office.vendor.employments):
        kept["another"] = {**kept[id], "id": "another"}

    with pytest.raises(Refused, match="exactly one must begin"):
        office.port().create_hire(a_hire(), "k")


def test_who_is_hired_again_is_found_by_the_day_of_that(office: Office) -> None:
    id = office.enter(a_hire(), start=date(2021, 5, 3))
    office.vendor.employments[id]["latest_rehire_date"] = START.isoformat()

    receipt = office.port().create_hire(a_hire(), "k")

    assert [each.start_on for each in office.employees(receipt.external_id)] == [START]


def test_nothing_private_is_kept(office: Office) -> None:
    id = office.enter(a_hire())
    office.later(days=60)

    (ada,) = office.employees(f"HARBOR-3.aa:{id}")
    statements, _ = office.paid(None, id)

    for kept in (ada.document, *(each.document for each in statements)):
        text = kept.decode()
        assert json.loads(text)
        for private in (
            "1990",
            "ssn",
            "custom_fields",
            "direct_deposit",
            "net_pay",
            "example.test",
        ):
            assert private not in text


def test_terms_that_differ_are_a_persons_to_correct_and_then_found(office: Office) -> None:
    id = office.enter(a_hire(), start=date(2026, 3, 23), income=(3580, "hourly"))
    wanted = the_terms_of(a_hire(), id)

    assert office.port().find(wanted, "k") is None
    with pytest.raises(Unsupported, match=f"correct the first day and pay of {id} there"):
        office.port().correct_hire(wanted, "k")

    income = {**office.vendor.employments[id]["income"], "amount": 3850}
    office.vendor.clerk_sets(id, start_date="2026-03-16", income=income)
    office.later(days=1)

    assert office.port().correct_hire(wanted, "k").external_id == id
    assert office.port().find(wanted, "k") is not None


def test_each_statement_is_read_once_when_finch_has_fetched_it(office: Office) -> None:
    id = office.enter(a_hire())
    office.sandbox.advance(datetime(2026, 4, 3, 10, tzinfo=UTC))

    early, cursor = office.paid(None, id)
    office.later(hours=3)
    (first,), cursor = office.paid(cursor, id)
    again, cursor = office.paid(cursor, id)
    office.later(days=14)
    (second,), _ = office.paid(cursor, id)

    assert early == again == []
    assert (first.employee_ref, first.check_on) == (id, date(2026, 4, 3))
    assert (first.period_start_on, first.period_end_on) == (date(2026, 3, 14), date(2026, 3, 27))
    assert (first.gross_cents, first.rate_cents, first.unit) == (308_000, 3850, PayUnit.HOUR)
    assert (first.entity, first.work_place) == ("Harbor Works Inc.", "Denver, CO")
    assert second.check_on == date(2026, 4, 17)


def test_a_statement_is_found_on_a_later_page_of_its_payment(office: Office) -> None:
    for number in range(6):
        office.enter(a_hire(email=f"{number}@example.test", last_name="Hay"))
    id = office.enter(a_hire())
    office.later(days=40)

    statements, _ = office.paid(None, id)

    assert statements
    assert {each.employee_ref for each in statements} == {id}


def test_a_statement_shows_the_pay_of_its_period_though_the_pay_was_raised_since(
    office: Office,
) -> None:
    id = office.enter(a_hire())
    office.later(days=40)
    job = office.vendor.employments[id]
    job["income_history"] = [job["income"], None]
    job["income"] = {**job["income"], "amount": 4200, "effective_date": "2026-04-06"}

    statements, _ = office.paid(None, id)

    assert statements[0].rate_cents == 3850


def test_one_individual_that_fails_inside_a_good_answer_keeps_no_other_from_being_read(
    office: Office,
) -> None:
    ada = office.enter(a_hire())
    bob = office.enter(a_hire(email="bob@example.test", first_name="Bob"))
    refs = [f"HARBOR-3.aa:{ada}", f"HARBOR-3.bb:{bob}"]
    office.vendor.failing[ada] = 403

    assert [each.external_id for each in office.employees(*refs)] == [bob]
    assert list(refusals(office.port().changes("employees", None, refs))) == refs[:1]


@pytest.mark.parametrize("code", [202, 429, 500])
def test_who_is_still_being_fetched_is_neither_read_nor_taken_to_be_missing(
    office: Office, code: int
) -> None:
    id = office.enter(a_hire())
    office.vendor.failing[id] = code

    assert office.employees(f"HARBOR-3.aa:{id}") == []
    with pytest.raises(Unavailable, match="still fetching"):
        office.port().find(a_hire(), "k")


def test_an_answer_that_is_still_being_fetched_is_not_an_empty_one(office: Office) -> None:
    office.vendor.is_fetching = True

    for resource in ("employees", "all_employees"):
        with pytest.raises(Unavailable, match="still fetching"):
            list(office.port().changes(resource, None, ["HARBOR-3.aa:i1"]))
    with pytest.raises(Unavailable, match="still fetching"):
        office.port().create_hire(a_hire(), "k")


def test_everybody_is_listed_once_though_the_list_grows_meanwhile(office: Office) -> None:
    entered = {
        office.enter(a_hire(email=f"{number}@example.test", last_name="Hay")) for number in range(7)
    }
    (page,) = office.port().changes("all_employees", None, ())

    refs = [record.external_id for record in page.records]
    assert entered < set(refs)
    assert len(refs) == len(set(refs)) == 8


def test_a_busy_finch_is_asked_again(office: Office) -> None:
    id = office.enter(a_hire())
    office.fail("POST .*employment", "429", "500", "html", "truncated")

    assert [each.external_id for each in office.employees(f"HARBOR-3.aa:{id}")] == [id]


def test_the_quota_of_the_directory_is_finchs_to_say(office: Office) -> None:
    with pytest.raises(Unavailable, match="quota") as told:
        for _ in range(21):
            office.port().find(a_hire(), "k")
    assert told.value.retry_after == 60


def test_a_connection_that_ended_is_a_matter_of_set_up_and_its_check_says_so(
    office: Office,
) -> None:
    office.vendor.expire()

    with pytest.raises(Misconfigured):
        list(office.port().changes("all_employees", None, ()))
    wrong = {check.what: check for check in office.port().check() if check.wrong}
    assert "reauth" in wrong["connection"].wrong
    assert "connect payroll again" in wrong["connection"].remedy


def test_a_connection_that_does_not_show_what_we_read_is_found_by_its_check(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in, "PRODUCTS", ("directory", "individual", "employment"))
    wrong = [check.wrong for check in office.port().check() if check.what == "products"]
    assert wrong == ["it lacks pay_statement, payment"]


def test_what_was_settled_without_our_name_is_refused_with_the_way_to_settle_it(
    office: Office,
) -> None:
    told = refusals(office.port().changes("employees", None, [office.enter(a_hire())]))
    assert "APPLICATION:INDIVIDUAL" in next(iter(told.values()))


def test_what_finch_does_not_have_is_unsupported(office: Office) -> None:
    with pytest.raises(Unsupported):
        list(office.port().changes("applications", None, ()))
    with pytest.raises(Unsupported):
        office.port().find(CloseJob(job_ref="1"), "k")


@pytest.mark.parametrize("status", [s for s, meaning in STATUSES.items() if meaning is None])
def test_who_is_employed_no_more_is_refused(status: str) -> None:
    with pytest.raises(Refused, match="is over"):
        read_employment("i1", an_employment(employment_status=status))


@pytest.mark.parametrize("unit", [u for u, meaning in UNITS.items() if meaning is None])
def test_pay_in_a_unit_that_no_offer_has_is_refused(unit: str) -> None:
    with pytest.raises(Refused, match="unit"):
        read_employment("i1", an_employment(income={"unit": unit, "amount": 1, "currency": "usd"}))


@pytest.mark.parametrize(
    "changed",
    [
        {"employment_status": "sabbatical"},
        {"employment_status": None},
        {"start_date": "soon"},
        {"income": {"unit": "hourly", "amount": 38.5, "currency": "usd"}},
        {"income": {"unit": "hourly", "amount": 3850, "currency": "cad"}},
        {"id": "i2"},
    ],
)
def test_an_employment_that_says_something_else_is_unreadable(changed: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read_employment("i1", an_employment(**changed))


@pytest.mark.parametrize("changed", [{"income": None}, {"start_date": None}])
def test_an_employment_without_pay_or_first_day_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="no first day or no pay"):
        read_employment("i1", an_employment(**changed))


def test_fields_of_next_year_change_nothing() -> None:
    new = read_employment("i1", an_employment(a_field_of_next_year={"x": 1}, location=None))
    assert (new.place, new.pay) == ("", (3850, PayUnit.HOUR))
    assert b"900-12-3456" not in new.document


@pytest.mark.parametrize(
    ("since", "cents"), [(None, 4200), ("2026-03-27", 4200), ("2026-03-28", 3850)]
)
def test_the_present_pay_is_in_force_unless_it_began_later(since: str | None, cents: int) -> None:
    earlier = an_employment()["income"]
    present = {**earlier, "amount": 4200, "effective_date": since}
    job = read_employment("i1", an_employment(income=present, income_history=[earlier]))
    assert job.pay_on(date(2026, 3, 27)) == (cents, PayUnit.HOUR)


def test_who_has_no_first_day_yet_is_listed_as_one_who_has_not_begun() -> None:
    told = {"i1": {"individual_id": "i1", "code": 202, "body": {}}}
    assert listed(told, "i1").updated_at == NOT_BEGUN


@given(JSON)
def test_no_body_is_a_crash(body: Any) -> None:
    for read in (
        lambda: read_employment("i1", body),
        lambda: body_of(answers(body, "individual_id"), "i1"),
        lambda: body_of(answers({"responses": [body]}, "individual_id"), "i1"),
        lambda: has_email(body, "ada@example.test"),
    ):
        with suppress(Refused, Unreadable):
            read()


def test_the_declaration_says_that_nothing_is_written() -> None:
    assert VENDOR.writes.startswith("nothing")
