"""Background checks: consumer reporting agencies. To add one: write its module, add its line."""

from connectors.background_checks import checkr
from connectors.vendor import known

VENDORS = known(
    "background_checks",
    checkr.VENDOR,
)
