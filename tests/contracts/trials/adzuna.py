from deployments.sandbox.adzuna import Adzuna
from tests.contracts.asked import pay_questions
from tests.contracts.trial import Trial

TRIAL = Trial("adzuna", Adzuna, pay_questions, ())
