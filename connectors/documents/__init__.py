"""Document stores. To add one: write its module, add its line."""

from collections.abc import Callable

from connectors.access import Access
from connectors.documents import filesystem, s3
from connectors.ports import DocumentStore

VENDORS: dict[str, Callable[[Access], DocumentStore]] = {
    "filesystem": filesystem.connect,
    "s3": s3.connect,
}
