"""Gate: judge everything waiting at a stage's door, hold what fails, let the rest in."""

from datetime import datetime

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from connectors.ledger import gates, rows
from connectors.ledger.gates import Failure, Passage, Verdict
from connectors.ledger.scope import Scope
from expectations import SUITES
from expectations.suite import Finding, judge
from tasks.desk import desk_of
from tasks.stages import STAGES


@task(task_run_name="{stage} · gate", cache_policy=NO_CACHE, persist_result=False)
def gate(stage: str, scope: Scope, as_of: datetime) -> State[Passage]:
    """Judge once per sweep; the rows that pass enter the stage in the transaction that says so."""
    passage = judge_door(stage, scope, as_of)
    return Completed(message=_sentence(passage), data=passage)


def judge_door(stage: str, scope: Scope, as_of: datetime) -> Passage:
    """What the gate task does, without Prefect."""
    ledger = desk_of(scope.client).ledger
    sql = STAGES[stage].STAGE.rows
    with ledger.transaction() as connection:
        door = rows.at_the_door(connection, sql, stage, scope, as_of)
    if not door:
        return Passage(stage, 0, 0, 0)
    query = rows.gate_query(sql, stage, scope, as_of)
    findings = judge(SUITES[stage], ledger.gate_url, query)
    with ledger.transaction() as connection:
        return gates.admit(connection, scope.client, stage, door, _verdict(findings), as_of)


def _verdict(findings: list[Finding]) -> Verdict:
    stopped = next((f.rule.id for f in findings if f.rule.batch and f.rule.critical), None)
    failures = tuple(
        Failure(
            rule=finding.rule.id,
            critical=finding.rule.critical,
            owner=finding.rule.owner.value,
            reason=finding.rule.reason,
            remedy=finding.rule.remedy,
            ids=finding.ids,
            releasable=finding.rule.releasable,
        )
        for finding in findings
        if not finding.rule.batch
    )
    return Verdict(failures, stopped)


def _sentence(passage: Passage) -> str:
    if not passage.rows_in:
        return f"{passage.stage} gate: nothing waiting"
    stopped = f", stopped by {passage.stopped}" if passage.stopped else ""
    new = f" ({passage.newly_held} new)" if passage.held else ""
    return (
        f"{passage.stage} gate: {passage.rows_in} in, {passage.passed} passed,"
        f" {passage.held} quarantined{new}{stopped}"
    )
