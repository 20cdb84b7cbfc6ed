"""Decide: what moves and what is to be done, as a pure function of the ledger, written at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from connectors.ledger import endings as ledger_endings
from connectors.ledger import intake as ledger_intake
from connectors.ledger import outcomes as ledger_outcomes
from connectors.ledger import rows
from connectors.ledger import sourcing as ledger_sourcing
from connectors.ledger.decisions import Asked, Decisions
from connectors.ledger.scope import Scope
from connectors.ledger.store import Stale
from tasks import endings, intake, outcomes
from tasks.desk import Desk, desk_of
from tasks.stages import STAGES


@task(task_run_name="{stage} · decide", cache_policy=NO_CACHE, persist_result=False)
def decide(stage: str, scope: Scope, as_of: datetime) -> State[int]:
    """Let a stage decide on its rows; returns how many of them moved."""
    decisions = decide_stage(stage, scope, as_of)
    return Completed(message=_sentence(stage, decisions), data=len(decisions.moves))


def decide_stage(stage: str, scope: Scope, as_of: datetime) -> Decisions:
    """What the decide task does, without Prefect."""
    desk = desk_of(scope.client)
    module = STAGES[stage]
    with desk.ledger.transaction() as connection:
        waiting: Sequence[rows.Known] = rows.inside(
            connection, module.STAGE.row, module.STAGE.rows, stage, scope, as_of
        )
        if stage == "intake":
            arrivals = cast(Sequence[ledger_intake.Row], waiting)
            waiting = ledger_intake.with_acquaintances(connection, arrivals, intake.points_of)
        elif stage == "sourcing":
            advertised = cast(Sequence[ledger_sourcing.Row], waiting)
            waiting = ledger_sourcing.with_live_postings(connection, advertised)
    return _write(desk, module.decide(waiting, desk.process, as_of), as_of)


@task(task_run_name="endings · decide", cache_policy=NO_CACHE, persist_result=False)
def end(scope: Scope, as_of: datetime) -> State[int]:
    """Dispose of and notify everyone whose application is over; withdraw the offers left open.

    A background check that nobody has begun is called off.
    """
    desk = desk_of(scope.client)
    with desk.ledger.transaction() as connection:
        over = ledger_endings.ended(connection, scope, as_of)
    decisions = _write(desk, endings.decide(over, desk.process), as_of)
    with desk.ledger.transaction() as connection:
        ledger_endings.end_quarantine(connection, scope.client, as_of)
        left_open = ledger_endings.open_offers(connection, scope)
        not_begun = ledger_endings.open_orders(connection, scope, as_of)
    decisions.effects += _write(desk, endings.withdraw_offers(left_open), as_of).effects
    decisions.effects += _write(desk, endings.call_off_checks(not_begun), as_of).effects
    return Completed(message=_sentence("endings", decisions), data=len(decisions.moves))


@task(task_run_name="boards · decide", cache_policy=NO_CACHE, persist_result=False)
def inform(scope: Scope, as_of: datetime) -> State[int]:
    """Ask for the job boards that want to know to be told what has become of their applicants."""
    desk = desk_of(scope.client)
    with desk.ledger.transaction() as connection:
        reached = ledger_outcomes.untold(
            connection,
            scope,
            desk.process.inform,
            outcomes.STAGES,
            outcomes.DONE,
            outcomes.ENDS,
            as_of,
        )
    decisions = _write(desk, outcomes.decide(reached), as_of)
    return Completed(message=_sentence("boards", decisions), data=len(decisions.effects))


def _write(desk: Desk, decisions: Decisions, as_of: datetime) -> Decisions:
    decisions.effects = [asked for asked in decisions.effects if not _asked_before(asked)]
    try:
        desk.ledger.apply(decisions, as_of)
    except Stale:
        return Decisions()  # somebody else was quicker; the next sweep decides on what is true then
    return decisions


def _asked_before(asked: Asked) -> bool:
    return isinstance(asked.subject, rows.Known) and asked.key in asked.subject.effects


def _sentence(name: str, decisions: Decisions) -> str:
    if not decisions.moves and not decisions.effects:
        return f"{name}: nothing to decide"
    return f"{name}: {len(decisions.moves)} moved, {len(decisions.effects)} effects asked"
