"""Draw bars: python -m tests.bench.plot FILE.png, the bars as JSON on standard input.

It runs in an environment that holds matplotlib, and none of ours.
"""

import json
import sys

from matplotlib import pyplot  # type: ignore[import-not-found]

OURS, PEERS = "#1f6feb", "#9aa4b2"


def main() -> None:
    """Draw one bar for each {name, value, ours}, the smallest on top; the axis is logarithmic."""
    asked = json.load(sys.stdin)
    bars = sorted(asked["bars"], key=lambda bar: bar["value"], reverse=True)
    figure, axes = pyplot.subplots(figsize=(9, 0.45 * len(bars) + 1.2), layout="constrained")
    drawn = axes.barh(
        [bar["name"] for bar in bars],
        [bar["value"] for bar in bars],
        color=[OURS if bar["ours"] else PEERS for bar in bars],
    )
    axes.bar_label(drawn, fmt="%.3g", padding=4)
    axes.set_xscale("log")
    axes.set_xlabel(asked["axis"])
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(sys.argv[1], dpi=110)


if __name__ == "__main__":
    main()
