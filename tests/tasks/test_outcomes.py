"""Which states of applicants a job board is told."""

import re
from pathlib import Path

import tasks
from connectors.ledger.decisions import Subject
from connectors.ledger.outcomes import Reached
from connectors.records import ApplicantStatus, TellBoard
from tasks import outcomes
from tasks.deliver import KINDS
from tasks.process import APPLICATION_STAGES
from tests.tasks.factories import KEY, NOW

ADA = Subject(
    subject_kind="application",
    id=7,
    key=KEY,
    stage="screening",
    state="entered",
    since=NOW,
    ready_for=None,
    seq=4,
    head_hash="aa",
)


def test_a_state_is_told_once_by_the_boards_own_id_and_without_a_reason() -> None:
    reached = Reached(ADA, "indeed", "5156eb63", "screening", NOW)

    (asked,) = outcomes.decide([reached]).effects

    assert (asked.system, asked.kind, asked.key) == (
        "indeed",
        "board.tell",
        f"board.tell:{KEY}:screening",
    )
    assert asked.request == TellBoard(
        application_ref="5156eb63", status=ApplicantStatus.SCREENING, since=NOW
    )


def test_every_way_to_end_has_its_word() -> None:
    told = "\n".join(
        path.read_text(encoding="utf-8") for path in Path(tasks.__path__[0]).glob("*.py")
    )
    spelled = r'disposition(?:: str)? ?= ?"([A-Z_]+)"|decisions\.end\(row, "([A-Z_]+)"'
    named = re.findall(spelled, told)
    ends = {one or other for one, other in named}

    assert {"REJECTED", "HIRED_PAID"} <= ends
    assert outcomes.ENDS.keys() == ends


def test_only_what_there_is_has_a_word_and_each_word_is_used() -> None:
    assert outcomes.STAGES.keys() <= set(APPLICATION_STAGES)
    assert outcomes.DONE.keys() <= KINDS.keys()
    used = {*outcomes.STAGES.values(), *outcomes.DONE.values(), *outcomes.ENDS.values()}
    assert used == set(ApplicantStatus)
