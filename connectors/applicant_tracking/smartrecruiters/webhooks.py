"""What SmartRecruiters posts to us: ids in the body; what happened, and when, in signed headers."""

import hashlib
import hmac
from collections.abc import Mapping

from connectors import webhook
from connectors.applicant_tracking.smartrecruiters.rows import NAME, application_ref
from connectors.errors import Unreadable

SIGNATURE, TIMESTAMP = "smartrecruiters-signature", "smartrecruiters-timestamp"
IDS = ("job_id", "candidate_id", "offer_id", "interview_id", "position_id")
SIGNED_HEADERS = ("event-id", "event-name", "event-version", "link")


def verify(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Tell whether a post was signed with our key; there is one signature for each live key."""
    told = _lower(headers)
    names = (told.get(name, "") for name in SIGNED_HEADERS)
    parts = [told.get(TIMESTAMP, "").encode(), raw, *(name.encode() for name in names)]
    ours = "v1=" + hmac.new(secret.encode(), b".".join(parts), hashlib.sha256).hexdigest()
    theirs = [each.strip().encode() for each in told.get(SIGNATURE, "").split(";")]
    return bool(secret) and any(hmac.compare_digest(each, ours.encode()) for each in theirs)


def read(raw: bytes, headers: Mapping[str, str]) -> webhook.Event:
    """Read which application, or else which job or candidate, an event is about.

    Raises Unreadable.
    """
    body, told = webhook.document(NAME, raw), _lower(headers)
    refs = webhook.refs(body, [(name,) for name in IDS])
    candidate, job = (webhook.refs(body, [(name,)]) for name in ("candidate_id", "job_id"))
    if candidate and job:
        refs = (application_ref(*candidate, *job), *job)
    if not refs:
        raise Unreadable(NAME, "a webhook is about nothing that we know")
    return webhook.Event(
        id=webhook.identifier(NAME, told.get("event-id")),
        kind=webhook.identifier(NAME, told.get("event-name")),
        refs=refs,
        at=webhook.unix(NAME, told.get(TIMESTAMP)),
    )


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
