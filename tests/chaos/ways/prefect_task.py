"""A cached Prefect task: its result is persisted, and a rerun of the flow takes it from there."""

from prefect import flow, task
from prefect.cache_policies import INPUTS, TASK_SOURCE

from tests.chaos.ways.job import RECORDED, Job
from tests.chaos.ways.vendor import order_check

JOB = Job.told()


@task(
    retries=3,
    retry_delay_seconds=0.1,
    cache_policy=INPUTS + TASK_SOURCE,
    persist_result=True,
)
def order(application: str) -> str:
    return order_check(JOB, application)


@flow
def background_checks(applications: list[str]) -> None:
    for application in applications:
        order(application)
        JOB.passes(RECORDED, application)


if __name__ == "__main__":
    background_checks(JOB.applications)
