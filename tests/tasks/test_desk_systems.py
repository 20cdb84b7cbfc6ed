"""A desk opens each vendor of a client's process with what that vendor says it needs."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.access import Access
from connectors.errors import Misconfigured
from connectors.ledger.store import Ledger
from connectors.registry import VENDORS
from deployments import setup
from deployments.settings import Settings
from tasks import clock
from tasks.account import account_type
from tasks.desk import Desk, Surroundings, _assemble, vendors
from tasks.process import Process


def opened(ledger: Ledger, process: Process, **systems: str) -> Desk:
    """The desk of a client with these systems in the place of its own."""
    used = process.systems.model_copy(update=systems)
    process = process.model_copy(update={"systems": used})
    accounts = setup.sandbox_accounts(Settings(sandbox_port=1, smtp_port=2), ledger.client)
    access: dict[str, Access] = {
        name: account_type(name).filled(**accounts[name]).access() for name in vendors(process)
    }
    around = Surroundings(database_url=ledger.url, secret=SecretStr("a secret of our own"))
    return _assemble(process, ledger, around, access)


@pytest.mark.parametrize("screener", ["certn", "checkr", "manual_screening"])
def test_every_vendor_of_a_process_is_opened(
    ledger: Ledger, process: Process, screener: str
) -> None:
    desk = opened(ledger, process, background_checks=screener)

    stores = {desk.process.systems.documents, desk.process.systems.vault}
    assert desk.systems.keys() | stores == set(vendors(desk.process))
    assert list(desk.systems[screener].changes("reports", None, ())) == []


def test_an_order_nobody_has_answered_yet_is_looked_up_in_the_clients_own_ledger(
    ledger: Ledger, process: Process
) -> None:
    desk = opened(ledger, process, background_checks="manual_screening")

    [page] = desk.systems["manual_screening"].changes("reports", None, ["HARBOR-1.a:1"])

    assert (page.records, page.refused, page.unreadable) == ((), {}, {})


def test_a_vendor_that_is_none_is_named_beside_those_there_are(
    ledger: Ledger, process: Process
) -> None:
    with pytest.raises(Misconfigured, match="manual_screening"):
        opened(ledger, process, background_checks="smtp")


def test_a_board_that_cannot_be_told_of_its_applicants_is_not_to_be(
    ledger: Ledger, process: Process
) -> None:
    told = process.model_copy(update={"inform": ("indeed",)})
    assert hasattr(opened(ledger, told).systems["indeed"], "tell")

    told = process.model_copy(update={"inform": ("google_for_jobs",)})
    with pytest.raises(Misconfigured, match=r"google_for_jobs: .* leave it out of `inform`"):
        opened(ledger, told)


def test_what_texts_is_a_system_of_its_own_in_the_simulated_time_and_writes_no_letters(
    ledger: Ledger, process: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulated = tmp_path / "clock"
    simulated.write_text("2026-09-10T13:00:00+00:00")
    monkeypatch.setenv("FULLCYCLE_CLOCK_FILE", str(simulated))

    texting: Any = opened(ledger, process, texting="twilio").systems["twilio"]

    assert texting._now() == clock.now()
    assert "twilio" not in opened(ledger, process).systems
    with pytest.raises(Misconfigured, match="amazon_ses, smtp; name it for `texting`"):
        opened(ledger, process, messaging="twilio")
    with pytest.raises(Misconfigured, match="there are: twilio; name it for `messaging`"):
        opened(ledger, process, texting="smtp")


@pytest.mark.parametrize("name", VENDORS)
def test_what_a_vendor_needs_is_what_its_connect_takes(name: str) -> None:
    vendor = VENDORS[name]
    taken = inspect.signature(vendor.connect).parameters.values()
    asked = [each.name for each in taken if each.kind is not inspect.Parameter.KEYWORD_ONLY]

    assert asked == ["access", *vendor.needs]
