from deployments.sandbox.finch import Finch
from tests.contracts.asked import hiring
from tests.contracts.trial import Bench, Trial, records


def entered(bench: Bench) -> list[str]:
    """Two hires whom the clerk has entered, after their first pay."""
    payroll = bench.stand_in
    assert isinstance(payroll, Finch)
    hires = [hiring(bench, who) for who in ("ada", "clear")]
    for hire in hires:
        payroll.clerk_enters(
            hire.first_name,
            hire.last_name,
            hire.email,
            hire.start_on,
            (hire.rate_cents, "hourly"),
            (hire.work_place.city, hire.work_place.region),
        )
    bench.later(days=60)
    refs = [bench.port.create_hire(hire, "k").external_id for hire in hires]
    hired = records(bench.port.changes("employees", None, refs))
    return [*refs, *(employee.external_id for employee in hired)]


TRIAL = Trial("finch", Finch, entered, (), lists=("all_employees",))
