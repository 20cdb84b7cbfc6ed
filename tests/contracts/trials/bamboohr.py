from deployments.sandbox.bamboohr import BambooHR
from tests.contracts.asked import correcting, hires, hiring
from tests.contracts.trial import Town, Trial, Write

TRIAL = Trial(
    "bamboohr",
    lambda world: BambooHR(world, Town()),
    hires,
    (
        Write("create_hire", "POST /api/v1/employees", hiring, "employees", may_be_blank=True),
        *(
            Write("create_hire", f"POST .*tables/{table}", hiring, "rows", 2, may_be_blank=True)
            for table in ("jobInfo", "compensation")
        ),
        *(
            Write("correct_hire", call, correcting, "corrections", 3, may_be_blank=True)
            for call in (r"POST .*/employees/\d+$", "POST .*tables/jobInfo", "POST .*compensation")
        ),
    ),
    lists=("all_employees",),
    spec="bamboohr/public.yaml",
)
