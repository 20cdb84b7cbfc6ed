"""A stand-in for a payroll that has no interface: a clerk, a folder, and a spreadsheet.

Written from what docs/connectors/handover.md asks of payroll. The clerk is there if the folder
`to_payroll` is: somebody at the client makes it. Every weekday at five the clerk looks into it,
and writes what became of the hires into a file of the day.

Actors: the clerk takes a hire the day it comes, mistypes the rate of whoever has a `pay_error`, has
everything together three days later, and pays every other Friday for the two weeks up to the Friday
before. What the clerk remembers is what is in the files, so a restart forgets nothing.

Record: `employees` (reference), `pay_stubs` (reference and check date).
"""

import csv
import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from deployments.sandbox.served import Scene, Served
from deployments.sandbox.server import Route, StandIn
from deployments.sandbox.world import World

HOUR = time(17)
TOGETHER_AFTER = timedelta(days=3)
FIRST_PAYDAY = date(2026, 1, 9)
PERIOD, PAY_DELAY = timedelta(days=14), timedelta(days=7)
TERMS = ["title", "entity", "start_on", "rate", "unit", "work_place"]
PAYMENT = ["check_on", "period_start_on", "period_end_on", "gross"]
COLUMNS = ["reference", "employee_id", "status", "message", "on", *TERMS, *PAYMENT]
PERIODS_A_YEAR, HOURS, DAYS = 26, 80, 10

Row = dict[str, str]


class People(Protocol):
    """The simulated people."""

    def by_email(self, email: str) -> Any:
        """The persona with an e-mail address, or None."""


class PayrollClerk(StandIn):
    """A clerk with a folder."""

    prefix = "/handover"
    spared = True

    def __init__(self, world: World, people: People, folder: Path) -> None:
        super().__init__(world)
        self.people, self.folder = people, folder
        if (folder / "to_payroll").is_dir():
            for row in self._written():
                self._note(row)
            self._plan_look()

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """None: nobody can ask a clerk over HTTP."""
        return {}

    def _plan_look(self) -> None:
        now = self.world.now
        at = datetime.combine(now.date(), HOUR, now.tzinfo)
        while at <= now or at.weekday() >= 5:
            at += timedelta(days=1)
        self.world.plan(at, f"handover clerk {at.date()}", self._look)

    def _look(self) -> None:
        self._plan_look()
        if self.world.replaying:
            return
        today, rows = self.world.now.date(), []
        handed = [row for path in sorted(self._inbox()) for row in _rows(path)]
        for hire in [row for row in handed if row["action"] == "create"]:
            fixes = [row for row in handed if row["action"] == "correct"]
            rows += self._work_on(hire, fixes, today)
        if rows:
            self._write(f"{today}.csv", rows)
            for row in rows:
                self._note(row)

    def _work_on(self, hire: Row, corrections: list[Row], today: date) -> list[Row]:
        """What there is to say of a hire today."""
        said = [row for row in self._written() if row["reference"] == hire["reference"]]
        if not said:
            return [self._take(hire, today)]
        last = [row for row in said if row["status"] != "paid"][-1]
        ours = [row for row in corrections if row["employee_id"] == last["employee_id"]]
        terms = {**_terms_of(last), **(_corrected(ours[-1]) if ours else {})}
        taken_on = date.fromisoformat(said[0]["on"])
        rows = []
        if terms != _terms_of(last) or (
            last["status"] == "taken" and today >= taken_on + TOGETHER_AFTER
        ):
            rows.append({**last, **terms, "status": "complete", "on": today.isoformat()})
        if last["status"] == "complete" and (payment := _payment(terms, today)):
            rows.append({**last, **terms, **payment, "status": "paid", "on": today.isoformat()})
        return rows

    def _take(self, hire: Row, today: date) -> Row:
        persona = self.people.by_email(hire["email"])
        wrong = bool(persona and persona.behaviour.pay_error)
        number = int(self.world.digest("handover", hire["reference"])[:6], 16)
        return {
            "reference": hire["reference"],
            "employee_id": f"E-{number}",
            "status": "taken",
            "message": "",
            "on": today.isoformat(),
            "title": hire["title"],
            "entity": hire["entity"],
            **_corrected(hire),
            **({"rate": _mistyped(hire["rate"])} if wrong else {}),
        }

    def _inbox(self) -> list[Path]:
        found = (self.folder / "to_payroll").glob("*.csv")
        return [path for path in found if not path.name.startswith(".")]

    def _written(self) -> list[Row]:
        files = sorted((self.folder / "from_payroll").glob("*.csv"))
        return [row for path in files for row in _rows(path)]

    def _write(self, name: str, rows: list[Row]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
        unfinished = self.folder / "from_payroll" / f".{name}"
        unfinished.write_text(text.getvalue(), encoding="utf-8", newline="")
        unfinished.replace(unfinished.with_name(name))

    def _note(self, row: Row) -> None:
        match row["status"]:
            case "taken":
                self.note("employees", row["reference"])
            case "paid":
                self.note("pay_stubs", f"{row['reference']} {row['check_on']}")


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _terms_of(row: Row) -> Row:
    return {name: row[name] for name in TERMS}


def _corrected(row: Row) -> Row:
    """The terms that a file from the other side sets."""
    place = f"{row['city']}, {row['region']}"
    return {**{name: row[name] for name in ("start_on", "rate", "unit")}, "work_place": place}


def _payment(terms: Row, today: date) -> Row | None:
    """The pay slip of a payday, by the share of ten working days since the start."""
    if (today - FIRST_PAYDAY) % PERIOD:
        return None
    end = today - PAY_DELAY
    days = [end - timedelta(days=n) for n in range(PERIOD.days)]
    start = date.fromisoformat(terms["start_on"])
    worked = sum(day >= start and day.weekday() < 5 for day in days)
    full = {
        "hour": Decimal(terms["rate"]) * HOURS,
        "day": Decimal(terms["rate"]) * DAYS,
        "year": Decimal(terms["rate"]) / PERIODS_A_YEAR,
    }[terms["unit"]]
    period = {"period_start_on": days[-1].isoformat(), "period_end_on": end.isoformat()}
    gross = {"gross": f"{full * worked / DAYS:.2f}", "check_on": today.isoformat()}
    return {**period, **gross} if worked else None


def _mistyped(rate: str) -> str:
    """Miss five per cent."""
    return f"{Decimal(rate) * 95 / 100:.2f}"


def stand_in(scene: Scene) -> PayrollClerk | None:
    """The clerk, where there is a folder for the files."""
    return PayrollClerk(scene.world, scene.people, scene.folder) if scene.folder else None


SERVED = Served(
    "handover",
    lambda at: {"base_url": f"file://{at.settings.home.resolve()}/sandbox/handover"},
    stand_in,
)
