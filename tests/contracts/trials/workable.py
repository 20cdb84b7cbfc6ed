from deployments.sandbox.people import DATA
from deployments.sandbox.workable import Workable
from tests.contracts.asked import BY_A_PERSON, an_inbox, tracking
from tests.contracts.trial import NOBODY, Trial

TRIAL = Trial(
    "workable",
    lambda world: Workable(world, NOBODY, DATA / "requisitions"),
    an_inbox,
    tracking(
        add_application="POST .*/candidates$",
        move="POST .*/move",
        reject="POST .*/disqualify",
        add_note="POST .*/comments",
        blank=("move", "reject"),
    ),
    lists=("open_jobs",),
    untried=dict.fromkeys(("open_job", "close_job", "schedule_interview"), BY_A_PERSON),
)
