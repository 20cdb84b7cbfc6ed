"""What ops look at: the artifacts a run leaves behind, and what it says in one sentence."""

from datetime import datetime, timedelta

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from connectors.ledger import breaker, hold, status, tracker
from connectors.ledger import market as ledger_market
from connectors.ledger.scope import Scope
from tasks import alarms, market
from tasks.desk import desk_of
from tasks.process import Process
from tasks.stages import ORDER

MOST_ROWS = 200
MOST_REQUISITIONS = 20  # fill the rows of a table that has one for each of their stages
LATELY = timedelta(days=7)
TABLES = ("funnel", "waiting", "quarantine", "gates", "effects", "troubled", "stopped")


@task(task_run_name="progress · publish", cache_policy=NO_CACHE, persist_result=False)
def publish(scope: Scope, as_of: datetime) -> State[str]:
    """Leave a funnel, what waits on whom, the gates' quarantine and the effects as artifacts.

    One markdown artifact per requisition of a run that is about one; ids and counts only. What
    nobody has been told yet becomes an event. What years have left is not counted anew each time:
    `fullcycle status` does that.
    """
    desk = desk_of(scope.client)
    ledger = desk.ledger
    with ledger.transaction() as connection:
        stages = status.stages(connection, scope, newest=MOST_REQUISITIONS)
        waiting = status.waiting(connection, scope)
        held = status.held(connection, scope)
        gates = status.gates(connection, scope, since=as_of - LATELY)
        effects = status.effects(connection, scope, unsettled=True)
        troubled = status.troubled_effects(connection, scope)
        requisitions = status.requisitions(connection, scope) if scope.requisition else []
        paid = market.beside(
            *ledger_market.known(connection, scope.client, scope.requisition or "")
        )
        holds = hold.standing(connection, scope.client)
        breakers = breaker.standing(connection, scope.client)
    name = str(scope).lower().replace("_", "-")
    links = " · ".join(f"[{table}](/artifacts/key/{table}-{name})" for table in TABLES)
    when = f"as of {as_of:%Y-%m-%d %H:%M} UTC. {links}"
    _table(
        f"funnel-{name}",
        f"Funnel of **{scope}**, of the {MOST_REQUISITIONS} requisitions asked for last, {when}",
        _funnel(stages),
    )
    _table(
        f"waiting-{name}",
        f"What is open at **{scope}** and whose turn it is, {when}{_decided_here(desk.process)}",
        [
            {
                "subject": row.subject,
                "stage": row.stage,
                "state": row.state,
                "waiting on": row.waiting_on or "us",
                "since": f"{row.since:%Y-%m-%d}",
                "due": _due(row.due_at, as_of),
                "held for": row.held_for,
            }
            for row in waiting
        ],
    )
    _table(
        f"quarantine-{name}",
        f"In quarantine at **{scope}**, {when}",
        [
            {
                "subject": row.subject,
                "gate": row.stage,
                "rule": row.rule,
                "owner": row.owner,
                "reason": row.reason,
                "remedy": row.remedy,
                "since": f"{row.since:%Y-%m-%d}",
            }
            for row in held
        ],
    )
    _table(
        f"gates-{name}",
        f"Gates of **{scope}** in the last {LATELY.days} days, {when}",
        [
            {
                "gate": row.stage,
                "passed": row.passed,
                "held": row.held,
                "healed": row.healed,
                "released": row.released,
                "ended": row.ended,
                "still held": row.held - row.healed - row.released - row.ended,
                "stopped by": row.stopped,
                "rules broken": ", ".join(f"{rule} ×{n}" for rule, n in sorted(row.rules.items())),
            }
            for row in sorted(gates, key=lambda row: ORDER.index(row.stage))
        ],
    )
    _table(
        f"effects-{name}",
        f"Effects of **{scope}** that are still to be done, by state, {when}",
        [
            {"system": system, "effect": kind, "state": state, "count": count}
            for system, kind, state, count in effects
        ],
    )
    _table(
        f"troubled-{name}",
        f"Effects of **{scope}** that need a person (`fullcycle effect retry`, `done` or `waive`),"
        f" {when}",
        [{"effect": row["key"], "state": row["state"], "why": row["error"]} for row in troubled],
    )
    _table(
        f"stopped-{name}",
        f"What stands still at **{scope.client}** (`fullcycle resume`), {when}",
        _stopped(holds, breakers),
    )
    if scope.requisition:
        create_markdown_artifact(
            key=f"req-{name}",
            markdown=_story(requisitions[0], stages, waiting, paid) if requisitions else "gone",
            description=f"{scope.requisition}, {when}",
        )
    alarms.tell(ledger, as_of)
    on_whom = f"{scope}: {_turns(waiting)}"
    return Completed(message=on_whom, data=on_whom)


