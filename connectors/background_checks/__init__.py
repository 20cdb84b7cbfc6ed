"""Background checks: consumer reporting agencies. To add one: write its module, add its line."""

from connectors.background_checks import certn, checkr, manual
from connectors.vendor import by_name

VENDORS = by_name(
    certn.VENDOR,
    checkr.VENDOR,
    manual.VENDOR,
)
