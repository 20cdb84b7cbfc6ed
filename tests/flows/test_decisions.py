"""Colleagues' decisions reach the ledger only if they are answers to a question we ask."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
import yaml
from prefect.exceptions import ParameterTypeError

from connectors.errors import Misconfigured, Refused
from connectors.ledger import hold, inbox
from connectors.ledger import requisition as ledger_requisition
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import FormAnswer
from connectors.requisition import Requisition
from deployments.sandbox.people import DATA
from flows import clients, decisions
from tasks import clock, desk
from tasks.forms import FORMS

AS_OF = datetime(2026, 10, 19, 13, tzinfo=UTC)


@pytest.fixture
def carried(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> list[Scope]:
    """What was carried; the carrying itself is tests/whole_cycle's."""
    scopes: list[Scope] = []

    async def carry(scope: Scope, as_of: datetime) -> str:
        scopes.append(scope)
        return "carried"

    monkeypatch.setattr(decisions, "carry", carry)
    monkeypatch.setattr(clock, "now", lambda: AS_OF)
    monkeypatch.setenv("FULLCYCLE_DATABASE_URL", ledger.url)
    monkeypatch.setenv("FULLCYCLE_SECRET", "secret")
    return scopes


def run(flow: Callable[..., Any], *arguments: Any) -> Any:
    """Run a flow's own function, without Prefect around it."""
    made: Coroutine[Any, Any, Any] = flow.fn(*arguments)  # type: ignore[attr-defined]
    return asyncio.run(made)


def test_every_question_a_colleague_can_answer_has_a_form() -> None:
    assert set(get_args(decisions.ColleaguesForm)) <= FORMS.keys()


def test_a_decision_is_kept_like_an_answer_by_link_and_carries_its_requisition(
    carried: list[Scope], ledger: Ledger, requisition: str
) -> None:
    answer = {"decision": "approve"}
    about = (ledger.client, "approve_requisition", requisition, answer, "approver", "v7")

    first = run(decisions.record_decision, *about)
    second = run(decisions.record_decision, *about)

    with ledger.transaction() as connection:
        [kept] = inbox.unread(connection, ledger.client)
    told = FormAnswer.model_validate_json(kept.body)
    assert (told.form, told.about, told.by, told.fields) == (
        "approve_requisition",
        "v7",
        "approver",
        answer,
    )
    assert carried == [Scope(ledger.client, requisition)] * 2
    assert [first.message, second.message] == ["kept; carried", "answered before; carried"]


def test_a_decision_that_is_taken_already_is_refused_and_carries_nothing(
    carried: list[Scope], ledger: Ledger, requisition: str
) -> None:
    about = (ledger.client, "approve_requisition", requisition)
    run(decisions.record_decision, *about, {"decision": "approve"}, "approver", "v7")
    carried.clear()

    with pytest.raises(Refused, match=r"already answered on 2026-10-19 13:00 UTC"):
        run(decisions.record_decision, *about, {"decision": "reject"}, "approver", "v7")

    assert carried == []


def test_an_answer_with_gaps_is_refused_with_its_problems_and_its_fields(
    carried: list[Scope], ledger: Ledger
) -> None:
    with pytest.raises(Refused, match=r"choose one of approve, reject .*decision, comment"):
        run(
            decisions.record_decision,
            ledger.client,
            "approve_requisition",
            "HARBOR-1",
            {"decision": "aprove"},
            "approver",
        )

    with ledger.transaction() as connection:
        assert inbox.unread(connection, ledger.client) == []
    assert carried == []


