from deployments.sandbox.ashby import Ashby
from tests.contracts.asked import an_inbox, tracking
from tests.contracts.trial import NOBODY, Trial

TRIAL = Trial(
    "ashby",
    lambda world: Ashby(world, NOBODY),
    an_inbox,
    tracking(
        open_job=("job.create", "job.setStatus"),
        close_job="job.setStatus",
        add_application=("candidate.create", "application.create"),
        move="application.changeStage",
        reject="application.changeStage",
        add_note="candidate.createNote",
        schedule_interview="interviewSchedule.create",
    ),
    lists=("open_jobs",),
    spec="ashby/openapi/ashby-openapi.yml",
)
