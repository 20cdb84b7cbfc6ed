"""What is Acme's own: its lists have pages, and a second notice is refused."""

import pytest

from acme_checks.trial import TRIAL
from connectors.errors import Refused
from tests.contracts import trial as trials
from tests.contracts.asked import ordering, warning
from tests.contracts.trial import records


def test_all_checks_are_listed_to_the_last_page() -> None:
    with trials.bench(TRIAL) as bench:
        ordered = {bench.port.order(ordering(bench), f"k{n}").external_id for n in range(5)}

        listed = {
            record.external_id for record in records(bench.port.changes("all_reports", None, ()))
        }

    assert listed == ordered


def test_a_notice_that_was_sent_is_not_sent_again() -> None:
    with trials.bench(TRIAL) as bench:
        asked = warning(bench)
        bench.port.start_adverse_action(asked, "k")

        with pytest.raises(Refused):
            bench.port.start_adverse_action(asked, "k")
