"""Look at every system of a client for real, and say what is wrong and how it is mended."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from operator import itemgetter
from typing import cast

from connectors.errors import ConnectorError, Unavailable
from connectors.health import CLOCK, Check, tried
from connectors.ledger import inbox, landing
from connectors.ledger.store import Ledger
from connectors.ports import Subscribing, System
from connectors.records import Page
from connectors.registry import LEFT_OUT, VENDORS
from connectors.vendor import Vendor
from tasks import clock
from tasks.account import account_name, remedy, stored, wrong
from tasks.desk import STORES, Opener, Surroundings, access_to, places, vendors
from tasks.process import Process

OFFERS = re.compile(r"""link\(\s*["']texting["']\s*,\s*texting\b""")
QUIET = timedelta(days=14)  # for which changes may be told by no webhook: not each has an event


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at in one of a client's systems."""

    system: str
    check: Check


async def examine(process: Process) -> list[Finding]:
    """Look at the accounts of a client, and at each system whose account is complete.

    Nothing is changed anywhere, but for one empty file in a document store that locks none, which
    is removed.
    """
    around = Surroundings()
    ledger = Ledger(around.database_url, process.client)
    found = [Finding(name, await _account(process.client, name)) for name in vendors(process)]
    well = {finding.system for finding in found if not finding.check.wrong}
    access = {name: await access_to(ledger, name) for name in well}
    opener = Opener(process, ledger, around, access)
    return found + await asyncio.to_thread(
        lambda: [
            Finding(name, check)
            for kind, name in sorted(places(process), key=itemgetter(1))
            if name in well
            for check in _checks(opener, kind, VENDORS[name])
        ]
    )


async def _account(client: str, name: str) -> Check:
    """Whether an account is there and says all that its vendor needs to know."""
    if name not in VENDORS:
        why = LEFT_OUT.get(name, "there is none of this name")
        return Check("connector", why, f"use one of: {', '.join(VENDORS)}")
    if not VENDORS[name].has_account:
        return Check("account")
    told = await stored(client, name)
    missing = f"there is no block {account_name(client, name)!r}"
    problem = missing if told is None else wrong(name, told)
    return Check("account", problem, remedy(client, name))


def _checks(opener: Opener, kind: str, vendor: Vendor) -> Iterator[Check]:
    """Whether a system can be opened and read, is set up for what we do, and sends its webhooks."""
    process = opener.process
    yield from _named(_looks(opener, kind, vendor))
    yield from _named(_webhooks(opener, kind, vendor))
    if vendor.name == process.systems.payroll and "US" in process.payroll.countries:
        yield _new_hire_report(vendor, process)
    if kind == "texting":
        yield _texted(process)


def _named(checks: Iterator[Check]) -> Iterator[Check]:
    """Give what ends a look at one system a name, so that it hides no other."""
    try:
        yield from checks
    except Unavailable as failure:
        yield Check("reachable", failure.what, "try again; see the vendor's status page")
    except ConnectorError as failure:
        yield Check("set-up", str(failure), "see the vendor's page in docs/connectors")
    except Exception as failure:  # a fault of one connector, which may be of another package
        yield Check("connector", f"it failed: {type(failure).__name__}", "report it to its authors")


def _new_hire_report(vendor: Vendor, process: Process) -> Check:
    """Whether whoever is to tell the states of new hires does so."""
    nobody = process.payroll.new_hire_report == "payroll" and not vendor.reports_new_hires
    wrong = f"{vendor.title} does not report them to the state" if nobody else ""
    remedy = "say 'new_hire_report: hr' under 'payroll' in the process, if nobody else does it"
    return Check("new hires", wrong, remedy)


def _texted(process: Process) -> Check:
    """Whether anybody can agree to be texted, and there is something to text."""
    messages = process.messages.values()
    wrong, remedy = "", ""
    if not any(OFFERS.search(message.body) for message in messages):
        wrong = "no message offers it, so nobody can agree to it"
        remedy = 'put {% if texting %}{{ link("texting", texting) }}{% endif %} into one'
    elif not any(message.text for message in messages):
        wrong, remedy = "no message has a short form", "give one a 'text' in the process"
    return Check("short forms", wrong, remedy)


def _looks(opener: Opener, kind: str, vendor: Vendor) -> Iterator[Check]:
    system = opener.open(kind, vendor.name)
    scopes = f"; it needs {', '.join(vendor.scopes)}" if vendor.scopes else ""
    for resource in () if kind in STORES else system.resources:
        yield from _reads(system, resource, f"check what the key may see{scopes}")
    for check in system.check():
        if check.what != CLOCK or not clock.is_simulated():
            yield check


def _reads(system: System, resource: str, remedy: str) -> Iterator[Check]:
    """Whether a resource can be read; nothing, where only what is watched is asked for."""
    first: list[Page] = []
    pages = system.changes(resource, None, ())
    check = tried(f"reads {resource}", remedy, lambda: first.extend(islice(pages, 1)))
    if first or check.wrong:
        yield check


def _webhooks(opener: Opener, kind: str, vendor: Vendor) -> Iterator[Check]:
    """Whether webhooks are subscribed to, if the vendor says so; and whether they still come."""
    if vendor.webhooks is None:
        return
    ledger, account = opener.ledger, opener.access[vendor.name]
    if not vendor.webhooks.secret(account):
        told = f"{remedy(ledger.client, vendor.name)}: what the vendor signs them with, as Webhook"
        yield Check("webhooks", "nothing to verify them with", told)
        return
    receiver = opener.around.public_url.rstrip("/")
    ours = f"{receiver}/webhooks/{ledger.client}/{vendor.name}"
    addresses = _subscribed(opener.opened.get((kind, vendor.name)))
    with ledger.transaction() as connection:
        came = inbox.last_hint(connection, ledger.client, vendor.name)
        changed = landing.last_change(connection, ledger.client, vendor.name)
    wrong = ""
    if addresses is not None and ours not in addresses:
        wrong = "nothing is subscribed for our address"
    elif addresses is None and came is None:
        wrong = "none has ever come"
    elif came and changed and changed - came > QUIET:
        wrong = f"none has come since {came:%d %B %Y}, though there were changes"
    yield Check("webhooks", wrong, f"subscribe to {ours}, and look at the vendor's log of them")


def _subscribed(system: object) -> Sequence[str] | None:
    """Where a system's webhooks go; None: it does not say, or not to this account."""
    try:
        return cast(Subscribing, system).subscribed() if hasattr(system, "subscribed") else None
    except ConnectorError:
        return None
