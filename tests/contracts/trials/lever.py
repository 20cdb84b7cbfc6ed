from deployments.sandbox.lever import Lever
from tests.contracts.asked import an_inbox, tracking
from tests.contracts.trial import NOBODY, Trial

TRIAL = Trial(
    "lever",
    lambda world: Lever(world, NOBODY),
    an_inbox,
    tracking(
        open_job="POST /v1/postings$",
        close_job="POST /v1/postings/",
        add_application="POST /v1/opportunities$",
        move="PUT .*/stage",
        hire="PUT .*/archived",
        reject="PUT .*/archived",
        add_note="POST .*/notes",
        schedule_interview="POST .*/panels",
    ),
    lists=("open_jobs",),
)
