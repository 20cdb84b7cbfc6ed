"""Deel: a hire is handed over once, found when a person has onboarded them, and seen paid."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Misconfigured, Refused, Unavailable, Unreadable, Unsupported
from connectors.payload import Payload
from connectors.payroll.deel import VENDOR, connect, read_webhook, verify_webhook
from connectors.payroll.deel.rows import (
    CONTRACTS,
    HIRING_TYPES,
    NOT_BEGUN,
    STATUSES,
    UNITS,
    Terms,
    begins,
    changed,
    emails,
    gross_of,
    is_of,
    listed,
    mark,
    read_person,
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
)
from deployments.sandbox.deel import GROSS, LEGAL_NAME, Deel
from tests.contracts import trial as trials
from tests.contracts.asked import CHICAGO, hiring
from tests.contracts.trial import Bench
from tests.contracts.trials.deel import TRIAL

START = date(2026, 3, 16)
HOURLY = (38.5, "hourly")
TERMS = Terms("USD", {})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with trials.bench(TRIAL) as opened:
        yield opened


@pytest.fixture
def vendor(bench: Bench) -> Deel:
    assert isinstance(bench.stand_in, Deel)
    return bench.stand_in


@pytest.fixture
def hire(bench: Bench) -> CreateHire:
    return hiring(bench)


def onboarded(bench: Bench, hire: CreateHire, **how: Any) -> tuple[str, str]:
    """Who was handed over and onboarded: what we watch, and Deel's id."""
    vendor = bench.stand_in
    assert isinstance(vendor, Deel)
    ref = bench.port.create_hire(hire, "k").external_id
    return ref, vendor.admin_onboards(hire.application_key, **{"pay": HOURLY, **how})


def employees(port: Any, *refs: str) -> list[Employee]:
    pages = port.changes("employees", None, refs)
    return [r for page in pages for r in page.records if isinstance(r, Employee)]


def refusals(pages: Iterator[Page]) -> dict[str, str]:
    return {ref: why for page in pages for ref, why in (page.refused | page.unreadable).items()}


def paid(port: Any, cursor: str | None, *ids: str) -> tuple[list[PayStatement], str | None]:
    pages = list(port.changes("pay_statements", cursor, ids))
    found = [r for page in pages for r in page.records if isinstance(r, PayStatement)]
    return found, pages[-1].cursor


def the_terms_of(hire: CreateHire, id: str, **changed: Any) -> CorrectHire:
    terms = {name: value for name, value in hire if name in CorrectHire.model_fields}
    return CorrectHire(employee_ref=id, **(terms | changed))


def a_contract(**changed: Any) -> dict[str, Any]:
    told = {
        "id": "m1",
        "job_title": "Electrician",
        "start_date": "2026-03-16",
        "hiring_type": "direct_employee",
        "hiring_status": "active",
        "contract_status": "in_progress",
        "payment": {"rate": 38.5, "scale": "hourly", "currency": "USD"},
        "client_legal_entity": {"id": 232324, "name": "Harbor Works Inc."},
    }
    return told | changed


def a_person(*contracts: dict[str, Any], **changed: Any) -> dict[str, Any]:
    told = {"id": "p1", "work_location": "Denver, CO", "employments": list(contracts)}
    return {"data": told | changed}


