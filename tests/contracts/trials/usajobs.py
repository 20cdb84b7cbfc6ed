from deployments.sandbox.usajobs import UsaJobs
from tests.contracts.asked import pay_questions
from tests.contracts.trial import Trial

TRIAL = Trial("usajobs", UsaJobs, pay_questions, ())
