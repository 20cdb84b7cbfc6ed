"""Applicant tracking systems. To add one: write its module, add its line."""

from connectors.applicant_tracking import (
    ashby,
    built_in,
    greenhouse,
    lever,
    odoo,
    smartrecruiters,
    workable,
)
from connectors.vendor import by_name

VENDORS = by_name(
    ashby.VENDOR,
    built_in.VENDOR,
    greenhouse.VENDOR,
    lever.VENDOR,
    odoo.VENDOR,
    smartrecruiters.VENDOR,
    workable.VENDOR,
)
