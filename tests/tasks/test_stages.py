"""Every stage is one thing in five folders: file, ledger query, suite, and a test of each."""

from importlib import import_module
from pathlib import Path

import pytest

from connectors.ledger.rows import ApplicationRow, RequisitionRow
from expectations import SUITES
from tasks.process import APPLICATION_STAGES, REQUISITION_STAGES
from tasks.stages import ORDER, STAGES

TESTS = Path(__file__).parents[1]


def test_the_stages_the_suites_and_the_order_name_the_same() -> None:
    assert set(STAGES) == set(ORDER) == set(SUITES)
    assert len(ORDER) == len(set(ORDER)) == 14


@pytest.mark.parametrize("stage", ORDER)
def test_a_stage_is_called_the_same_everywhere(stage: str) -> None:
    module = STAGES[stage]
    ledger = import_module(f"connectors.ledger.{stage}")

    assert module.STAGE.name == stage
    assert module.STAGE.rows == ledger.ROWS
    assert module.STAGE.row is ledger.Row
    assert import_module(f"tasks.{stage}") is module
    assert import_module(f"expectations.{stage}").RULES is SUITES[stage]


@pytest.mark.parametrize("stage", ORDER)
def test_a_stage_has_its_tests(stage: str) -> None:
    assert (TESTS / f"tasks/test_{stage}.py").exists()
    assert (TESTS / f"expectations/test_{stage}.py").exists()


@pytest.mark.parametrize("stage", ORDER)
def test_a_stage_says_what_it_decides(stage: str) -> None:
    assert STAGES[stage].decide.__doc__
    assert SUITES[stage]


def test_requisitions_and_applications_have_stages_of_their_own() -> None:
    assert all(issubclass(STAGES[s].STAGE.row, RequisitionRow) for s in REQUISITION_STAGES)
    assert all(issubclass(STAGES[s].STAGE.row, ApplicationRow) for s in APPLICATION_STAGES)
