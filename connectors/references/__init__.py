"""Reference checks. To add a vendor: write its module, add its line."""

from connectors.references import questionnaire
from connectors.vendor import by_name

VENDORS = by_name(
    questionnaire.VENDOR,
)
