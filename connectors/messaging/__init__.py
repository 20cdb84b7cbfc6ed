"""Messages to people. To add a way of sending: write its module, add its line."""

from collections.abc import Callable

from connectors.messaging import smtp
from connectors.ports import Messenger

VENDORS: dict[str, Callable[..., Messenger]] = {
    "smtp": smtp.connect,
}
