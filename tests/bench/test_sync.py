"""The sync benchmark measures what it says; peers need packages of their own and are left out."""

import tempfile
from pathlib import Path

import pytest

from tests.bench import sync

pytestmark = pytest.mark.slow
RECORDS = 1_001


def test_everybody_lands_and_each_pull_makes_the_calls_it_needs() -> None:
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as home:
        measured = list(sync.run(Path(home), sync.PLAIN, RECORDS, repetitions=1))
    assert {(one.way.module, one.pull): one.requests for one in measured} == {
        ("sync_fullcycle", "full"): 8,  # the first page, then windows and one without an end
        ("sync_fullcycle", "again"): 8,
        ("sync_fullcycle", "changed"): 1,
        ("sync_forked", "full"): 8,
        ("sync_forked", "again"): 8,
        ("sync_forked", "changed"): 1,
        ("sync_loop", "full"): 3,
        ("sync_loop", "again"): 3,
        ("sync_loop", "changed"): 1,
        ("sync_copy", "full"): 3,
        ("sync_download", "full"): 3,
    }
    assert all(one.cpu > 0 and one.cost.peak > 0 for one in measured)
