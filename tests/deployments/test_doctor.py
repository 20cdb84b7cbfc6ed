"""The doctor looks at every system of a client for real, and each failure has its remedy."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import BlockDocumentUpdate
from pydantic import SecretStr

from connectors.ledger import inbox, landing
from connectors.ledger.client import put
from connectors.ledger.store import Ledger
from connectors.records import Employee, OnboardingStatus, PayUnit
from connectors.registry import LEFT_OUT, VENDORS
from deployments import setup
from deployments.doctor import Finding, examine
from deployments.sandbox.__main__ import DEFAULT, build
from deployments.sandbox.mail import Mail
from deployments.sandbox.server import Sandbox
from deployments.sandbox.smartrecruiters import SmartRecruiters
from deployments.settings import Settings
from tasks import desk
from tasks.account import account_name, account_type
from tasks.process import Process

pytestmark = pytest.mark.usefixtures("prefect")

RECEIVER = "https://hire.example"
NEVER = "none has ever come"  # no webhook was sent yet


@pytest.fixture
def vendors() -> Iterator[tuple[Sandbox, Mail]]:
    """All stand-ins, and their mail."""
    today = {"start": datetime.now(UTC).isoformat()}  # else their clocks are not ours
    sandbox, mail = build({**DEFAULT, **today}, None, None)
    yield sandbox, mail
    mail.stop()
    sandbox.stop()


@pytest.fixture
def accounts(
    ledger: Ledger,
    process: Process,
    vendors: tuple[Sandbox, Mail],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, dict[str, Any]]:
    """The accounts of a client whose vendors are all stand-ins; a test may spoil them."""
    with ledger.transaction() as connection:
        put(connection, ledger.client, process.model_dump(mode="json"), process.version)
    sandbox, mail = vendors
    sandbox.subscribe(f"{RECEIVER}/webhooks/{ledger.client}")
    smtp, imap = mail.start(sandbox)
    port = int(sandbox.start().rpartition(":")[2])
    settings = Settings(
        home=tmp_path, sandbox_port=port, smtp_port=smtp, imap_port=imap, receiver_port=1
    )
    accounts = setup.sandbox_accounts(settings, ledger.client)
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "a secret of our own")
    monkeypatch.setenv("FULLCYCLE_PUBLIC_URL", RECEIVER)
    return accounts


def using(process: Process, ledger: Ledger, **systems: str) -> Process:
    """The client's process with other systems, stored as it is."""
    used = process.systems.model_copy(update=systems)
    process = process.model_copy(update={"systems": used})
    with ledger.transaction() as connection:
        put(connection, ledger.client, process.model_dump(mode="json"), process.version)
    return process


def looked(
    process: Process, accounts: dict[str, dict[str, Any]], **typed: dict[str, Any]
) -> list[Finding]:
    """Save the accounts, type something into their blocks by hand, and have the doctor look."""

    async def look() -> list[Finding]:
        for vendor in desk.vendors(process):
            if vendor in accounts:
                account = account_type(vendor).filled(**accounts[vendor])
                await account.save(account_name(process.client, vendor), overwrite=True)
        for vendor, values in typed.items():
            await by_hand(process.client, vendor, values)
        return await examine(process)

    return asyncio.run(look())


async def by_hand(client: str, vendor: str, values: dict[str, Any]) -> None:
    """Change a block as Prefect's interface does, where nobody looks whether it is right."""
    slug = account_type(vendor).get_block_type_slug()
    async with get_client() as prefect:
        block = await prefect.read_block_document_by_name(account_name(client, vendor), slug)
        changed = BlockDocumentUpdate(
            block_schema_id=block.block_schema_id,
            data=block.data | values,
            merge_existing_data=False,
        )
        await prefect.update_block_document(block.id, changed)


def wrong(found: list[Finding]) -> dict[tuple[str, str], str]:
    told = {(each.system, each.check.what): each.check for each in found if each.check.wrong}
    assert all(check.remedy for check in told.values())
    return {key: check.wrong for key, check in told.items() if check.wrong != NEVER}


def looked_at(found: list[Finding]) -> set[tuple[str, str]]:
    return {(each.system, each.check.what) for each in found}


def is_webhooks(found: Finding, system: str = "") -> bool:
    return found.check.what == "webhooks" and system in ("", found.system)


def an_employee(at: datetime) -> Employee:
    return Employee(
        external_id="7",
        updated_at=at,
        document=b"{}",
        application_key="HARBOR-3.aa:1",
        onboarding=OnboardingStatus.COMPLETE,
        entity="Harbor Works",
        title="Rigger",
        start_on=at.date(),
        rate_cents=3_850,
        unit=PayUnit.HOUR,
        work_place="Denver, CO",
    )


def test_a_client_whose_systems_are_in_order_has_nothing_wrong(
    process: Process, accounts: dict[str, dict[str, Any]]
) -> None:
    found = looked(process, accounts)

    assert wrong(found) == {}
    assert {each.system for each in found} == set(desk.vendors(process))
    assert ("ashby", "stage interview") in {(each.system, each.check.what) for each in found}


