"""Requisitions enter the ledger once; an approval binds to what it was given for."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.ledger import requisition as requisitions
from connectors.ledger.decisions import Subject
from connectors.ledger.store import Ledger
from connectors.records import Pay, PayUnit, Place
from connectors.requisition import MustHave, Requisition

Look = Callable[..., Sequence[Any]]
WORDS = st.text(min_size=1, max_size=20)
COSMETIC = st.fixed_dictionaries(
    {},
    optional={
        "title": WORDS,
        "description": WORDS,
        "benefits": WORDS,
        "business_reason": WORDS,
        "source": WORDS,
        "needed_by": st.dates(),
        "closes_on": st.dates(),
        "vacancy_exists": st.booleans(),
        "exempt": st.booleans(),
        "background": st.none(),
    },
)
NEW_YORK = Place(code="US-NY-NYC", city="New York", region="NY", country="US")
BINDING = [
    {"pay": None},
    {"pay": Pay(min_cents=6_000_000, max_cents=8_000_001)},
    {"pay": Pay(min_cents=6_000_000, max_cents=8_000_000, unit=PayUnit.HOUR)},
    {"places": (NEW_YORK,)},
    {"headcount": 3},
    {"level": "Clerk II"},
    {"must_haves": (MustHave(id="bookkeeping", text="Three years of bookkeeping"),)},
]


@pytest.fixture
def put(ledger: Ledger, as_of: datetime) -> Callable[[Requisition], str]:
    """Enter a requisition; returns what that was."""

    def enter(requisition: Requisition) -> str:
        with ledger.transaction() as connection:
            return requisitions.put(connection, requisition, as_of)

    return enter


Put = Callable[[Requisition], str]


def test_a_new_requisition_waits_as_a_draft_at_the_first_gate(
    put: Put, requisition: Requisition, look: Look, as_of: datetime
) -> None:
    assert put(requisition) == "opened"
    assert look(
        "SELECT key, stage, state, ready_for, seq, since, jurisdictions, headcount, approved_hash"
        " FROM requisition"
    ) == [("HARBOR-1", "requisition", "draft", "requisition", 1, as_of, ["US", "US-CA"], 2, None)]
    assert look("SELECT seq, from_stage, to_stage, to_state, reason FROM transition") == [
        (1, None, "requisition", "draft", "request received")
    ]


def test_what_is_entered_again_unchanged_stays_as_it_is(
    put: Put, requisition: Requisition, look: Look
) -> None:
    put(requisition)
    before = look("SELECT * FROM requisition"), look("SELECT * FROM transition")

    assert put(Requisition.model_validate_json(requisition.model_dump_json())) == "unchanged"
    assert (look("SELECT * FROM requisition"), look("SELECT * FROM transition")) == before


def test_a_cosmetic_edit_keeps_the_approval(put: Put, requisition: Requisition, look: Look) -> None:
    put(requisition)
    before = look("SELECT approval_hash FROM requisition")

    assert put(requisition.model_copy(update={"title": "Senior Accounting Clerk"})) == "edited"
    assert look("SELECT title, fields ->> 'title' FROM requisition") == [
        ("Senior Accounting Clerk", "Senior Accounting Clerk")
    ]
    assert look("SELECT approval_hash FROM requisition") == before


@pytest.mark.parametrize("change", BINDING, ids=lambda change: next(iter(change)))
def test_a_change_of_what_was_approved_wants_a_new_approval(
    put: Put, requisition: Requisition, look: Look, change: dict[str, Any]
) -> None:
    put(requisition)
    before = look("SELECT approval_hash FROM requisition")

    assert put(requisition.model_copy(update=change)) == "changed"
    assert look("SELECT approval_hash FROM requisition") != before


def test_a_change_of_places_changes_which_law_applies(
    put: Put, requisition: Requisition, look: Look
) -> None:
    put(requisition)
    put(requisition.model_copy(update={"places": (NEW_YORK, *requisition.places)}))

    assert look("SELECT jurisdictions FROM requisition") == [
        (["US", "US-CA", "US-NY", "US-NY-NYC"],)
    ]


def test_the_same_code_at_two_clients_is_two_requisitions(
    put: Put, ledger: Ledger, requisition: Requisition, opened: Subject, look: Look, as_of: datetime
) -> None:
    other = Ledger(ledger.url, f"{ledger.client}_other")
    with other.transaction() as connection:
        theirs = requisition.model_copy(update={"client": other.client, "title": "Theirs"})
        assert requisitions.put(connection, theirs, as_of) == "opened"

    assert put(requisition) == "unchanged"
    assert look("SELECT title FROM requisition") == [("Accounting Clerk",)]


@given(COSMETIC)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it is not changed
def test_what_does_not_bind_never_changes_the_approval(
    requisition: Requisition, edit: dict[str, Any]
) -> None:
    edited = requisition.model_copy(update=edit)
    assert requisitions.approval_hash(edited) == requisitions.approval_hash(requisition)
