"""Where what was measured is kept: a table and a picture for each part."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deployments.processes import ROOT
from tests import peers

PLACE = ROOT / "docs/benchmarks"


def write(part: str, lines: Sequence[str]) -> None:
    """Keep a part's table."""
    PLACE.mkdir(exist_ok=True)
    (PLACE / f"{part}.md").write_text("\n".join([*lines, ""]))


def draw(home: Path, part: str, axis: str, bars: Sequence[dict[str, object]]) -> None:
    """Keep a part's picture: a bar for each {name, value, ours}."""
    python = peers.with_packages(home / "matplotlib", "matplotlib")
    PLACE.mkdir(exist_ok=True)
    subprocess.run(
        [python, "-m", "tests.bench.plot", str(PLACE / f"{part}.png")],
        input=json.dumps({"axis": axis, "bars": bars}),
        text=True,
        cwd=ROOT,
        check=True,
    )