@pytest.mark.parametrize(
    ("flow", "given"),
    [
        (decisions.record_decision, {"form": "fortune", "subject": "HARBOR-1", "fields": {}}),
        (decisions.release_from_quarantine, {"subject": "HARBOR-1", "rule": "all", "why": "ok"}),
        (decisions.settle_effect, {"key": "k", "outcome": "forget", "why": "ok"}),
        (decisions.settle_effect, {"key": "k", "outcome": "retry", "why": ""}),
    ],
)
def test_what_is_not_on_the_form_is_not_taken(flow: Any, given: dict[str, Any]) -> None:
    with pytest.raises(ParameterTypeError):
        flow.validate_parameters({"client": "harbor", "by": "ops", **given})


def test_nobody_is_released_who_is_not_held(carried: list[Scope], ledger: Ledger) -> None:
    with pytest.raises(Refused, match="is not held for SUB-005"):
        run(decisions.release_from_quarantine, ledger.client, "HARBOR-1.x", "SUB-005", "ops", "ok")


def test_no_effect_is_settled_that_waits_for_nobody(carried: list[Scope], ledger: Ledger) -> None:
    with pytest.raises(Refused, match="neither dead nor parked"):
        run(decisions.settle_effect, ledger.client, "message.send:HARBOR-1.x", "waive", "ops", "ok")


@pytest.fixture
def requisition(ledger: Ledger) -> str:
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    with ledger.transaction() as connection:
        wanted = Requisition.model_validate(fields | {"client": ledger.client})
        ledger_requisition.put(connection, wanted, AS_OF)
    return wanted.code


def standing(ledger: Ledger) -> list[str]:
    with ledger.transaction() as connection:
        return [
            f"{held}: {held.why} ({held.by})" for held in hold.standing(connection, ledger.client)
        ]


def test_what_a_colleague_holds_stands_still_until_it_is_resumed_and_is_then_carried(
    carried: list[Scope], ledger: Ledger, requisition: str
) -> None:
    for what in ((requisition, ""), ("", "checkr"), ("", "")):
        run(decisions.hold, ledger.client, "ops", "asked to", *what)
    assert standing(ledger) == [
        "requisition HARBOR-1: asked to (ops)",
        "vendor checkr: asked to (ops)",
        "the whole client: asked to (ops)",
    ]
    assert carried == []

    state = run(decisions.resume, ledger.client, "ops", "may go on", requisition)

    assert state.message == f"{ledger.client}: requisition HARBOR-1 goes on; carried"
    assert carried == [Scope(ledger.client, requisition)]
    assert len(standing(ledger)) == 2


@pytest.mark.parametrize(
    ("what", "refusal"),
    [
        (("HARBOR-9", ""), "no requisition HARBOR-9"),
        (("", "workday"), "no vendor workday; it has ashby, checkr"),
        (("HARBOR-1", "checkr"), "not both"),
    ],
)
def test_nothing_is_held_that_is_not_there(
    carried: list[Scope], ledger: Ledger, requisition: str, what: tuple[str, str], refusal: str
) -> None:
    with pytest.raises(Refused, match=refusal):
        run(decisions.hold, ledger.client, "ops", "asked to", *what)


def test_what_is_held_is_not_held_twice_and_what_is_not_is_not_resumed(
    carried: list[Scope], ledger: Ledger
) -> None:
    run(decisions.hold, ledger.client, "ops", "asked to", "", "checkr")

    with pytest.raises(Refused, match="vendor checkr is held already"):
        run(decisions.hold, ledger.client, "ops", "asked again", "", "checkr")
    with pytest.raises(Refused, match="the whole client is not held"):
        run(decisions.resume, ledger.client, "ops", "may go on")


def test_a_client_that_cannot_be_served_is_reported_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(desk, "clients", lambda pool: ["acme", "broken", "zenith"])

    async def work(name: str) -> str:
        if name == "broken":
            raise Misconfigured("ashby", "no account")
        return f"{name} done"

    state = asyncio.run(clients.for_each(None, None, work))

    assert state.is_failed()
    assert state.message is not None
    assert "acme done" in state.message
    assert "no account" in state.message
    assert "zenith done" in state.message
    assert asyncio.run(clients.for_each("acme", None, work)).is_completed()
