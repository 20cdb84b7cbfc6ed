"""What a stage decided: plain data, written by the ledger in one transaction or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.records import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A requisition or an application as it stood when it was read.

    `seq` and `head_hash` are its last transition's: a decision on an outdated subject is refused.
    """

    subject_kind: str
    id: int
    key: str
    stage: str
    state: str
    since: datetime
    ready_for: str | None
    seq: int
    head_hash: str


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due and whose turn it is; `legal`: a floor no edit may shorten."""

    at: datetime
    owner: str
    legal: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A change of stage, state or disposition of one subject."""

    subject: Subject
    to_stage: str
    to_state: str
    reason: str
    ready_for: str | None = None
    due: Due | None = None
    disposition: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """An effect to be carried out once: `key` is unique for ever."""

    subject: Subject
    kind: str
    system: str
    key: str
    request: Request
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A row for one of the ledger's fact tables; the first fact with a key stands."""

    table: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """An application belongs to this person; None: to a new person of its own."""

    subject: Subject
    person_id: int | None
    name: str
    contacts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """New values for columns of one subject's own row, other than where it stands."""

    subject: Subject
    values: Mapping[str, Any]


@dataclass(slots=True)
class Decisions:
    """Everything one `decide` wants written."""

    moves: list[Move] = field(default_factory=list)
    effects: list[Asked] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    filled: list[Subject] = field(default_factory=list)
    posted: list[tuple[Subject, str, Mapping[str, Any]]] = field(default_factory=list)
    taken_down: list[str] = field(default_factory=list)

    def advance(self, subject: Subject, to: str, reason: str = "complete") -> None:
        """The subject is done here and waits at the gate of the next stage."""
        self.moves.append(Move(subject, subject.stage, "complete", reason, ready_for=to))

    def hold(self, subject: Subject, state: str, due: Due | None, reason: str = "") -> None:
        """The subject stays in its stage in another state; no move if it is there already."""
        if subject.state != state:
            self.moves.append(Move(subject, subject.stage, state, reason or state, due=due))

    def end(self, subject: Subject, disposition: str, reason: str) -> None:
        """The subject leaves for good."""
        self.moves.append(Move(subject, subject.stage, "ended", reason, disposition=disposition))

    def effect(
        self,
        subject: Subject,
        system: str,
        kind: str,
        request: Request,
        about: str = "",
        not_before: datetime | None = None,
    ) -> None:
        """Something is to be done outside, once per (kind, subject, about)."""
        key = effect_key(kind, subject.key, about)
        self.effects.append(Asked(subject, kind, system, key, request, not_before))

    def fact(self, table: str, **values: Any) -> None:
        """Something is now known."""
        self.facts.append(Fact(table, values))

    def change(self, subject: Subject, **values: Any) -> None:
        """Something about the subject itself is now different."""
        self.changes.append(Change(subject, values))

    def post(self, requisition: Subject, reference: str, record: Mapping[str, Any]) -> None:
        """A posting is live from now on."""
        self.posted.append((requisition, reference, record))

    def take_down(self, reference: str) -> None:
        """A posting is no longer live."""
        self.taken_down.append(reference)

    def fill(self, application: Subject) -> None:
        """The application fills one opening of its requisition."""
        self.filled.append(application)


def effect_key(kind: str, subject_key: str, about: str = "") -> str:
    """The unique key of an effect, for instance `background.order:HARBOR-1.9f2c11ab03:pro`."""
    return f"{kind}:{subject_key}" + (f":{about}" if about else "")


def subject_of(effect: str) -> str:
    """Whom an effect is about, from its key: a requisition's or an application's key."""
    return effect.split(":")[1] if ":" in effect else effect
