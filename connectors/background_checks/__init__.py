"""Background checks: consumer reporting agencies. To add one: write its module, add its line."""

from collections.abc import Callable

from connectors.background_checks import checkr
from connectors.ports import BackgroundScreener

VENDORS: dict[str, Callable[..., BackgroundScreener]] = {
    "checkr": checkr.connect,
}
