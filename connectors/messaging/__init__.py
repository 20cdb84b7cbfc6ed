"""Messages to people: mail and texts. To add a way of sending: write its module, add its line."""

from connectors.messaging import amazon_ses, smtp, twilio
from connectors.vendor import by_name

VENDORS = by_name(
    amazon_ses.VENDOR,
    smtp.VENDOR,
)
TEXTING = by_name(
    twilio.VENDOR,
)
