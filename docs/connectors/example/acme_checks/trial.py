"""What Acme Checks brings to the tests that every connector passes."""

from acme_checks.stand_in import KEY, Acme
from connectors.access import Access
from tests.contracts.asked import calling_off, ordering, orders, warning
from tests.contracts.trial import Town, Trial, Write

TRIAL = Trial(
    "acme_checks",
    lambda world: Acme(world, Town()),
    orders,
    (
        Write("order", "POST /v1/checks$", ordering, "checks"),
        Write("call_off", "POST .*/cancel", calling_off, "cancellations"),
        Write("start_adverse_action", "POST .*/notice", warning, "notices"),
    ),
    lists=("all_reports",),
    account=lambda bench: Access(f"{bench.url}/acme_checks", KEY, options={"branch": "Denver"}),
)