def test_in_simulated_time_no_vendors_clock_is_held_against_ours(
    process: Process,
    accounts: dict[str, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stands = tmp_path / "clock"
    stands.write_text("2026-09-10T13:00:00+00:00")
    monkeypatch.setenv("FULLCYCLE_CLOCK_FILE", str(stands))

    simulated = {each.check.what for each in looked(process, accounts)}
    monkeypatch.delenv("FULLCYCLE_CLOCK_FILE")
    real = {each.check.what for each in asyncio.run(examine(process))}

    assert real - simulated == {"clock"}


def test_every_account_that_is_missing_or_lacks_something_is_named_and_all_else_is_asked(
    process: Process, accounts: dict[str, dict[str, Any]]
) -> None:
    del accounts["checkr"]
    accounts["dropbox_sign"]["key"] = SecretStr("another")

    found = looked(process, accounts, ashby={"location_id": None}, smtp={"from_email": ""})

    told = wrong(found)
    assert told.keys() == {
        *((name, "account") for name in ("ashby", "checkr", "smtp")),
        ("questionnaire", "set-up"),
        ("dropbox_sign", "signature requests"),
    }
    assert told["questionnaire", "set-up"] == "smtp: it has no account that could be used"
    assert {("gusto", "clock"), ("folder_vault", "files")} <= looked_at(found)
    assert ("dropbox_sign", "reads signature_requests") not in looked_at(found)  # nobody asked
    assert "location_id is missing: The id of the" in wrong(found)["ashby", "account"]
    assert "from_email is missing" in wrong(found)["smtp", "account"]
    for each in found:
        if each.check.what == "account" and each.check.wrong:
            assert f"`fullcycle connect {process.client} {each.system}`" in each.check.remedy


def test_each_account_that_cannot_be_opened_is_told_beside_what_the_other_systems_say(
    process: Process, accounts: dict[str, dict[str, Any]]
) -> None:
    accounts["indeed"]["options"]["channel"] = "radio"
    accounts["gusto"]["options"]["product"] = "payslips"

    found = looked(process, accounts)

    told = wrong(found)
    assert told.keys() == {("gusto", "set-up"), ("indeed", "set-up")}
    assert "the option 'channel' is neither" in told["indeed", "set-up"]
    assert ("checkr", "candidates") in looked_at(found)


def test_a_fault_of_one_connector_hides_no_other_system(
    ledger: Ledger, process: Process, accounts: dict[str, dict[str, Any]]
) -> None:
    process = using(process, ledger, vault="s3_vault")
    accounts["s3_vault"] = {
        "base_url": "no address",
        "options": {"bucket": "b", "region": "us-east-1", "access_key_id": "id"},
        "key": SecretStr("key"),
    }

    found = looked(process, accounts)

    told = wrong(found)
    assert told["s3_vault", "connector"] == "it failed: ValueError"
    needing = {name for name, _ in told} - {"s3_vault"}
    assert all("vault" in VENDORS[name].needs for name in needing)
    assert ("checkr", "candidates") in looked_at(found)


def test_a_mode_with_the_address_of_another_is_refused_before_anything_is_asked(
    process: Process, accounts: dict[str, dict[str, Any]]
) -> None:
    told = wrong(looked(process, accounts, checkr={"base_url": "https://api.checkr.com/v1"}))

    assert told.keys() == {("checkr", "account")}
    assert "address for the mode production, not for sandbox" in told["checkr", "account"]


def test_a_key_that_is_refused_is_told_beside_what_the_other_systems_say(
    process: Process, accounts: dict[str, dict[str, Any]]
) -> None:
    accounts["checkr"]["key"] = SecretStr("another")

    told = wrong(looked(process, accounts))

    assert told.keys() == {("checkr", "candidates")}
    assert "credentials refused" in told["checkr", "candidates"]


@pytest.mark.parametrize(
    ("payroll", "by", "wrong_there"),
    [
        ("bamboohr", "payroll", {("bamboohr", "new hires")}),
        ("bamboohr", "hr", set()),
        ("adp", "payroll", set()),
    ],
)
def test_that_nobody_tells_the_states_of_new_hires_is_told(
    ledger: Ledger,
    process: Process,
    accounts: dict[str, dict[str, Any]],
    payroll: str,
    by: str,
    wrong_there: set[tuple[str, str]],
) -> None:
    theirs = process.payroll.model_copy(update={"new_hire_report": by})
    process = using(process.model_copy(update={"payroll": theirs}), ledger, payroll=payroll)

    assert wrong(looked(process, accounts)).keys() == wrong_there


def test_a_client_who_texts_has_a_system_more(
    process: Process, ledger: Ledger, accounts: dict[str, dict[str, Any]]
) -> None:
    found = looked(using(process, ledger, texting="twilio"), accounts)

    assert wrong(found) == {}
    seen = {what for system, what in looked_at(found) if system == "twilio"}
    assert seen >= {"account", "messages", "short forms"}


@pytest.mark.parametrize("systems", [{"messaging": "twilio"}, {"texting": "smtp"}])
def test_who_texts_can_write_no_letters_and_the_other_way_round(
    process: Process,
    ledger: Ledger,
    accounts: dict[str, dict[str, Any]],
    systems: dict[str, str],
) -> None:
    ((kind, name),) = systems.items()

    told = wrong(looked(using(process, ledger, **systems), accounts))

    assert f"no such connector for `{kind}`" in told[name, "set-up"]
    assert f"name it for `{VENDORS[name].kind}`" in told[name, "set-up"]


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ({"body": "Thank you."}, "no message offers it, so nobody can agree to it"),
        ({"text": None}, "no message has a short form"),
    ],
)
def test_where_nobody_can_be_texted_all_is_not_well(
    process: Process,
    ledger: Ledger,
    accounts: dict[str, dict[str, Any]],
    lacking: dict[str, Any],
    told: str,
) -> None:
    messages = {name: its.model_copy(update=lacking) for name, its in process.messages.items()}
    process = process.model_copy(update={"messages": messages})

    found = looked(using(process, ledger, texting="twilio"), accounts)

    assert wrong(found) == {("twilio", "short forms"): told}


