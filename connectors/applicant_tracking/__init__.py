"""Applicant tracking systems. To add one: write its module, add its line."""

from collections.abc import Callable

from connectors.applicant_tracking import ashby, greenhouse
from connectors.ports import ApplicantTracker

VENDORS: dict[str, Callable[..., ApplicantTracker]] = {
    "ashby": ashby.connect,
    "greenhouse": greenhouse.connect,
}
