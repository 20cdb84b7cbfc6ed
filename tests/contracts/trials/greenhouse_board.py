from dataclasses import replace

from deployments.sandbox.greenhouse_board import TOKEN
from tests.contracts.asked import tracking
from tests.contracts.trials import greenhouse

TRIAL = replace(
    greenhouse.TRIAL,
    writes=tracking(add_application="POST /boards-api/"),
    options={"board": TOKEN},
)
