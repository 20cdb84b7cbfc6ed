"""The whole cycle, once, at vendors that fail now and then: everybody paid, told and accounted for.

The run is real: an embedded PostgreSQL, a Prefect server, every stand-in over HTTP and SMTP. What
kills and outages do to it is in `tests/chaos/`.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from connectors.ledger.store import chain
from deployments import embedded
from deployments.sandbox.vendors import COUNTS, LETTERS
from deployments.settings import Settings
from tasks.stages import ORDER
from tests.chaos.driver import Outcome, Plan, run
from tests.chaos.invariants import compare, record

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def lived() -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as home:
        try:
            yield run(Path(home), Plan(applicants=44, fault_rate=0.05))
        finally:
            embedded.down(Settings(home=Path(home)))


def rows(run: Outcome, sql: str) -> list[Any]:
    return _rows(run.state.settings.admin_database_url or "", sql)


def prefect_rows(run: Outcome, sql: str) -> list[Any]:
    url = run.state.settings.prefect_database_url or ""
    return _rows(url.replace("asyncpg", "psycopg"), sql)


def _rows(url: str, sql: str) -> list[Any]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = list(connection.execute(text(sql)))
    engine.dispose()
    return found


def test_vendors_have_failed(lived: Outcome) -> None:
    assert lived.vendors.faults.total() > 0


def test_every_opening_ends_with_a_pay_statement_that_matches_the_offer(
    lived: Outcome,
) -> None:
    requisitions = lived.status()["requisitions"]
    assert {r["disposition"] for r in requisitions} == {"FILLED", "CANCELLED"}
    filled = [r for r in requisitions if r["disposition"] == "FILLED"]
    assert all(r["filled"] == r["headcount"] for r in filled)

    paid = [hire for hire in lived.status()["hires"] if hire["matches"]]
    assert len(paid) == sum(r["headcount"] for r in filled)


def test_a_wrong_pay_statement_was_corrected_before_the_opening_was_filled(
    lived: Outcome,
) -> None:
    corrections = rows(
        lived,
        "SELECT e.subject_id FROM effect e JOIN application a ON a.id = e.subject_id"
        " WHERE e.kind = 'payroll.correct' AND e.state = 'done' AND a.stage = 'aftercare'",
    )
    assert corrections


def test_what_the_ledger_calls_done_is_what_the_vendors_have(lived: Outcome) -> None:
    received = lived.vendors.received
    done = [effect for effect in lived.status()["effects"] if effect["state"] == "done"]
    asked = Counter({(effect["system"], effect["kind"]): effect["count"] for effect in done})
    for (system, kind), name in COUNTS.items():
        theirs = received.get(f"{system} {name}", Counter())  # nothing, if it was never asked for
        assert theirs.total() == asked[system, kind], (system, kind)
    for name in ("checkr invitations", "dropbox_sign offers", "mail messages"):
        assert max(received[name].values()) == 1
    assert received["mail messages"].total() == sum(asked[key] for key in asked if key in LETTERS)


def test_the_resume_of_everyone_who_came_by_the_tracker_is_in_the_vault(lived: Outcome) -> None:
    kept = rows(lived, "SELECT state, external_id FROM effect WHERE kind = 'resume.keep'")
    vault = lived.state.settings.home / "vault"
    there = sorted(f"/{file.relative_to(vault)}" for file in vault.glob("resumes/*"))

    assert there
    assert {effect.state for effect in kept} == {"done"}
    assert there == sorted(effect.external_id for effect in kept)


def test_the_vendors_bear_the_ledger_out(lived: Outcome) -> None:
    left = record(lived)
    assert left.vendors.received["checkr final_notices"].total() >= 1
    assert left.vendors.received["ashby applied"].total() >= 1
    assert not any(compare(left, left).broken.values())


def test_nobody_is_lost_and_nobody_who_is_out_is_without_an_answer(lived: Outcome) -> None:
    open_elsewhere = rows(
        lived,
        "SELECT key FROM application WHERE disposition IS NULL AND stage <> 'aftercare'",
    )
    assert open_elsewhere == []
    silent = rows(
        lived,
        """
        SELECT a.key FROM application a
        WHERE a.disposition IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM effect e WHERE e.subject_kind = 'application' AND e.subject_id = a.id
              AND e.created_as_of >= a.since
              AND ((e.kind = 'message.send' AND e.state = 'done')
                OR (e.kind = 'message.by_hand' AND e.state = 'parked')))
        """,
    )
    assert silent == []


def test_no_stage_is_skipped(lived: Outcome) -> None:
    gateless = rows(
        lived,
        """
        SELECT t.subject_key, t.to_stage FROM transition t
        WHERE t.from_stage <> t.to_stage AND t.to_state <> 'entered'
        """,
    )
    assert gateless == []


def test_the_hash_chain_verifies_and_the_projection_equals_the_log(lived: Outcome) -> None:
    log = rows(
        lived,
        "SELECT subject_kind, subject_id, subject_key, seq, from_stage, from_state, to_stage,"
        " to_state, reason, as_of, previous_hash, hash FROM transition"
        " ORDER BY subject_kind, subject_id, seq",
    )
    heads: dict[tuple[str, int], tuple[int, str]] = {}
    for row in log:
        subject = (row.subject_kind, row.subject_id)
        seq, head = heads.get(subject, (0, ""))
        content = {
            "subject_key": row.subject_key,
            "seq": row.seq,
            "from_stage": row.from_stage,
            "from_state": row.from_state,
            "to_stage": row.to_stage,
            "to_state": row.to_state,
            "reason": row.reason,
        }
        assert (row.seq, row.previous_hash) == (seq + 1, head)
        assert row.hash == chain(head, content, row.as_of)
        heads[subject] = (row.seq, row.hash)
    projected = rows(
        lived,
        "SELECT 'application' AS kind, id, seq, head_hash FROM application"
        " UNION ALL SELECT 'requisition', id, seq, head_hash FROM requisition",
    )
    assert {(r.kind, r.id): (r.seq, r.head_hash) for r in projected} == heads


def test_a_sweep_costs_task_runs_by_its_systems_and_stages_not_by_its_people(
    lived: Outcome,
) -> None:
    counts = prefect_rows(lived, "SELECT count(*) AS tasks FROM task_run GROUP BY flow_run_id")
    verbs_once, systems = 6, 4  # settle, inbox, open, endings, deliver, publish
    assert 0 < max(row.tasks for row in counts) <= verbs_once + systems + 2 * len(ORDER)


def test_no_personal_data_reaches_prefect(lived: Outcome) -> None:
    people = rows(lived, "SELECT name, email FROM application WHERE email IS NOT NULL")
    artifacts = prefect_rows(lived, "SELECT data AS said FROM artifact")
    parameters = prefect_rows(lived, "SELECT parameters AS said FROM flow_run")
    logs = prefect_rows(lived, "SELECT message AS said FROM log")
    seen = " ".join(str(row.said) for row in [*artifacts, *parameters, *logs])
    assert artifacts
    assert [p.email for p in people if p.email in seen] == []
    assert [p.name for p in people if len(p.name) > 6 and p.name in seen] == []
