"""Webhooks as each vendor writes and signs them, from its documents.

Most sign the raw body in a header. BambooHR signs the body followed by the time, which is in
another header; Twilio the address it calls and the fields of the form that is the body; Lever its
time and a token, inside the body, and nothing else; Dropbox Sign time and kind alone, inside the
body, which is a form; SmartRecruiters the body with the headers, which have all but ids; Deel the
word POST and the body. Ashby gives an event neither an id nor a time, DocuSign no id; Greenhouse's
id is in a header that is not signed.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Event:
    """What happened at a vendor. `id`: 64 hex digits; `about`: in the shape of the vendor's body.

    `url`: where it is posted, which Checkr repeats inside and Twilio signs.
    """

    vendor: str
    kind: str
    about: Mapping[str, Any]
    id: str
    at: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """One signed post: its bytes, and what its headers say."""

    body: bytes
    headers: Mapping[str, str]


def sealed(event: Event, secret: str) -> Envelope:
    """The event as its vendor posts it, signed with this secret."""
    return _WRITERS[event.vendor](event, secret)


def _ashby(event: Event, secret: str) -> Envelope:
    body = _compact({"action": event.kind, "data": event.about})
    return _json(body, {"Ashby-Signature": f"sha256={_signature(body, secret)}"})


def _certn(event: Event, secret: str) -> Envelope:
    """Nothing but ids and a status: whoever wants to know more reads the case."""
    told = {
        "created": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "event_id": _uuid(event.id),
        "event_type": event.kind,
        "object_type": "CASE",
        **event.about,
    }
    body = _compact(told)
    return _json(body, {"X-Signature": _signature(body, secret)})


def _bamboohr(event: Event, secret: str) -> Envelope:
    at = event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = _compact({"type": event.kind, "timestamp": at, "data": event.about})
    signed = {"X-BambooHR-Signature": _signature(body + at.encode(), secret)}
    return _json(body, {"X-BambooHR-Timestamp": at, **signed})


def _checkr(event: Event, secret: str) -> Envelope:
    told = {
        "id": event.id[:24],
        "object": "event",
        "type": event.kind,
        "created_at": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "webhook_url": event.url,
        "data": {"object": event.about},
    }
    body = _compact(told)
    signed = {"X-Checkr-Signature": _signature(body, secret)}
    return _json(body, {"User-Agent": "Checkr-Webhook/1.0", **signed})


def _deel(event: Event, secret: str) -> Envelope:
    meta = {
        "event_type": event.kind,
        "event_type_id": _uuid(event.id[32:]),
        "organization_id": 112_546,
        "organization_name": "Harbor Works",
        "tracking_id": event.id[:28],
    }
    at = event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    body = _compact({"data": {"meta": meta, "resource": event.about}, "timestamp": at})
    signed = {"x-deel-signature": _signature(b"POST" + body, secret)}
    return _json(body, {"x-deel-hmac-label": "hires", "x-deel-webhook-version": "v2", **signed})


def _docusign(event: Event, secret: str) -> Envelope:
    """DocuSign adds a signature for each of the account's keys; this account has two."""
    envelope = f"/restapi/v2.1/accounts/{event.about['accountId']}/envelopes"
    told = {
        "event": event.kind,
        "apiVersion": "v2.1",
        "uri": f"{envelope}/{event.about['envelopeId']}",
        "retryCount": 0,
        "configurationId": 10_247,
        "generatedDateTime": event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z"),
        "data": event.about,
    }
    body = _compact(told)
    made = [hmac.digest(key.encode(), body, "sha256") for key in (f"older {secret}", secret)]
    signed = {
        f"X-DocuSign-Signature-{number}": base64.b64encode(each).decode()
        for number, each in enumerate(made, 1)
    }
    return _json(body, {"X-Authorization-Digest": "HMACSHA256", **signed})


