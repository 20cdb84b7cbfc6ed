from deployments.sandbox.checkr import Checkr
from tests.contracts.asked import ordering, orders, warning
from tests.contracts.trial import Town, Trial, Write

TRIAL = Trial(
    "checkr",
    lambda world: Checkr(world, Town()),
    orders,
    (
        Write("order", "POST /v1/candidates", ordering, "candidates"),
        Write("order", "POST /v1/invitations", ordering, "invitations"),
        Write("start_adverse_action", "POST .*adverse_actions", warning, "adverse_actions"),
    ),
    lists=("all_reports",),
)
