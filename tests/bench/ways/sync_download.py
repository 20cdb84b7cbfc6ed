"""The least that must be done: download every page and decode it, and keep nothing."""

from tests.bench.meter import Meter
from tests.bench.ways.job import Pull
from tests.bench.ways.sync_pages import pages


def main() -> None:
    job = Pull.told()
    meter = Meter(job.servers)
    with meter.measured("download and decode alone", 1):
        for _ in pages(job.api):
            pass
    meter.tell()


if __name__ == "__main__":
    main()
