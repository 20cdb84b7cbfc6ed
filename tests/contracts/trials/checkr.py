from deployments.sandbox.checkr import Checkr
from tests.contracts.asked import calling_off, ordering, orders, warning
from tests.contracts.trial import Town, Trial, Write

TRIAL = Trial(
    "checkr",
    lambda world: Checkr(world, Town()),
    orders,
    (
        Write("order", "POST /v1/candidates", ordering, "candidates"),
        Write("order", "POST /v1/invitations", ordering, "invitations"),
        Write("call_off", "DELETE /v1/invitations", calling_off, "cancellations"),
        Write("start_adverse_action", "POST .*adverse_actions", warning, "adverse_actions"),
    ),
    lists=("all_reports",),
)
