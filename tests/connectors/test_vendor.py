"""What all vendors' accounts have in common: one that cannot be right is not opened."""

from collections.abc import Callable
from urllib.parse import urlsplit

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
OWN = {"api_url": "https://apis.indeed.com/", "board_url": "https://boards-api.greenhouse.io./v1"}
STAND_IN = "http://127.0.0.1:8701/vendor"
READ_ONLY = {"adzuna", "finch", "usajobs"}  # nothing is done there that could be for real
TOLD = {"dropbox_sign"}  # each request says whether it is a test
OURS = {"built_in", "manual_screening", "questionnaire"}  # they act through the other systems
FEEDS = {name for name, vendor in VENDORS.items() if vendor.kind == "job_boards"}
CLIENTS_OWN = {"filesystem", "folder_vault", "handover", "odoo", "odoo_employees", "s3", "s3_vault"}
CLIENTS_OWN |= {"smtp"}
# Every other vendor's host tells whether an order there is a real one.
HOSTED = VENDORS.keys() - READ_ONLY - TOLD - OURS - FEEDS - CLIENTS_OWN
SANDBOXES = [v for v in HOSTED if "sandbox" in VENDORS[v].addresses]
REAL = [  # beside each vendor's own address: others that are for real
    ("adp", "https://api.eu.adp.com"),
    ("amazon_ses", "https://email.eu-west-1.amazonaws.com"),
    ("bamboohr", "https://acme.bamboohr.com"),
    ("certn", "https://api.uk.certn.co"),
    ("docusign", "https://na3.docusign.net"),
    ("lever", "https://api.eu.lever.co/v1"),
    ("lever", "https://API.LEVER.CO./v1"),
    ("twilio", "https://api.dublin.ie1.twilio.com"),
    ("workable", "https://acme.workable.com/spi/v3"),
    *((v, its) for v in sorted(HOSTED) if (its := VENDORS[v].addresses.get("production"))),
    *((v, f"https://any.{VENDORS[v].domain}./v1") for v in sorted(HOSTED)),
]


def account(vendor: Vendor, address: str, mode: str, **told: str) -> Access:
    options = {s.name: "told" for s in vendor.settings if not (s.secret or s.is_open)}
    secrets = {s.name: "told" for s in vendor.settings if s.secret}
    return Access(address, "key", mode, options | told, secrets)


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


@pytest.mark.parametrize(("name", "address"), REAL)
def test_no_sandbox_account_is_opened_where_an_order_would_be_a_real_one(
    name: str, address: str
) -> None:
    vendor = VENDORS[name]

    with pytest.raises(Misconfigured, match="mode production, not for sandbox: change one of them"):
        vendor.open(account(vendor, address, "sandbox"))
    assert vendor.wrong_address("production", address) == ""


@pytest.mark.parametrize("name", sorted(SANDBOXES))
@pytest.mark.parametrize(
    "written", [str, str.upper, lambda its: f"https://{urlsplit(its).hostname}./v9"]
)
def test_no_production_account_is_opened_where_an_order_would_only_be_a_trial(
    name: str, written: Callable[[str], str]
) -> None:
    vendor = VENDORS[name]
    address = written(vendor.addresses["sandbox"])

    with pytest.raises(Misconfigured, match="mode sandbox, not for production"):
        vendor.open(account(vendor, address, "production"))
    assert vendor.wrong_address("sandbox", address) == ""


@pytest.mark.parametrize("name", sorted(HOSTED))
def test_a_vendor_is_asked_for_a_trial_at_a_sandbox_of_its_own_or_at_a_stand_ins_address(
    name: str,
) -> None:
    vendor = VENDORS[name]

    assert vendor.domain
    assert vendor.wrong_address("sandbox", STAND_IN) == ""
    assert vendor.addresses.get("sandbox") or vendor.wrong_address("sandbox", "")


def test_both_modes_share_an_address_only_where_the_host_does_not_decide() -> None:
    both = {
        name
        for name, vendor in VENDORS.items()
        if (own := vendor.addresses.get("production")) and not vendor.wrong_address("sandbox", own)
    }

    assert both == READ_ONLY | TOLD


@pytest.mark.parametrize(("name", "setting"), [("indeed", "api_url"), ("greenhouse", "board_url")])
def test_a_sandbox_account_does_not_use_a_second_api_that_is_for_real(
    name: str, setting: str
) -> None:
    vendor, beside = VENDORS[name], {need: None for need in VENDORS[name].needs}
    channel = {"channel": "job_sync"}

    for told in ({setting: ""}, {setting: OWN[setting]}):
        with pytest.raises(Misconfigured, match=f"give another address as '{setting}'"):
            vendor.open(account(vendor, STAND_IN, "sandbox", **channel, **told), **beside)
    vendor.open(account(vendor, STAND_IN, "sandbox", **channel, **{setting: STAND_IN}), **beside)
    vendor.open(account(vendor, STAND_IN, "production", **channel, **{setting: ""}), **beside)
