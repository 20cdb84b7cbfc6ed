"""One client's desk: the process, the ledger and the connectors, opened in one place."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from connectors.access import Access
from connectors.errors import Misconfigured
from connectors.ledger import answers
from connectors.ledger import client as ledger_client
from connectors.ledger.store import Ledger
from connectors.links import Links, Question
from connectors.ports import DocumentStore, System
from connectors.records import FormAnswer
from connectors.registry import KINDS, VENDORS
from connectors.vendor import Need, Vendor
from tasks import account, clock
from tasks.process import POOL, Process

STORES = ("documents", "vault")  # kinds that keep files; all others are systems


class Surroundings(BaseSettings):
    """Where a flow process finds the ledger and how our own links are made."""

    model_config = SettingsConfigDict(env_prefix="FULLCYCLE_")

    database_url: str
    public_url: str = "http://127.0.0.1:8700"
    secret: SecretStr
    home: Path = Path(".fullcycle")
    settling_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything one client's work needs. `systems` are by vendor name; some have no vault.

    `settling_seconds`: how long a vendor may still be at work on a request whose answer was lost;
    that it does not have it counts only after that.
    """

    process: Process
    ledger: Ledger
    links: Links
    systems: Mapping[str, System]
    documents: DocumentStore
    settling_seconds: float
    vault: DocumentStore | None = None

    @property
    def client(self) -> str:
        """The client's name."""
        return self.process.client

    def settling(self, system: str) -> float:
        """After how many seconds it counts that a vendor does not have a request."""
        return self.settling_seconds * getattr(self.systems[system], "search_lag", 1)


_open: dict[str, Desk] = {}


async def open_desk(client: str) -> Desk:
    """Open a client's desk, reading the accounts from their blocks; tasks then find it by name.

    A process opens each desk once: every served flow run is a process of its own, so a changed
    account or process file counts from the next run on.
    """
    around = Surroundings()
    if client in _open and _open[client].ledger.url == around.database_url:
        return _open[client]
    ledger = Ledger(around.database_url, client)
    with ledger.transaction() as connection:
        stored = ledger_client.read(connection, client)
    if stored is None:
        raise Misconfigured("ledger", f"no client {client!r}; register it: fullcycle client add")
    process = Process.model_validate(stored)
    names = vendors(process)
    accounts = await asyncio.gather(*(access_to(ledger, name) for name in names))
    access = dict(zip(names, accounts, strict=True))
    _open[client] = _assemble(process, ledger, around, access)
    return _open[client]


def close(client: str) -> None:
    """Forget a client's desk, in a process that lives long: its accounts may change."""
    _open.pop(client, None)


def desk_of(client: str) -> Desk:
    """The desk that `open_desk` opened in this process."""
    return _open[client]


def places(process: Process) -> list[tuple[str, str]]:
    """Which vendor does which kind of work for a client: (kind, vendor's name)."""
    systems = process.systems.model_dump()
    boards = [("job_boards", str(name)) for name in systems.pop("job_boards")]
    return boards + [(kind, str(name)) for kind, name in systems.items() if name]


def vendors(process: Process) -> list[str]:
    """The names of all vendors a process uses, each once."""
    return sorted({name for _, name in places(process)})


async def access_to(ledger: Ledger, vendor: str) -> Access:
    """A client's account at a vendor, whose tokens are kept; raises Misconfigured."""
    if vendor in VENDORS and not VENDORS[vendor].has_account:
        return Access(base_url="")
    access = await account.read(ledger.client, vendor)
    if access is None:
        name = account.account_name(ledger.client, vendor)
        raise Misconfigured(vendor, f"no account {name!r}; {account.remedy(ledger.client, vendor)}")
    return replace(access, keeper=account.BlockKeeper(ledger, vendor))


class Opener:
    """Opens a client's systems one by one, each with what it needs beside it.

    `opened`: those that are, by kind and name.
    """

    def __init__(
        self, process: Process, ledger: Ledger, around: Surroundings, access: Mapping[str, Access]
    ) -> None:
        self.process, self.ledger, self.around, self.access = process, ledger, around, access
        self.links = Links(around.public_url, around.secret.get_secret_value())
        self._beside: dict[Need, object] = {
            "ledger": ledger,
            "links": self.links,
            "answers": partial(_answers, ledger),
            "now": clock.now,
        }
        self.opened: dict[tuple[str, str], Any] = {}

    def open(self, kind: str, name: str) -> Any:
        """One system, opened once; raises Misconfigured, by the name of the one it is due to."""
        if (kind, name) not in self.opened:
            vendor = _known(kind, name)
            if name not in self.access:
                raise Misconfigured(name, "it has no account that could be used")
            beside = {need: self._needed(need) for need in vendor.needs}
            opened = vendor.open(self.access[name], **beside)
            if name in self.process.inform and not hasattr(opened, "tell"):
                told = "cannot be told what becomes of its applicants: leave it out of `inform`"
                raise Misconfigured(name, told)
            self.opened[kind, name] = opened
        return self.opened[kind, name]

    def _needed(self, need: Need) -> object:
        systems = self.process.systems
        match need:
            case "documents":
                return self.open("documents", systems.documents)
            case "vault":
                return self.open("vault", systems.vault) if systems.vault else None
            case "messenger":
                return self.open("messaging", systems.messaging)
        return self._beside[need]


def _assemble(
    process: Process, ledger: Ledger, around: Surroundings, access: Mapping[str, Access]
) -> Desk:
    opener = Opener(process, ledger, around, access)
    opened = {(kind, name): opener.open(kind, name) for kind, name in places(process)}
    store = opened["documents", process.systems.documents]
    vault = opened["vault", process.systems.vault] if process.systems.vault else None
    each = {name: its for (kind, name), its in opened.items() if kind not in STORES}
    return Desk(process, ledger, opener.links, each, store, around.settling_seconds, vault)


def _known(kind: str, name: str) -> Vendor:
    known = KINDS[kind]
    if name not in known:
        there = VENDORS.get(name)
        its = f"; name it for `{there.kind}`" if there else ""
        told = f"no such connector for `{kind}`, there are: {', '.join(sorted(known))}{its}"
        raise Misconfigured(name, told)
    return known[name]


def _answers(ledger: Ledger, question: Question) -> list[FormAnswer]:
    with ledger.transaction() as connection:
        return answers.given(connection, question)


def clients(pool: str | None = None) -> list[str]:
    """The clients there are, or those of one pool."""
    return [client for client, its in pools().items() if pool in (None, its)]


def pools() -> dict[str, str]:
    """The pool of every client there is."""
    url, found = Surroundings().database_url, {}
    for client in ledger_client.names(url):
        with Ledger(url, client).transaction() as connection:
            stored = ledger_client.read(connection, client) or {}
        found[client] = stored.get("pool", POOL)
    return found
