"""Make the sandbox's people up: `python -m deployments.sandbox.make_people --applicants 320`.

Real applicants' data cannot be had and must not be used, so people are drawn from hand-made lists
(data/names.yaml, data/lives.yaml, data/occupations.csv). The same seed, number and requisitions
always give the same people.
"""

import argparse
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from deployments.sandbox.casting import Part, Requisition, casting, dice_of
from deployments.sandbox.people import (
    DATA,
    SHIPPED,
    Apply,
    People,
    Persona,
    Referee,
)
from deployments.sandbox.resumes import lists, resume

POSTING_DAYS = 18
LATE_DAYS = (40, 60)
VIAS, VIA_WEIGHTS = ("indeed", "ashby"), (65, 35)


def make(seed: int, applicants: int, requisitions: Sequence[Requisition]) -> list[Persona]:
    """Make up that many people, applying to these requisitions."""
    parts = casting(seed, applicants, requisitions)
    names = _named(seed, parts)
    return [_persona(seed, n, part, *names[n]) for n, part in enumerate(parts)]


def _named(seed: int, parts: list[Part]) -> list[tuple[str, str]]:
    """A name and its plain letters for everybody; nobody shares the name of a cast member."""
    named: list[tuple[str, str]] = []
    taken: set[str] = set()
    for n, part in enumerate(parts):
        dice = dice_of(seed, "name", n)
        name, plain = _name(dice)
        while name in taken:
            name, plain = _name(dice)
        named.append((name, plain))
        if part.cast:
            taken.add(name)
    return named


def _name(dice: random.Random) -> tuple[str, str]:
    scripts, whole = lists("names")["scripts"], lists("names")["whole"]
    weights = [script["weight"] for script in scripts.values()] + [whole["weight"]]
    script = dice.choices([*scripts.values(), None], weights)[0]
    if script is None:
        name, plain = dice.choice(sorted(whole["names"].items()))
        return str(name), str(plain)
    given, plain_given = dice.choice(sorted(script["given"].items()))
    family, plain_family = dice.choice(sorted(script["family"].items()))
    return script["order"].format(given=given, family=family), f"{plain_given}.{plain_family}"


def _persona(seed: int, n: int, part: Part, name: str, plain: str) -> Persona:
    dice = dice_of(seed, "person", n)
    wanted = [r for r in (part.requisition, part.other) if r]
    truth = {
        f"{r['code']}:{must['id']}": part.cast
        or dice.random() < 0.35 + part.behaviour.strength / 1.4
        for r in wanted
        for must in r["must_haves"]
    }
    email = None if "no_email" in part.marks else f"{plain}{n}@mail.example"
    residence = _residence(dice, part.requisition)
    phone = _phone(dice, n, residence, part.marks)
    text, document = resume(dice, name, wanted, truth, (email, phone), part.cast)
    return Persona(
        id=f"P{n + 1:05}",
        name=name,
        emails=(email,) if email else (),
        phones=(phone,),
        links=(f"https://{plain.replace('.', '-')}-{n}.example",) if dice.random() < 0.4 else (),
        residence=residence,
        applications=_applications(dice, part, truth, email, phone),
        resume_text=text,
        resume_json=document,
        truth=truth,
        pay_expectation_cents=_pay_expectation(dice, part),
        behaviour=part.behaviour,
        referees=_referees(dice, n, part.cast),
    )


def _residence(dice: random.Random, requisition: Requisition) -> str:
    home = requisition["places"][0]["code"]
    known = lists("lives")["residences"]
    if home in known and dice.random() < 0.75:
        return str(home)
    return "" if dice.random() < 0.1 else str(dice.choice(sorted(known)))


