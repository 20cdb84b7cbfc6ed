"""Cast the sandbox's people: who plays what for which requisition, and what befalls them.

First come the `cast`: as many strong and willing people as it takes to fill every opening, and one
for each trouble worth showing. The rest is the crowd, on which the mess of a real inbox falls in
exact shares.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice, zip_longest
from typing import Any

from deployments.sandbox.people import Behaviour

Requisition = Mapping[str, Any]

TROUBLES: tuple[dict[str, Any], ...] = (
    {"report": "consider_adverse"},
    {"report": "consider_cleared"},
    {"pay_error": True},
    {"day_one": "no_show"},
    {"offer": "declines"},
    {"offer": "late"},
)
# The shares of the whole, taken from the crowd; only "twice" may also fall on the cast.
SHARES = {"no_email": 0.03, "bad_phone": 0.06, "late": 0.04, "withdraws": 0.06, "silent": 0.08}
TWICE, TWO_REQUISITIONS = 0.08, 0.06


@dataclass(frozen=True, slots=True)
class Part:
    """What somebody is to play: for which requisition, how they behave, what befalls them."""

    requisition: Requisition
    behaviour: Behaviour
    cast: bool
    early: bool = False
    other: Requisition | None = None
    marks: frozenset[str] = frozenset()


def casting(seed: int, applicants: int, requisitions: Sequence[Requisition]) -> list[Part]:
    """That many parts, the cast first; alike for the same seed, number and requisitions."""
    return _marked(seed, applicants, _parts(seed, applicants, requisitions), requisitions)


def dice_of(seed: int, *name: object) -> random.Random:
    """Dice that always fall alike for the same name."""
    return random.Random("/".join(str(part) for part in (seed, *name)))


def _parts(seed: int, applicants: int, requisitions: Sequence[Requisition]) -> list[Part]:
    """The cast, one of each requisition in turn, and the crowd behind it."""
    turns = [_cast(seed, requisition) for requisition in requisitions]
    strong = [part for turn in zip_longest(*turns) for part in turn if part]
    cast = [*_troubled(requisitions), *strong][:applicants]
    crowd = islice(cycle(requisitions), applicants - len(cast))
    return cast + [
        Part(requisition, _ordinary(dice_of(seed, "crowd", n)), cast=False)
        for n, requisition in enumerate(crowd)
    ]


def _cast(seed: int, requisition: Requisition) -> list[Part]:
    headcount = requisition.get("headcount", 1)
    dice = dice_of(seed, "cast", requisition["code"])
    needed = max(headcount + 3, -(-headcount * 8 // 3))
    strengths = [round(dice.uniform(0.84, 0.95), 2) for _ in range(needed)]
    return [Part(requisition, Behaviour(strength=s), cast=True) for s in strengths]


def _troubled(requisitions: Sequence[Requisition]) -> list[Part]:
    """One strong person per trouble, spread over the requisitions in the United States.

    They apply at once, so that they are among those the hiring manager chooses from.
    """
    american = [r for r in requisitions if r["places"][0]["country"] == "US"]
    return [
        Part(requisition, Behaviour(strength=0.98, **trouble), cast=True, early=True)
        for trouble, requisition in zip(TROUBLES, cycle(american), strict=False)
    ]


def _ordinary(dice: random.Random) -> Behaviour:
    offers = dice.choices(("accepts", "declines", "late", "silent"), (78, 10, 9, 3))
    return Behaviour(strength=round(dice.triangular(0.05, 0.83, 0.45), 2), offer=offers[0])


def _marked(
    seed: int, applicants: int, parts: list[Part], requisitions: Sequence[Requisition]
) -> list[Part]:
    """Deal out what befalls people, in exact shares."""
    crowd = [n for n, part in enumerate(parts) if not part.cast]
    marks: dict[int, set[str]] = {n: set() for n in range(len(parts))}
    for mark, share in SHARES.items():
        for n in _drawn(seed, mark, crowd, share * applicants):
            marks[n].add(mark)
    reachable = [n for n in marks if "no_email" not in marks[n] and not parts[n].early]
    for n in _drawn(seed, "twice", reachable, TWICE * applicants):
        marks[n].add("twice")
    others = set(_drawn(seed, "two", crowd, TWO_REQUISITIONS * applicants))
    return [
        replace(
            _behaving(seed, n, part, marks[n]),
            other=_other(seed, n, part, requisitions) if n in others else None,
        )
        for n, part in enumerate(parts)
    ]


def _drawn(seed: int, mark: str, among: list[int], number: float) -> list[int]:
    return dice_of(seed, mark).sample(among, min(round(number), len(among)))


def _behaving(seed: int, n: int, part: Part, marks: set[str]) -> Part:
    days = dice_of(seed, "withdraws", n).randint(1, 12) if "withdraws" in marks else None
    screen = "silent" if "silent" in marks else "answers"
    behaviour = replace(part.behaviour, screen=screen, withdraws_after_days=days)
    return replace(part, behaviour=behaviour, marks=frozenset(marks))


def _other(
    seed: int, n: int, part: Part, requisitions: Sequence[Requisition]
) -> Requisition | None:
    others = [r for r in requisitions if r is not part.requisition]
    return dice_of(seed, "other", n).choice(others) if others else None
