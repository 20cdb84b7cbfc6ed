from deployments.sandbox.certn import Certn
from tests.contracts.asked import calling_off, ordering, orders
from tests.contracts.trial import Town, Trial, Write

TRIAL = Trial(
    "certn",
    lambda world: Certn(world, Town()),
    orders,
    (
        Write("order", "POST .*/order/", ordering, "cases"),
        Write("call_off", "POST .*/cancel/", calling_off, "cancellations"),
    ),
    lists=("all_reports",),
    untried={"start_adverse_action": "a letter of the client's messenger: test_letters.py"},
)
