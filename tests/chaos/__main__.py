"""`make chaos`: seeded runs of the whole cycle under faults, and what they prove, as a table."""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from deployments import embedded
from deployments.settings import Settings
from tests.chaos.driver import Outcome, Plan, run
from tests.chaos.invariants import Comparison, compare


def main() -> None:
    """Run every seed twice, undisturbed and disturbed; exit 1 if anything does not hold."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seeds", type=int, nargs="+", default=[7])
    asked.add_argument("--kills", type=int, default=100)
    asked.add_argument("--applicants", type=int, default=500)
    asked.add_argument("--fault-rate", type=float, default=0.1)
    told = asked.parse_args()
    console = Console(width=120)
    broken = [
        seed
        for seed in told.seeds
        if not _prove(console, Plan(seed, told.applicants, told.kills, told.fault_rate))
    ]
    if broken:
        console.print(f"[bold red]violated; reproduce with --seeds {' '.join(map(str, broken))}")
    sys.exit(bool(broken))


def _prove(console: Console, plan: Plan) -> bool:
    with (
        tempfile.TemporaryDirectory(prefix="fullcycle-") as calm_home,
        tempfile.TemporaryDirectory(prefix="fullcycle-") as wild_home,
    ):
        calm, wild = Path(calm_home), Path(wild_home)
        try:
            undisturbed = run(calm, Plan(plan.seed, plan.applicants))
            console.print(f"seed {plan.seed}: undisturbed, {undisturbed.sweeps} sweeps")
            disturbed = run(wild, plan, lambda line: console.print(line, highlight=False))
            comparison = compare(disturbed, undisturbed)
            _print(console, disturbed, undisturbed, comparison)
        finally:
            for home in (calm, wild):
                embedded.down(Settings(home=home))
    return comparison.holds


def _print(console: Console, wild: Outcome, calm: Outcome, found: Comparison) -> None:
    table = Table(title=f"Seed {wild.plan.seed}: disturbances", title_justify="left")
    table.add_column("what")
    table.add_column("times", justify="right")
    for name, times in sorted((wild.injected + wild.faults()).items()):
        table.add_row(name, str(times))
    console.print(table)
    effects = Table(title="Effects at the vendors", title_justify="left")
    for column in ("what", "undisturbed", "disturbed", "duplicates", "missing"):
        effects.add_column(column, justify="left" if column == "what" else "right")
    ours, theirs = wild.received(), calm.received()
    for kind in sorted(ours.keys() | theirs.keys()):
        effects.add_row(
            kind,
            str(theirs[kind].total() if kind in theirs else 0),
            str(ours[kind].total() if kind in ours else 0),
            str(found.duplicates[kind]),
            str(found.missing[kind]),
        )
    console.print(effects)
    console.print(f"people: {found.people}", highlight=False)
    console.print(
        f"kills and losses {wild.injected.total()}, vendor faults {wild.faults().total()},"
        f" starts {wild.starts}, sweeps {wild.sweeps} instead of {calm.sweeps},"
        f" parked for a person {found.parked},"
        f" lines of the story that differ {len(found.story_differs)}"
    )
    console.print(f"the ledger's own check: {found.violations or 'nothing found'}")
    for line in found.story_differs[:20]:
        console.print(f"  {line[:300]}", highlight=False, markup=False)


if __name__ == "__main__":
    main()
