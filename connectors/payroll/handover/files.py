"""The files of a hand-over: what we write for payroll, and what payroll writes for us.

Comma-separated, UTF-8, a header first. Days are ISO 8601, amounts decimal, units hour, day, year.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from connectors.errors import Refused, Unreadable
from connectors.payload import Payload
from connectors.records import CorrectHire, CreateHire, OnboardingStatus, PayUnit, Place
from connectors.watched import SPOILT

NAME = "handover"
COLUMNS = tuple(
    """reference action employee_id first_name last_name email title start_on rate unit exempt
    entity city region country place_code new_hire_report_to report_by""".split()  # noqa: SIM905 - one a line would be long
)
MORE = "more"  # where the reader puts what is under no column
NEEDED = {"reference", "employee_id", "status", "message", "on"}
TERMS = ("title", "entity", "start_on", "rate", "unit", "work_place")

STATUSES = {
    "taken": OnboardingStatus.IN_PROGRESS,
    "complete": OnboardingStatus.COMPLETE,
    "paid": OnboardingStatus.COMPLETE,
    "refused": None,
}
UNITS = {unit.value: unit for unit in PayUnit}
# A spreadsheet takes a text that begins so for a formula, and runs it.
FORMULA = re.compile(r"[=+\-@\t\r\n]")
PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


@dataclass(frozen=True, slots=True)
class Terms:
    """What payroll says it has entered, or was handed."""

    title: str
    entity: str
    start_on: date
    rate_cents: int
    unit: PayUnit
    work_place: str


@dataclass(frozen=True, slots=True)
class Payment:
    """What payroll says it has paid."""

    check_on: date
    period_start_on: date
    period_end_on: date
    gross_cents: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an acknowledgement. `status` is one of STATUSES; `text` is the line as it was."""

    reference: str
    employee_id: str
    status: str
    at: datetime
    terms: Terms | None
    payment: Payment | None
    text: str


@dataclass(slots=True)
class Acknowledged:
    """All lines by reference, oldest first, and what could not be read: why, by reference or file.

    What is wrong with a hire's lines is wrong with the hire.
    """

    lines: dict[str, list[Line]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    def of_employee(self, employee_id: str) -> list[Line]:
        """The lines of one employee."""
        return [
            line
            for reference, lines in self.lines.items()
            if reference not in self.unreadable
            for line in lines
            if line.employee_id == employee_id
        ]


def hire_name(application_key: str) -> str:
    """Name a hire's file: the same hire has the same file, whenever it is written."""
    plain = PLAIN.fullmatch(application_key)
    return f"hire-{application_key if plain else _digest(application_key)}.csv"


def correction_name(key: str) -> str:
    """Name a correction's file after the key of its request."""
    return f"correction-{_digest(key)}.csv"


def hire_file(request: CreateHire) -> bytes:
    """Write a new hire; raises Refused if a text would be taken for a formula."""
    return _file(
        _terms(request)
        | {
            "reference": request.application_key,
            "action": "create",
            "first_name": request.first_name,
            "last_name": request.last_name,
            "email": request.email,
            "title": request.title,
            "entity": request.entity,
        }
        | _report(request)
    )


def correction_file(request: CorrectHire, key: str) -> bytes:
    """Write the terms an employee is to have."""
    named = {"reference": _digest(key), "action": "correct", "employee_id": request.employee_ref}
    return _file(_terms(request) | named)


def handed(content: bytes) -> Terms:
    """Read the terms back out of a file of our own."""
    try:
        (row,) = csv.DictReader(io.StringIO(content.decode()))
    except ValueError:
        raise Unreadable(NAME, "a file we wrote was changed") from None
    place = f"{row.get('city')}, {row.get('region')}" if row.get("region") else row.get("city")
    return _read_terms(Payload(NAME, {**row, "work_place": place}))


def acknowledged(files: Mapping[str, bytes]) -> Acknowledged:
    """Read payroll's files in the order of their names; later lines stand over earlier ones."""
    found = Acknowledged()
    for name, content in sorted(files.items()):
        try:
            rows = list(_rows(content))
        except (Unreadable, ValueError, csv.Error) as failure:
            told = str(failure) if isinstance(failure, Unreadable) else type(failure).__name__
            found.unreadable[name] = told
            continue
        for number, row in enumerate(rows, 2):
            try:
                line = _line(row)
            except SPOILT as failure:
                told = str(failure) if isinstance(failure, Unreadable) else type(failure).__name__
                reference = str(row.get("reference") or name)
                found.unreadable[reference] = f"{name} line {number}: {told}"
            else:
                found.lines.setdefault(line.reference, []).append(line)
    _compare_ids(found)
    return found


def _compare_ids(found: Acknowledged) -> None:
    """One hire has one employee id and no two hires share one, or pay would prove another's."""
    ids = {
        reference: {line.employee_id for line in lines if line.employee_id}
        for reference, lines in found.lines.items()
    }
    uses = Counter(id for its in ids.values() for id in its)
    for reference, its in ids.items():
        if len(its) > 1:
            found.unreadable[reference] = "payroll gives two employee ids to one hire"
        elif any(uses[id] > 1 for id in its):
            found.unreadable[reference] = "payroll gives one employee id to two hires"


def _rows(content: bytes) -> Iterator[dict[str, str]]:
    """Read the rows; a file whose last line has no end may still be being written."""
    text = content.decode("utf-8-sig")
    if not text.endswith("\n"):
        raise Unreadable(NAME, "the last line has no line end: is it still being written?")
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey=MORE, strict=True)
    if missing := NEEDED - set(reader.fieldnames or ()):
        raise Unreadable(NAME, f"columns missing: {', '.join(sorted(missing))}")
    yield from reader


