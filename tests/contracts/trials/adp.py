from connectors.records import CorrectHire, PayUnit
from deployments.sandbox.adp import Adp
from tests.contracts.asked import hires, hiring
from tests.contracts.trial import Bench, Town, Trial, Write


def correcting_pay(bench: Bench) -> CorrectHire:
    """Another pay, of a hire whom the admin has completed; all else a person corrects."""
    asked = hiring(bench)
    hire = bench.port.create_hire(asked, "h").external_id
    bench.later(days=4)
    return CorrectHire(
        employee_ref=hire.rpartition(":")[2],
        start_on=asked.start_on,
        rate_cents=4000,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=asked.work_place,
    )


TRIAL = Trial(
    "adp",
    lambda world: Adp(world, Town()),
    hires,
    (
        # Nobody but ADP can show a hire in progress.
        Write("create_hire", "POST .*/applicant.onboard", hiring, "hires", by_hand=True),
        Write("correct_hire", "POST .*/worker.*base-remuneration", correcting_pay, "corrections"),
    ),
    lists=("all_employees",),
)
