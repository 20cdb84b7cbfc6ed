"""The nightly sync of a vendor that is slow, or strict about its quota."""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil, floor
from pathlib import Path
from subprocess import DEVNULL

from rich.console import Console

from tests.bench import report as reports
from tests.bench.pulls import Place, call, serving, started, stats
from tests.bench.sync import DOWNLOAD, OURS, place_in

SLOW_MS = 50
QUOTAS = ((5, 3, 10_000), (50, 10, 100_000))
TWO = 2  # processes that share a quota
HEAD = ("| what | way | seconds | beside | requests | refused |", "|---|---|---:|---:|---:|---:|")


def report(home: Path, _repetitions: int, records: int, console: Console) -> None:
    """Measure, and keep the table."""
    lines = [*HEAD]
    with place_in(home) as place:
        for line in (*_latency(place, records), *_quotas(place)):
            console.print(line, markup=False, soft_wrap=True)
            lines.append(line)
    reports.write("pace", [f"`python -m tests.bench pace --records {records}`:", "", *lines])


def _latency(place: Place, records: int) -> Iterator[str]:
    """Reading everybody again: page after page, and as we do it, in several windows of time."""
    alone = 0.0
    with serving(records) as api:
        for way in (DOWNLOAD, replace(OURS, pulls=("full", "again"))):
            pulls = place.pulled(way, api, records)
            for _ in way.pulls[1:]:
                next(pulls)
            call(api, "set", latency_ms=SLOW_MS)
            wall = next(pulls).cost.wall
            call(api, "set", latency_ms=0)
            alone = alone or wall
            what = f"{records:,} candidates, {SLOW_MS} ms a page"
            yield _line(what, way.module, wall, f"{wall / alone:.2f} of the first", stats(api))


def _quotas(place: Place) -> Iterator[str]:
    """From the first request to the last, beside the least that a quota allows."""
    for limit, window, records in QUOTAS:
        with serving(records) as api:
            what = f"{records:,} candidates, {limit} requests in {window} s"
            for way in (DOWNLOAD, OURS):
                call(api, "set", limit=limit, window=window)
                next(place.pulled(way, api, records))
                yield _beside(what, way.module, limit, window, stats(api))
            call(api, "set", limit=limit, window=window)
            call(api, "reset")
            job = place.job(OURS, api, False, place.home)
            each = [started(OURS, replace(job, schema=f"w{n}"), stdout=DEVNULL) for n in range(TWO)]
            assert not any(process.wait() for process in each)
            yield _beside(what, f"{TWO} of {OURS.module} at once", limit, window, stats(api))


def _beside(what: str, way: str, limit: int, window: int, told: dict[str, float]) -> str:
    """The first window begins in the whole second of the first request, the last not earlier."""
    windows = ceil((told["requests"] - told["too_many"]) / limit)
    least = floor(told["first"]) + (windows - 1) * window - told["first"]
    took = told["last"] - told["first"]
    return _line(what, way, took, f"{took / least:.2f} of the least", told)


def _line(what: str, way: str, seconds: float, beside: str, told: dict[str, float]) -> str:
    requests, refused = told["requests"], told["too_many"]
    return f"| {what} | {way} | {seconds:.2f} | {beside} | {requests:.0f} | {refused:.0f} |"
