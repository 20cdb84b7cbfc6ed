"""Payroll: the systems that pay. To add one: write its module, add its line."""

from connectors.payroll import gusto
from connectors.vendor import known

VENDORS = known(
    "payroll",
    gusto.VENDOR,
)
