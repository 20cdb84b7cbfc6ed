"""Envelopes as DocuSign says them, in our records."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.payload import Payload
from connectors.records import Signature, SignatureStatus

NAME = "docusign"
KEY, APPLICATION, OFFER = "fullcycle_key", "fullcycle_application", "fullcycle_offer"
FILLED_IN = {"recipients"}  # what signers type may be anything; not kept, should it ever come
HAS_EXPIRED = "envelope has expired"

STATUSES = {
    "created": SignatureStatus.AWAITING,
    "processing": SignatureStatus.AWAITING,
    "sent": SignatureStatus.AWAITING,
    "delivered": SignatureStatus.AWAITING,  # the signer has opened it
    "correct": SignatureStatus.AWAITING,  # the sender is changing it
    "signed": SignatureStatus.AWAITING,  # until DocuSign has completed it
    "completed": SignatureStatus.SIGNED,
    "declined": SignatureStatus.DECLINED,
    "timedout": SignatureStatus.EXPIRED,
    "voided": SignatureStatus.CANCELLED,
    "deleted": SignatureStatus.CANCELLED,
}


def read_signature(row: Mapping[str, Any]) -> Signature:
    """Read one envelope of ours; one without our custom fields is unreadable."""
    told, ours = Payload(NAME, row), Payload(NAME, custom_fields(row))
    status, changed_at = told.choice("status", STATUSES), told.time("statusChangedDateTime")
    if status is SignatureStatus.CANCELLED and _has_expired(told):
        status = SignatureStatus.EXPIRED
    kept = {name: value for name, value in row.items() if name not in FILLED_IN}
    return Signature(
        external_id=told.take("envelopeId", str),
        updated_at=changed_at,
        document=json.dumps(kept).encode(),
        application_key=ours.take(APPLICATION, str),
        offer_hash=ours.take(OFFER, str),
        status=status,
        signed_at=_signed_at(told, changed_at) if status is SignatureStatus.SIGNED else None,
    )


def tells_all(row: Mapping[str, Any]) -> bool:
    """Whether a row of a list says whose envelope it is, and why it was voided."""
    is_voided = row.get("status") == "voided"
    return APPLICATION in custom_fields(row) and ("voidedReason" in row or not is_voided)


def custom_fields(row: Mapping[str, Any]) -> dict[str, str]:
    """An envelope's custom fields that are text, by name; of what others put there, nothing."""
    fields = row.get("customFields")
    texts = fields.get("textCustomFields") if isinstance(fields, dict) else None
    return {
        text["name"]: text["value"]
        for text in (texts if isinstance(texts, list) else [])
        if isinstance(text, dict)
        and isinstance(text.get("name"), str)
        and isinstance(text.get("value"), str)
    }


def _signed_at(told: Payload, changed_at: datetime) -> datetime:
    """When it was completed; nothing changes its status after that, should a list leave it out."""
    return told.maybe_time("completedDateTime") or changed_at


def _has_expired(told: Payload) -> bool:
    """Whether a voided envelope was voided by its end: nothing but the reason tells."""
    return (told.maybe("voidedReason", str) or "").casefold().startswith(HAS_EXPIRED)
