from deployments.sandbox.smartrecruiters import SmartRecruiters
from tests.contracts.asked import an_inbox, tracking
from tests.contracts.trial import NOBODY, Trial

STATUS = "PUT /candidates/.*/status"

TRIAL = Trial(
    "smartrecruiters",
    lambda world: SmartRecruiters(world, NOBODY),
    an_inbox,
    tracking(
        open_job=("POST /jobs$", "PUT /jobs/.*/status"),
        close_job="PUT /jobs/.*/status",
        add_application="POST .*/candidates",
        move=STATUS,
        hire=STATUS,
        reject=STATUS,
        add_note="POST /messages/shares",
        blank=("open_job", "close_job", "move", "hire", "reject"),
    ),
    lists=("open_jobs",),
)
