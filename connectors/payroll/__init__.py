"""Payroll: the systems that pay. To add one: write its module, add its line."""

from connectors.payroll import adp, bamboohr, deel, finch, gusto, handover, odoo_employees
from connectors.vendor import by_name

VENDORS = by_name(
    adp.VENDOR,
    bamboohr.VENDOR,
    deel.VENDOR,
    finch.VENDOR,
    gusto.VENDOR,
    handover.VENDOR,
    odoo_employees.VENDOR,
)
