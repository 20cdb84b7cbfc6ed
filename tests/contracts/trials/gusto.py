from deployments.sandbox.gusto import Gusto
from tests.contracts.asked import correcting, hires, hiring
from tests.contracts.trial import Town, Trial, Write

TRIAL = Trial(
    "gusto",
    lambda world: Gusto(world, Town()),
    hires,
    (
        Write("create_hire", "POST .*people_batches", hiring, "people_batches"),
        *(
            Write("correct_hire", f"PUT .*{what}", correcting, "corrections", times=3)
            for what in ("jobs", "compensations", "work_addresses")
        ),
    ),
    lists=("all_employees",),
    key="sandbox-gusto",
    spec="gusto/embedded.v2025-06-15.openapi.yaml",
)
