"""Electronic signatures. To add a vendor: write its module, add its line."""

from connectors.signatures import docusign, dropbox_sign
from connectors.vendor import by_name

VENDORS = by_name(
    docusign.VENDOR,
    dropbox_sign.VENDOR,
)
