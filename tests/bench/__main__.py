"""`make bench`: what syncing, carrying, gates and delivering cost, beside what people use."""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console

from tests.bench import carry, deliver, gates, idle, pace, sync

PARTS = {
    "sync": sync.report,
    "pace": pace.report,
    "carry": carry.report,
    "idle": idle.report,
    "gates": gates.report,
    "deliver": deliver.report,
}


def main() -> None:
    """Measure, print, and write tables and pictures into docs/benchmarks/."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parts", nargs="*", metavar="|".join(PARTS), help="all, if none is named")
    asked.add_argument("--repetitions", type=int, default=3)
    asked.add_argument("--records", type=int, default=sync.RECORDS, help="to sync")
    given = asked.parse_args()
    for part in given.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="fullcycle-") as home:
            PARTS[part](Path(home), given.repetitions, given.records, Console(highlight=False))


if __name__ == "__main__":
    main()
