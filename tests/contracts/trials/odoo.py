from deployments.sandbox.odoo import Odoo
from deployments.sandbox.world import World
from tests.contracts.asked import an_inbox, tracking
from tests.contracts.trial import Trial


def stand_in(world: World) -> Odoo:
    """An Odoo that knows who interviews."""
    odoo = Odoo(world)
    odoo.insert("res.partner", {"name": "Grace", "email": "grace@harbor.example"})
    return odoo


MOVED = "POST .*/hr.applicant/write"

TRIAL = Trial(
    "odoo",
    stand_in,
    an_inbox,
    tracking(
        open_job="POST .*/hr.job/load",
        close_job="POST .*/hr.job/write",
        add_application="POST .*/hr.applicant/load",
        move=MOVED,
        hire=MOVED,
        reject=MOVED,
        add_note="POST .*/message_post",
        schedule_interview="POST .*/calendar.event/load",
    ),
    lists=("open_jobs",),
)
