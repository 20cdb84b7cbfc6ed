"""The gates' engine: everyone who fails is named, nobody else, and doubt keeps the gate shut."""

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connectors.ledger.store import Ledger
from deployments.postgres import Urls
from expectations import SUITES
from expectations.suite import Finding, GateError, Owner, Rule, at_most, fresh, judge
from tests.expectations.judged import query

RULES = [rule for suite in SUITES.values() for rule in suite]
PAID = Rule("T-1", "paid", Owner.CLIENT, "not paid", "pay")
FUTURE = Rule("T-2", "lawful", Owner.CLIENT, "not lawful", "mend it", when="bound")
MANY = 450
# A gate's say nothing of who holds them; the ledger's do.
CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE usename = 'fullcycle_app' AND application_name = ''
"""


def test_every_failing_row_is_named_however_many_there_are(database: Urls) -> None:
    rows = [{"paid": number % 3 == 0} for number in range(1, MANY + 1)]

    (finding,) = judge((PAID,), database.app_url, query(rows))

    assert finding.ids == tuple(n for n in range(1, MANY + 1) if n % 3)


def test_rows_that_are_all_well_give_no_finding(database: Urls) -> None:
    assert judge((PAID,), database.app_url, query([{"paid": True}] * 3)) == []


def test_what_is_not_known_is_not_taken_as_true(database: Urls) -> None:
    rows: list[dict[str, Any]] = [{"paid": True}, {"paid": None}, {"paid": False}]

    (finding,) = judge((PAID,), database.app_url, query(rows))

    assert finding.ids == (2, 3)


def test_a_rule_applies_only_where_its_condition_holds(database: Urls) -> None:
    rows: list[dict[str, Any]] = [
        {"lawful": False, "bound": True},
        {"lawful": False, "bound": False},
        {"lawful": False, "bound": None},
        {"lawful": True, "bound": True},
    ]

    (finding,) = judge((FUTURE,), database.app_url, query(rows))

    assert finding.ids == (1,)


@pytest.mark.parametrize("columns", [{"bound": True}, {"lawful": True}])
def test_a_missing_column_shuts_the_gate_and_is_never_a_pass(
    database: Urls, columns: dict[str, bool]
) -> None:
    with pytest.raises(GateError, match="T-2"):
        judge((FUTURE,), database.app_url, query([columns]))


def test_a_batch_rule_is_about_all_rows_and_names_none(database: Urls) -> None:
    limit = at_most("T-900", 2, "more than two")

    assert judge((limit,), database.app_url, query([{"paid": True}] * 2)) == []
    (finding,) = judge((limit,), database.app_url, query([{"paid": True}] * 3))
    assert (finding.rule, finding.ids) == (limit, ())


@pytest.mark.parametrize(("hours", "stops"), [(0.0, False), (24.0, False), (24.1, True)])
def test_a_system_that_fell_silent_stops_the_batch(
    database: Urls, hours: float, stops: bool
) -> None:
    rule = fresh("T-901", "payroll")

    found = judge((rule,), database.app_url, query([{"payroll_silent_hours": hours}] * 2))

    assert found == ([Finding(rule, ())] if stops else [])


def test_a_system_that_was_never_read_stops_the_batch(database: Urls) -> None:
    rule = fresh("T-901", "payroll")
    never = "SELECT 1 AS id, NULL::numeric AS payroll_silent_hours"

    assert judge((rule,), database.app_url, never) == [Finding(rule, ())]


def test_findings_say_nothing_of_what_the_rows_hold(database: Urls) -> None:
    rule = Rule("T-3", "email ~ '@'", Owner.PROVIDER, "cannot be written to", "correct it")

    findings = judge((rule,), database.app_url, query([{"email": "ada.at.example.org"}]))

    assert findings[0].ids == (1,)
    assert "ada.at.example" not in repr(findings)


def test_however_many_clients_a_process_works_for_it_keeps_one_connection(
    database: Urls, client_name: str
) -> None:
    ledgers = [Ledger(database.app_url, f"{client_name}_{number}") for number in range(5)]

    kept = []
    for ledger in ledgers:
        judge((PAID,), ledger.gate_url, query([{"paid": True}]))
        with ledger.transaction() as connection:
            kept.append(connection.execute(text(CONNECTIONS)).scalar_one())

    assert kept[-1] <= kept[0]


def test_rule_ids_are_unique_and_tell_their_suite() -> None:
    ids = [rule.id for rule in RULES]

    assert len(set(ids)) == len(ids)
    for suite in SUITES.values():
        assert len({rule.id.partition("-")[0] for rule in suite}) == 1


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_a_rule_says_whose_turn_it_is_what_is_wrong_and_what_to_do(rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z0-9]{3}-\d{3}", rule.id)
    assert rule.owner in Owner
    assert rule.reason
    assert rule.remedy
    assert not any(mark in rule.reason + rule.remedy for mark in "{}%$@")


@pytest.mark.parametrize("stage", sorted(SUITES))
def test_every_rule_of_a_suite_is_seen_to_fail(stage: str) -> None:
    cases = import_module(f"tests.expectations.test_{stage}").CASES

    seen = set().union(*(rules for _, rules in cases))
    assert seen == {rule.id for rule in SUITES[stage] if not rule.batch}


def test_a_warning_or_a_batch_rule_is_the_exception() -> None:
    assert {rule.id for rule in RULES if not rule.critical} == {"REQ-004", "INT-004"}
    assert {rule.id for rule in RULES if rule.batch and "count(*)" in rule.holds} == {
        "REQ-900",
        "SRC-900",
        "INT-900",
    }


def test_the_engine_is_not_loaded_before_there_is_something_to_judge() -> None:
    source = Path(import_module("expectations.suite").__file__ or "").read_text(encoding="utf-8")

    assert not re.search(r"^(import|from) great_expectations", source, re.MULTILINE)


def test_the_engine_comes_without_what_only_expectations_need_that_nobody_states() -> None:
    looked = (
        "import sys; from expectations import suite; suite.engine();"
        "print(sorted({'altair', 'scipy'} & sys.modules.keys())); import scipy.stats;"
        "print(scipy.stats.norm.mean())"
    )
    done = subprocess.run(
        [sys.executable, "-c", looked], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == ["[]", "0.0"]
