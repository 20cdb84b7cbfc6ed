"""Whoever is asked over HTTP has its clock held beside ours, and says what is left of a quota."""

import pytest

from connectors.errors import Unreadable
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


LISTING = {"bamboohr", "dropbox_sign", "smartrecruiters", "workable"}


@pytest.mark.parametrize("name", sorted(LISTING))
def test_a_vendor_that_lists_its_subscriptions_is_asked_where_they_lead(name: str) -> None:
    receiver = "https://hire.example/webhooks/harbor"
    with bench(TRIALS[name]) as opened:
        nowhere = opened.port.subscribed()
        opened.sandbox.subscribe(receiver)

        assert nowhere == []
        assert set(opened.port.subscribed()) == {f"{receiver}/{name}"}

        opened.sandbox.change = lambda line, body: [{"status": "active"}]
        with pytest.raises(Unreadable):
            opened.port.subscribed()


def test_every_other_vendor_says_nothing_of_subscriptions() -> None:
    saying = set()
    for name, trial in TRIALS.items():
        with bench(trial) as opened:
            saying |= {name} if hasattr(opened.port, "subscribed") else set()

    assert saying == LISTING
