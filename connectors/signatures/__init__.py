"""Electronic signatures. To add a vendor: write its module, add its line."""

from connectors.signatures import dropbox_sign
from connectors.vendor import known

VENDORS = known(
    "signatures",
    dropbox_sign.VENDOR,
)