def _line(row: Mapping[str, str]) -> Line:
    """Read one line; an empty cell is none."""
    if MORE in row:
        raise Unreadable(NAME, "more cells than columns: is a comma in one that is not quoted?")
    told = Payload(NAME, {key: value for key, value in row.items() if value})
    status = told.take("status", str)
    if status not in STATUSES:
        raise Unreadable(NAME, f"'status' has a value we do not know: {status[:40]!r}")
    line = Line(
        reference=told.take("reference", str),
        employee_id=told.maybe("employee_id", str) or "",
        status=status,
        at=datetime.combine(told.day("on"), time(), UTC),
        terms=_read_terms(told) if any(row.get(name) for name in TERMS) else None,
        payment=_read_payment(told) if status == "paid" else None,
        text=_kept(row),
    )
    if status != "refused" and not line.employee_id:
        raise Unreadable(NAME, "'employee_id' is empty")
    if status == "paid" and line.terms is None:
        raise Unreadable(NAME, "a payment without its terms")
    return line


def _read_terms(told: Payload) -> Terms:
    return Terms(
        title=told.maybe("title", str) or "",
        entity=told.take("entity", str),
        start_on=told.day("start_on"),
        rate_cents=told.cents("rate"),
        unit=told.choice("unit", UNITS),
        work_place=told.take("work_place", str),
    )


def _read_payment(told: Payload) -> Payment:
    return Payment(
        check_on=told.day("check_on"),
        period_start_on=told.day("period_start_on"),
        period_end_on=told.day("period_end_on"),
        gross_cents=told.cents("gross"),
    )


def _kept(row: Mapping[str, str]) -> str:
    """The line without its message, which may say anything of anybody, or columns of its own."""
    known = [*sorted(NEEDED - {"message"}), *TERMS, *Payment.__dataclass_fields__]
    return ",".join(f"{name}={row[name]}" for name in known if row.get(name))


def _terms(request: CreateHire | CorrectHire) -> dict[str, str]:
    place: Place = request.work_place
    return {
        "start_on": request.start_on.isoformat(),
        "rate": f"{request.rate_cents // 100}.{request.rate_cents % 100:02d}",
        "unit": request.unit.value,
        "exempt": "yes" if request.exempt else "no",
        "city": place.city,
        "region": place.region,
        "country": place.country,
        "place_code": place.code,
    }


def _report(request: CreateHire) -> dict[str, str]:
    """Say to which state the hire is to be reported, and by when; the report itself is payroll's.

    It needs the social security number, which only payroll has.
    """
    if request.report_by is None:
        return {}
    state, by = request.work_place.state, request.report_by
    return {"new_hire_report_to": state, "report_by": by.isoformat()}


def _file(row: Mapping[str, str]) -> bytes:
    if wrong := _formulas(row.items()):
        raise Refused(NAME, f"{wrong[0]!r} begins like a formula: enter this one by hand")
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue().encode()


def _formulas(cells: Iterable[tuple[str, str]]) -> list[str]:
    return [name for name, value in cells if FORMULA.match(value)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
