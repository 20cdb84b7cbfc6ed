"""A payroll of files: what the clerk has written is told to us as a vendor tells its JSON."""

import csv
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.access import Access
from deployments.sandbox.handover import COLUMNS, PayrollClerk
from deployments.sandbox.server import Answer, Request, StandIn
from deployments.sandbox.world import World
from tests.contracts.asked import hires
from tests.contracts.trial import Bench, Telling, Town, Trial, line_of


class Clerk(PayrollClerk):
    """A clerk with a folder of their own, and one in which we see what they have written."""

    def __init__(self, world: World) -> None:
        self._root = tempfile.TemporaryDirectory()
        root = Path(self._root.name)
        for each in ("clerk/to_payroll", "clerk/from_payroll", "ours/from_payroll"):
            (root / each).mkdir(parents=True)
        (root / "ours/to_payroll").symlink_to(root / "clerk/to_payroll")
        self.shown = root / "ours"
        super().__init__(world, Town(), root / "clerk")


class Exchange(Telling):
    """Shows what is in the clerk's files, changed if told so, to whoever opens the folder."""

    def __init__(self, world: World, vendors: list[StandIn]) -> None:
        super().__init__(world, vendors)
        (clerk,) = vendors
        assert isinstance(clerk, Clerk)
        self._clerk = clerk

    def begin(self) -> None:
        for path in sorted((self._clerk.folder / "from_payroll").glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            asked = Request("GET", f"/handover/{path.name}", {}, {}, b"")
            self.asked.append((asked, Answer(body=rows)))
            self._show(path.name, self.change(line_of(asked), rows))

    def advance(self, to: datetime) -> int:
        happened = super().advance(to)
        self.begin()
        return happened

    def _show(self, name: str, rows: list[Any]) -> None:
        """Write the rows of one file; what is no row is a line of its own."""
        path = self._clerk.shown / "from_payroll" / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="", extrasaction="ignore")
            writer.writeheader()
            for row in rows:
                writer.writerow(row) if isinstance(row, dict) else file.write(f"{row}\r\n")


def account(bench: Bench) -> Access:
    """The folder that we see."""
    assert isinstance(bench.stand_in, Clerk)
    return Access(f"file://{bench.stand_in.shown}")


TRIAL = Trial(
    "handover",
    Clerk,
    hires,
    (),
    lists=("all_employees",),
    account=account,
    sandbox=Exchange,
    wrong={"base_url": "file:///nowhere"},  # it has no key
    untried=dict.fromkeys(
        ("create_hire", "correct_hire"),
        "nobody answers, and the same file written again is the same: test_handover.py",
    ),
)
