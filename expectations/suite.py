"""What a suite is made of, and the judgement over everything that waits at a gate."""

import gc
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import ModuleType

_UNUSED = ("altair", "scipy", "scipy.stats")


class Owner(StrEnum):
    """Whose turn it is when a rule is broken."""

    CLIENT = "client"
    PROVIDER = "provider"
    CANDIDATE = "candidate"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation at a gate.

    `holds` is SQL over the columns of a row that must be true; what is unknown is not true. `when`
    says of which rows. `reason` says what is wrong and `remedy` what to do; neither may quote a
    value. `critical` holds the row, otherwise it is only reported. `batch`: `holds` is an aggregate
    over all rows, and a breach stops them all. `releasable`: a person may let a subject pass it;
    law and computed verdicts are not.
    """

    id: str
    holds: str
    owner: Owner
    reason: str
    remedy: str
    when: str | None = None
    critical: bool = True
    batch: bool = False
    releasable: bool = True

    @property
    def fields(self) -> list[str]:
        """The fields of the record it looks at, by name: keywords are written in capitals."""
        words = re.sub(r"'[^']*'|::\w+", "", f"{self.holds} {self.when or ''}")
        return sorted(set(re.findall(r"\b[a-z]\w*\b(?!\s*\()", words)) - {"true", "false"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule and the ids of all rows that break it (none for a batch rule)."""

    rule: Rule
    ids: tuple[int, ...]


class GateError(Exception):
    """A rule could not be judged at all: the gate stays shut, nobody is quarantined for it."""


def at_most(rule: str, rows: int, reason: str) -> Rule:
    """Volume: more rows than this at once means that a source is echoing itself."""
    return Rule(
        rule,
        f"count(*) <= {rows}",
        Owner.VENDOR,
        reason,
        "look at the source; run again when it is quiet, or raise the limit in the suite",
        batch=True,
    )


def fresh(rule: str, system: str) -> Rule:
    """Freshness: nobody moves on what a system said more than a day ago.

    system: the job it does, as in the client's process; the rows bring `<system>_silent_hours`.
    """
    return Rule(
        rule,
        f"max({system}_silent_hours) <= 24",
        Owner.VENDOR,
        f"{system.replace('_', ' ')} has not been read to the end for more than a day",
        "look at that system's observe task; the gate opens once it can be read again",
        batch=True,
    )


def judge(rules: Sequence[Rule], url: str, query: str) -> list[Finding]:
    """Judge the query's rows by the rules; raises GateError if any rule could not be judged.

    url: a database address confined to the client; query: literal SQL with an `id` column.
    """
    by_id = {rule.id: rule for rule in rules}
    return [Finding(by_id[rule], ids) for rule, ids in sorted(engine().failing(rules, url, query))]


@cache
def engine() -> ModuleType:
    """The engine, imported when there is something to judge: that costs more than the gate.

    A sixth of it was Python looking for garbage, again and again, among half a million objects that
    stay. Later it would look through them once more: 0.2 s, more than a gate of 1,000 rows takes.
    """
    gc.disable()
    try:
        with _left_out():
            from expectations import engine
    finally:
        gc.enable()
    gc.freeze()
    return engine


@contextmanager
def _left_out() -> Iterator[None]:
    """Import nothing that Great Expectations has for expectations which nobody states here.

    scipy and altair are for three of its files, and a third of its 1.9 s. Whoever states such an
    expectation all the same finds out at once: the gate stays shut.
    """
    empty = {name: ModuleType(name) for name in _UNUSED if name.split(".")[0] not in sys.modules}
    for module in empty.values():
        vars(module)["__getattr__"] = _nothing
    sys.modules.update(empty)
    try:
        yield
    finally:
        for name in empty:
            del sys.modules[name]


def _nothing(name: str) -> None:
    if name.startswith("__"):
        raise AttributeError(name)
