"""What a stand-in declares is what we know of that vendor."""

from pathlib import Path

import pytest

from connectors.registry import VENDORS
from deployments import setup
from deployments.sandbox import vendors
from deployments.sandbox.served import Served
from deployments.settings import Settings
from tasks.account import account_type
from tasks.deliver import KINDS

SETTINGS = Settings(home=Path("."), sandbox_port=1, smtp_port=2, imap_port=3, receiver_port=4)


@pytest.mark.parametrize("served", vendors.ALL, ids=lambda each: each.vendor)
def test_an_account_in_the_sandbox_is_one_that_the_connector_opens(served: Served) -> None:
    told = setup.sandbox_accounts(SETTINGS, "harbor")[served.vendor]

    account = account_type(served.vendor).filled(**told).access()

    assert VENDORS[served.vendor].lacking(account) == ""


@pytest.mark.parametrize("served", vendors.ALL, ids=lambda each: each.vendor)
def test_what_is_counted_is_what_can_be_asked(served: Served) -> None:
    assert {*served.counts, *served.letters} <= KINDS.keys()


def test_each_vendor_is_in_the_sandbox_once() -> None:
    assert len({each.vendor for each in vendors.ALL}) == len(vendors.ALL)
