from deployments.sandbox.odoo import Odoo
from deployments.sandbox.world import World
from tests.contracts.asked import correcting, hires, hiring
from tests.contracts.trial import Trial, Write


def stand_in(world: World) -> Odoo:
    """An Odoo with a work location more."""
    odoo = Odoo(world)
    odoo.insert("hr.work.location", {"name": "Chicago, IL"})
    return odoo


TRIAL = Trial(
    "odoo_employees",
    stand_in,
    hires,
    (
        Write("create_hire", "POST .*/hr.employee/load", hiring, "employees"),
        Write("correct_hire", "POST .*/hr.employee/write", correcting, "corrections"),
    ),
    lists=("all_employees",),
)
