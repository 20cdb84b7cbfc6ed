"""The whole cycle with other vendors than the shipped client's, each in its turn."""

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deployments import embedded
from deployments.sandbox.vendors import COUNTS
from deployments.settings import Settings
from tests.chaos.driver import Plan, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OTHERS: dict[str, Mapping[str, str]] = {
    "greenhouse, docusign": {"applicant_tracking": "greenhouse", "signatures": "docusign"},
    "lever": {"applicant_tracking": "lever"},
    "smartrecruiters": {"applicant_tracking": "smartrecruiters"},
}

MUST = [(tracker, "tracker.open_job") for tracker in ("greenhouse", "lever", "smartrecruiters")]


@pytest.mark.parametrize("systems", OTHERS.values(), ids=OTHERS)
def test_every_opening_ends_with_a_pay_statement_that_matches_the_offer(
    systems: Mapping[str, str],
) -> None:
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as home:
        try:
            lived = run(Path(home), Plan(applicants=44, fault_rate=0.05, systems=systems))
            status, received = lived.status(), lived.vendors.received
        finally:
            embedded.down(Settings(home=Path(home)))

    requisitions = status["requisitions"]
    assert {each["disposition"] for each in requisitions} == {"FILLED", "CANCELLED"}
    filled = [each for each in requisitions if each["disposition"] == "FILLED"]
    assert all(each["filled"] == each["headcount"] for each in filled)
    paid = [hire for hire in status["hires"] if hire["matches"]]
    assert len(paid) == sum(each["headcount"] for each in filled)

    asked, doubtful = counted(status, "done"), counted(status, "parked")
    assert all(asked[vendor, kind] for vendor, kind in MUST if vendor in systems.values())
    for (vendor, kind), name in COUNTS.items():
        theirs = received.get(f"{vendor} {name}", Counter()).total()
        # What SmartRecruiters may have scheduled when its answer is lost is a person's to look up.
        assert 0 <= theirs - asked[vendor, kind] <= doubtful[vendor, kind], (vendor, kind)


def counted(status: Mapping[str, Any], state: str) -> Counter[tuple[str, str]]:
    """How many effects of each system and kind are in a state."""
    effects = [effect for effect in status["effects"] if effect["state"] == state]
    return Counter({(effect["system"], effect["kind"]): effect["count"] for effect in effects})
