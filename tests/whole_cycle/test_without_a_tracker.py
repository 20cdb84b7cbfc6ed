"""A client that has no tracker: from intake to the first pay, decided in the built-in one."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from prefect.context import refresh_global_settings_context
from sqlalchemy import text

from connectors.ledger import audit
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.ledger.verify import verify
from connectors.requisition import Requisition
from deployments import demo, embedded, report, setup
from deployments.cli.system import sandbox_settings
from deployments.sandbox.people import DATA
from deployments.settings import Settings
from tasks.process import load
from tests.whole_cycle.staff import Staff

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


LONG_ENOUGH = timedelta(days=75)  # for a first pay


@dataclass
class Life:
    """What a finished run leaves."""

    ledger: Ledger
    staff: Staff

    def status(self) -> dict[str, Any]:
        return report.status_json(self.ledger, Scope(demo.CLIENT))


@pytest.fixture(scope="module")
def lived() -> Iterator[Life]:
    """The sandbox's client as if it had no tracker, and no account at one."""
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as directory:
        home = Path(directory)
        settings = sandbox_settings().model_copy(update=_at(home))
        try:
            with patch.dict(os.environ):
                told = embedded.up(settings, only={"postgres", "prefect"})
                os.environ.update(told.environment())
                refresh_global_settings_context()  # for threads, too
                yield live(settings)
        finally:
            refresh_global_settings_context()
            embedded.down(Settings(home=home))


def live(settings: Settings) -> Life:
    state = demo.prepare(settings, demo.Plan(applicants=44, fault_rate=0.02))
    known = load(DATA / "clients" / f"{demo.CLIENT}.yaml")
    systems = known.systems.model_copy(update={"applicant_tracking": "built_in"})
    process = known.model_copy(update={"systems": systems, "version": 2})
    begun = datetime.fromisoformat(demo.START)
    setup.register(state.settings, process, "R. Lee", "they have no tracker", begun)
    staff = Staff(demo.CLIENT, requisitions())
    demo.run(state, lambda as_of, _: staff.act(as_of), begun + LONG_ENOUGH)
    return Life(Ledger(state.settings.database_url or "", demo.CLIENT), staff)


def _at(home: Path) -> dict[str, Path]:
    return {"home": home, "clock_file": home / "sandbox" / "clock"}


def requisitions() -> dict[str, Requisition]:
    files = (DATA / "requisitions").glob("*.yaml")
    read = [Requisition.model_validate(yaml.safe_load(path.read_text())) for path in files]
    return {each.code: each for each in read}


def test_openings_are_filled_by_people_who_are_paid_as_signed(lived: Life) -> None:
    status = lived.status()
    paid = [hire for hire in status["hires"] if hire["matches"]]

    assert paid
    assert sum(row["filled"] for row in status["requisitions"]) == len(paid)
    assert status["troubled_effects"] == []


def test_every_decision_of_the_staff_is_an_act_and_nobody_else_moved_anybody(lived: Life) -> None:
    with lived.ledger.transaction() as connection:
        acts = audit.acts(connection, demo.CLIENT)
        stages = connection.execute(
            text("SELECT count(*) FROM tracker_application WHERE stage IN ('offer', 'hired')")
        ).scalar_one()
    decided = [act for act in acts if act.command.startswith("application ")]
    offers = [act for act in decided if (act.command, act.about) == ("application move", "offer")]

    assert len(decided) >= len(lived.staff.done)
    assert len(offers) >= stages


def test_the_ledger_holds_nothing_that_must_never_be(lived: Life) -> None:
    with lived.ledger.transaction() as connection:
        assert verify(connection, demo.CLIENT) == []
