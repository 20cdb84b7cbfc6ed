"""Whoever is asked over HTTP has its clock held beside ours, and says what is left of a quota."""

import pytest

from connectors.health import CLOCK
from tests.contracts.trial import Trial, bench
from tests.contracts.trials import TRIALS

NO_HTTP = {"handover", "smtp"}
SIGNED = {"amazon_ses"}  # a request whose time is not Amazon's is refused
TELL_A_QUOTA = {"amazon_ses", "checkr", "docusign", "dropbox_sign", "greenhouse", "smartrecruiters"}
TELL_A_QUOTA |= {"workable"}


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS)
def test_a_check_holds_the_clocks_beside_each_other_and_looks_at_the_quota(trial: Trial) -> None:
    with bench(trial) as opened:
        trial.filled(opened)
        checks = {check.what for check in opened.port.check()}

    assert (CLOCK in checks) == (trial.vendor not in NO_HTTP | SIGNED)
    assert ("quota" in checks) == (trial.vendor in TELL_A_QUOTA)
