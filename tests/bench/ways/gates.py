"""Who fails at a door: our gate, the same in SQL by hand, in stock expectations, and in pandas."""

import logging
import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from connectors.ledger import rows
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from expectations import SUITES, suite
from tasks.gate import judge_door
from tasks.stages import STAGES
from tests.bench.meter import Meter
from tests.bench.ways import fullcycle
from tests.bench.ways.job import Job

AS_OF = datetime(2026, 11, 23, 9, tzinfo=UTC)
SMALL = 1_000
Failing = dict[str, set[int]]  # by rule, the ids of all who fail it
EMAIL = r"^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s.,;<>]{2,}$"
PHONE = r"^\+?[0-9 ()./\-]{7,24}$"


@dataclass(frozen=True)
class Door:
    """A stage's door as somebody would state it who has no more than a database.

    `waiting`: the statement of who waits, with the columns that are looked at. `fails`: by rule,
    SQL that is true of who fails. `stock`: by rule, the stock expectation and its settings.
    `frame`: by rule, whether each row of a data frame fails.
    """

    stage: str
    waiting: str
    fails: Mapping[str, str]
    stock: Mapping[str, tuple[str, dict[str, Any]]]
    frame: Callable[[Any], Mapping[str, Any]]


_WAIT = """
    a.client = '{client}' AND a.disposition IS NULL AND a.ready_for = '{stage}'
    AND NOT EXISTS (SELECT 1 FROM hold h WHERE h.client = a.client AND h.lifted_at IS NULL
                    AND h.system = '' AND h.requisition IN ('', r.key))
"""
INTAKE = Door(
    "intake",
    f"""
    SELECT a.id, a.email, a.name, a.phone
    FROM application a JOIN requisition r ON r.id = a.requisition_id WHERE {_WAIT}
    """,
    {
        "INT-001": "coalesce(email, '') = ''",
        "INT-002": f"email <> '' AND email !~ '{EMAIL}'",
        "INT-003": "length(name) NOT BETWEEN 1 AND 300",
        "INT-004": f"phone <> '' AND phone !~ '{PHONE}'",
    },
    {
        "INT-001": ("ExpectColumnValuesToNotBeNull", {"column": "email"}),
        "INT-002": ("ExpectColumnValuesToMatchRegex", {"column": "email", "regex": EMAIL}),
        "INT-003": (
            "ExpectColumnValueLengthsToBeBetween",
            {"column": "name", "min_value": 1, "max_value": 300},
        ),
        "INT-004": ("ExpectColumnValuesToMatchRegex", {"column": "phone", "regex": PHONE}),
    },
    lambda frame: {
        "INT-001": frame.email.isna(),
        "INT-002": frame.email.notna() & ~frame.email.fillna("").str.contains(EMAIL),
        "INT-003": ~frame.name.str.len().between(1, 300),
        "INT-004": frame.phone.notna() & ~frame.phone.fillna("").str.contains(PHONE),
    },
)
SCREENING = Door(
    "screening",
    f"""
    SELECT a.id, a.person_id, a.source, a.owner, x.external_id AS tracker_ref
    FROM application a JOIN requisition r ON r.id = a.requisition_id
    LEFT JOIN external_id x ON x.subject_kind = 'application' AND x.kind = 'application'
        AND x.subject_id = a.id
    WHERE {_WAIT}
    """,
    {
        "SCR-001": "person_id IS NULL",
        "SCR-002": "source = ''",
        "SCR-003": "owner = ''",
        "SCR-004": "tracker_ref IS NULL",
    },
    {
        "SCR-001": ("ExpectColumnValuesToNotBeNull", {"column": "person_id"}),
        "SCR-002": ("ExpectColumnValueLengthsToBeBetween", {"column": "source", "min_value": 1}),
        "SCR-003": ("ExpectColumnValueLengthsToBeBetween", {"column": "owner", "min_value": 1}),
        "SCR-004": ("ExpectColumnValuesToNotBeNull", {"column": "tracker_ref"}),
    },
    lambda frame: {
        "SCR-001": frame.person_id.isna(),
        "SCR-002": frame.source == "",
        "SCR-003": frame.owner == "",
        "SCR-004": frame.tracker_ref.isna(),
    },
)
DOORS = {door.stage: door for door in (INTAKE, SCREENING)}


def prepare(ledger: Ledger, stage: str, waiting: int) -> None:
    """Let applications wait at a door; of ten, four break a rule, most of them several."""
    fullcycle.open_for_business(ledger)
    posting = fullcycle.with_posting(ledger)
    arrivals = [fullcycle.arrival(posting, number) for number in range(waiting)]
    fullcycle.land(ledger, arrivals)
    fullcycle.open_all(ledger, arrivals)
    with ledger.transaction() as connection:
        connection.execute(text(_SPOIL), {"stage": stage})
        connection.execute(text(_PERSONS))
        connection.execute(text(_RESOLVE))
        connection.execute(text(_KNOWN_TO_THE_TRACKER))


