"""All vendors there are, by kind and by name."""

from collections.abc import Mapping

from connectors import (
    applicant_tracking,
    background_checks,
    documents,
    job_boards,
    market_pay,
    messaging,
    payroll,
    references,
    signatures,
)
from connectors.vendor import Vendor

KINDS: Mapping[str, Mapping[str, Vendor]] = {
    "job_boards": job_boards.VENDORS,
    "applicant_tracking": applicant_tracking.VENDORS,
    "background_checks": background_checks.VENDORS,
    "references": references.VENDORS,
    "signatures": signatures.VENDORS,
    "payroll": payroll.VENDORS,
    "messaging": messaging.VENDORS,
    "documents": documents.VENDORS,
    "vault": documents.VAULTS,
    "market_pay": market_pay.VENDORS,
}
VENDORS: Mapping[str, Vendor] = {
    name: vendor for kind in KINDS.values() for name, vendor in kind.items()
}
