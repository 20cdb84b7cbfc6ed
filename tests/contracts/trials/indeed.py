from deployments.sandbox.indeed import Indeed
from tests.contracts.asked import a_list, publishing, taking_down
from tests.contracts.trial import NOBODY, Trial, Write

TRIAL = Trial(
    "indeed",
    lambda world: Indeed(world, NOBODY),
    a_list,
    (
        Write("publish", "POST .*/graphql", publishing, "jobs"),
        Write("publish", "POST .*/graphql", taking_down, "closed_jobs"),
    ),
    lists=("all_postings",),
    untried={"tell": "nobody says what they were told: tests/connectors/indeed"},
    options={"channel": "job_sync"},
    wrong={"secrets": {"client": "another"}},
)
