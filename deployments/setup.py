"""Prepare a running system for work: the ledger's schema, the law, clients and their accounts."""

from datetime import datetime
from typing import Any

from connectors.ledger import client as ledger_client
from connectors.ledger.audit import Act, keep
from connectors.ledger.migrate import migrate
from connectors.ledger.store import Ledger
from connectors.registry import OURS
from deployments.sandbox import vendors
from deployments.sandbox.postman import CLIENT
from deployments.sandbox.served import Place
from deployments.settings import Settings
from expectations.law import rules
from tasks.process import Process

SANDBOX_CLIENT = CLIENT


def prepare_ledger(settings: Settings) -> None:
    """Bring the ledger's schema and the law in it up to date."""
    known = {"id", "topic", "place", "min_employees", "effective_from", "effective_to"}
    known |= {"wait_days", "wait_unit", "first", "then", "text", "source"}
    law = [rule.model_dump(include=known) for rule in rules()]
    migrate(settings.admin_database_url or "", law)


def register(settings: Settings, process: Process, by: str, why: str, as_of: datetime) -> None:
    """Store a client's process in the ledger; the newest version stands, and leaves an act."""
    client, stored = process.client, process.model_dump(mode="json")
    with Ledger(settings.database_url or "", client).transaction() as connection:
        if ledger_client.read(connection, client) == stored:
            return
        ledger_client.put(connection, client, stored, process.version)
        about = f"version {process.version}"
        act = Act(at=as_of, by=by, command="client add", about=about, why=why)
        keep(connection, client, act)


async def connect_sandbox(settings: Settings, client: str) -> None:
    """Create the accounts of a client whose vendors are all stand-ins; tokens stay as renewed."""
    from tasks.account import account_name, account_type, read

    for vendor, values in sandbox_accounts(settings, client).items():
        if "refresh" in values.get("secrets", {}) and (kept := await read(client, vendor)):
            values |= {"key": kept.key, "secrets": kept.secrets}
        account = account_type(vendor).filled(**values)
        await account.save(account_name(client, vendor), overwrite=True)


def sandbox_accounts(settings: Settings, client: str) -> dict[str, dict[str, Any]]:
    """The fields of every account, by vendor: the stand-ins' addresses, keys and ids."""
    at = Place(settings, client)
    # For most boards nobody stands in: their feeds lie beside the pages of the jobs.
    boards = [name for name, vendor in OURS.items() if vendor.kind == "job_boards"]
    feeds = {name: {"base_url": at.pages} for name in boards}
    return {**feeds, **{each.vendor: each.account(at) for each in vendors.ALL}}
