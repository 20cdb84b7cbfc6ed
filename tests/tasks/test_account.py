"""A vendor's account is a block type of its own, which says all that its connector needs."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from connectors.registry import VENDORS
from connectors.vendor import Setting, Vendor
from tasks.account import Account, account_type, made_of, wrong

SECRET = "s3cret-value"


def described(kind: type[Account]) -> dict[str, Any]:
    """The fields as Prefect's form has them."""
    return dict(kind.model_json_schema()["properties"])


def filled(vendor: Vendor, **changed: Any) -> Account:
    """An account in which every setting is told, at a stand-in."""
    told: Mapping[bool, dict[str, str]] = {True: {}, False: {}}
    for each in vendor.settings:
        name = f"{each.name}some name" if each.is_open else each.name
        told[each.secret][name] = f"{each.name} told"
    common = {"base_url": "http://127.0.0.1:1", "key": SECRET, "secrets": told[True]}
    return made_of(vendor).filled(**{**common, "options": told[False], **changed})


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_field_of_every_form_has_a_title_and_says_what_it_is(vendor: str) -> None:
    for name, field in described(account_type(vendor)).items():
        assert field["title"], name
        assert not field["description"][0].islower(), name
        assert field["description"].endswith("."), name


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_setting_is_a_field_and_no_secret_is_a_plain_one(vendor: str) -> None:
    kind, settings = account_type(vendor), VENDORS[vendor].settings
    schema = kind.model_json_schema()

    assert len(described(kind)) == len({"mode", "base_url", "key"}) + len(settings)
    hidden = {name for name, each in described(kind).items() if each.get("format") == "password"}
    assert hidden == set(schema["secret_fields"])
    assert len(hidden) == 1 + sum(each.secret for each in settings)
    assert {*schema.get("required", ())} - {"base_url", "key"} == {
        each.name for each in settings if each.required
    }


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.name)
def test_a_connector_is_told_what_was_filled_in(vendor: Vendor) -> None:
    account = filled(vendor)

    access = account.access()

    assert access.key == SECRET
    told = {**access.options, **{f"secret {name}": v for name, v in access.secrets.items()}}
    assert len(told) == len(vendor.settings)
    assert vendor.lacking(access) == ""
    assert SECRET not in repr(account)


def test_every_vendor_has_a_block_type_of_its_own() -> None:
    kinds = [account_type(vendor) for vendor in VENDORS]

    assert len({kind.get_block_type_slug() for kind in kinds}) == len(kinds)
    assert len({kind.get_block_type_name() for kind in kinds}) == len(kinds)


def test_a_vendor_of_another_package_may_name_its_settings_as_it_likes() -> None:
    theirs = Vendor(
        kind="background_checks",
        name="acme_checks",
        title="Acme Checks",
        documents="",
        connect=lambda access: access,
        settings=(
            Setting("save", "a name that a block has itself"),
            Setting("mode", "a name that every account has"),
            Setting("token", "what is not secret"),
            Setting("token", "what is", secret=True),
            Setting("copy:", "copies by name"),
        ),
    )

    access = filled(theirs).access()

    assert made_of(theirs).get_block_type_slug() == "fullcycle-acme-checks"
    assert access.secrets == {"token": "token told"}
    assert access.options == {
        "save": "save told",
        "mode": "mode told",
        "token": "token told",
        "copy:some name": "copy: told",
    }


def test_a_setting_that_the_vendor_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="checkr has no setting team"):
        account_type("checkr").filled(options={"team": "t-1"})


MIXED = [
    (vendor, mode, f"{address}/v9")
    for vendor in VENDORS.values()
    for other, address in (*vendor.addresses.items(), ("production", f"https://{vendor.domain}"))
    for mode in ("sandbox", "production")
    if mode != other and vendor.domain and address
]


@pytest.mark.parametrize(("vendor", "mode", "address"), MIXED, ids=lambda part: str(part)[:30])
def test_the_address_of_another_mode_is_refused_and_the_remedy_is_said(
    vendor: Vendor, mode: str, address: str
) -> None:
    with pytest.raises(ValidationError, match=f"not for {mode}: change one of them") as failure:
        filled(vendor, mode=mode, base_url=address)

    assert SECRET not in str(failure.value) + json.dumps(wrong(vendor.name, {"key": SECRET}))


@pytest.mark.parametrize(
    "vendor", [v for v in VENDORS.values() if v.addresses], ids=lambda v: v.name
)
@pytest.mark.parametrize("mode", ["sandbox", "production"])
def test_without_an_address_it_is_the_vendors_own_of_the_mode(vendor: Vendor, mode: str) -> None:
    if mode in vendor.addresses:
        access = filled(vendor, mode=mode, base_url="").access()
        assert access.base_url == vendor.addresses[mode]
    else:
        with pytest.raises(ValidationError, match=f"has no address of its own in mode {mode}"):
            filled(vendor, mode=mode, base_url="")


def test_what_is_wrong_names_the_fields_and_quotes_no_value() -> None:
    told = {"base_url": "http://127.0.0.1", "key": SECRET, "team_id": "", "reason": SECRET}

    said = wrong("ashby", told)

    assert "team_id is missing: The id of the team" in said
    assert "location_id is missing" in said
    assert "reason: Input should be a valid dictionary" in said
    assert SECRET not in said


def test_a_key_is_secret_wherever_it_is_kept() -> None:
    assert isinstance(filled(VENDORS["checkr"]).key, SecretStr)