def _phone(dice: random.Random, n: int, residence: str, marks: frozenset[str]) -> str:
    """A number of the ranges kept free for fiction, nobody's twice, written in one of many ways."""
    lives = lists("lives")
    if "bad_phone" in marks:
        return str(dice.choice(lives["bad_phones"]))
    if not residence:
        return f"+44 7700 {900_000 + n % 1000}"
    area, line = lives["areas"][n // 100 % len(lives["areas"])], f"{n % 100:02}"
    formats = ("+1 {} 555 01{}", "({}) 555-01{}", "{}-555-01{}", "+1{}55501{}", "{}.555.01{}")
    return dice.choice(formats).format(area, line)


def _applications(
    dice: random.Random,
    part: Part,
    truth: dict[str, bool],
    email: str | None,
    phone: str | None,
) -> tuple[Apply, ...]:
    first = Apply(
        requisition=part.requisition["code"],
        via=dice.choices(VIAS, VIA_WEIGHTS)[0],
        day=_day(dice, part),
        hour=dice.randint(6, 23),
        email=email,
        phone=phone,
        answers=_answers(dice, part.requisition, truth),
    )
    more = []
    if "twice" in part.marks and email:
        via = VIAS[1 - VIAS.index(first.via)]
        again = min(first.day + dice.randint(0, 4), max(first.day, POSTING_DAYS))
        more.append(replace(first, via=via, day=again, email=_alias(dice, email)))
    if part.other:
        answers = _answers(dice, part.other, truth)
        more.append(replace(first, requisition=part.other["code"], answers=answers))
    return (first, *more)


def _day(dice: random.Random, part: Part) -> int:
    if part.early:
        return 0
    if "late" in part.marks:
        return dice.randint(*LATE_DAYS)
    return int(dice.triangular(0, POSTING_DAYS + 0.99, 2))


def _answers(
    dice: random.Random, requisition: Requisition, truth: dict[str, bool]
) -> dict[str, str]:
    """Answers as people give them: who meets a must-have says so, some others say so too."""
    asked = [must["id"] for must in requisition["must_haves"] if must.get("question")]
    met = {must: truth[f"{requisition['code']}:{must}"] or dice.random() < 0.2 for must in asked}
    return {must: "Yes" if met[must] else "No" for must in asked}


def _alias(dice: random.Random, email: str) -> str:
    """The same mailbox under another address: tagged, relayed by the board, or shouted."""
    local, _, host = email.partition("@")
    relayed = f"{local.replace('.', '')}_{dice.randint(100, 999)}@indeedemail.example"
    return dice.choice((f"{local}+jobs@{host}", relayed, email.title()))


def _pay_expectation(dice: random.Random, part: Part) -> int | None:
    pay = part.requisition.get("pay")
    if not pay or (not part.cast and dice.random() < 0.1):
        return None
    low, high = int(pay["min_cents"]), int(pay["max_cents"])
    if not part.cast and dice.random() < 0.12:
        return round(high * dice.uniform(1.02, 1.15))
    return round(dice.uniform(low, high))


def _referees(dice: random.Random, n: int, cast: bool) -> tuple[Referee, ...]:
    """Four for the cast, two of them prompt, one late and one silent; two or three for others."""
    answers = ["prompt", "prompt", "late", "silent"]
    if not cast:
        answers = dice.choices(("prompt", "late", "silent"), (60, 25, 15), k=dice.randint(2, 3))
    dice.shuffle(answers)
    named = [_name(dice) for _ in answers]
    relations = lists("lives")["relations"]
    return tuple(
        Referee(name, f"{plain}.{n}.{number}@ref.example", dice.choice(relations), answer)
        for number, ((name, plain), answer) in enumerate(zip(named, answers, strict=True))
    )


def _requisitions(folder: Path) -> list[Requisition]:
    return [yaml.safe_load(file.read_text("utf-8")) for file in sorted(folder.glob("*.yaml"))]


def main() -> None:
    """Write people for the sandbox's requisitions."""
    parser = argparse.ArgumentParser(description="Make up the sandbox's people.")
    parser.add_argument("--applicants", type=int, default=320)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args()
    requisitions = _requisitions(DATA / "requisitions")
    People.generate(given.seed, given.applicants, requisitions).save(given.out)


if __name__ == "__main__":
    main()
