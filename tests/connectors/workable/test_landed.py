"""What Workable tells is landed once, and who is deleted there is gone here after a night."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from connectors.errors import Unavailable
from connectors.ledger import cursors
from connectors.ledger.store import Ledger
from connectors.links import Links
from connectors.ports import ApplicantTracker
from connectors.records import MoveApplication, TrackerStage
from deployments.sandbox.server import Sandbox
from deployments.sandbox.workable import Workable
from tasks.desk import Desk
from tasks.observe import read_system
from tasks.process import Process
from tests.connectors.tracking import DAY, NOW
from tests.connectors.workable.account import crowd, fault, to_interview


@pytest.fixture
def desk(ledger: Ledger, process: Process, tracker: ApplicantTracker) -> Desk:
    nothing: Any = None
    opened = Desk(process, ledger, Links("", "secret"), {}, nothing, settling_seconds=0)
    return replace(opened, systems={"workable": tracker})


def stages(ledger: Ledger) -> dict[str, str]:
    query = "SELECT external_id, stage FROM arrival WHERE gone_at IS NULL"
    with ledger.transaction() as connection:
        return {row.external_id: row.stage for row in connection.execute(text(query))}


def at_night(desk: Desk) -> None:
    with desk.ledger.transaction() as connection:
        cursors.forget(connection, desk.client)


def test_what_changes_between_two_looks_is_landed_and_nothing_else(
    desk: Desk, tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    vendor.page = 3
    everybody = crowd(tracker, vendor, 8)
    assert read_system(desk, "workable", NOW).changed == 8

    sandbox.advance(NOW + DAY)
    tracker.move(MoveApplication(application_ref=everybody[5], to=TrackerStage.SCREEN), "m")

    assert read_system(desk, "workable", NOW + DAY).changed == 1
    assert stages(desk.ledger)[everybody[5]] == "screen"
    at_night(desk)
    assert read_system(desk, "workable", NOW + DAY).changed == 0


def test_who_is_deleted_is_gone_after_a_night(
    desk: Desk, tracker: ApplicantTracker, vendor: Workable
) -> None:
    everybody = crowd(tracker, vendor, 4)
    read_system(desk, "workable", NOW)
    vendor.records.tables["application"].pop(everybody[2])

    at_night(desk)

    assert read_system(desk, "workable", NOW).gone == 1
    assert stages(desk.ledger).keys() == {*everybody} - {everybody[2]}


def test_a_look_that_breaks_off_is_gone_on_with_and_loses_nobody(
    desk: Desk, tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    vendor.page = 3
    everybody = crowd(tracker, vendor, 8)
    fault(sandbox, r"GET /spi/v3/candidates$", "slow_after", *["500"] * 5)
    with pytest.raises(Unavailable):
        read_system(desk, "workable", NOW)
    assert len(stages(desk.ledger)) == 3

    read_system(desk, "workable", NOW)

    assert stages(desk.ledger).keys() == set(everybody)


def test_an_interview_is_landed_again_when_it_was_held_and_not_before(
    desk: Desk, tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    to_interview(tracker, sandbox)
    read_system(desk, "workable", NOW)
    assert read_system(desk, "workable", NOW).changed == 0

    sandbox.advance(NOW + 12 * DAY)

    assert read_system(desk, "workable", NOW).changed >= 1
    with desk.ledger.transaction() as connection:
        held = connection.execute(text("SELECT status, round FROM interview")).all()
    assert [tuple(each) for each in held] == [("completed", "panel")]
