"""Dated legal rules as data: what a place demands, of whom, since when, and who says so.

Not legal advice. The YAML files beside this module hold the rules; counsel reviews them, and a
rule that changed is ended with `effective_to` and followed by a new one, never edited.
"""

from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from connectors.records import PlaceCode, Record

Topic = Literal[
    "posting_pay",
    "posting_benefits",
    "posting_deadline",
    "posting_ai_statement",
    "posting_vacancy",
    "stage_order",
    "adverse_wait",
    "reference_consent",
    "i9_section_2",
    "new_hire_report",
    "outcome_notice",
]
Stage = Literal[
    "requisition",
    "sourcing",
    "intake",
    "screening",
    "submittal",
    "interviews",
    "selection",
    "references",
    "offer",
    "background",
    "preboarding",
    "day_one",
    "payroll",
    "aftercare",
]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
TIMED = ("adverse_wait", "i9_section_2", "new_hire_report", "outcome_notice")


class LegalRule(Record):
    """One rule of one place, in force from `effective_from` until the day before `effective_to`.

    `place` counts for everything inside it (US-NY for US-NY-NYC). `min_employees` is the smallest
    employer bound, None for all. `wait_days` is a wait before the final notice for adverse_wait and
    a deadline for every other topic. For stage_order, `first` is passed before `then` is entered.
    `confidence`: High (official text), Medium, Low, MK (own knowledge, to be confirmed by counsel).
    """

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)+$")]
    topic: Topic
    place: PlaceCode
    min_employees: int | None = Field(default=None, gt=0)
    effective_from: date
    effective_to: date | None = None
    wait_days: int | None = Field(default=None, gt=0)
    wait_unit: Literal["business", "calendar"] | None = None
    first: Stage | None = None
    then: Stage | None = None
    text: Text
    source: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    reviewed_on: date
    confidence: Literal["H", "M", "L", "MK"]

    @model_validator(mode="after")
    def _consistent(self) -> "LegalRule":
        if self.effective_to and self.effective_to <= self.effective_from:
            raise ValueError(f"rule {self.id}: effective_to must be after effective_from")
        if (self.wait_days is None) != (self.wait_unit is None):
            raise ValueError(f"rule {self.id}: wait_days and wait_unit belong together")
        if self.topic in TIMED and self.wait_days is None:
            raise ValueError(f"rule {self.id}: {self.topic} needs wait_days")
        if (self.topic == "stage_order") != (self.first is not None and self.then is not None):
            raise ValueError(f"rule {self.id}: first and then belong to stage_order, both of them")
        return self


@cache
def rules() -> tuple[LegalRule, ...]:
    """All rules, by id. Fails when a file is not valid or two rules share an id."""
    read = TypeAdapter(tuple[LegalRule, ...])
    files = sorted(Path(__file__).parent.glob("*.yaml"))
    found = [
        rule
        for file in files
        for rule in read.validate_python(yaml.safe_load(file.read_text("utf-8")))
    ]
    twice = [rule_id for rule_id, count in Counter(rule.id for rule in found).items() if count > 1]
    if twice:
        raise ValueError(f"rules with the same id: {', '.join(sorted(twice))}")
    return tuple(sorted(found, key=lambda rule: rule.id))
