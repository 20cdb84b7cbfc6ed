"""Requisitions from files: one in YAML, or many in CSV with a map; bad input is refused in full.

An import needs no registered client: what it opens waits in the ledger, and is carried from the
day on which `fullcycle client add` registers the client.
"""

import csv
import io
import re
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
from connectors.ledger.audit import Act, keep
from connectors.ledger.store import Ledger
from connectors.requisition import Requisition
from deployments.errors import DeploymentError
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
    """Each problem as "field: what is wrong and what to do"; values are not repeated."""
    found = []
    for error in failure.errors(include_input=False, include_url=False):
        place = [str(part) for part in error["loc"]] or ["file"]
        found.append(f"{'.'.join(place)}: {_remedy(error['type'], place[-1], error['msg'])}")
    return found


def _remedy(kind: str, field: str, message: str) -> str:
    if kind == "string_pattern_mismatch":
        return f"must be written {WRITTEN.get(field, 'in small letters, digits and _')}"
    return REMEDIES.get(kind, message.removeprefix("Value error, "))


REMEDIES = {
    "missing": "is missing; add it",
    "extra_forbidden": "is not a field we know; correct its name or remove it",
    "string_too_short": "is empty; fill it in",
    "too_short": "is empty; add at least one",
    "model_type": "must hold fields, each written as name: value",
}
WRITTEN = {
    "code": "like ACME-7, or for a place like US-NY-NYC",
    "country": "like US",
    "currency": "like USD",
    "ein": "like 12-3456789",
    "email": "like name@company.com",
    "postal_code": "like 10001 or 10001-2345",
    "state": "like NY",
}


class RowError(Exception):
    """A row cannot be read as the map says; the message names field and remedy."""


def import_rows(
    file: Path, mapping: Path, refused: Path, database_url: str, by: str, why: str
) -> dict[str, int]:
    """Open every row of a CSV file; returns how many were opened, unchanged, refused and so on.

    Refused rows are written to `refused` with their reasons. A row never blocks another: each is
    entered or refused for itself, and running the import again changes nothing that is the same.
    What is opened or changed leaves an act each: `by` whom, and `why`.
    Raises DeploymentError if a file is missing or has no column that the map reads.
    """
    for needed in (file, mapping):
        if not needed.is_file():
            raise DeploymentError(f"{needed}: there is no such file")
    plan = yaml.safe_load(mapping.read_text(encoding="utf-8"))
    ledger, as_of = Ledger(database_url, plan["client"]), now()
    counts: Counter[str] = Counter()
    text = _text(file)
    csv.field_size_limit(max(len(text), csv.field_size_limit()))  # for cells that are very large
    rows = csv.reader(io.StringIO(text, newline=""))
    header = _header(file, rows, plan)
    with refused.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["line", "reasons", *header])
        for batch in _batches(_read_rows(rows, header, plan)):
            wanted = [requisition for _, _, requisition, _ in batch if requisition]
            counts.update(_enter(ledger, wanted, by, why, as_of))
            for line, cells, requisition, reasons in batch:
                counts["rows"] += 1
                if requisition is None:
                    counts["refused"] += 1
                    writer.writerow([line, "; ".join(reasons), *cells])
    return dict(sorted(counts.items()))


def _text(file: Path) -> str:
    """Read a file that is UTF-8, or else as old spreadsheets write it, without NULs."""
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    return mended(text.replace("\0", ""))


def mended(text: str) -> str:
    """Undo what happens when UTF-8 is taken for Windows-1252 and saved again: â€™ is ’."""
    return _NOT_ASCII.sub(lambda run: _decoded_twice(run[0]), text)


_NOT_ASCII = re.compile("[^\0-\x7f]{2,}")


def _decoded_twice(run: str) -> str:
    try:
        raw = b"".join(
            bytes([ord(each)]) if "\x80" <= each <= "\x9f" else each.encode("cp1252")
            for each in run
        )
        return raw.decode("utf-8")
    except UnicodeError:
        return run


Rows = Iterator[list[str]]
ReadRow = tuple[int, list[str], Requisition | None, list[str]]


def _header(file: Path, rows: Rows, plan: Mapping[str, Any]) -> list[str]:
    header = [name.strip() for name in next(rows, [])]
    lacking = sorted(_columns(plan["fields"]) - set(header))
    if lacking:
        raise DeploymentError(
            f"{file}: no column {', '.join(map(repr, lacking))}; name the file's columns in the map"
        )
    return header


def _columns(rule: Any) -> set[str]:
    """Every column that a map's fields read."""
    match rule:
        case str():
            return {rule}
        case {"column": column}:
            return {column}
        case {"join": parts}:
            return {column for part in parts for column in _columns(part)}
    return {column for each in rule.values() for column in _columns(each)}


def _read_rows(rows: Any, header: list[str], plan: Mapping[str, Any]) -> Iterator[ReadRow]:
    line = rows.line_num + 1
    for cells in rows:
        if cells:
            try:
                yield line, cells, _requisition(cells, header, plan), []
            except RowError as failure:
                yield line, cells, None, str(failure).split("\n")
            except ValidationError as failure:
                yield line, cells, None, sentences(failure)
        line = rows.line_num + 1


def _requisition(cells: list[str], header: list[str], plan: Mapping[str, Any]) -> Requisition:
    if len(cells) != len(header):
        raise RowError(
            f"row: {len(cells)} cells under {len(header)} columns; quote a cell that has a comma"
        )
    return Requisition.model_validate(_fields(dict(zip(header, cells, strict=True)), plan))


def _batches(rows: Iterator[ReadRow]) -> Iterator[list[ReadRow]]:
    batch: list[ReadRow] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _enter(
    ledger: Ledger, wanted: list[Requisition], by: str, why: str, as_of: datetime
) -> Counter[str]:
    with ledger.transaction() as connection:
        outcomes = ledger_requisition.put_all(connection, ledger.client, wanted, as_of)
        acts = [
            Act(
                at=as_of,
                by=by,
                command="requisition import",
                subject=requisition.code,
                about=outcome,
                why=why,
            )
            for requisition, outcome in zip(wanted, outcomes, strict=True)
            if outcome != "unchanged"
        ]
        keep(connection, ledger.client, *acts)
    return Counter(outcomes)


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
