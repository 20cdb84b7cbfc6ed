"""Payroll: the systems that pay. To add one: write its module, add its line."""

from collections.abc import Callable

from connectors.payroll import gusto
from connectors.ports import Payroll

VENDORS: dict[str, Callable[..., Payroll]] = {
    "gusto": gusto.connect,
}
