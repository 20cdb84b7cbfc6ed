"""The whole cycle, once undisturbed and once killed three times: the same ledger, the same vendors.

Both runs are real: an embedded PostgreSQL, a Prefect server, every stand-in over HTTP and SMTP,
with faults injected; the second one's carrying process is killed with SIGKILL on its way.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger, chain
from deployments import embedded, report
from deployments.demo import CLIENT, Control
from deployments.settings import Settings
from deployments.state import State
from tasks.stages import ORDER

APPLICANTS = 44
KILLED_AFTER_SWEEPS = (4, 14, 26)

pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Run:
    """A finished demo: what its ledger and its vendors say."""

    state: State
    status: dict[str, Any]
    received: dict[str, dict[str, list[str]]]
    faults: dict[str, int]


def demo(home: Path) -> subprocess.Popen[str]:
    told = {k: v for k, v in os.environ.items() if not k.startswith(("FULLCYCLE_", "PREFECT_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "deployments.cli", "demo", "--applicants", str(APPLICANTS)],
        env={**told, "FULLCYCLE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_after(home: Path, sweeps: int) -> None:
    process = demo(home)
    assert process.stdout is not None
    seen = 0
    for line in process.stdout:
        seen += line.startswith("2026-")
        if seen == sweeps:
            break
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def finish(home: Path) -> Run:
    process = demo(home)
    _, trouble = process.communicate()
    assert process.returncode == 0, trouble[-3000:]
    state = embedded.state(Settings(home=home))
    assert state is not None
    ledger = Ledger(state.settings.database_url or "", CLIENT)
    record = Control(state.sandbox_url).record()
    status = report.status_json(ledger, Scope(CLIENT))
    return Run(state, status, record["received"], record["faults"])


@pytest.fixture(scope="module")
def undisturbed() -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as home:
        try:
            yield finish(Path(home))
        finally:
            embedded.down(Settings(home=Path(home)))


@pytest.fixture(scope="module")
def killed() -> Iterator[Run]:
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as home:
        try:
            for sweeps in KILLED_AFTER_SWEEPS:
                kill_after(Path(home), sweeps)
            yield finish(Path(home))
        finally:
            embedded.down(Settings(home=Path(home)))


def counts(received: dict[str, dict[str, list[str]]]) -> dict[str, Counter[str]]:
    return {
        f"{vendor} {kind}": Counter(names)
        for vendor, kinds in received.items()
        for kind, names in kinds.items()
    }


def rows(run: Run, sql: str) -> list[Any]:
    return _rows(run.state.settings.admin_database_url or "", sql)


def prefect_rows(run: Run, sql: str) -> list[Any]:
    url = run.state.settings.prefect_database_url or ""
    return _rows(url.replace("asyncpg", "psycopg"), sql)


def _rows(url: str, sql: str) -> list[Any]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = list(connection.execute(text(sql)))
    engine.dispose()
    return found


def test_killing_the_carrying_process_three_times_changes_nothing(
    undisturbed: Run, killed: Run
) -> None:
    assert killed.status["fingerprint"] == undisturbed.status["fingerprint"]
    assert counts(killed.received) == counts(undisturbed.received)


def test_every_opening_ends_with_a_pay_statement_that_matches_the_offer(undisturbed: Run) -> None:
    requisitions = undisturbed.status["requisitions"]
    assert {r["disposition"] for r in requisitions} == {"FILLED", "CANCELLED"}
    filled = [r for r in requisitions if r["disposition"] == "FILLED"]
    assert all(r["filled"] == r["headcount"] for r in filled)

    paid = [hire for hire in undisturbed.status["hires"] if hire["matches"]]
    assert len(paid) == sum(r["headcount"] for r in filled)


def test_a_wrong_pay_statement_was_corrected_before_the_opening_was_filled(
    undisturbed: Run,
) -> None:
    corrections = rows(
        undisturbed,
        "SELECT e.subject_id FROM effect e JOIN application a ON a.id = e.subject_id"
        " WHERE e.kind = 'payroll.correct' AND e.state = 'done' AND a.stage = 'aftercare'",
    )
    assert corrections


def test_no_vendor_received_anything_twice_or_not_at_all(killed: Run) -> None:
    done = [effect for effect in killed.status["effects"] if effect["state"] == "done"]
    asked = Counter({(effect["system"], effect["kind"]): effect["count"] for effect in done})
    for (system, kind), name in report.VENDOR_COUNTS.items():
        names = killed.received[system].get(name, [])
        assert len(names) == asked[system, kind], (system, kind)
    for name in ("invitations", "offers"):
        vendor = {"invitations": "checkr", "offers": "dropbox_sign"}[name]
        assert max(Counter(killed.received[vendor][name]).values()) == 1
    messages = killed.received["mail"]["messages"]
    assert len(messages) == len(set(messages))
    assert len(messages) == sum(asked[k] for k in asked if k[1] in report.MAIL)


def test_faults_were_really_injected(killed: Run) -> None:
    assert sum(killed.faults.values()) > 0


def test_nobody_is_lost_and_nobody_who_is_out_is_without_an_answer(undisturbed: Run) -> None:
    open_elsewhere = rows(
        undisturbed,
        "SELECT key FROM application WHERE disposition IS NULL AND stage <> 'aftercare'",
    )
    assert open_elsewhere == []
    silent = rows(
        undisturbed,
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


def test_no_stage_is_skipped(undisturbed: Run) -> None:
    gateless = rows(
        undisturbed,
        """
        SELECT t.subject_key, t.to_stage FROM transition t
        WHERE t.from_stage <> t.to_stage AND t.to_state <> 'entered'
        """,
    )
    assert gateless == []


def test_the_hash_chain_verifies_and_the_projection_equals_the_log(killed: Run) -> None:
    log = rows(
        killed,
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
        killed,
        "SELECT 'application' AS kind, id, seq, head_hash FROM application"
        " UNION ALL SELECT 'requisition', id, seq, head_hash FROM requisition",
    )
    assert {(r.kind, r.id): (r.seq, r.head_hash) for r in projected} == heads


def test_a_sweep_costs_task_runs_by_its_systems_and_stages_not_by_its_people(
    undisturbed: Run,
) -> None:
    counts = prefect_rows(
        undisturbed, "SELECT count(*) AS tasks FROM task_run GROUP BY flow_run_id"
    )
    verbs_once, systems = 6, 4  # settle, inbox, open, endings, deliver, publish
    assert 0 < max(row.tasks for row in counts) <= verbs_once + systems + 2 * len(ORDER)


def test_no_personal_data_reaches_prefect(undisturbed: Run) -> None:
    people = rows(undisturbed, "SELECT name, email FROM application WHERE email IS NOT NULL")
    artifacts = prefect_rows(undisturbed, "SELECT data AS said FROM artifact")
    parameters = prefect_rows(undisturbed, "SELECT parameters AS said FROM flow_run")
    logs = prefect_rows(undisturbed, "SELECT message AS said FROM log")
    seen = " ".join(str(row.said) for row in [*artifacts, *parameters, *logs])
    assert artifacts
    assert [p.email for p in people if p.email in seen] == []
    assert [p.name for p in people if len(p.name) > 6 and p.name in seen] == []
