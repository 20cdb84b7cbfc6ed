from deployments.sandbox.odoo import Odoo
from tests.contracts.asked import an_inbox
from tests.contracts.trial import Trial

TRIAL = Trial("odoo", Odoo, an_inbox, (), lists=("open_jobs",))
