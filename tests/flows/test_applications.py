"""Decisions on Prefect's forms reach the built-in tracker, and carry the requisition at once."""

from typing import Any

import pytest
from prefect.exceptions import ParameterTypeError

from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import TrackerStage
from flows import applications, lists
from tasks import clock, tracker
from tests.connectors.ledger.conftest import (
    applicants,
    arrival,
    as_of,
    look,
    opened,
    posted,
    requisition,
    subject,
)
from tests.flows.test_decisions import AS_OF, carried, run
from tests.tasks.test_tracker import SCREENED, ann, built, stands

assert all((applicants, arrival, as_of, look, opened, posted, requisition, subject))  # fixtures
assert all((carried, ann, built))

BY = ("R. Lee", "as we agreed")


@pytest.fixture
def client(carried: list[Scope], ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> str:
    async def carry(scope: Scope, as_of: Any) -> str:
        carried.append(scope)
        return "carried"

    monkeypatch.setattr(applications, "carry", carry)
    monkeypatch.setattr(clock, "now", lambda: AS_OF)
    return ledger.client


def test_what_is_decided_on_a_form_is_in_the_tracker_and_is_carried(
    client: str, carried: list[Scope], built: Any, ann: str
) -> None:
    screen = (client, ann, "recruiter_screen", *BY, None, SCREENED)
    told = [
        run(applications.submit_scorecard, *screen),
        run(applications.move_application, client, ann, "interview", *BY),
        run(applications.reject_application, client, ann, "not_selected", *BY),
    ]

    assert [state.message for state in told] == [
        "the scorecard is in; carried",
        f"{ann} is at interview; carried",
        f"{ann} is archived; carried",
    ]
    assert carried == [Scope(client, "HARBOR-1")] * 3
    assert tracker.waiting(client, None, AS_OF) == []


def test_the_list_shows_whose_decision_is_due_and_no_name(
    client: str, built: Any, ann: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(
        lists, "create_table_artifact", lambda key, table, description: shown.extend(table)
    )
    stands(built, ann, TrackerStage.SUBMITTED)

    run(lists.list_applications, client)

    assert [(row["application"], row["to_do"]) for row in shown] == [
        (ann, "hiring manager: move to interview, or reject")
    ]
    assert "Ann" not in str(shown)


@pytest.mark.parametrize(
    ("flow", "given"),
    [
        (applications.move_application, {"to": "archived", "why": "ok"}),
        (applications.reject_application, {"reason": "because", "why": "ok"}),
        (applications.record_interview, {"round": "panel", "status": "scheduled", "why": "ok"}),
        (applications.submit_scorecard, {"round": "panel", "recommendation": "5", "why": "ok"}),
        (applications.reject_application, {"reason": "withdrew", "why": ""}),
    ],
)
def test_what_is_not_on_the_form_is_not_taken(flow: Any, given: dict[str, Any]) -> None:
    with pytest.raises(ParameterTypeError):
        flow.validate_parameters(
            {"client": "harbor", "application": "HARBOR-1.x", "by": "ops", **given}
        )
