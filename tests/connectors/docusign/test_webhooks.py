"""What Connect sends is believed by any of its signatures, and known again when it is repeated."""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Unreadable
from connectors.signatures.docusign.webhooks import read_webhook, verify_webhook
from connectors.webhook import Event
from deployments.sandbox.docusign import DocuSign
from deployments.sandbox.envelopes import Envelope, sealed
from deployments.sandbox.envelopes import Event as Posted
from deployments.sandbox.world import World
from tests.connectors.docusign.account import A_DAY, NOW, Town

AT = datetime(2026, 3, 2, 15, 20, 7, 123000, tzinfo=UTC)
ENVELOPE = "4b728be4-1c0e-4c8a-9d3f-d63e23f822b6"


def told(**changed: Any) -> bytes:
    """A message in the shape of Connect's published sample."""
    data = {
        "accountId": "c2c7a3d4-90de-4f0a-b6a0-3f6a4f6f1e12",
        "userId": "7d0e5a52-1d0b-4a5e-8a35-2f3f6c2f9a11",
        "envelopeId": ENVELOPE,
        "envelopeSummary": {"status": "completed", "sender": {"userName": "Rae Offers"}},
    }
    return json.dumps(
        {
            "event": "envelope-completed",
            "uri": f"/restapi/v2.1/accounts/1/envelopes/{ENVELOPE}",
            "retryCount": 0,
            "configurationId": 12345,
            "apiVersion": "v2.1",
            "generatedDateTime": "2026-03-02T15:20:07.1230000Z",
            "data": data,
            **changed,
        }
    ).encode()


def signature(raw: bytes, secret: str) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), raw, "sha256")).decode()


def test_the_signature_is_that_of_the_published_rule_for_a_published_vector() -> None:
    """RFC 4231, test case 2; DocuSign publishes its rule (HMAC-SHA256, base64) without a vector."""
    raw = b"what do ya want for nothing?"
    code = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    given = base64.b64encode(bytes.fromhex(code)).decode()

    assert verify_webhook(raw, {"X-DocuSign-Signature-1": given}, "Jefe")


def test_the_sandbox_signs_as_docusign_does() -> None:
    vendor = DocuSign(World(seed=7, now=NOW), Town(ada="accepts"))
    posts: list[Envelope] = []
    vendor.tell = lambda kind, about: posts.append(
        sealed(Posted("docusign", kind, about, "", vendor.world.now, ""), vendor.webhook_secret)
    )
    vendor.edit()
    vendor.world.advance(NOW + 2 * A_DAY)

    events = [read_webhook(post.body) for post in posts]
    assert all(verify_webhook(p.body, p.headers, vendor.webhook_secret) for p in posts)
    assert {event.refs for event in events} == {tuple(vendor._rows)}
    assert {"envelope-sent", "recipient-completed", "envelope-completed"} <= {
        event.kind for event in events
    }


def test_any_one_of_the_accounts_keys_is_enough() -> None:
    raw = told()
    headers = {
        "X-Authorization-Digest": "HMACSHA256",
        "x-docusign-signature-1": signature(raw, "an older key"),
        "X-DOCUSIGN-SIGNATURE-2": signature(raw, "ours"),
    }

    assert verify_webhook(raw, headers, "ours")
    assert not verify_webhook(raw, headers, "another")
    assert not verify_webhook(raw + b" ", headers, "ours")
    assert not verify_webhook(raw, headers, "")
    assert not verify_webhook(raw, {}, "ours")
    assert not verify_webhook(raw, {"X-DocuSign-Signature-1": "é"}, "ours")
    assert not verify_webhook(raw, {"Signature": signature(raw, "ours")}, "ours")


def test_an_event_tells_which_envelope_and_when_and_nothing_of_anybody() -> None:
    event = read_webhook(told())

    assert event == Event(id=event.id, kind="envelope-completed", refs=(ENVELOPE,), at=AT)


def test_a_retry_is_the_same_event_and_any_other_is_another() -> None:
    first = read_webhook(told()).id
    of_one_signer = {"envelopeId": ENVELOPE, "recipientId": "1"}

    assert read_webhook(told(retryCount=3)).id == first
    others = [
        told(event="envelope-sent"),
        told(generatedDateTime="2026-03-02T15:20:08.0000000Z"),
        told(data={"envelopeId": "another"}),
        told(data=of_one_signer),
    ]
    assert len({first, *(read_webhook(other).id for other in others)}) == 5


@pytest.mark.parametrize(
    "changed",
    [
        {"event": ""},
        {"event": "Zoë Müller <zoe@people.example>"},
        {"event": None},
        {"data": {}},
        {"data": None},
        {"data": {"envelopeId": 7}},
        {"generatedDateTime": ""},
        {"generatedDateTime": "2026-03-02T15:20:07"},
        {"generatedDateTime": None},
    ],
)
def test_a_message_that_says_too_little_is_unreadable(changed: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read_webhook(told(**changed))


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_comes_is_an_event_or_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_webhook(raw)