_SPOIL = """
    UPDATE application SET ready_for = :stage,
        email = CASE id % 10 WHEN 0 THEN NULL WHEN 1 THEN 'no sign' ELSE email END,
        name = CASE WHEN id % 10 = 0 THEN '' ELSE name END,
        phone = CASE WHEN id % 10 IN (1, 2) THEN 'by letter' ELSE phone END,
        source = CASE WHEN id % 10 IN (0, 2) THEN '' ELSE source END,
        owner = CASE WHEN id % 10 IN (0, 1) THEN '' ELSE 'us' END
"""
_PERSONS = "INSERT INTO person (client, key, name) SELECT client, key, name FROM application"
_RESOLVE = """
    UPDATE application a SET person_id = p.id FROM person p
    WHERE p.client = a.client AND p.key = a.key AND a.id % 10 <> 1
"""
_KNOWN_TO_THE_TRACKER = """
    INSERT INTO external_id (client, system, kind, external_id, subject_kind, subject_id)
    SELECT client, 'ashby', 'application', key, 'application', id FROM application
    WHERE id % 10 NOT IN (0, 3)
"""


def main() -> None:
    """The job's applications wait already; its client is named like the stage."""
    job = Job.told()
    door, ledger = DOORS[job.client], Ledger(job.database, job.client)
    small = Ledger(job.database, f"{job.client}_{os.getpid()}")
    prepare(small, door.stage, SMALL)
    meter = Meter(job.servers)
    suite.engine()  # imported once in a process's life, and not measured here
    with meter.measured(f"{door.stage}, {SMALL:,}: a process's first gate, with all it writes", 1):
        judge_door(door.stage, Scope(small.client), AS_OF)
    found: dict[str, Failing] = {}
    for what, way in WAYS.items():
        with meter.measured(f"{door.stage}, {job.applications:,}: {what}", 1):
            found[what] = way(door, ledger)
    with meter.measured(f"{door.stage}, {job.applications:,}: {READ}", 1):
        read_the_door(door, ledger)
    for what, failing in found.items():
        assert failing == found[BY_HAND] or what == CUT, f"{what} finds others"
    meter.tell()


def our_gate(door: Door, ledger: Ledger) -> Failing:
    """What a gate does to find who fails."""
    sql = STAGES[door.stage].STAGE.rows
    query = rows.gate_query(sql, door.stage, Scope(ledger.client), AS_OF)
    findings = suite.judge(SUITES[door.stage], ledger.gate_url, query)
    return {finding.rule.id: set(finding.ids) for finding in findings}


def read_the_door(door: Door, ledger: Ledger) -> None:
    """What a gate reads besides, so that those who pass can be let in."""
    sql = STAGES[door.stage].STAGE.rows
    with ledger.transaction() as connection:
        rows.at_the_door(connection, sql, door.stage, Scope(ledger.client), AS_OF)


def by_hand(door: Door, ledger: Ledger) -> Failing:
    """One statement: of whoever fails anything, what it is."""
    rules = [f"({fails}) IS TRUE" for fails in door.fails.values()]
    statement = f"SELECT id, {', '.join(rules)} FROM ({_waiting(door, ledger)}) d"
    failing: Failing = defaultdict(set)
    with ledger.transaction() as connection:
        raw: Any = connection.connection.driver_connection
        for row in raw.execute(f"{statement} WHERE {' OR '.join(rules)}"):
            for rule, fails in zip(door.fails, row[1:], strict=True):
                if fails:
                    failing[rule].add(row[0])
    return dict(failing)


def in_pandas(door: Door, ledger: Ledger) -> Failing:
    """Read the columns, then look at each as a whole."""
    import pandas  # type: ignore[import-untyped]

    with ledger.transaction() as connection:
        frame = pandas.read_sql(text(_waiting(door, ledger)), connection)
    return {rule: set(frame.id[fails]) for rule, fails in door.frame(frame).items()}


def stock(door: Door, ledger: Ledger, **result_format: Any) -> Failing:
    """Great Expectations as its documents show it: a query asset, a suite, a validation."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its PostgreSQL source refuses a Unix socket's address
        source = context.data_sources.add_sql("ledger", connection_string=ledger.gate_url)
    asset = source.add_query_asset("door", query=_waiting(door, ledger))
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    stated = gx.ExpectationSuite(
        name="gate",
        expectations=[
            getattr(gx.expectations, name)(**settings, meta={"rule": rule})
            for rule, (name, settings) in door.stock.items()
        ],
    )
    failing: Failing = {}
    for result in batch.validate(stated, **result_format).results:
        config: Any = result.expectation_config
        ids = result.result.get("unexpected_index_list") or []
        failing[config.meta["rule"]] = {row["id"] for row in ids}
    return failing


def stock_told_to_name_all(door: Door, ledger: Ledger) -> Failing:
    """The same, with the result format that gives ids, and as many as there are."""
    told = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": ["id"],
        "partial_unexpected_count": 1_000_000,
        "return_unexpected_index_query": False,
    }
    return stock(door, ledger, result_format=told)


def _waiting(door: Door, ledger: Ledger) -> str:
    return door.waiting.format(client=ledger.client, stage=door.stage)


BY_HAND = "one statement by hand"
READ = "our gate reads who waits, to let them in"
CUT = "stock expectations as they come, which name no ids"
WAYS: dict[str, Callable[[Door, Ledger], Failing]] = {
    "our gate finds who fails": our_gate,
    BY_HAND: by_hand,
    "pandas": in_pandas,
    CUT: stock,
    "stock expectations told to name everyone": stock_told_to_name_all,
}


if __name__ == "__main__":
    logging.disable()
    main()
