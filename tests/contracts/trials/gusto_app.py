"""Gusto once more, as an App Integration: the client's admin gives a hire their job."""

from connectors.records import CorrectHire, PayUnit
from deployments.sandbox.gusto_app import GustoApp
from tests.contracts.asked import CHICAGO, hiring
from tests.contracts.trial import Bench, Town, Trial, Write, records

START, RATE = "2026-03-16", "38.50"


def given_jobs(bench: Bench) -> list[str]:
    """Two hires to whom the admin has given their jobs, after their first pay."""
    refs = [bench.port.create_hire(hiring(bench, who), who).external_id for who in ("ada", "clear")]
    for who in ("ada", "clear"):
        _employ(bench, who)
    bench.later(days=60)
    hired = records(bench.port.changes("employees", None, refs))
    return [*refs, *(employee.external_id for employee in hired)]


def correcting_pay_and_place(bench: Bench) -> CorrectHire:
    """Another pay and another place, and the same first day: two writes."""
    ref = bench.port.create_hire(hiring(bench), "h").external_id
    _employ(bench, "ada")
    employee = next(records(bench.port.changes("employees", None, [ref])))
    return CorrectHire(
        employee_ref=employee.external_id,
        start_on=hiring(bench).start_on,
        rate_cents=4000,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=CHICAGO,
    )


def _employ(bench: Bench, who: str) -> None:
    assert isinstance(bench.stand_in, GustoApp)
    bench.stand_in.admin_gives_job(f"{who}@example.test", START, RATE)


TRIAL = Trial(
    "gusto",
    lambda world: GustoApp(world, Town()),
    given_jobs,
    (
        Write("create_hire", "POST .*/employees", hiring, "employees"),
        *(
            Write("correct_hire", f"PUT .*{what}", correcting_pay_and_place, "corrections", times=2)
            for what in ("compensations", "work_addresses")
        ),
    ),
    lists=("all_employees",),
    key="sandbox-gusto",
    options={"product": "app_integrations"},
    spec="gusto/app-integrations.v2025-06-15.openapi.yaml",
)
