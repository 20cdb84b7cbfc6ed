"""What carrying costs is counted in statements, which a hundred applicants need no more of."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from connectors.ledger import landing, rows
from connectors.ledger.arrivals import open_applications
from connectors.ledger.decisions import Subject
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import Application
from expectations import SUITES
from expectations.suite import judge
from tasks import desk
from tasks.decide import decide_stage
from tasks.gate import judge_door
from tasks.process import Process
from tasks.stages import STAGES
from tests.carrying import approve_and_open_job, desk_without_vendors, do_what_was_asked


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements of every engine of this process, the gates' included."""
    said: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def carry(
    ledger: Ledger, process: Process, opened: Subject, posted: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Sequence[Application], datetime], int]:
    """Take arrivals in, through intake and to the screen's invitation, counting the statements."""
    without_vendors = desk_without_vendors(process, ledger)
    monkeypatch.setitem(desk._open, ledger.client, without_vendors)
    scope = Scope(ledger.client)
    with ledger.transaction() as connection:
        approve_and_open_job(connection, ledger.client, opened.id)

    def through(arrivals: Sequence[Application], as_of: datetime) -> int:
        with counted() as said:
            with ledger.transaction() as connection:
                landing.land(connection, ledger.client, "indeed", arrivals, as_of)
                open_applications(connection, ledger.client, "us", as_of)
            assert judge_door("intake", scope, as_of).passed == len(arrivals)
            assert len(decide_stage("intake", scope, as_of).effects) == 2 * len(arrivals)
            do_what_was_asked(ledger, as_of)
            assert len(decide_stage("intake", scope, as_of).moves) == len(arrivals)
            assert judge_door("screening", scope, as_of).passed == len(arrivals)
            assert len(decide_stage("screening", scope, as_of).moves) == len(arrivals)
        return len(said)

    return through


def test_a_hundred_cost_as_many_statements_as_three(
    carry: Callable[[Sequence[Application], datetime], int],
    arrival: Callable[..., Application],
    as_of: datetime,
) -> None:
    few = carry([arrival(f"few{n}") for n in range(3)], as_of)
    many = carry([arrival(f"many{n}") for n in range(100)], as_of)

    assert many == few
    assert many < 80


def test_a_gate_names_all_who_fail_and_costs_no_more_statements_for_it(
    ledger: Ledger,
    process: Process,
    posted: str,
    arrival: Callable[..., Application],
    look: Callable[..., Sequence[Any]],
    as_of: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(desk._open, ledger.client, desk_without_vendors(process, ledger))

    def judged(name: str, number: int) -> int:
        """Of so many arrivals each third has no address, and each fourth no name."""
        arrivals = [
            arrival(
                f"{name}{n}",
                emails=() if n % 3 == 0 else (f"{name}{n}@mail.example",),
                name="" if n % 4 == 0 else "Ada",
            )
            for n in range(number)
        ]
        with ledger.transaction() as connection:
            landing.land(connection, ledger.client, "indeed", arrivals, as_of)
            open_applications(connection, ledger.client, "us", as_of)
        with counted() as said:
            judge_door("intake", Scope(ledger.client), as_of)
        return len(said)

    few, many = judged("few", 12), judged("many", 600)

    assert many == few
    assert many < 12
    held = look("SELECT rule, count(*) FROM quarantine GROUP BY rule ORDER BY rule")
    assert held == [("INT-001", 4 + 200), ("INT-003", 3 + 150)]


@pytest.mark.parametrize(
    ("stage", "looked_into"),
    [
        ("intake", {"application", "requisition", "hold"}),
        ("screening", {"application", "requisition", "hold", "external_id"}),
    ],
)
def test_a_gate_looks_only_into_what_its_rules_are_about(
    ledger: Ledger, stage: str, looked_into: set[str], as_of: datetime
) -> None:
    query = rows.gate_query(STAGES[stage].STAGE.rows, stage, Scope(ledger.client), as_of)
    with counted() as said:
        judge(SUITES[stage], ledger.gate_url, query)

    (judged,) = said
    with ledger.transaction() as connection:
        plan = connection.execute(text(f"EXPLAIN (FORMAT JSON) {judged}")).scalar_one()
    assert set(re.findall(r"'Relation Name': '(\w+)'", repr(plan))) == looked_into
