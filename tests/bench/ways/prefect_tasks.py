"""Prefect as it is often used: a task for each step of each application, in one flow."""

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from tests.bench.meter import Meter
from tests.bench.ways.job import Job
from tests.bench.ways.rows import STEPS, prepared, step

JOB = Job.told()
ENGINE = prepared(JOB.database, JOB.applications)


@task(cache_policy=NO_CACHE, persist_result=False)
def move(application: int, state: str) -> None:
    with ENGINE.begin() as connection:
        step(connection, application, state)


@flow
def carry() -> None:
    for application in range(1, JOB.applications + 1):
        for state in STEPS:
            move(application, state)


def main() -> None:
    meter = Meter(JOB.servers, drain=True)
    with meter.measured("Prefect, a task for each", JOB.applications * len(STEPS)):
        carry()
    meter.tell()


if __name__ == "__main__":
    main()
