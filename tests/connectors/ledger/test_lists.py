"""A reading of a list remembers exactly whom it has met."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.lists import AT_ONCE, Seen

IDS = st.sets(st.integers(1, 3 * AT_ONCE) | st.integers(2**62, 2**63 - 1), max_size=50)


@given(met=IDS, asked=IDS)
def test_who_was_met_was_seen_and_nobody_else(met: set[int], asked: set[int]) -> None:
    seen = Seen()
    seen.add(met)

    assert {each for each in met | asked if each in seen} == met
