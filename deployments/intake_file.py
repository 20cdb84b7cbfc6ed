"""Requisitions from files: one in YAML, or many in CSV with a map; bad input is refused in full."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from connectors.ledger import requisition as ledger_requisition
from connectors.ledger.store import Ledger
from connectors.requisition import Requisition
from tasks.clock import now

BATCH = 500


def read(file: Path) -> tuple[Requisition | None, list[str]]:
    """Read a requisition file: the requisition, or every problem in it by field and remedy."""
    try:
        fields = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Requisition.model_validate(fields), []
    except FileNotFoundError:
        return None, ["there is no such file"]
    except (yaml.YAMLError, UnicodeDecodeError) as failure:
        return None, [f"not readable as YAML: {str(failure).splitlines()[0]}"]
    except ValidationError as failure:
        return None, sentences(failure)


def sentences(failure: ValidationError) -> list[str]:
    """Each problem as "field: what is wrong"; values are not repeated."""
    found = []
    for error in failure.errors(include_input=False, include_url=False):
        field = ".".join(str(part) for part in error["loc"]) or "requisition"
        found.append(f"{field}: {error['msg'].removeprefix('Value error, ')}")
    return found


class RowError(Exception):
    """A row cannot be read as the map says; the message names field and remedy."""


def import_rows(file: Path, mapping: Path, refused: Path, database_url: str) -> dict[str, int]:
    """Open every row of a CSV file; returns how many were opened, unchanged, refused and so on.

    Refused rows are written to `refused` with their reasons. A row never blocks another: each is
    entered or refused for itself, and running the import again changes nothing that is the same.
    """
    plan = yaml.safe_load(mapping.read_text(encoding="utf-8"))
    ledger, as_of = Ledger(database_url, plan["client"]), now()
    counts: Counter[str] = Counter()
    with (
        file.open(encoding="utf-8", newline="") as source,
        refused.open("w", encoding="utf-8", newline="") as target,
    ):
        rows = csv.DictReader(source)
        writer = csv.writer(target)
        writer.writerow(["line", "reasons", *(rows.fieldnames or ())])
        for batch in _batches(_read_rows(rows, plan)):
            wanted = [requisition for _, _, requisition, _ in batch if requisition]
            counts.update(_enter(ledger, wanted, as_of))
            for line, row, requisition, reasons in batch:
                counts["rows"] += 1
                if requisition is None:
                    counts["refused"] += 1
                    writer.writerow([line, "; ".join(reasons), *row.values()])
    return dict(sorted(counts.items()))


ReadRow = tuple[int, dict[str, str], Requisition | None, list[str]]


def _read_rows(rows: "csv.DictReader[str]", plan: Mapping[str, Any]) -> Iterator[ReadRow]:
    for row in rows:
        line = rows.line_num
        plain = {name: value for name, value in row.items() if isinstance(name, str)}
        try:
            yield line, plain, Requisition.model_validate(_fields(plain, plan)), []
        except RowError as failure:
            yield line, plain, None, str(failure).split("\n")
        except ValidationError as failure:
            yield line, plain, None, sentences(failure)


def _batches(rows: Iterator[ReadRow]) -> Iterator[list[ReadRow]]:
    batch: list[ReadRow] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _enter(ledger: Ledger, wanted: list[Requisition], as_of: datetime) -> Counter[str]:
    with ledger.transaction() as connection:
        return Counter(ledger_requisition.put(connection, each, as_of) for each in wanted)


def _fields(row: Mapping[str, str], plan: Mapping[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = deepcopy(plan["defaults"])
    wrong = []
    for path, rule in plan["fields"].items():
        try:
            _put(fields, path, _value(row, rule, path))
        except RowError as failure:
            wrong.append(str(failure))
    if wrong:
        raise RowError("\n".join(wrong))
    return fields


def _value(row: Mapping[str, str], rule: Any, path: str) -> Any:
    if isinstance(rule, str):
        rule = {"column": rule}
    if "join" in rule:
        parts = [str(_value(row, part, path) or "") for part in rule["join"]]
        text = rule.get("separator", "").join(part for part in parts if part)
    else:
        text = (row.get(rule["column"]) or "").strip()
    text = text or str(rule.get("default", ""))
    if "values" in rule:
        if text not in rule["values"]:
            known = ", ".join(str(value) for value in rule["values"])
            raise RowError(f"{path}: {rule['column']} must be one of {known}")
        return rule["values"][text]
    return _as(rule.get("prefix", "") + text if text else text, rule.get("as", "text"), path)


def _as(text: str, kind: str, path: str) -> Any:
    if kind == "text" or not text:
        return text
    try:
        if kind == "cents":
            return int((Decimal(text.replace(",", "").lstrip("$")) * 100).to_integral_value())
        return int(text) if kind == "int" else text
    except (InvalidOperation, ValueError):
        raise RowError(f"{path}: not a number; correct the cell") from None


def _put(fields: dict[str, Any], path: str, value: Any) -> None:
    if value == "":
        return
    *parents, last = path.split(".")
    place: Any = fields
    for part in parents:
        place = place[int(part)] if part.isdigit() else place.setdefault(part, {})
    place[last] = value