def _dropbox_sign(event: Event, secret: str) -> Envelope:
    at = str(int(event.at.timestamp()))
    told = {
        "event": {
            "event_time": at,
            "event_type": event.kind,
            "event_hash": _signature((at + event.kind).encode(), secret),
            "event_metadata": {
                "related_signature_id": None,
                "reported_for_account_id": None,
                "reported_for_app_id": None,
                "event_message": None,
            },
        },
        **event.about,
    }
    cut = event.id[:32]
    head = f'--{cut}\r\nContent-Disposition: form-data; name="json"\r\n\r\n'.encode()
    body = head + _compact(told) + f"\r\n--{cut}--\r\n".encode()
    return Envelope(body, {"Content-Type": f"multipart/form-data; boundary={cut}"})


def _greenhouse(event: Event, secret: str) -> Envelope:
    """Greenhouse escapes what could be taken for HTML before it signs."""
    body = _compact({"action": event.kind, "payload": event.about})
    for sign in b"<>&":
        body = body.replace(bytes([sign]), f"\\u{sign:04x}".encode())
    signed = {"Signature": f"sha256 {_signature(body, secret)}"}
    return _json(body, {"Greenhouse-Event-ID": event.id[:32], **signed})


def _gusto(event: Event, secret: str) -> Envelope:
    told = {
        "uuid": _uuid(event.id),
        "event_type": event.kind,
        "resource_type": "Company",
        **event.about,
        "timestamp": int(event.at.timestamp()),
    }
    body = _compact(told)
    return _json(body, {"X-Gusto-Signature": _signature(body, secret)})


def _lever(event: Event, secret: str) -> Envelope:
    at, token = int(event.at.timestamp() * 1000), event.id[:48]
    told = {
        "id": event.id[:24],
        "event": event.kind,
        "triggeredAt": at,
        "token": token,
        "signature": _signature(f"{token}{at}".encode(), secret),
        "data": event.about,
    }
    return _json(_compact(told), {})


def _smartrecruiters(event: Event, secret: str) -> Envelope:
    """SmartRecruiters signs with every key that is alive; this subscription has two."""
    about = {name: str(value) for name, value in event.about.items()}
    path = f"jobs/{about['job_id']}"
    if "candidate_id" in about:
        path = f"candidates/{about['candidate_id']}/{path}"
    body, at = _compact(about), str(int(event.at.timestamp()))
    told = {
        "event-id": event.id[:32],
        "event-name": event.kind,
        "event-version": "v201910",
        "link": f"<https://api.smartrecruiters.com/{path}>; rel=self",
    }
    message = b".".join([at.encode(), body, *(each.encode() for each in told.values())])
    signed = ";".join(f"v1={_signature(message, key)}" for key in (f"older {secret}", secret))
    stamps = {"smartrecruiters-timestamp": at, "smartrecruiters-signature": signed}
    return _json(body, {**told, **stamps})


def _twilio(event: Event, secret: str) -> Envelope:
    fields = {name: str(value) for name, value in event.about.items()}
    signed = event.url + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": base64.b64encode(digest).decode(),
    }
    return Envelope(urlencode(fields).encode(), headers)


def _workable(event: Event, secret: str) -> Envelope:
    told = {
        "id": event.id[:12],
        "event_type": event.kind,
        "resource_type": "candidate",
        "fired_at": event.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": event.about,
    }
    body = _compact(told)
    return _json(body, {"X-Workable-Signature": _signature(body, secret)})


_WRITERS: dict[str, Callable[[Event, str], Envelope]] = {
    "ashby": _ashby,
    "certn": _certn,
    "bamboohr": _bamboohr,
    "checkr": _checkr,
    "deel": _deel,
    "docusign": _docusign,
    "dropbox_sign": _dropbox_sign,
    "greenhouse": _greenhouse,
    "gusto": _gusto,
    "lever": _lever,
    "smartrecruiters": _smartrecruiters,
    "twilio": _twilio,
    "workable": _workable,
}


def _json(body: bytes, headers: Mapping[str, str]) -> Envelope:
    return Envelope(body, {"Content-Type": "application/json", **headers})


def _uuid(id: str) -> str:
    return f"{id[:8]}-{id[8:12]}-4{id[13:16]}-8{id[17:20]}-{id[20:32]}"


def _compact(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def _signature(message: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