def test_a_tracker_of_our_own_needs_no_account_and_is_looked_at_all_the_same(
    process: Process, ledger: Ledger, accounts: dict[str, dict[str, Any]]
) -> None:
    process = using(process, ledger, applicant_tracking="built_in")

    found = looked(process, accounts)

    assert wrong(found) == {}
    assert ("built_in", "reads applications") in {(each.system, each.check.what) for each in found}


def test_why_a_package_s_connector_was_left_out_is_told_to_a_client_that_uses_it(
    process: Process, accounts: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cast("dict[str, str]", LEFT_OUT), "acme", "it cannot be imported")
    systems = process.systems.model_copy(update={"references": "acme"})

    found = looked(process.model_copy(update={"systems": systems}), accounts)

    assert wrong(found) == {("acme", "connector"): "it cannot be imported"}


LISTING = {"bamboohr", "dropbox_sign", "smartrecruiters", "workable"}  # they say where webhooks go


@pytest.mark.parametrize(
    "systems",
    [
        {"applicant_tracking": "workable", "payroll": "bamboohr"},
        {"applicant_tracking": "smartrecruiters"},
    ],
)
def test_a_vendor_that_sends_its_webhooks_elsewhere_is_told(
    process: Process,
    ledger: Ledger,
    accounts: dict[str, dict[str, Any]],
    vendors: tuple[Sandbox, Mail],
    systems: dict[str, str],
) -> None:
    process = using(process, ledger, **systems)
    listing = {(name, "webhooks") for name in desk.vendors(process) if name in LISTING}

    assert listing.isdisjoint(wrong(looked(process, accounts)))
    vendors[0].subscribe(f"https://old.example/webhooks/{ledger.client}")
    found = asyncio.run(examine(process))

    told = {key: what for key, what in wrong(found).items() if key[1] == "webhooks"}
    assert told == dict.fromkeys(listing, "nothing is subscribed for our address")
    for each in found:
        if (each.system, each.check.what) in listing:
            assert f"{RECEIVER}/webhooks/{ledger.client}/{each.system}" in each.check.remedy


def test_a_vendor_that_does_not_show_us_its_subscriptions_is_judged_by_what_came(
    process: Process,
    ledger: Ledger,
    accounts: dict[str, dict[str, Any]],
    vendors: tuple[Sandbox, Mail],
) -> None:
    process = using(process, ledger, applicant_tracking="smartrecruiters")
    [tracker] = [each for each in vendors[0].vendors if isinstance(each, SmartRecruiters)]
    tracker.rights.remove("webhooks_read")

    told = {each.system: each.check for each in looked(process, accounts) if is_webhooks(each)}

    assert told["smartrecruiters"].wrong == told["checkr"].wrong == NEVER


@pytest.mark.parametrize(
    ("system", "came", "changed", "is_wrong"),
    [
        ("gusto", -400, -1, True),
        ("gusto", -400, -399, False),
        ("gusto", -13, 0, False),
        ("gusto", -1, None, False),
        ("dropbox_sign", -15, 0, True),  # although it lists our address
    ],
)
def test_a_webhook_that_has_long_not_come_though_much_has_changed_is_told(
    process: Process,
    ledger: Ledger,
    accounts: dict[str, dict[str, Any]],
    system: str,
    came: int,
    changed: int | None,
    is_wrong: bool,
) -> None:
    now = datetime.now(UTC)
    with ledger.transaction() as connection:
        hint = inbox.Hint(system, "e-1", "changed", ["7"], now + timedelta(days=came))
        inbox.keep_hints(connection, ledger.client, [hint])
        if changed is not None:
            at = now + timedelta(days=changed)
            landing.land(connection, ledger.client, system, [an_employee(at)], at)

    [check] = [each.check for each in looked(process, accounts) if is_webhooks(each, system)]

    assert check.wrong.startswith("none has come since") == is_wrong
    assert bool(check.wrong) == is_wrong
