"""Electronic signatures. To add a vendor: write its module, add its line."""

from collections.abc import Callable

from connectors.ports import SignatureProvider
from connectors.signatures import dropbox_sign

VENDORS: dict[str, Callable[..., SignatureProvider]] = {
    "dropbox_sign": dropbox_sign.connect,
}
