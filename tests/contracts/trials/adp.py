from deployments.sandbox.adp import Adp
from tests.contracts.asked import hires
from tests.contracts.trial import Town, Trial

TRIAL = Trial("adp", lambda world: Adp(world, Town()), hires, (), lists=("all_employees",))
