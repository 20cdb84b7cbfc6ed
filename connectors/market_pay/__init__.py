"""Who says what the market pays. To add one: write its module, add its line."""

from connectors.market_pay import adzuna, usajobs
from connectors.vendor import known

VENDORS = known(
    "market_pay",
    adzuna.VENDOR,
    usajobs.VENDOR,
)
