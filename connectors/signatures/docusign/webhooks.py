"""What DocuSign Connect sends: that something happened to an envelope, signed over the raw body.

Documents: https://developers.docusign.com/platform/webhooks/connect/
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from connectors import webhook
from connectors.payload import Payload
from connectors.signatures.docusign.rows import NAME


def verify_webhook(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Tell whether one of the signatures, one for each of the account's keys, is made with ours."""
    ours = base64.b64encode(hmac.digest(secret.encode(), raw, "sha256"))
    given = [v for k, v in headers.items() if k.lower().startswith("x-docusign-signature-")]
    return bool(secret) and any(hmac.compare_digest(each.encode(), ours) for each in given)


def read_webhook(raw: bytes) -> webhook.Event:
    """Read which envelope an event is about, and when it happened; raises Unreadable."""
    told = Payload(NAME, webhook.document(NAME, raw))
    kind = webhook.identifier(NAME, told.take("event", str))
    at, data = told.time("generatedDateTime"), told.inner("data")
    envelope = webhook.identifier(NAME, data.take("envelopeId", str))
    says = [kind, envelope, data.maybe("recipientId", str) or "", at.isoformat()]
    id = hashlib.sha256("\n".join(says).encode()).hexdigest()
    return webhook.Event(id=id, kind=kind, refs=(envelope,), at=at)
