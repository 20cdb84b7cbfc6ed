"""What job boards are still to be told of their applicants."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from connectors.ledger import landing, outcomes
from connectors.ledger.decisions import Decisions, Move, Subject
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import ApplicantStatus, Application, TellBoard, TrackerStage

STAGES = {"intake": "received", "screening": "screening"}
DONE = {"offer.send": "offered"}
ENDS = {"REJECTED": "not_selected"}
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Reread = Callable[[str], Subject]
Untold = Callable[..., list[tuple[str, str, datetime]]]


@pytest.fixture
def untold(ledger: Ledger, as_of: datetime) -> Untold:
    """What is untold: of whom, by the board's id, which state, since when."""

    def ask(
        *boards: str, at: datetime = as_of, requisition: str | None = None
    ) -> list[tuple[str, str, datetime]]:
        scope = Scope(ledger.client, requisition)
        with ledger.transaction() as connection:
            found = outcomes.untold(connection, scope, boards, STAGES, DONE, ENDS, at)
        return [(each.ref, each.status, each.since) for each in found]

    return ask


def test_everyone_who_came_from_the_board_has_been_received(
    applicants: list[Subject], untold: Untold, as_of: datetime
) -> None:
    assert sorted(untold("indeed")) == [
        (name, "received", as_of) for name in ("ann", "ben", "cleo")
    ]
    assert untold("ziprecruiter") == untold() == []
    assert len(untold("indeed", requisition="HARBOR-1")) == 3
    assert untold("indeed", requisition="HARBOR-2") == []


def test_each_state_is_told_in_its_order_with_its_instant_also_those_passed_in_between(
    ledger: Ledger, applicants: list[Subject], subject: Reread, untold: Untold, as_of: datetime
) -> None:
    (ann, *_) = applicants
    steps = [("screening", "entered", None), ("screening", "recruiter_screen", None)]
    for hours, (stage, state, disposition) in enumerate(
        [*steps, ("screening", "ended", "REJECTED")]
    ):
        move = Move(subject(ann.key), stage, state, "so", disposition=disposition)
        ledger.apply(Decisions(moves=[move]), as_of + hours * HOUR)

    mine = [told for told in untold("indeed") if told[0] == untold("indeed")[0][0]]
    assert [(status, since) for _, status, since in mine] == [
        ("received", as_of),
        ("screening", as_of),
        ("not_selected", as_of + 2 * HOUR),
    ]


@pytest.mark.parametrize(("state", "told"), [("due", []), ("dead", []), ("done", ["offered"])])
def test_what_is_good_news_is_told_when_it_was_done(
    ledger: Ledger,
    applicants: list[Subject],
    untold: Untold,
    as_of: datetime,
    state: str,
    told: list[str],
) -> None:
    with ledger.transaction() as connection:
        connection.execute(
            text(
                "INSERT INTO effect (client, key, kind, system, subject_kind, subject_id, request,"
                " state, not_before, created_as_of, done_as_of) VALUES (:client, 'k', 'offer.send',"
                " 'docusign', 'application', :id, '{}', :state, :at, :at, :at)"
            ),
            {"client": ledger.client, "id": applicants[0].id, "state": state, "at": as_of},
        )

    assert [status for _, status, _ in untold("indeed") if status != "received"] == told


def test_what_was_asked_to_be_told_is_not_asked_again(
    ledger: Ledger, applicants: list[Subject], untold: Untold, as_of: datetime
) -> None:
    decisions = Decisions()
    request = TellBoard(application_ref="ann", status=ApplicantStatus.RECEIVED, since=as_of)
    decisions.effect(applicants[0], "indeed", "board.tell", request, about="received")
    ledger.apply(decisions, as_of)

    assert len(untold("indeed")) == 2


def test_whoever_ended_long_ago_is_told_of_no_more(
    ledger: Ledger, applicants: list[Subject], subject: Reread, untold: Untold, as_of: datetime
) -> None:
    for each in applicants:
        move = Move(subject(each.key), "intake", "ended", "so", disposition="REJECTED")
        ledger.apply(Decisions(moves=[move]), as_of)

    assert len(untold("indeed", at=as_of + 29 * DAY)) == 6
    assert untold("indeed", at=as_of + 31 * DAY) == []


def test_the_trackers_copy_of_an_application_is_nobody_to_tell(
    ledger: Ledger, applicants: list[Subject], untold: Untold, as_of: datetime
) -> None:
    tracked = Application(
        external_id="tracker",
        updated_at=as_of,
        job_ref="job",
        name="Ann",
        source="Indeed",
        applied_at=as_of,
        stage=TrackerStage.NEW,
    )
    with ledger.transaction() as connection:
        landing.land(connection, ledger.client, "ashby", [tracked], as_of)
        connection.execute(
            text("UPDATE arrival SET application_id = :id WHERE external_id = 'tracker'"),
            {"id": applicants[0].id},
        )

    assert untold("ashby") == []
