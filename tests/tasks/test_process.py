"""The client's process: complete or refused, and its order bends only where law says so."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from expectations.law import rules
from tasks.process import APPLICATION_STAGES, TEMPLATES, TEMPLATES_OF_HR, Process
from tests.tasks.factories import HARBOR

NYC = [["references", "offer"], ["offer", "background"], ["offer", "preboarding"]]
STAGE_PAIRS = st.lists(
    st.tuples(st.sampled_from(APPLICATION_STAGES), st.sampled_from(APPLICATION_STAGES)), max_size=8
)


@st.composite
def lawful(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """A client's own order, and pairs that some other order could satisfy all at once."""
    own = draw(st.permutations(APPLICATION_STAGES))
    possible = draw(st.permutations(APPLICATION_STAGES))
    pairs = [sorted(pair, key=possible.index) for pair in draw(STAGE_PAIRS) if pair[0] != pair[1]]
    return list(own), pairs


def process(**changes: Any) -> Process:
    return Process.model_validate(HARBOR.model_dump() | changes)


@given(lawful())
def test_every_pair_the_law_demands_is_kept_whatever_the_clients_order(
    case: tuple[list[str], list[list[str]]],
) -> None:
    own, pairs = case

    order = process(stages=own).order(pairs)

    assert sorted(order) == sorted(APPLICATION_STAGES)
    assert [(a, b) for a, b in pairs if order.index(a) > order.index(b)] == []


@given(lawful())
def test_bending_an_order_twice_changes_nothing_more(
    case: tuple[list[str], list[list[str]]],
) -> None:
    own, pairs = case
    order = process(stages=own).order(pairs)

    assert process(stages=order).order(pairs) == order


@given(lawful())
def test_stages_that_no_law_moves_keep_their_order(
    case: tuple[list[str], list[list[str]]],
) -> None:
    own, pairs = case
    moved = {first for first, _ in pairs}

    order = process(stages=own).order(pairs)

    assert [s for s in order if s not in moved] == [s for s in own if s not in moved]


def test_without_law_the_clients_order_stands() -> None:
    assert HARBOR.order([]) == list(HARBOR.stages)


def test_in_new_york_city_references_come_before_the_offer_and_the_check_after_it() -> None:
    order = HARBOR.order(NYC)

    assert HARBOR.stages.index("offer") < HARBOR.stages.index("references")
    assert order.index("references") < order.index("offer") < order.index("background")
    assert HARBOR.next_stage("selection", NYC) == "references"
    assert HARBOR.next_stage("references", NYC) == "offer"
    assert HARBOR.next_stage("offer", NYC) == "background"


def test_all_orders_the_law_knows_can_hold_together() -> None:
    pairs = [[r.first, r.then] for r in rules() if r.first is not None and r.then is not None]

    order = HARBOR.order(pairs)

    assert all(order.index(first) < order.index(then) for first, then in pairs)


@pytest.mark.parametrize(
    "changes",
    [
        {"stages": APPLICATION_STAGES[:-1]},
        {"stages": (*APPLICATION_STAGES, "offer")},
        {"stages": (*APPLICATION_STAGES[:-1], "probation")},
        {"employees": 0},
        {"time_zone": "America/Springfield"},
        {"people": {"astrologer": {"name": "A", "email": "a@example.org"}}},
        {"surprise": True},
        {"messages": {}},
    ],
)
def test_a_process_that_is_not_whole_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        process(**changes)


def test_a_missing_template_is_named() -> None:
    messages = {name: text for name, text in HARBOR.messages.items() if name != "withdrawn"}

    with pytest.raises(ValidationError, match="messages: add withdrawn"):
        process(messages=messages)


def test_only_a_job_board_of_the_client_is_told_of_its_applicants() -> None:
    with pytest.raises(ValidationError, match="inform: not among the job boards: monster"):
        Process.model_validate(HARBOR.model_dump() | {"inform": ["indeed", "monster"]})


def test_where_hr_reports_new_hires_the_letter_that_asks_for_it_is_needed() -> None:
    messages = {name: text for name, text in HARBOR.messages.items() if name in TEMPLATES}

    process(messages=messages)
    with pytest.raises(ValidationError, match="messages: add new_hire_report"):
        process(messages=messages, payroll={"new_hire_report": "hr"})


def test_the_hiring_manager_is_the_requisitions_own() -> None:
    manager = {"name": "Daniel Reyes", "email": "daniel.reyes@harborworks.example"}

    assert HARBOR.person("hiring_manager", {"hiring_manager": manager}).name == "Daniel Reyes"
    assert HARBOR.person("hr").name == "Tomasz Zieliński"


def test_the_sandboxs_client_has_every_template_and_no_other() -> None:
    assert set(HARBOR.messages) == TEMPLATES | TEMPLATES_OF_HR
