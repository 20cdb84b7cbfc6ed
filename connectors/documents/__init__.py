"""Document stores. To add one: write its module, add its line."""

from connectors.documents import filesystem, s3
from connectors.vendor import known

VENDORS = known(
    "documents",
    filesystem.VENDOR,
    s3.VENDOR,
)
