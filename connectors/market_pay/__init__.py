"""Who says what the market pays. To add one: write its module, add its line."""

from connectors.market_pay import adzuna, usajobs
from connectors.vendor import by_name

VENDORS = by_name(
    adzuna.VENDOR,
    usajobs.VENDOR,
)
