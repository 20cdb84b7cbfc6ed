"""What is compared is a whole list: what makes no sense may be the very one that it is about."""

from typing import Any

import pytest

from connectors.errors import Unreadable
from connectors.ledger.store import Ledger
from connectors.ports import BackgroundScreener
from deployments.sandbox.certn import Certn
from tasks.process import Process
from tasks.reconcile import _inventory
from tests.carrying import desk_with
from tests.connectors.test_certn import an_order, base_url, sandbox, screener, vendor

assert base_url
assert sandbox
assert screener
assert vendor


def test_a_list_with_an_object_that_makes_no_sense_is_not_compared(
    ledger: Ledger, process: Process, screener: BackgroundScreener, vendor: Certn
) -> None:
    desk = desk_with(process, ledger, {"certn": screener})
    for name in ("ada", "bob"):
        screener.order(an_order(name), f"key of {name}")
    assert len(list(_inventory(desk, "certn", "all_reports"))) == 2
    cases: dict[str, Any] = vendor._cases
    next(iter(cases.values()))["overall_status"] = "¿unknown?"

    with pytest.raises(Unreadable, match="overall_status"):
        list(_inventory(desk, "certn", "all_reports"))
