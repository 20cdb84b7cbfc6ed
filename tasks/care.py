"""Candidate care: nobody waits in silence, interest is renewed in time, past days are sealed."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from connectors.ledger import care as ledger
from connectors.ledger import endings as ledger_endings
from connectors.ledger.care import Row
from connectors.ledger.decisions import Decisions
from connectors.ledger.scope import Scope
from tasks.clock import after_business_days
from tasks.desk import desk_of
from tasks.messages import tell_candidate, to_be_told
from tasks.process import Process
from tasks.rejection import withdraw


@task(task_run_name="care · decide", cache_policy=NO_CACHE, persist_result=False)
def care(scope: Scope, as_of: datetime) -> State[int]:
    """Decide who is to hear from us today; returns how many."""
    desk = desk_of(scope.client)
    with desk.ledger.transaction() as connection:
        rows = ledger.considered(connection, scope, as_of)
        decisions = decide(rows, desk.process, as_of)
        desk.ledger.write(connection, decisions, as_of)
        ledger_endings.end_quarantine(connection, scope.client, as_of)
    count = sum(1 for effect in decisions.effects if effect.kind.startswith("message."))
    return Completed(message=f"{count} of {len(rows)} to hear from us", data=count)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Ask again whose interest has lapsed; tell everyone else who has not heard from us lately.

    Each is asked once per confirmation and told once per silence, and nobody is put on a
    colleague's telephone list a second time while on it. Whoever is not interested any more leaves
    as withdrawn.
    """
    decisions = Decisions()
    for row in rows:
        heard_on = _day(row.heard_at)
        confirmed_on = _day(row.interest_at) if row.interest_at else ""
        told = row.answer("interest", confirmed_on)
        if told and told.get("interested") == "no":
            withdraw(decisions, row, process, "not interested any more")
        elif _waits_for_a_call(row):
            continue
        elif row.interest_lapsed and not to_be_told(row, f"interest:{confirmed_on}"):
            tell_candidate(
                decisions, row, process, "interest", about=confirmed_on, confirmed_on=confirmed_on
            )
        elif _is_silent(row, process, as_of) and not to_be_told(row, f"care:{heard_on}"):
            tell_candidate(decisions, row, process, "care", about=heard_on)
    return decisions


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _waits_for_a_call(row: Row) -> bool:
    return any(
        key.startswith("message.by_hand:") and effect["state"] not in {"done", "waived"}
        for key, effect in row.effects.items()
    )


def _is_silent(row: Row, process: Process, as_of: datetime) -> bool:
    patience = process.care_after_business_days
    return as_of >= after_business_days(row.heard_at, patience, row.jurisdictions)


@task(task_run_name="days · seal", cache_policy=NO_CACHE, persist_result=False)
def seal_days(scope: Scope, as_of: datetime) -> State[int]:
    """Seal the days that are over, and look whether every older seal is still whole."""
    with desk_of(scope.client).ledger.transaction() as connection:
        sealed = ledger.seal(connection, scope.client, as_of.astimezone(UTC).date())
        broken = ledger.broken_seals(connection, scope.client)
    if broken:
        days = ", ".join(day.isoformat() for day in broken)
        return Failed(message=f"the record of these days is not what was sealed: {days}")
    return Completed(message=f"{sealed} days sealed, every seal is whole", data=sealed)
