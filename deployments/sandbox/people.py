"""The people of the sandbox: who applies, what is true of them, and how they behave."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
SHIPPED = DATA / "applicants.jsonl"


@dataclass(frozen=True, slots=True)
class Apply:
    """One application: where, on which day and hour (UTC) after the posting, with which contacts.

    `via` is "indeed", or "ashby": the careers page of whichever tracker the client has. `answers`
    maps a must-have's id to "Yes" or "No".
    """

    requisition: str
    via: str
    day: int
    hour: int
    email: str | None
    phone: str | None
    answers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a person acts once they applied.

    screen: "answers" or "silent". offer: "accepts", "declines", "late" or "silent".
    report: "clear", "consider_cleared" or "consider_adverse". day_one: "arrives" or "no_show".
    `strength` from 0 to 1 is how well they do; `pay_error`: payroll will mistype their rate.
    """

    screen: str = "answers"
    withdraws_after_days: int | None = None
    strength: float = 0.5
    offer: str = "accepts"
    report: str = "clear"
    day_one: str = "arrives"
    pay_error: bool = False


@dataclass(frozen=True, slots=True)
class Referee:
    """Somebody a person names; `answers` is "prompt", "late" or "silent"."""

    name: str
    email: str
    relation: str
    answers: str


@dataclass(frozen=True, slots=True)
class Persona:
    """One person.

    `emails` are their own, without the aliases a job board gave them. `residence` is a place code
    or empty. `truth` says by "REQUISITION:must_have" what they really meet. They have a résumé as
    text or as a JSON Resume object, never both. `pay_expectation_cents` is per unit of the pay of
    the first requisition they apply to.
    """

    id: str
    name: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    links: tuple[str, ...]
    residence: str
    applications: tuple[Apply, ...]
    resume_text: str
    resume_json: dict[str, Any] | None
    truth: dict[str, bool]
    pay_expectation_cents: int | None
    behaviour: Behaviour
    referees: tuple[Referee, ...] = field(default=())


class People:
    """Everybody in one sandbox, found by address or name."""

    def __init__(self, personas: Iterable[Persona]) -> None:
        self._all = tuple(personas)
        names = Counter(_fold(persona.name) for persona in self._all)
        self._by_name = {
            _fold(persona.name): persona for persona in self._all if names[_fold(persona.name)] == 1
        }
        self._by_email = {
            _fold(email): persona for persona in self._all for email in _addresses(persona)
        }
        self._referees = {
            _fold(referee.email): (persona, referee)
            for persona in self._all
            for referee in persona.referees
        }

    @classmethod
    def load(cls, path: Path = SHIPPED) -> "People":
        """Read people from a file of JSON lines."""
        lines = path.read_text("utf-8").splitlines()
        return cls(_persona(json.loads(line)) for line in lines)

    @classmethod
    def generate(
        cls, seed: int, applicants: int, requisitions: Sequence[Mapping[str, Any]]
    ) -> "People":
        """Make people up for requisitions as their YAML files hold them; alike for a seed."""
        from deployments.sandbox.make_people import make  # it needs the records above

        return cls(make(seed, applicants, requisitions))

    def save(self, path: Path) -> None:
        """Write everybody as JSON lines."""
        lines = (json.dumps(asdict(persona), ensure_ascii=False) for persona in self._all)
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def all(self) -> tuple[Persona, ...]:
        """Everybody, in the order of their ids."""
        return self._all

    def by_email(self, email: str) -> Persona | None:
        """The person who reads an address, be it their own or an alias they applied with."""
        return self._by_email.get(_fold(email))

    def by_name(self, name: str) -> Persona | None:
        """The only person of a name; None also if several share it."""
        return self._by_name.get(_fold(name))

    def referee_by_email(self, email: str) -> tuple[Persona, Referee] | None:
        """The referee who reads an address, after the person who named them."""
        return self._referees.get(_fold(email))


def _fold(text: str) -> str:
    return text.strip().casefold()


def _addresses(persona: Persona) -> set[str]:
    applied_with = {apply.email for apply in persona.applications if apply.email}
    return applied_with | set(persona.emails)


def _persona(row: dict[str, Any]) -> Persona:
    return Persona(
        **{
            **row,
            "emails": tuple(row["emails"]),
            "phones": tuple(row["phones"]),
            "links": tuple(row["links"]),
            "applications": tuple(Apply(**apply) for apply in row["applications"]),
            "behaviour": Behaviour(**row["behaviour"]),
            "referees": tuple(Referee(**referee) for referee in row["referees"]),
        }
    )
