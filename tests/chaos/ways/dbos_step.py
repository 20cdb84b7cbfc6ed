"""A DBOS step in a workflow named after its order; what was cut off is recovered at launch.

It runs in an environment that holds DBOS, and none of ours.
"""

from dbos import DBOS, SetWorkflowID  # type: ignore[import-not-found]

from tests.chaos.ways.job import RECORDED, Job
from tests.chaos.ways.vendor import order_check

JOB = Job.told()
DBOS(config={"name": "background-checks", "system_database_url": JOB.database})


@DBOS.step(retries_allowed=True, interval_seconds=0.1, max_attempts=4)  # type: ignore[untyped-decorator]
def order(application: str) -> str:
    return order_check(JOB, application)


@DBOS.workflow()  # type: ignore[untyped-decorator]
def background_check(application: str) -> str:
    reference: str = order(application)
    JOB.passes(RECORDED, application)
    return reference


def main() -> None:
    DBOS.launch()
    for application in JOB.applications:
        with SetWorkflowID(application):
            handle = DBOS.start_workflow(background_check, application)
        handle.get_result()
    DBOS.destroy()


if __name__ == "__main__":
    main()