def _decided_here(process: Process) -> str:
    """Where those decide who have no tracker of their own."""
    built_in = process.systems.applicant_tracking == tracker.NAME
    return " · `list-applications` says which decisions are due" if built_in else ""


def _stopped(holds: list[hold.Hold], breakers: list[breaker.Breaker]) -> list[dict[str, object]]:
    """What stands still; who held it and why is for `fullcycle status`: people have typed it."""
    held = [(str(each), each.placed_at, "held by a person", "when resumed") for each in holds]
    broken = [
        (str(each), each.opened_at, each.reason, f"on trial after {each.try_at:%Y-%m-%d %H:%M}")
        for each in breakers
    ]
    return [
        {"what": what, "since": f"{since:%Y-%m-%d %H:%M}", "why": why, "goes on": goes_on}
        for what, since, why, goes_on in held + broken
    ]


def _due(due_at: datetime | None, as_of: datetime) -> str:
    if due_at is None:
        return ""
    return f"{due_at:%Y-%m-%d}" + (" overdue" if due_at < as_of else "")


def _turns(waiting: list[status.Waiting]) -> str:
    turns: dict[str, int] = {}
    for row in waiting:
        turns[row.waiting_on or "us"] = turns.get(row.waiting_on or "us", 0) + 1
    if not turns:
        return "nothing is open"
    parts = ", ".join(f"{count} on {owner}" for owner, count in sorted(turns.items()))
    return f"{len(waiting)} open: {parts}"


def _funnel(stages: list[status.StageCount]) -> list[dict[str, object]]:
    ordered = sorted(
        stages, key=lambda s: (len(s.requisition), s.requisition, ORDER.index(s.stage))
    )
    return [
        {
            "requisition": row.requisition,
            "stage": row.stage,
            "entered": row.entered,
            "left": row.left,
            "inside": row.inside,
            "at the gate": row.at_door,
            "median days": "" if row.median_days is None else f"{row.median_days:.1f}",
        }
        for row in ordered
    ]


def _story(
    requisition: status.RequisitionCount,
    stages: list[status.StageCount],
    waiting: list[status.Waiting],
    paid: str,
) -> str:
    lines = [
        f"# {requisition.requisition} · {requisition.title}",
        f"{requisition.disposition or requisition.stage}, {requisition.filled} of "
        f"{requisition.headcount} openings filled, {requisition.applications} applications.",
        *(["", f"Market pay. {paid}"] if paid else []),
        "",
        "| stage | entered | left | inside | at the gate | median days |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['stage']} | {row['entered']} | {row['left']} | {row['inside']} "
            f"| {row['at the gate']} | {row['median days']} |"
            for row in _funnel(stages)
        ),
        "",
        _turns(waiting),
    ]
    ended = ", ".join(f"{n} {name}" for name, n in sorted(requisition.dispositions.items()))
    return "\n".join([*lines, "", f"Ended: {ended or 'nobody yet'}."])


_published: dict[str, list[dict[str, object]]] = {}


def _table(key: str, description: str, rows: list[dict[str, object]]) -> None:
    """Publish a table unless this process has published the same rows before."""
    if _published.get(key) == rows:
        return
    _published[key] = rows
    shown = rows[:MOST_ROWS]
    note = f" ({len(shown)} of {len(rows)} rows)" if len(rows) > len(shown) else ""
    create_table_artifact(
        key=key,
        table=shown or [{"": "nothing"}],
        description=description + note,
    )
