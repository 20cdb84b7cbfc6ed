"""New hires whom the client's HR reports to a state's directory, and the file that does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from connectors.errors import Misconfigured, Refused
from connectors.ledger import rows
from connectors.ledger.audit import Act, keep
from connectors.ledger.day_one import Row
from connectors.ledger.scope import Scope
from connectors.new_hires import NAME, Hired, Report, file_of
from connectors.records import Place
from tasks import day_one
from tasks.enter import ledger_of
from tasks.process import Process

COMMAND = "new-hires report"


@dataclass(frozen=True, slots=True)
class Unreported:
    """A new hire to be reported to the directory of `state` (US-NY) by `due_on`."""

    application: str
    name: str
    state: str
    entity: str
    start_on: date
    due_on: date


def unreported(process: Process, as_of: datetime) -> list[Unreported]:
    """The new hires who have arrived and are to be reported by HR, the most urgent first."""
    stage, scope = day_one.STAGE, Scope(process.client)
    with ledger_of(process.client).transaction() as connection:
        inside = rows.inside(connection, Row, stage.rows, stage.name, scope, as_of)
    found = []
    for row in inside:
        due = day_one.report_due(row, process)
        if due and row.offer and row.start_on:
            state = Place.model_validate(row.offer["work_place"]).state
            name, entity = row.name, row.offer["entity"]
            found.append(Unreported(row.key, name, state, entity, row.start_on, due.at.date()))
    return sorted(found, key=lambda each: (each.due_on, each.application))


def report(
    process: Process, state: str, hired: Sequence[Hired], by: str, why: str, as_of: datetime
) -> bytes:
    """The file that reports these new hires to a state; each leaves an act, their numbers do not.

    Raises Refused for anybody who is not to be reported there, Misconfigured if the process does
    not say what the directory must know of the employer.
    """
    due = {each.application: each for each in unreported(process, as_of) if each.state == state}
    if strangers := [each.reference for each in hired if each.reference not in due]:
        told = f"not to be reported to {state} now: {', '.join(strangers)}"
        raise Refused(NAME, f"{told}; see `fullcycle new-hires list {process.client}`")
    written = file_of(state, [_report(due[each.reference], each, process) for each in hired])
    acts = [
        Act(at=as_of, by=by, command=COMMAND, subject=each.reference, about=state, why=why)
        for each in hired
    ]
    with ledger_of(process.client).transaction() as connection:
        keep(connection, process.client, *acts)
    return written


def _report(due: Unreported, hired: Hired, process: Process) -> Report:
    employer = process.payroll.employers.get(due.entity)
    if employer is None:
        told = f"process of {process.client}: payroll.employers says nothing of {due.entity}"
        raise Misconfigured(NAME, f"{told}; add its ein and its address")
    return Report(hired, due.start_on, due.state, due.entity, employer)
