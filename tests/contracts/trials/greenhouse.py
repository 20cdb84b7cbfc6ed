from deployments.sandbox.greenhouse import Greenhouse
from deployments.sandbox.world import World
from tests.contracts.asked import an_inbox, tracking
from tests.contracts.trial import NOBODY, Trial


def stand_in(world: World) -> Greenhouse:
    """A Greenhouse whose interview plan has a round of the name that is scheduled."""
    greenhouse = Greenhouse(world, NOBODY)
    greenhouse.records.rounds = ["panel"]
    return greenhouse


LISTS = """applications candidates interview_kits interviewers interviews job_interview_stages
    job_interviews jobs job_posts notes openings rejection_details rejection_reasons
    scorecard_question_answers
    scorecards sources users"""

TRIAL = Trial(
    "greenhouse",
    stand_in,
    an_inbox,
    tracking(
        open_job="POST /v3/jobs",
        close_job="PATCH /v3/openings",
        add_application="POST /v3/candidates",
        move="POST .*/move",
        hire="POST .*/hire",
        reject="POST .*/reject",
        add_note="POST /v3/notes",
        schedule_interview="POST /v3/interviews",
        blank=("move", "hire", "reject"),
    ),
    lists=("open_jobs",),
    spec="greenhouse/v3_list_schemas/schemas",
    served="/v3",
    undescribed="/greenhouse/auth/",
    answers={
        f"get /{name}": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}
        for name in LISTS.split()
    },
)
