"""What all vendors' accounts have in common: one that cannot be right is not opened."""

import pytest

from connectors.access import Access
from connectors.errors import Misconfigured
from connectors.registry import VENDORS
from connectors.vendor import Setting, Vendor

REQUIRED = [
    (vendor, setting)
    for vendor in VENDORS.values()
    for setting in vendor.settings
    if setting.required
]
MIXED = [
    (vendor, mode, address)
    for vendor in VENDORS.values()
    for mode, other in (("sandbox", "production"), ("production", "sandbox"))
    if (address := vendor.addresses.get(other)) and address != vendor.addresses.get(mode)
]


@pytest.mark.parametrize(
    ("vendor", "left_out"), REQUIRED, ids=[f"{v.name}-{s.name}" for v, s in REQUIRED]
)
def test_an_account_that_lacks_a_required_setting_is_not_opened(
    vendor: Vendor, left_out: Setting
) -> None:
    told = {s.name: "told" for s in vendor.settings if not s.secret and s != left_out}
    secrets = {s.name: "told" for s in vendor.settings if s.secret and s != left_out}

    with pytest.raises(Misconfigured, match=f"missing: {left_out.name} ") as failure:
        vendor.open(Access("https://vendor.example", "key", options=told, secrets=secrets))
    assert "connect" in str(failure.value)


@pytest.mark.parametrize(
    ("vendor", "mode", "address"), MIXED, ids=[f"{v.name}-{mode}" for v, mode, _ in MIXED]
)
def test_an_account_of_one_mode_is_not_opened_at_the_address_of_the_other(
    vendor: Vendor, mode: str, address: str
) -> None:
    told = {s.name: "told" for s in vendor.settings if not s.secret}
    secrets = {s.name: "told" for s in vendor.settings if s.secret}

    with pytest.raises(Misconfigured, match=f"not for {mode}: change one of them"):
        vendor.open(Access(address, "key", mode, told, secrets))
