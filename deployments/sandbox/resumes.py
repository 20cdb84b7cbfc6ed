"""Write a résumé for a made-up person: half of them as text, half as JSON Resume objects."""

import csv
import random
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import yaml

from deployments.sandbox.people import DATA

Requisition = Mapping[str, Any]
Contacts = tuple[str | None, str]

THIS_YEAR = 2026
NEAR = 3


class Occupation(NamedTuple):
    """An occupation of O*NET-SOC; the first two digits of its code are its major group."""

    code: str
    title: str

    @property
    def group(self) -> str:
        """Its major group: 15 is computing, 43 is office work."""
        return self.code[:2]


def resume(
    dice: random.Random,
    name: str,
    wanted: Sequence[Requisition],
    truth: Mapping[str, bool],
    contacts: Contacts,
    apt: bool,
) -> tuple[str, dict[str, Any] | None]:
    """A résumé as text and no object, or as an object (https://jsonresume.org) and no text.

    It names what shows a must-have exactly if the person meets it. An `apt` person has worked in
    a field near the first requisition's; others may come from anywhere.
    """
    field = _field(dice, wanted[0]["title"], apt)
    document = _document(dice, name, field, _shown(dice, wanted, truth), contacts)
    return (_text(document), None) if dice.random() < 0.5 else ("", document)


def _shown(
    dice: random.Random, wanted: Sequence[Requisition], truth: Mapping[str, bool]
) -> list[str]:
    return [
        str(dice.choice(must["words"]))
        for requisition in wanted
        for must in requisition["must_haves"]
        if must.get("words") and truth[f"{requisition['code']}:{must['id']}"]
    ]


def _field(dice: random.Random, title: str, apt: bool) -> str:
    """The O*NET title of a field of work."""
    shared = {known: len(_stems(title) & _stems(known.title)) for known in occupations()}
    best = max(shared, key=lambda known: shared[known])
    near = sorted(shared, key=lambda known: (-shared[known], known.group != best.group))
    return dice.choice(near[:NEAR] if apt or dice.random() < 0.6 else near).title.lower()


def _stems(title: str) -> set[str]:
    return {word[:6] for word in re.findall(r"[a-z]{4,}", title.lower())}


def _document(
    dice: random.Random, name: str, field: str, shown: list[str], contacts: Contacts
) -> dict[str, Any]:
    lives, (email, phone) = lists("lives"), contacts
    years = dice.randint(2, 24)
    employers = dice.sample(lives["employers"], 2)
    summary = dice.choice(lives["summaries"])
    changed = THIS_YEAR - dice.randint(1, years)
    proof = [lives["proof"].format(word=word, employer=employers[0]) for word in shown]
    return {
        "basics": {
            "name": name,
            **({"email": email} if email else {}),
            "phone": phone,
            "summary": summary.format(years=years, field=field, employer=employers[0]),
        },
        "work": [
            {"name": employers[0], "startDate": str(changed), "highlights": proof},
            {
                "name": employers[1],
                "startDate": str(THIS_YEAR - years),
                "endDate": str(changed),
                "highlights": [],
            },
        ],
        "education": [
            {"institution": dice.choice(lives["schools"]), "area": dice.choice(lives["subjects"])}
        ],
        "skills": [{"name": skill} for skill in [*shown, *dice.sample(lives["fillers"], 2)]],
    }


def _text(document: dict[str, Any]) -> str:
    """The same résumé as its bearer would type it."""
    basics = document["basics"]
    lines = [basics["name"], basics.get("email", ""), basics["phone"], "", basics["summary"], ""]
    for job in document["work"]:
        lines.append(f"{job['startDate']} – {job.get('endDate', 'today')}: {job['name']}")
        lines += [f"  {highlight}" for highlight in job["highlights"]]
    lines += [f"{school['area']}, {school['institution']}" for school in document["education"]]
    lines.append("Skills: " + ", ".join(skill["name"] for skill in document["skills"]))
    return "\n".join(lines)


@cache
def occupations() -> tuple[Occupation, ...]:
    """What people may have worked as."""
    with (DATA / "occupations.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Occupation(row["code"], row["title"]) for row in csv.DictReader(file))


@cache
def lists(name: str) -> dict[str, Any]:
    """A file of lists people are drawn from: "names" or "lives"."""
    found: dict[str, Any] = yaml.safe_load((DATA / f"{name}.yaml").read_text("utf-8"))
    return found