def test_a_hire_is_handed_over_as_a_candidate_with_nothing_that_is_only_theirs_to_say(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    bench.port.create_hire(hire, "k")

    assert vendor.candidates == {
        "HARBOR-3.ada": {
            "id": "HARBOR-3.ada",
            "status": "offer-accepted",
            "first_name": "Ada",
            "last_name": "Byron",
            "personal_email": "ada@example.test",
            "job_title": "Electrician",
            "start_date": "2026-03-16",
            "country": "US",
            "state": "CO",
            "link": "https://tracker.harborworks.example/find?name=HARBOR-3.ada",
        }
    }


def test_a_hire_that_is_handed_over_again_is_the_same_candidate(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    receipts = {bench.port.create_hire(hire, "k").external_id for _ in range(2)}

    assert len(receipts) == len(vendor.received["candidates"]) == 1
    assert vendor.received["handovers"] == ["HARBOR-3.ada"] * 2


def test_what_we_watch_does_not_tell_the_e_mail_address(bench: Bench, hire: CreateHire) -> None:
    ref = bench.port.create_hire(hire, "k").external_id

    assert ref.startswith("HARBOR-3.ada:")
    assert "@" not in ref


def test_a_candidate_whom_nobody_has_onboarded_is_not_read_yet(
    bench: Bench, hire: CreateHire
) -> None:
    ref = bench.port.create_hire(hire, "k").external_id

    assert employees(bench.port, ref) == []
    assert refusals(bench.port.changes("employees", None, [ref])) == {}


def test_a_hire_who_was_onboarded_is_read_with_their_terms_and_counts_when_they_have_signed(
    bench: Bench, hire: CreateHire
) -> None:
    ref, id = onboarded(bench, hire)

    (early,) = employees(bench.port, ref)
    bench.later(days=4)
    (ada,) = employees(bench.port, ref)

    assert (ada.external_id, ada.application_key) == (id, "HARBOR-3.ada")
    assert (ada.entity, ada.title, ada.work_place) == (LEGAL_NAME, "Electrician", "Denver, CO")
    assert (ada.start_on, ada.rate_cents, ada.unit) == (START, 3850, PayUnit.HOUR)
    assert (early.onboarding, ada.onboarding) == (
        OnboardingStatus.INVITED,
        OnboardingStatus.COMPLETE,
    )


def test_a_hire_is_found_on_the_last_page_in_capitals(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    for number in range(7):
        onboarded(bench, hiring(bench, f"other{number}"))
    ref, id = onboarded(bench, hire, personal_email="ADA@Example.test")

    assert [each.external_id for each in employees(bench.port, ref)] == [id]
    found = bench.port.find(hire, "k")
    assert found and found.external_id == f"HARBOR-3.ada:{id}"


def test_a_person_settles_a_hire_with_deels_id_of_the_person(
    bench: Bench, hire: CreateHire
) -> None:
    _, id = onboarded(bench, hire, personal_email="another@example.test")

    assert [each.external_id for each in employees(bench.port, f"HARBOR-3.ada:{id}")] == [id]
    assert "APPLICATION:PERSON" in refusals(bench.port.changes("employees", None, [id]))[id]


def test_who_was_onboarded_already_is_not_handed_over(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    _, id = onboarded(bench, hire)
    vendor.received.clear()

    receipt = bench.port.create_hire(hire, "k")

    assert receipt.external_id == f"HARBOR-3.ada:{id}"
    assert vendor.received == {}
    assert [each.external_id for each in employees(bench.port, receipt.external_id)] == [id]


def test_who_has_the_address_and_begins_on_another_day_is_a_persons_to_look_at(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    _, id = onboarded(bench, hire, start_date="2026-03-23")

    with pytest.raises(Refused, match=f"{id}: .* must begin on 2026-03-16: correct it there"):
        bench.port.create_hire(hire, "k")
    assert vendor.received["handovers"] == ["HARBOR-3.ada"]


def test_who_worked_there_before_is_handed_over_and_read_when_they_have_a_new_contract(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    ref, id = onboarded(bench, hire, start_date="2021-05-03")
    vendor.admin_sets(id, contract_status="completed", hiring_status="inactive", is_ended=True)

    assert bench.port.create_hire(hire, "k").external_id == ref
    assert "0 contracts" in refusals(bench.port.changes("employees", None, [ref]))[ref]
    vendor.people[id]["employments"].append(a_contract(id="m2"))
    assert [each.start_on for each in employees(bench.port, ref)] == [START]


def test_of_two_with_the_address_neither_is_taken_and_all_others_are_read(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    ref, id = onboarded(bench, hire)
    bob, bobs = onboarded(bench, hiring(bench, "bob"))
    vendor.people["another"] = {**vendor.people[id], "id": "another"}

    assert [each.external_id for each in employees(bench.port, ref, bob)] == [bobs]
    assert list(refusals(bench.port.changes("employees", None, [ref, bob]))) == [ref]
    with pytest.raises(Refused, match="exactly one must begin"):
        bench.port.find(hire, "k")


def test_nothing_private_is_kept(bench: Bench, hire: CreateHire) -> None:
    ref, id = onboarded(bench, hire)
    bench.later(days=60)

    (ada,) = employees(bench.port, ref)
    statements, _ = paid(bench.port, None, id)

    assert statements
    for kept in (ada.document, *(each.document for each in statements)):
        text = kept.decode()
        assert json.loads(text)
        for private in ("1990", "Main St", "example.test", "Byron", "nationalit", "Net pay"):
            assert private not in text


def test_a_token_that_hides_pay_reads_nobody_and_the_check_says_so(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    ref, _ = onboarded(bench, hire)
    vendor.hides_pay = True

    told = refusals(bench.port.changes("employees", None, [ref]))
    assert "let the token see employment data" in told[ref]
    wrong = {check.what: check for check in bench.port.check() if check.wrong}
    assert "nobody's pay is shown" in wrong["people and pay"].wrong


def test_everybody_is_listed_once_though_the_list_grows_meanwhile(
    bench: Bench, vendor: Deel
) -> None:
    for number in range(7):
        onboarded(bench, hiring(bench, f"other{number}"))
    entered = set(vendor.people)
    answers = bench.sandbox.answer

    def somebody_comes(request: Any) -> Any:
        if request.query.get("offset") == "3":
            vendor.people["0"] = {**vendor.people[min(entered)], "id": "0"}
        return answers(request)

    bench.sandbox.answer = somebody_comes  # type: ignore[method-assign]
    (page,) = bench.port.changes("all_employees", None, ())

    refs = [record.external_id for record in page.records]
    assert entered <= set(refs)
    assert len(refs) == len(set(refs))


def test_pay_of_who_is_on_global_payroll_is_set_back_once(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    ref, id = onboarded(bench, hire, pay=(35.8, "hourly"))
    correction = the_terms_of(hire, id)

    assert bench.port.find(correction, "c") is None
    for _ in range(2):
        assert bench.port.correct_hire(correction, "c").external_id == id

    assert bench.port.find(correction, "c") is not None
    assert vendor.received["compensations"] == ["ada@example.test"]
    assert [each.rate_cents for each in employees(bench.port, ref)] == [3850]


@pytest.mark.parametrize(
    ("how", "changed", "terms", "written"),
    [
        ({"hiring_type": "eor"}, {"rate_cents": 4000}, "pay", 0),
        ({}, {"unit": PayUnit.DAY}, "pay", 0),
        ({}, {"start_on": date(2026, 3, 23)}, "first day", 0),
        ({}, {"work_place": CHICAGO}, "work place", 0),
        ({}, {"rate_cents": 1, "work_place": CHICAGO, "start_on": date(2026, 3, 23)},
         "first day and work place", 1),
    ],
)  # fmt: skip
def test_what_deel_cannot_be_told_is_a_persons_to_correct(
    bench: Bench,
    vendor: Deel,
    hire: CreateHire,
    how: dict[str, Any],
    changed: dict[str, Any],
    terms: str,
    written: int,
) -> None:
    _, id = onboarded(bench, hire, **how)
    correction = the_terms_of(hire, id, **changed)

    with pytest.raises(Unsupported, match=f"correct the {terms} of {id} in Deel by hand"):
        bench.port.correct_hire(correction, "c")
    assert len(vendor.received.get("compensations", [])) == written
    assert bench.port.find(correction, "c") is None


def test_each_payslip_is_read_once_when_its_report_is_there(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    _, id = onboarded(bench, hire)
    bench.sandbox.advance(datetime.fromisoformat("2026-04-01T09:00:00+00:00"))

    early, cursor = paid(bench.port, None, id)
    bench.later(days=2)
    (first,), cursor = paid(bench.port, cursor, id)
    again, cursor = paid(bench.port, cursor, id)
    bench.later(days=30)
    (second,), _ = paid(bench.port, cursor, id)

    assert early == again == []
    assert (first.employee_ref, first.check_on) == (id, date(2026, 3, 31))
    assert (first.period_start_on, first.period_end_on) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (first.gross_cents, first.rate_cents, first.unit) == (369_600, 3850, PayUnit.HOUR)
    assert (first.entity, first.work_place, first.start_on) == (LEGAL_NAME, "Denver, CO", START)
    assert second.check_on == date(2026, 4, 30)


def test_a_line_is_found_on_the_last_page_of_a_report_which_is_asked_for_once(
    bench: Bench,
) -> None:
    ids = [onboarded(bench, hiring(bench, f"other{number}"))[1] for number in range(5)]
    bench.later(days=35)
    bench.sandbox.asked.clear()

    statements, _ = paid(bench.port, None, *ids)

    assert [each.employee_ref for each in statements] == ids
    asked = [request.path for request, _ in bench.sandbox.asked]
    assert len([path for path in asked if path.endswith("gross-to-net")]) == 3


def test_a_payslip_without_a_report_is_not_lost(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    _, id = onboarded(bench, hire)
    bench.later(days=35)
    reports = dict(vendor.reports)
    vendor.reports.clear()

    early, cursor = paid(bench.port, None, id)
    vendor.reports |= reports
    later, _ = paid(bench.port, cursor, id)

    assert (len(early), len(later)) == (0, 1)


def test_nobody_but_global_payroll_proves_a_payment(bench: Bench, hire: CreateHire) -> None:
    _, id = onboarded(bench, hire, hiring_type="eor")
    bench.later(days=60)

    assert paid(bench.port, None, id)[0] == []


def test_without_the_label_of_gross_pay_no_statements_are_read(bench: Bench) -> None:
    options = {"profile_url": "https://tracker.example/"}
    assert bench.opened(options=options).resources == ("employees",)
    assert bench.port.resources == ("employees", "pay_statements")


def test_another_currency_is_read_only_if_the_account_says_that_offers_are_in_it(
    bench: Bench, vendor: Deel, hire: CreateHire
) -> None:
    ref, id = onboarded(bench, hire)
    vendor.job(id)["payment"]["currency"] = "EUR"
    euros = bench.opened(options={"profile_url": "https://tracker.example/", "currency": "EUR"})

    assert "'EUR', not in USD" in refusals(bench.port.changes("employees", None, [ref]))[ref]
    assert [each.rate_cents for each in employees(euros, ref)] == [3850]


def test_a_place_has_the_name_that_the_account_gives_it(bench: Bench, hire: CreateHire) -> None:
    ref, _ = onboarded(bench, hire, place="Hub North")
    options = {"profile_url": "https://tracker.example/", "place:Hub North": "Denver, CO"}

    assert [each.work_place for each in employees(bench.port, ref)] == ["Hub North"]
    port = bench.opened(options=options)
    assert [each.work_place for each in employees(port, ref)] == ["Denver, CO"]


def test_over_the_quota_deel_is_asked_again_when_the_second_is_over(
    bench: Bench, vendor: Deel
) -> None:
    def wait(seconds: float) -> None:
        bench.sandbox.advance(vendor.world.now + timedelta(seconds=seconds))

    vendor.most_a_second = 1
    with pytest.raises(Unavailable, match="over the quota"):
        list(bench.port.changes("all_employees", None, ()))  # whose clock stands still
    port = connect(bench.account, sleep=wait)
    assert list(port.changes("all_employees", None, ()))


def test_a_token_that_was_revoked_is_a_matter_of_set_up(bench: Bench, vendor: Deel) -> None:
    vendor.expire()

    with pytest.raises(Misconfigured):
        list(bench.port.changes("all_employees", None, ()))
    wrong = [check.what for check in bench.port.check() if check.wrong and check.what != "clock"]
    assert wrong == ["people and pay"]


def test_what_deel_refuses_is_refused_without_its_words(bench: Bench, hire: CreateHire) -> None:
    nameless = hire.model_copy(update={"first_name": ""})

    with pytest.raises(Refused) as told:
        bench.port.create_hire(nameless, "k")
    assert str(told.value) == "deel: POST /candidates: refused (HTTP 400)"


def test_what_deel_does_not_have_is_unsupported(bench: Bench) -> None:
    with pytest.raises(Unsupported):
        list(bench.port.changes("applications", None, ()))
    with pytest.raises(Unsupported):
        bench.port.find(CloseJob(job_ref="1"), "k")


@pytest.mark.parametrize("status", [s for s, meaning in STATUSES.items() if meaning])
@pytest.mark.parametrize("contract", [c for c, signed in CONTRACTS.items() if signed is not None])
def test_nobody_is_there_before_everybody_has_signed(status: str, contract: str) -> None:
    job = a_contract(new_hiring_status=status, contract_status=contract)

    person = read_person(a_person(job), TERMS)

    assert person
    assert person.onboarding is not OnboardingStatus.COMPLETE or CONTRACTS[contract]
    assert person.onboarding in (STATUSES[status], OnboardingStatus.IN_PROGRESS)


@pytest.mark.parametrize("status", [s for s, meaning in STATUSES.items() if meaning is None])
def test_who_leaves_is_refused_though_the_coarser_status_says_active(status: str) -> None:
    with pytest.raises(Refused, match="leaving"):
        read_person(a_person(a_contract(new_hiring_status=status)), TERMS)


@pytest.mark.parametrize(
    "over",
    [
        *({"contract_status": c} for c, signed in CONTRACTS.items() if signed is None),
        {"is_ended": True},
        {"contract_is_archived": True},
        {"is_user_contract_deleted": True},
    ],
)
def test_a_contract_that_is_over_is_not_taken_for_the_one_there_is(over: dict[str, Any]) -> None:
    former = a_contract(id="m0", start_date="2021-05-03", **over)

    person = read_person(a_person(former, a_contract()), TERMS)

    assert person and person.contract == "m1"
    with pytest.raises(Refused, match="0 contracts"):
        read_person(a_person(former), TERMS)


def test_two_contracts_that_are_not_over_are_a_persons_to_look_at() -> None:
    with pytest.raises(Refused, match="2 contracts"):
        read_person(a_person(a_contract(), a_contract(id="m2")), TERMS)


@pytest.mark.parametrize("scale", UNITS)
def test_pay_is_read_in_the_units_that_offers_have_and_refused_in_all_others(scale: str) -> None:
    job = a_contract(payment={"rate": "52000.50", "scale": scale.upper(), "currency": "usd"})
    if UNITS[scale] is None:
        with pytest.raises(Refused, match="unit"):
            read_person(a_person(job), TERMS)
    else:
        person = read_person(a_person(job), TERMS)
        assert person and person.pay == (5_200_050, UNITS[scale])


@pytest.mark.parametrize("hiring_type", HIRING_TYPES)
def test_global_payroll_pays_the_clients_own_employees_alone(hiring_type: str) -> None:
    person = read_person(a_person(a_contract(hiring_type=hiring_type)), TERMS)
    assert person and person.is_paid == (hiring_type == "direct_employee")


@pytest.mark.parametrize(
    "changed",
    [
        {"contract_status": "haunted"},
        {"contract_status": None},
        {"hiring_status": "on the moon"},
        {"hiring_status": None},
        {"hiring_type": "intern"},
        {"start_date": None},
        {"start_date": "soon"},
        {"payment": "38.50"},
        {"payment": {"rate": None, "scale": "hourly", "currency": "USD"}},
        {"payment": {"rate": 38.555, "scale": "hourly", "currency": "USD"}},
        {"payment": {"rate": 38.5, "scale": "fortnightly", "currency": "USD"}},
        {"payment": {"rate": 38.5, "scale": "hourly", "currency": None}},
        {"is_ended": "no"},
        {"id": None},
    ],
)
def test_a_contract_that_makes_no_sense_is_unreadable(changed: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read_person(a_person(a_contract(**changed)), TERMS)


@pytest.mark.parametrize("contracts", [None, []])
def test_who_has_no_contract_yet_is_nobody_yet(contracts: Any) -> None:
    assert read_person(a_person(employments=contracts), TERMS) is None
    assert begins({"id": "p1", "employments": contracts}) == []


def test_a_legal_entity_that_is_not_told_is_never_the_right_one() -> None:
    person = read_person(a_person(a_contract(client_legal_entity=None)), TERMS)
    assert person and (person.entity, person.entity_id) == ("", "")


@pytest.mark.parametrize(
    ("cycle", "theirs"),
    [
        ({}, True),
        ({"date_start": "2026-02-28T23:00:00.000Z"}, True),  # midnight in Berlin
        ({"date_end": "2026-03-31T00:00:00.000Z"}, True),
        ({"date_end": "2026-03-15T23:59:59.999Z"}, False),
        ({"date_start": "2026-03-16T00:00:00.000Z"}, False),
        ({"type": "OFFCYCLE"}, False),
    ],
)
def test_the_cycle_of_a_payslip_is_the_regular_one_of_its_days(
    cycle: dict[str, str], theirs: bool
) -> None:
    told = {
        "type": "REGULAR",
        "date_start": "2026-03-01T00:00:00.000Z",
        "date_end": "2026-03-31T23:59:59.999Z",
    }
    row = Payload("deel", told | cycle)
    assert is_of(row, date(2026, 3, 1), date(2026, 3, 31)) is theirs


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"label": GROSS, "value": 1, "category_group": "INFOS"}],
        [{"label": GROSS, "value": 1, "category_group": "TOTALS"}] * 2,
        [{"label": GROSS, "value": None, "category_group": "TOTALS"}],
    ],
)
def test_a_report_without_one_total_of_gross_pay_is_unreadable(items: list[Any]) -> None:
    line = Payload("deel", {"currency": "USD", "items": items})
    with pytest.raises(Unreadable):
        gross_of(line, GROSS, "USD")


@pytest.mark.parametrize(
    "row",
    [
        {"status": "OUTDATED"},
        {"salary": "38.00"},
        {"scale": "YEAR"},
        {"effective_date": "2026-03-17"},
        {"status": "SUGGESTED"},
    ],
)
def test_a_history_of_pay_that_does_not_show_the_change_is_no_receipt(row: dict[str, str]) -> None:
    asked = {"scale": "HOUR", "salary": 38.5, "effective_date": "2026-03-16"}
    shown = {**asked, "salary": "38.50", "status": "UPCOMING"}

    changed({"data": [shown]}, asked)
    with pytest.raises(Unreadable):
        changed({"data": [shown | row]}, asked)


@given(JSON)
def test_whatever_a_stranger_has_for_e_mail_addresses_is_no_crash(told: Any) -> None:
    row = {"emails": told if isinstance(told, list) else [told]}
    assert all(isinstance(each, str) and each for each in emails(row))


@given(st.emails(), st.text(max_size=5))
def test_a_mark_is_that_of_the_address_however_it_is_written(address: str, name: str) -> None:
    assert mark(name, f" {address.upper().casefold()} ") == mark(name, address.casefold())
    assert mark(name, address) != mark(f"{name}2", address)


@given(JSON)
def test_whatever_is_told_of_a_person_is_read_or_refused(told: Any) -> None:
    for body in (told, {"data": told}, a_person(told), a_person(a_contract(payment=told))):
        try:
            read_person(body, TERMS)
        except (Refused, Unreadable):
            continue


def test_who_has_no_first_day_yet_has_not_begun() -> None:
    assert listed({"id": "p1", "start_date": None}).updated_at == NOT_BEGUN


RAW = b'{"data":{"meta":{"event_type":"contract.created"},"resource":{}},"timestamp":""}'


def signature(raw: bytes, key: str = "key") -> str:
    return hmac.new(key.encode(), raw, hashlib.sha256).hexdigest()


def test_a_webhook_is_signed_over_the_method_and_the_body() -> None:
    verify = partial(verify_webhook, RAW, signing_key="key")

    assert verify({"X-Deel-Signature": signature(b"POST" + RAW)})
    assert not verify({"x-deel-signature": signature(RAW)})
    assert not verify({"x-deel-signature": signature(b"POST" + RAW, "another")})
    assert not verify({})
    assert not verify_webhook(RAW, {"x-deel-signature": signature(b"POST" + RAW, "")}, "")


@pytest.mark.parametrize(
    ("resource", "refs"),
    [
        ({"id": "3w4zdd9", "status": "new", "worker": {"id": "p1"}}, ("3w4zdd9", "p1")),
        ([{"contract_id": "3w4zdd9", "worker_email": "ada@example.test"}], ("3w4zdd9",)),
        ([{"id": "s1", "worker_id": "p1", "from": "2026-03-01"}], ("s1", "p1")),
        ([], ()),
        (None, ()),
    ],
)
def test_an_event_names_objects_and_tells_nothing_of_persons(
    resource: Any, refs: tuple[str, ...]
) -> None:
    meta = {"event_type": "contract.status.updated", "organization_id": 112546}
    told = {"data": {"meta": meta, "resource": resource}, "timestamp": "2026-02-05T15:39:38.070Z"}

    event = read_webhook(json.dumps(told).encode())

    assert (event.kind, event.refs) == ("contract.status.updated", refs)
    assert event.at and event.at.year == 2026


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"{}",
        RAW,
        b'{"data":{"meta":{}},"timestamp":"2026-02-05T15:39:38.070Z"}',
        b'{"data":{"meta":{"event_type":"Ada Byron"}},"timestamp":"2026-02-05T15:39:38.070Z"}',
    ],
)
def test_what_is_no_event_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_webhook(raw)


def test_an_account_without_a_profile_is_refused_before_anything_is_asked(bench: Bench) -> None:
    with pytest.raises(Misconfigured, match="profile_url"):
        VENDOR.open(replace(bench.account, options={}))
