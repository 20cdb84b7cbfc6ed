"""A plain loop: one transaction for each step of each application, and no engine."""

from tests.bench.meter import Meter
from tests.bench.ways.job import Job
from tests.bench.ways.rows import STEPS, prepared, step


def main() -> None:
    job = Job.told()
    engine = prepared(job.database, job.applications)
    meter = Meter(job.servers)
    with meter.measured("loop, a commit for each step", job.applications * len(STEPS)):
        for application in range(1, job.applications + 1):
            for state in STEPS:
                with engine.begin() as connection:
                    step(connection, application, state)
    meter.tell()


if __name__ == "__main__":
    main()
