"""What people read in the terminal: a client's status, a run's progress, the demo's summary."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from connectors.ledger import status, tracker
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from deployments.demo import CLIENT, Control
from deployments.sandbox.vendors import COUNTS, LETTERS
from deployments.state import State
from tasks.process import APPLICATION_STAGES, REQUISITION_STAGES

ORDER = REQUISITION_STAGES + APPLICATION_STAGES
SHOWN = 12


def status_json(ledger: Ledger, scope: Scope) -> dict[str, Any]:
    """Everything `fullcycle status` knows, as plain data."""
    with ledger.transaction() as connection:
        return {
            "requisitions": status.as_json(status.requisitions(connection, scope)),
            "stages": status.as_json(status.stages(connection, scope)),
            "waiting": status.as_json(status.waiting(connection, scope)),
            "quarantine": status.as_json(status.held(connection, scope)),
            "gates": status.as_json(status.gates(connection, scope)),
            "effects": [
                {"system": system, "kind": kind, "state": state, "count": count}
                for system, kind, state, count in status.effects(connection, scope)
            ],
            "troubled_effects": status.troubled_effects(connection, scope),
            "hires": status.as_json(status.hires(connection, scope)),
            "fingerprint": status.fingerprint(connection, scope.client),
        }


def print_status(console: Console, ledger: Ledger, scope: Scope) -> None:
    """Print where things stand, whose turn it is, and what is stuck."""
    with ledger.transaction() as connection:
        requisitions = status.requisitions(connection, scope)
        stages = status.stages(connection, scope)
        waiting = status.waiting(connection, scope)
        held = status.held(connection, scope)
        gates = status.gates(connection, scope)
        effects = status.effects(connection, scope)
        troubled = status.troubled_effects(connection, scope)
        tracked = tracker.standing(connection, scope.client, scope.requisition)
    if not requisitions:
        console.print(f"{scope}: no requisitions; `fullcycle requisition open FILE.yaml` opens one")
        return
    console.print(requisition_table(requisitions[:SHOWN], stages))
    if len(requisitions) > SHOWN:
        console.print(f"{SHOWN} of {len(requisitions)} requisitions; the rest: --json")
    console.print(_waiting_table(waiting, len(tracked)))
    if held:
        console.print(_held_table(held))
    for gate in gates:
        if gate.stopped:
            console.print(f"[bold]the gate of {gate.stage} is shut by {gate.stopped}[/bold]")
    console.print(_effect_table(effects))
    for effect in troubled[:SHOWN]:
        console.print(f"{effect['state']}: {effect['key']} · {effect['error']}", highlight=False)
    if len(troubled) > SHOWN:
        console.print(f"… and {len(troubled) - SHOWN} more effects that need a person")


@contextmanager
def progress(console: Console) -> Iterator[Callable[[datetime, str], None]]:
    """Show a run's progress: the simulated day and what is open."""
    columns = (
        SpinnerColumn(),
        TextColumn("[bold]{task.fields[day]}"),
        BarColumn(bar_width=24),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("opening requisitions", total=None, day="")

        def watch(as_of: datetime, sentence: str) -> None:
            bar.update(task, description=sentence, day=f"{as_of:%a %d %b %Y}")
            if not console.is_terminal:
                console.print(f"{as_of:%Y-%m-%d}  {sentence}")

        yield watch


def print_demo(console: Console, state: State) -> None:
    """Print what the demo has done, beside what the vendors say they have received."""
    ledger, scope = Ledger(state.settings.database_url or "", CLIENT), Scope(CLIENT)
    record = Control(state.sandbox_url).record()
    with ledger.transaction() as connection:
        requisitions = status.requisitions(connection, scope)
        stages = status.stages(connection, scope)
        gates = status.gates(connection, scope)
        effects = status.effects(connection, scope)
        hires = status.hires(connection, scope)
        held = status.held(connection, scope)
        fingerprint = status.fingerprint(connection, CLIENT)
    console.print(requisition_table(requisitions, stages))
    console.print(_funnel_table(stages))
    console.print(_gate_table(gates))
    if held:
        console.print(_held_table(held))
    console.print(vendor_table(effects, record["received"]))
    if record["faults"]:
        spoiled = ", ".join(f"{name} ×{count}" for name, count in record["faults"].items())
        console.print(f"faults injected: {spoiled}", highlight=False)
    console.print(_hire_table(hires))
    console.print(f"ledger fingerprint {fingerprint[:16]}")
    console.print("Look around:")
    console.print(f"  Prefect UI   {state.prefect_url}/runs", highlight=False)
    console.print(f"  artifacts    {state.prefect_url}/artifacts", highlight=False)
    console.print("  terminal     .venv/bin/fullcycle status")
    console.print("The system keeps running; `.venv/bin/fullcycle down` (or `make down`) stops it.")


def requisition_table(
    requisitions: list[status.RequisitionCount], stages: list[status.StageCount]
) -> Table:
    """One line per requisition: people in each stage now, and how the others ended."""
    inside = {(row.requisition, row.stage): row.inside + row.at_door for row in stages}
    table = Table(title="Requisitions", title_justify="left")
    table.add_column("requisition", no_wrap=True)
    for column in ("title", "is", "filled", "people", "open now", "ended"):
        table.add_column(column, overflow="fold")
    for row in requisitions:
        now = [
            f"{stage} {inside[row.requisition, stage]}"
            for stage in APPLICATION_STAGES
            if inside.get((row.requisition, stage))
        ]
        ended = [f"{name} {n}" for name, n in sorted(row.dispositions.items())]
        table.add_row(
            row.requisition,
            row.title,
            row.disposition or f"{row.stage}, {row.state}",
            f"{row.filled}/{row.headcount}",
            str(row.applications),
            ", ".join(now) or "–",
            ", ".join(ended) or "–",
        )
    return table


def _funnel_table(stages: list[status.StageCount]) -> Table:
    names = sorted({row.requisition for row in stages}, key=lambda name: (len(name), name))
    found = {(row.requisition, row.stage): row for row in stages}
    table = Table(title="People in → out of each stage (median days inside)", title_justify="left")
    table.add_column("stage")
    for name in names:
        table.add_column(name, justify="right")
    for stage in ORDER:
        table.add_row(stage, *(_cell(found.get((name, stage))) for name in names))
    return table


def _cell(row: status.StageCount | None) -> str:
    if row is None:
        return "–"
    days = "" if row.median_days is None else f" ({row.median_days:.0f}d)"
    return f"{row.entered}→{row.left}{days}"


def _gate_table(gates: list[status.GateTotal]) -> Table:
    table = Table(title="Gates", title_justify="left")
    for column in ("gate", "passed", "ever held", "healed", "released", "ended", "why"):
        table.add_column(column)
    for row in sorted(gates, key=lambda row: ORDER.index(row.stage)):
        why = ", ".join(f"{rule} ×{count}" for rule, count in sorted(row.rules.items()))
        numbers = (row.passed, row.held, row.healed, row.released, row.ended)
        table.add_row(row.stage, *(str(number) for number in numbers), why or "–")
    return table


def vendor_table(effects: list[tuple[str, str, str, int]], received: dict[str, Any]) -> Table:
    """Every outward effect, done by our ledger and received by the vendor's own record."""
    table = Table(title="Effects: ours beside the vendors' own count", title_justify="left")
    for column in ("system", "effect", "states", "done", "vendor received"):
        table.add_column(column)
    by_kind: dict[tuple[str, str], Counter[str]] = {}
    for system, kind, state, count in effects:
        by_kind.setdefault((system, kind), Counter())[state] += count
    for (system, kind), states in sorted(by_kind.items()):
        shown = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        table.add_row(system, kind, shown, str(states["done"]), _received(system, kind, received))
    mail = sum(states["done"] for effect, states in by_kind.items() if effect in LETTERS)
    table.add_row("mail server", "all messages", "", str(mail), _received("mail", "", received))
    return table


def _received(system: str, kind: str, received: dict[str, Any]) -> str:
    name = "messages" if system == "mail" else COUNTS.get((system, kind))
    if name is None:
        return "–"
    names: list[str] = received.get(system, {}).get(name, [])
    twice = len(names) - len(set(names))
    return f"{len(names)}" + (f" ({twice} twice)" if twice else "")


def _hire_table(hires: list[status.Hire]) -> Table:
    table = Table(title="Hires: offered and paid", title_justify="left")
    for column in ("application", "starts", "offered", "paid", "statements", ""):
        table.add_column(column, overflow="fold")
    for row in hires:
        paid = "–" if row.paid_cents is None else _money(row.paid_cents, row.paid_unit)
        awaited = (row.disposition or "waiting").lower().replace("_", " ")
        table.add_row(
            row.application,
            row.start_on.isoformat(),
            _money(row.offered_cents, row.unit),
            paid,
            str(row.statements),
            "matches" if row.matches else "differs" if row.paid_cents else awaited,
        )
    return table


def _money(cents: int, unit: str | None) -> str:
    return f"{cents / 100:,.2f} / {unit}"


def _waiting_table(waiting: list[status.Waiting], tracked: int) -> Table:
    """Whose turn it is; `tracked`: how many applications are decided in the built-in tracker."""
    turns = Counter((row.waiting_on or "us", row.stage, row.state) for row in waiting)
    table = Table(title="Whose turn it is", title_justify="left")
    for column in ("waiting on", "stage", "state", "how many", "since", "next due"):
        table.add_column(column)
    if tracked:
        told = "in the built-in tracker; `fullcycle application list` says which decisions are due"
        table.caption = f"{tracked} applications are {told}"
    for (owner, stage, state), count in sorted(turns.items()):
        rows = [
            row
            for row in waiting
            if (row.waiting_on or "us", row.stage, row.state) == (owner, stage, state)
        ]
        due = min((row.due_at for row in rows if row.due_at), default=None)
        since = min(row.since for row in rows)
        table.add_row(
            owner,
            stage,
            state,
            str(count),
            f"{since:%Y-%m-%d}",
            f"{due:%Y-%m-%d %H:%M}" if due else "–",
        )
    return table


def _held_table(held: list[status.Held]) -> Table:
    table = Table(title="Quarantine", title_justify="left")
    for column in ("subject", "gate", "rule", "owner", "reason", "remedy", "since"):
        table.add_column(column, overflow="fold", no_wrap=column in {"subject", "rule", "since"})
    for row in held[:SHOWN]:
        since = f"{row.since:%Y-%m-%d}"
        table.add_row(row.subject, row.stage, row.rule, row.owner, row.reason, row.remedy, since)
    if len(held) > SHOWN:
        table.caption = f"{SHOWN} of {len(held)}; the rest: --json"
    return table


def _effect_table(effects: list[tuple[str, str, str, int]]) -> Table:
    table = Table(title="Effects", title_justify="left")
    for column in ("system", "effect", "state", "count"):
        table.add_column(column)
    for system, kind, state, count in effects:
        table.add_row(system, kind, state, str(count))
    return table
