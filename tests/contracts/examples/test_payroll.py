"""What payrolls' documents show is read: whose employment it is, since when, and what it pays."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from connectors.errors import Refused
from connectors.payroll.adp.rows import demanded, named, templates
from connectors.records import OnboardingStatus, PayUnit
from deployments.sandbox.server import Answer
from tests.contracts import documents
from tests.contracts.asked import hiring
from tests.contracts.quoting import changed, example, needs_examples, quoting, read, unread
from tests.contracts.trials import TRIALS

pytestmark = needs_examples
Json = dict[str, Any]
KEY = "HARBOR-3.ada"
PAGED = {"X-Page": "1", "X-Total-Pages": "1"}
EMPLOYEE = "/v1/employees/{employee_id}"


def of_gusto(template: str) -> Any:
    return documents.example(TRIALS["gusto"].spec, "get", template)


def gusto_says(employee: Json) -> Json:
    """What Gusto says of a hire that has become this employee."""
    batch = {
        **of_gusto("/v1/people_batches/{people_batch_uuid}"),
        "status": "completed",
        "completed_at": "2026-03-02T15:09:50-08:00",
        "results": [{"external_id": KEY, "employee_uuid": employee["uuid"]}],
    }
    payroll = of_gusto("/v1/companies/{company_id}/payrolls/{payroll_id}")
    return {
        "GET /v1/people_batches/.*": batch,
        "GET /v1/employees/[^/]*": employee,
        "GET /v1/employees/.*/work_addresses": of_gusto(f"{EMPLOYEE}/work_addresses"),
        "GET /v1/employees/.*/pay_stubs": Answer(200, of_gusto(f"{EMPLOYEE}/pay_stubs"), PAGED),
        "GET /v1/companies/[^/]*": of_gusto("/v1/companies/{company_id}"),
        "GET /v1/companies/.*/payrolls/.*": payroll,
        "GET /v1/companies/.*/employees": Answer(
            200, of_gusto("/v1/companies/{company_id}/employees"), PAGED
        ),
    }


def test_gustos_employee_and_pay_stub_are_read() -> None:
    employee = of_gusto(EMPLOYEE)
    (job,), addresses = employee["jobs"], of_gusto(f"{EMPLOYEE}/work_addresses")
    stub, company = of_gusto(f"{EMPLOYEE}/pay_stubs")[0], of_gusto("/v1/companies/{company_id}")
    payroll = of_gusto("/v1/companies/{company_id}/payrolls/{payroll_id}")

    with quoting("gusto", gusto_says(employee)) as bench:
        (ours,) = read(bench, "employees", "a-batch")
        (paid,) = read(bench, "pay_statements", employee["uuid"])
        everybody = read(bench, "all_employees")

    assert (ours.external_id, ours.application_key) == (employee["uuid"], KEY)
    assert ours.onboarding is OnboardingStatus.COMPLETE
    assert (ours.entity, ours.title) == (company["name"], job["title"])
    assert (ours.start_on, paid.start_on) == (date.fromisoformat(job["hire_date"]),) * 2
    assert (ours.rate_cents, ours.unit) == (8_000_000, PayUnit.YEAR)
    begun = [each for each in addresses if each["effective_date"] <= job["hire_date"]]
    place = max(begun, key=lambda each: each["effective_date"])
    assert ours.work_place == f"{place['city']}, {place['state']}"

    assert (paid.external_id, paid.employee_ref) == (stub["uuid"], employee["uuid"])
    assert paid.gross_cents == round(stub["gross_pay"] * 100)
    assert paid.check_on == date.fromisoformat(stub["check_date"])
    assert paid.period_start_on == date.fromisoformat(payroll["pay_period"]["start_date"])
    assert paid.period_end_on == date.fromisoformat(payroll["pay_period"]["end_date"])
    listed = of_gusto("/v1/companies/{company_id}/employees")
    assert [each.external_id for each in everybody] == [each["uuid"] for each in listed]


def test_what_is_private_in_gustos_example_is_not_kept() -> None:
    employee = of_gusto(EMPLOYEE)
    with quoting("gusto", gusto_says(employee)) as bench:
        (ours,) = read(bench, "employees", "a-batch")
    assert employee["date_of_birth"].encode() not in ours.document


def test_an_onboarding_status_that_gusto_has_made_up_is_unreadable() -> None:
    employee = changed(of_gusto(EMPLOYEE), onboarding_status="of_next_year")
    with quoting("gusto", gusto_says(employee)) as bench:
        found, (why,) = unread(bench, "employees", "a-batch")
    assert not found
    assert "'onboarding_status' has a value we do not know" in why


def test_bamboohrs_list_of_employees_is_read() -> None:
    told = documents.example(TRIALS["bamboohr"].spec, "get", "/api/v1/employees")
    told["meta"]["page"]["nextCursor"] = None
    with quoting("bamboohr", {"GET /api/v1/employees": told}) as bench:
        found = read(bench, "all_employees")
    assert [each.external_id for each in found] == [each["employeeId"] for each in told["data"]]


def of_adp(name: str) -> Any:
    return example(f"adp/{name}.json")


def adps_worker(*, changes: Sequence[tuple[str, Any]] = ()) -> Json:
    (worker,) = of_adp("workers_v2/get-worker-by-aoid-200")["workers"]
    (assignment,) = worker["workAssignments"]
    return {**worker, "workAssignments": [{**assignment, **dict(changes)}]}


def test_adps_worker_is_read() -> None:
    worker = adps_worker()
    (assignment,), ref = worker["workAssignments"], worker["associateOID"]
    says = {"GET /hr/v2/workers/.*": {"workers": [worker]}}
    with quoting("adp", says) as bench:
        periods = {"pay_periods": "26"}
        bench.port = bench.opened(options={**bench.account.options, **periods})
        (ours,) = read(bench, "employees", f"{KEY}:{ref}")
    assert (ours.external_id, ours.application_key) == (ref, KEY)
    assert ours.start_on == date.fromisoformat(assignment["hireDate"])
    amount = assignment["baseRemuneration"]["payPeriodRateAmount"]["amountValue"]
    assert (ours.rate_cents, ours.unit) == (amount * 26 * 100, PayUnit.YEAR)
    assert ours.entity == assignment["payrollGroupCode"]
    assert worker["person"]["birthDate"].encode() not in ours.document


@pytest.mark.parametrize(
    "changes",
    [
        ("baseRemuneration", {"fortnightlyRateAmount": {"amountValue": 21, "currencyCode": "USD"}}),
        ("baseRemuneration", {"hourlyRateAmount": {"amountValue": 21, "currencyCode": "AED"}}),
        ("hireDate", "soon"),
    ],
)
def test_what_adp_has_made_up_is_unreadable(changes: tuple[str, Any]) -> None:
    worker = adps_worker(changes=[changes])
    says = {"GET /hr/v2/workers/.*": {"workers": [worker]}}
    with quoting("adp", says) as bench:
        found, why = unread(bench, "employees", f"{KEY}:{worker['associateOID']}")
    assert (found, len(why)) == ([], 1)


def test_adps_list_of_workers_is_read() -> None:
    told = of_adp("workers_v2/demographics-single-200")["workers"]
    pages = iter([{"workers": told}])
    with quoting("adp", {}) as bench:
        bench.sandbox.change = lambda line, body: (
            next(pages, {"workers": []}) if "GET /adp/hr/v2/workers?" in line else body
        )
        found = read(bench, "all_employees")
    (worker,) = told
    hired = date.fromisoformat(worker["workerDates"]["originalHireDate"])
    assert [(each.external_id, each.updated_at) for each in found] == [
        (worker["associateOID"], datetime.combine(hired, time(), UTC))
    ]


def test_what_adp_answers_to_a_hire_names_the_associate() -> None:
    told = of_adp("applicant_onboard_v2/InProgress-US-200.response")
    (aoid,) = (
        each["resourceID"]
        for each in told["_confirmMessage"]["messages"]
        if each["messageCode"] == "AssociateOID"
    )
    with quoting("adp", {"POST .*/applicant.onboard": told}) as bench:
        assert bench.port.create_hire(hiring(bench), "h").external_id == f"{KEY}:{aoid}"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Inprogress-Empty-firstname", "Required"),
        ("Inprogress-Empty-hireDate", "Required"),
        ("Inprogress-Invalid-templateCode", ""),
        ("complete-empty-taxID", "Required"),
        ("complete-empty-companyCode", "no reason given"),  # there it has a text alone
        ("complete-empty-regularPayRate", "no reason given"),
    ],
)
def test_a_hire_that_adp_refuses_is_refused_without_its_words(name: str, code: str) -> None:
    told = of_adp(f"applicant_onboard_v2/{name}-400.response")
    says = {"POST .*/applicant.onboard": Answer(400, told)}
    with quoting("adp", says) as bench, pytest.raises(Refused) as refusal:
        bench.port.create_hire(hiring(bench), "h")
    assert code in str(refusal.value)
    assert "is required" not in str(refusal.value)


def test_adps_templates_and_notifications_are_read() -> None:
    meta = of_adp("applicant_onboard_v2/applicant-meta-200.response")
    listed = meta["meta"]["/applicantOnboarding/onboardingTemplateCode"]["codeList"]["listItems"]
    assert templates(meta) == {each["code"] for each in listed}
    assert all(path.startswith("applicant") for path in demanded(meta))

    event = of_adp("worker_hire/worker-hire-event-notification-http-200-response")
    (told,) = event["events"]
    assert told["data"]["output"]["worker"]["associateOID"] in named(event)
