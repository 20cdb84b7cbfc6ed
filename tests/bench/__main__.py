"""`make bench`: what carrying costs, beside what people use for it, and delivering."""

import argparse
import json
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from deployments.processes import ROOT
from tests import peers
from tests.bench import carry, deliver
from tests.bench.carry import Way
from tests.bench.meter import Cost

Costs = dict[tuple[str, int, bool], list[Cost]]  # by what, how many at once, and whether ours
PLACE = ROOT / "docs/benchmarks"
HEAD = (
    "| what | at once | CPU ms | of it servers | wall ms | peak MB |",
    "|---|---:|---:|---:|---:|---:|",
)


def main() -> None:
    """Measure, print, and write the table and its picture."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--repetitions", type=int, default=3)
    repetitions = asked.parse_args().repetitions
    console = Console()
    costs: Costs = {}
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as place:
        home = Path(place)
        for way, measured in carry.run(home, repetitions):
            console.print(_sentence(way, measured), highlight=False)
            for cost in measured:
                costs.setdefault((cost.what, way.applications, way.ours), []).append(cost)
        table = _table(costs)
        PLACE.mkdir(exist_ok=True)
        (PLACE / "carry.md").write_text("\n".join([*HEAD, *table, "", carry.versions(), ""]))
        _draw(home, costs)
    console.print("\n".join([*HEAD, *table]), markup=False, highlight=False)
    _measure_delivering(console, repetitions)


def _measure_delivering(console: Console, repetitions: int) -> None:
    """The table of delivering; of each concurrency the repetition in the middle."""
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as place:
        each = sorted(deliver.run(Path(place), repetitions), key=lambda one: one.share)
    rows = [
        [one for one in each if one.at_once == at_once][repetitions // 2].row()
        for at_once in deliver.AT_ONCE
    ]
    (PLACE / "deliver.md").write_text("\n".join([*deliver.HEAD, *rows, ""]))
    console.print("\n".join([*deliver.HEAD, *rows]), markup=False, highlight=False)


def _sentence(way: Way, measured: Sequence[Cost]) -> str:
    total = sum(cost.cpu_ms for cost in measured)
    return f"{way.module}, {way.applications}: {total:.3f} CPU ms"


def _table(costs: Costs) -> list[str]:
    return [
        f"| {what} | {applications:,} | {_median(each, 'cpu'):.3f} | {_median(each, 'servers'):.3f}"
        f" | {_median(each, 'wall'):.3f} | {max(cost.peak for cost in each):.0f} |"
        for (what, applications, _), each in costs.items()
    ]


def _median(costs: Sequence[Cost], of: str) -> float:
    """Milliseconds for each unit."""
    return statistics.median(
        cost.cpu_ms if of == "cpu" else getattr(cost, of) / cost.units * 1000 for cost in costs
    )


def _draw(home: Path, costs: Costs) -> None:
    """A picture of all ways, ours at its largest size."""
    largest = max(carry.SIZES)
    bars = [
        {"name": what, "value": _median(each, "cpu"), "ours": ours}
        for (what, applications, ours), each in costs.items()
        if applications == largest or not ours
    ]
    python = peers.with_packages(home / "matplotlib", "matplotlib")
    axis = "CPU milliseconds for each application (logarithmic)"
    subprocess.run(
        [python, "-m", "tests.bench.plot", str(PLACE / "carry.png")],
        input=json.dumps({"axis": axis, "bars": bars}),
        text=True,
        cwd=ROOT,
        check=True,
    )


if __name__ == "__main__":
    main()
