"""Look at every system of a client for real, and say what is wrong and how it is mended."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from connectors.access import Access
from connectors.errors import ConnectorError, Unavailable
from connectors.health import Check, tried
from connectors.ledger import inbox
from connectors.ports import DocumentStore, System
from connectors.registry import VENDORS
from connectors.vendor import Vendor
from deployments.accounts import load
from tasks.desk import Desk, account_name, open_desk, vendors
from tasks.process import Process

PROBE = "fullcycle-doctor.txt"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at in one of a client's systems."""

    system: str
    check: Check


async def examine(process: Process) -> list[Finding]:
    """Look at the accounts of a client; if they are complete, at the systems behind them.

    Nothing is changed anywhere, but for one empty file in the document store, which is removed.
    """
    names = vendors(process)
    accounts = dict(zip(names, await _accounts(process.client, names), strict=True))
    found = [
        Finding(name, check)
        for name in names
        for check in _account(process.client, VENDORS.get(name), name, accounts[name])
    ]
    if any(finding.check.wrong for finding in found):
        return found
    try:
        desk = await open_desk(process.client)
    except ConnectorError as failure:
        remedy = "see the vendor's page in docs/connectors"
        return [*found, Finding(failure.system, Check("account", failure.what, remedy))]
    checks = partial(_checks, desk, process, accounts)
    return found + await asyncio.to_thread(
        lambda: [Finding(name, check) for name in names for check in checks(name)]
    )


async def _accounts(client: str, names: Sequence[str]) -> list[Access | None]:
    return list(await asyncio.gather(*(load(client, name) for name in names)))


def _account(
    client: str, vendor: Vendor | None, name: str, account: Access | None
) -> Iterator[Check]:
    """Whether an account is there and says all that its vendor needs to know."""
    if vendor is None:
        yield Check("connector", "there is none of this name", f"use one of: {', '.join(VENDORS)}")
    elif account is None:
        block = account_name(client, name)
        remedy = f"create it in Prefect's UI: Blocks, Fullcycle account, {block}"
        yield Check("account", f"there is no block {block!r}", remedy)
    else:
        yield _settings(vendor, account)
        yield _mode(vendor, account)


def _settings(vendor: Vendor, account: Access) -> Check:
    lacking = vendor.lacking(account)
    wrong = f"missing: {lacking}" if lacking else ""
    return Check("settings", wrong, "add them to the account's block")


def _mode(vendor: Vendor, account: Access) -> Check:
    """A mode and another mode's address: an order meant as a trial would be a real one."""
    others = {
        address for mode, address in vendor.addresses.items() if address and mode != account.mode
    }
    mine = vendor.addresses.get(account.mode, "")
    mixed = account.base_url.rstrip("/") in others - {mine}
    wrong = f"the mode is {account.mode}, the address is not" if mixed else ""
    return Check("mode", wrong, f"set the address to {mine or 'that of a sandbox'}, or the mode")


def _checks(
    desk: Desk, process: Process, accounts: dict[str, Access | None], name: str
) -> Iterator[Check]:
    """Whether a system can be read, is set up for what we do, and sends us its webhooks."""
    if name == process.systems.documents:
        yield from _documents(desk.documents)
        return
    try:
        yield from _system(VENDORS[name], desk.systems[name])
    except Unavailable as failure:
        yield Check("reachable", failure.what, "try again; see the vendor's status page")
    except ConnectorError as failure:
        yield Check("set-up", str(failure), "see the vendor's page in docs/connectors")
    yield from _webhooks(desk, VENDORS[name], accounts[name])


def _system(vendor: Vendor, system: System) -> Iterator[Check]:
    scopes = f"; it needs {', '.join(vendor.scopes)}" if vendor.scopes else ""
    for resource in system.resources:
        first_page = partial(_first_page, system, resource)
        yield tried(f"reads {resource}", f"check what the key may see{scopes}", first_page)
    yield from system.check()


def _first_page(system: System, resource: str) -> None:
    next(iter(system.changes(resource, None, ())), None)


def _documents(store: DocumentStore) -> Iterator[Check]:
    def probe() -> None:
        store.put(PROBE, b"", "text/plain")
        store.get(PROBE)
        store.delete(PROBE)

    try:
        yield tried("files", "let the account write, read and delete there", probe)
    except Unavailable as failure:
        yield Check("reachable", failure.what, "try again; see whether the store is up")


def _webhooks(desk: Desk, vendor: Vendor, account: Access | None) -> Iterator[Check]:
    if vendor.webhooks is None or account is None:
        return
    if not vendor.webhooks.secret(account):
        remedy = "put what the vendor signs them with into the account's secret 'webhook'"
        yield Check("webhooks", "nothing to verify them with", remedy)
        return
    with desk.ledger.transaction() as connection:
        last = inbox.last_hint(connection, desk.client, vendor.name)
    remedy = f"subscribe to /webhooks/{desk.client}/{vendor.name} at the receiver's address"
    yield Check("webhooks", "" if last else "none has ever come", remedy)
