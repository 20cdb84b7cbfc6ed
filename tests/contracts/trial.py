"""What a vendor supplies to be tried: its stand-in, our account there, and each write it can do."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from connectors.access import Access
from connectors.documents.filesystem import Filesystem
from connectors.records import Observed, Page, Request
from connectors.registry import VENDORS
from deployments.sandbox.people import People
from deployments.sandbox.server import Answer, Sandbox, StandIn
from deployments.sandbox.server import Request as Asked
from deployments.sandbox.world import World
from deployments.settings import Settings
from deployments.setup import sandbox_accounts
from tasks.account import account_type

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
CLIENT = "harbor"


NOBODY = People(())


class Town:
    """Clear has nothing on record and signs; everybody else has, and does not. Pay is as agreed."""

    def by_email(self, email: str) -> Any:
        """Somebody, by their address."""
        report, offer = (
            ("clear", "accepts") if email.startswith("clear") else ("consider_adverse", "silent")
        )
        behaviour = SimpleNamespace(report=report, offer=offer, pay_error=False)
        return SimpleNamespace(behaviour=behaviour)


@dataclass(frozen=True)
class Write:
    """One call that changes something.

    `call`: which request of it is lied about; `shows`: where the vendor notes it, `times` how
    often; `may_be_blank`: a true answer has no body; `by_hand`: whether it was done cannot be
    looked up, so that a person has to (`find` says that nobody knows).
    """

    verb: str
    call: str
    request: "Callable[[Bench], Request]"
    shows: str
    times: int = 1
    may_be_blank: bool = False
    by_hand: bool = False


@dataclass(frozen=True)
class Trial:
    """One vendor to try.

    `lists`: what it reads beside its `resources`. `filled` puts into the vendor whatever can be
    read, and returns the ids that are watched. `spec` and `served`: the vendor's own OpenAPI below
    the folder of all, and at which path below the stand-in's it begins. `undescribed`: what
    the paths begin with that are in no document. `answers`: where the vendor's document has but
    models, the schema of what is answered to each request, by method and path.
    `key`: instead of that of the sandbox's account; `options`: settings beside those of its;
    `account`: ours, where the sandbox has none; `wrong`: what makes it one that the vendor does not
    know. `sandbox`: what serves it, if not over HTTP. `untried`: which of its writes nobody lies
    about here, and why not.
    """

    vendor: str
    stand_in: Callable[[World], StandIn]
    filled: "Callable[[Bench], Sequence[str]]"
    writes: Sequence[Write]
    lists: Sequence[str] = ()
    spec: str = ""
    served: str = ""
    undescribed: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, Any] = field(default_factory=lambda: {"key": "another"})
    account: "Callable[[Bench], Access] | None" = None
    sandbox: "type[Telling] | None" = None
    untried: Mapping[str, str] = field(default_factory=dict)

    def is_described(self, path: str) -> bool:
        """Whether the vendor's document is to describe a path."""
        return not (self.undescribed and path.startswith(self.undescribed))


class Telling(Sandbox):
    """A sandbox that remembers what it was asked and answered, and changes answers if told to."""

    def __init__(self, world: World, vendors: list[StandIn]) -> None:
        super().__init__(world, vendors)
        self.asked: list[tuple[Asked, Answer]] = []
        self.change: Callable[[str, Any], Any] = lambda line, body: body

    def begin(self) -> None:
        """Be asked by a connector that was just opened."""

    def answer(self, request: Asked) -> tuple[Answer, str | None]:
        answer, fault = super().answer(request)
        self.asked.append((request, answer))
        if answer.status < 300 and isinstance(answer.body, dict | list):
            answer = replace(answer, body=self.change(line_of(request), answer.body))
        return answer, fault


def line_of(request: Asked) -> str:
    """By which the same question is known again."""
    query = "&".join(f"{name}={value}" for name, value in sorted(request.query.items()))
    return f"{request.method} {request.path}?{query} {request.raw.decode(errors='replace')}"


# Of the client's own things, which some vendors need; none of them is tried here.
BESIDE: dict[str, Any] = {"answers": lambda _: ()}


class Bench:
    """One vendor's stand-in, and our connector to it over HTTP; `folder`: the document store's."""

    def __init__(self, trial: Trial, folder: Path) -> None:
        self.trial, self.documents = trial, Filesystem(folder, "http://127.0.0.1")
        world = World(seed=7, now=NOW)
        self.stand_in = trial.stand_in(world)
        self.sandbox = (trial.sandbox or Telling)(world, [self.stand_in])
        self.url = self.sandbox.start()
        self.port = self.opened()

    def opened(self, **told: Any) -> Any:
        """The connector, opened anew: it remembers nothing."""
        self.sandbox.begin()
        account, vendor = replace(self.account, **told), VENDORS[self.trial.vendor]
        taken = inspect.signature(vendor.connect).parameters
        theirs = {**BESIDE, "documents": self.documents}
        beside: dict[str, Any] = {need: theirs.get(need) for need in vendor.needs}
        ours = {"sleep": lambda _: None, "now": lambda: self.sandbox.world.now}
        beside |= {name: each for name, each in ours.items() if name in taken}
        return vendor.connect(account, **beside)

    @cached_property
    def account(self) -> Access:
        """Our account, at this stand-in's address."""
        if self.trial.account:
            return self.trial.account(self)
        settings = Settings(sandbox_port=int(self.url.rpartition(":")[2]), home=Path("."))
        told = sandbox_accounts(settings, CLIENT)[self.trial.vendor]
        account = account_type(self.trial.vendor).filled(**told).access()
        options = {**account.options, **self.trial.options}
        return replace(account, key=self.trial.key or account.key, options=options)

    def lie(self, match: str, lie: str) -> None:
        """Answer the next such request with a lie, or not at all, though it is done."""
        name = self.stand_in.prefix.strip("/")
        self.sandbox.faults.append({"vendor": name, "match": match, "faults": [lie]})

    def done(self, kind: str) -> int:
        """How often the vendor noted something of this kind."""
        return len(self.stand_in.received.get(kind, []))

    def later(self, **delta: float) -> None:
        """Let time go on at the vendor."""
        self.sandbox.advance(self.sandbox.world.now + timedelta(**delta))

    def pages(self, port: Any, watching: Sequence[str]) -> Iterator[Page]:
        """Every page of everything that can be read."""
        for resource in (*port.resources, *self.trial.lists):
            yield from port.changes(resource, None, watching)


def records(pages: Iterable[Page]) -> Iterator[Observed]:
    """Every record of these pages, also of those that are read when they are new."""
    for page in pages:
        if page.listed:
            yield from (page.listed.read(raw) for _, raw in page.listed.rows)
        yield from page.records


@contextmanager
def bench(trial: Trial) -> Iterator[Bench]:
    """A vendor, for as long as the context lasts."""
    with TemporaryDirectory() as folder:
        opened = Bench(trial, Path(folder))
        try:
            yield opened
        finally:
            opened.sandbox.stop()
