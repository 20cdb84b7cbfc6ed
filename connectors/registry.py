"""All vendors there are, by kind and by name."""

from collections.abc import Mapping

from connectors import (
    applicant_tracking,
    background_checks,
    documents,
    job_boards,
    market_pay,
    messaging,
    packages,
    payroll,
    references,
    signatures,
)
from connectors.vendor import Vendor, by_name

_OURS = {
    "job_boards": job_boards.VENDORS,
    "applicant_tracking": applicant_tracking.VENDORS,
    "background_checks": background_checks.VENDORS,
    "references": references.VENDORS,
    "signatures": signatures.VENDORS,
    "payroll": payroll.VENDORS,
    "messaging": messaging.VENDORS,
    "texting": messaging.TEXTING,
    "documents": documents.VENDORS,
    "vault": documents.VAULTS,
    "market_pay": market_pay.VENDORS,
}
OURS: Mapping[str, Vendor] = by_name(*(each for kind in _OURS.values() for each in kind.values()))
THEIRS, LEFT_OUT = packages.brought(_OURS, OURS)
"""Of other packages: their vendors, and why what cannot be used is left out."""
VENDORS: Mapping[str, Vendor] = {**OURS, **THEIRS}
KINDS: Mapping[str, Mapping[str, Vendor]] = {
    kind: {name: vendor for name, vendor in VENDORS.items() if vendor.kind == kind}
    for kind in _OURS
}
