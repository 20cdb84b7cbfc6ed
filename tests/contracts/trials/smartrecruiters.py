from deployments.sandbox.smartrecruiters import SmartRecruiters
from tests.contracts.asked import an_inbox, scheduling, tracking
from tests.contracts.trial import NOBODY, Trial, Write

STATUS = "PUT /candidates/.*/status"

TRIAL = Trial(
    "smartrecruiters",
    lambda world: SmartRecruiters(world, NOBODY),
    an_inbox,
    (
        *tracking(
            open_job=("POST /jobs$", "PUT /jobs/.*/status"),
            close_job="PUT /jobs/.*/status",
            add_application="POST .*/candidates",
            move=STATUS,
            hire=STATUS,
            reject=STATUS,
            add_note="POST /messages/shares",
            blank=("open_job", "close_job", "move", "hire", "reject"),
        ),
        # Interviews are not listed.
        Write("schedule_interview", "POST .*/interviews", scheduling, "interviews", by_hand=True),
    ),
    lists=("open_jobs",),
)
