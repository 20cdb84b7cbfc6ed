"""Messages to people. To add a way of sending: write its module, add its line."""

from connectors.messaging import smtp
from connectors.vendor import known

VENDORS = known(
    "messaging",
    smtp.VENDOR,
)
