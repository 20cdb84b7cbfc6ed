"""A plain loop: tenacity repeats what failed, a file for each order says that it is done."""

from pathlib import Path

from requests import RequestException
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from tests.chaos.ways.job import RECORDED, Job
from tests.chaos.ways.vendor import order_check


@retry(
    retry=retry_if_exception_type(RequestException),
    stop=stop_after_attempt(4),
    wait=wait_exponential(0.1),
    reraise=True,
)
def order(job: Job, application: str) -> str:
    return order_check(job, application)


def main() -> None:
    job = Job.told()
    for application in job.applications:
        done = Path(job.home, f"{application}.done")
        if not done.exists():
            done.write_text(order(job, application))
            job.passes(RECORDED, application)


if __name__ == "__main__":
    main()
