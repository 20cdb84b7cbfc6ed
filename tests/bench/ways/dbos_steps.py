"""DBOS: a workflow for each application with two steps, eight workflows at a time.

It runs in an environment that holds DBOS, SQLAlchemy and psutil, and none of ours.
"""

from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS  # type: ignore[import-not-found]
from sqlalchemy import make_url

from tests.bench.meter import Meter
from tests.bench.ways.job import Job
from tests.bench.ways.rows import STEPS, prepared, step

JOB = Job.told()
ENGINE = prepared(JOB.database, JOB.applications)
OWN = make_url(JOB.database).set(database="dbos").render_as_string(hide_password=False)
DBOS(config={"name": "carry", "system_database_url": OWN})
AT_ONCE = 8


@DBOS.step()  # type: ignore[untyped-decorator]
def move(application: int, state: str) -> None:
    with ENGINE.begin() as connection:
        step(connection, application, state)


@DBOS.workflow()  # type: ignore[untyped-decorator]
def carry(application: int) -> None:
    for state in STEPS:
        move(application, state)


def main() -> None:
    DBOS.launch()
    meter = Meter(JOB.servers)
    with (
        ThreadPoolExecutor(AT_ONCE) as pool,
        meter.measured("DBOS, a step for each", JOB.applications * len(STEPS)),
    ):
        list(pool.map(carry, range(1, JOB.applications + 1)))
    DBOS.destroy()
    meter.tell()


if __name__ == "__main__":
    main()
