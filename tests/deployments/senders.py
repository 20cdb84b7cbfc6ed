"""What vendors send and how they sign it, written from their documents and not from our code."""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

SECRET = "a secret of the vendor's and ours"
TWILIO_CALLS = "https://rpo.example/webhooks/harbor/twilio?from=twilio"
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
CHECKR_OBJECT = {"id": "4722c07dd9a10c3985ae432a", "object": "report", "result": "consider"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One post of a vendor: its bytes, and what its headers say."""

    content: bytes
    headers: Mapping[str, str]


def hexdigest(message: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _ashby(number: int, at: datetime) -> dict[str, Any]:
    application = {"id": f"application-{number}", "candidate": {"name": "Zoë Marchetti"}}
    return {"action": "candidateStageChange", "data": {"application": application}}


def _bamboohr(number: int, at: datetime) -> dict[str, Any]:
    return {
        "type": "employee.updated",
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "data": {"companyId": "4711", "employeeId": f"{number}"},
    }


def _certn(number: int, at: datetime) -> dict[str, Any]:
    return {
        "created": at.isoformat(),
        "event_id": f"event-{number}",
        "event_type": "CASE_STATUS_CHANGED",
        "object_id": "22222222-2222-4222-8222-222222222222",
        "object_type": "CASE",
        "case_status": "COMPLETE",
    }


def _checkr(number: int, at: datetime) -> dict[str, Any]:
    return {
        "id": f"event-{number}",
        "object": "event",
        "type": "report.completed",
        "created_at": at.isoformat(),
        "data": {"object": CHECKR_OBJECT},
    }


def _deel(number: int, at: datetime) -> dict[str, Any]:
    worker = {"id": "person-1", "full_name": "Zoë Marchetti", "email": "zoe@people.example"}
    return {
        "data": {
            "meta": {"event_type": "contract.status.updated", "organization_id": 112546},
            "resource": {"id": f"m{number}", "status": "in_progress", "worker": worker},
        },
        "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }


def _docusign(number: int, at: datetime) -> dict[str, Any]:
    return {
        "event": "envelope-completed",
        "apiVersion": "v2.1",
        "retryCount": 0,
        "generatedDateTime": at.isoformat(),
        "data": {
            "accountId": "account-1",
            "envelopeId": f"envelope-{number}",
            "envelopeSummary": {"recipients": {"signers": [{"name": "Zoë Marchetti"}]}},
        },
    }


def _dropbox_sign(number: int, at: datetime) -> dict[str, Any]:
    event = {"event_time": str(int(at.timestamp()) - number), "event_type": "signed"}
    hashed = hexdigest((event["event_time"] + event["event_type"]).encode())
    signer = {"signer_email_address": "zoe@people.example"}
    return {
        "event": {**event, "event_hash": hashed},
        "signature_request": {"signature_request_id": "s-1", "signatures": [signer]},
    }


def _greenhouse(number: int, at: datetime) -> dict[str, Any]:
    person = {"candidate": {"first_name": "Zoë"}}
    applied = {"id": number, **person, "jobs": [{"id": 7}]}
    return {"action": "candidate_stage_change", "payload": {"application": applied}}


def _gusto(number: int, at: datetime) -> dict[str, Any]:
    return {
        "uuid": f"event-{number}",
        "event_type": "employee.onboarded",
        "resource_type": "Company",
        "resource_uuid": "company-1",
        "entity_type": "Employee",
        "entity_uuid": "employee-1",
        "timestamp": int(at.timestamp()),
    }


def _lever(number: int, at: datetime) -> dict[str, Any]:
    happened, token = int(at.timestamp()) * 1000 + number - 1, f"token-{number}"
    return {
        "event": "candidateStageChange",
        "triggeredAt": happened,
        "token": token,
        "signature": hexdigest(f"{token}{happened}".encode()),
        "data": {"opportunityId": f"opportunity-{number}", "contactId": "contact-1"},
    }


def _smartrecruiters(number: int, at: datetime) -> dict[str, Any]:
    return {"job_id": f"job-{number}", "candidate_id": "candidate-1"}


def _twilio(number: int, at: datetime) -> dict[str, Any]:
    return {
        "MessageSid": f"SM{number:032x}",
        "AccountSid": "AC" + "5a" * 16,
        "From": "+12125550123",
        "To": "+14155550100",
        "Body": "STOP",
        "NumMedia": "0",
    }


def _workable(number: int, at: datetime) -> dict[str, Any]:
    job = {"shortcode": "6F0D21A9B3"}
    return {
        "id": f"event-{number}",
        "event_type": "candidate_moved",
        "resource_type": "candidate",
        "fired_at": at.isoformat(),
        "data": {"id": f"candidate-{number}", "name": "Zoë Marchetti", "job": job},
    }


_BODIES: dict[str, Callable[[int, datetime], dict[str, Any]]] = {
    "ashby": _ashby,
    "bamboohr": _bamboohr,
    "certn": _certn,
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
VENDORS = tuple(_BODIES)  # that send webhooks


def body(vendor: str, number: int, at: datetime) -> dict[str, Any]:
    """An event of a vendor; others have other numbers."""
    return _BODIES[vendor](number, at)


def _headers(signed: bytes) -> dict[str, dict[str, str]]:
    """Of each vendor that signs in a header, the headers of a body that is signed."""
    signature, at = hexdigest(signed), "1795424400"
    return {
        "ashby": {"Ashby-Signature": f"sha256={signature}"},
        "bamboohr": {
            "X-BambooHR-Signature": hexdigest(signed + at.encode()),
            "X-BambooHR-Timestamp": at,
        },
        "certn": {"X-Signature": signature},
        "checkr": {"X-Checkr-Signature": signature},
        "deel": {"x-deel-signature": hexdigest(b"POST" + signed), "x-deel-hmac-label": "hires"},
        "docusign": {"X-DocuSign-Signature-1": b64encode(bytes.fromhex(signature)).decode()},
        "greenhouse": {"Signature": f"sha256 {signature}", "Greenhouse-Event-ID": "event-1"},
        "gusto": {"X-Gusto-Signature": signature},
        "lever": {},  # its signature is inside
        "workable": {"X-Workable-Signature": signature},
    }


def _signed_headers(content: bytes, signed: bytes, at: datetime) -> dict[str, str]:
    """The headers of SmartRecruiters, which tell all but ids and are signed with the body."""
    told = {
        "event-id": hashlib.sha256(content).hexdigest()[:32],
        "event-name": "application.created",
        "event-version": "v201910",
        "link": "<https://vendor.example/candidates/candidate-1>; rel=self",
    }
    stamp = str(int(at.timestamp()))
    message = b".".join([stamp.encode(), signed, *(each.encode() for each in told.values())])
    signature = f"v1={hexdigest(message)}"
    stamps = {"smartrecruiters-timestamp": stamp, "smartrecruiters-signature": signature}
    return {**told, **stamps}


def sent(vendor: str, content: bytes, signed: bytes | None = None, at: datetime = AT) -> Delivery:
    """A delivery of these bytes; `signed`: other bytes that the signature is made of.

    `at`: when it happened, for those who tell that in a header.
    """
    over = content if signed is None else signed
    if vendor == "dropbox_sign":
        part = b'--cut\r\nContent-Disposition: form-data; name="json"\r\n\r\n'
        headers = {"Content-Type": "multipart/form-data; boundary=cut"}
        return Delivery(part + content + b"\r\n--cut--\r\n", headers)
    if vendor == "twilio":
        kind = "application/x-www-form-urlencoded; charset=UTF-8"
        signs = {"X-Twilio-Signature": _twilio_signature(over)}
        return Delivery(content, {"Content-Type": kind, **signs})
    if vendor == "smartrecruiters":
        told = _signed_headers(content, over, at)
        return Delivery(content, {"Content-Type": "application/json", **told})
    return Delivery(content, {"Content-Type": "application/json", **_headers(over).get(vendor, {})})


def event(vendor: str, number: int, at: datetime) -> Delivery:
    """An event as the vendor delivers it."""
    return sent(vendor, _written(vendor, body(vendor, number, at)), at=at)


def _written(vendor: str, told: dict[str, Any]) -> bytes:
    return (urlencode(told) if vendor == "twilio" else json.dumps(told)).encode()


def _twilio_signature(form: bytes) -> str:
    fields = dict(parse_qsl(form.decode("latin-1"), keep_blank_values=True))
    signed = TWILIO_CALLS + "".join(name + fields[name] for name in sorted(fields))
    return b64encode(hmac.new(SECRET.encode(), signed.encode(), hashlib.sha1).digest()).decode()


Tampering = Callable[[dict[str, Any]], object]


def tampered(vendor: str, number: int, at: datetime, change: Tampering) -> Delivery:
    """An event that was changed on its way: the signature is that of the true one."""
    true = _written(vendor, body(vendor, number, at))
    told = body(vendor, number, at)
    change(told)
    return sent(vendor, _written(vendor, told), signed=true, at=at)
