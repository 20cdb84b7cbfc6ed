from connectors.records import CorrectHire, Employee, PayUnit
from deployments.sandbox.deel import Deel
from tests.contracts.asked import DENVER, hiring
from tests.contracts.trial import Bench, Trial, Write, records


def onboarded(bench: Bench) -> list[str]:
    """Two hires whom the client's admin has onboarded, after their first pay."""
    vendor = bench.stand_in
    assert isinstance(vendor, Deel)
    hires = [hiring(bench, who) for who in ("ada", "clear")]
    refs = [bench.port.create_hire(hire, "k").external_id for hire in hires]
    for hire in hires:
        vendor.admin_onboards(hire.application_key, (hire.rate_cents / 100, "hourly"))
    bench.later(days=60)
    hired = records(bench.port.changes("employees", None, refs))
    return [*refs, *(employee.external_id for employee in hired)]


def correcting_pay(bench: Bench) -> CorrectHire:
    """Another pay, and nothing that a person has to change in Deel."""
    employee = next(records(bench.port.changes("employees", None, onboarded(bench)[:1])))
    assert isinstance(employee, Employee)
    return CorrectHire(
        employee_ref=employee.external_id,
        start_on=employee.start_on,
        rate_cents=4000,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=DENVER,
    )


TRIAL = Trial(
    "deel",
    Deel,
    onboarded,
    (
        Write("create_hire", "POST .*/candidates", hiring, "candidates"),
        Write("correct_hire", "PATCH .*/compensation", correcting_pay, "compensations"),
    ),
    lists=("all_employees",),
)
