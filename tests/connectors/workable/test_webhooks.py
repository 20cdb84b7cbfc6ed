"""A webhook is believed if it is signed, and tells no more than what it is about."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.access import Access
from connectors.applicant_tracking import workable
from connectors.errors import Unreadable
from connectors.ports import ApplicantTracker
from connectors.records import TrackerStage
from deployments.sandbox.envelopes import Event, sealed
from deployments.sandbox.workable import Workable
from tests.connectors.tracking import NOW, applying
from tests.connectors.workable.account import OPEN, moving

# HMAC-SHA256 as anybody may compute it: the header holds nothing but the hex digits
VECTOR = (
    b'{"action":"ping","data":{"id":"1"}}',
    "test-secret",
    "ce1f08d0cb950146686fd4add78aa2cdd52930293b2de6e57b6cc21f1411e41e",
)


def test_only_a_webhook_signed_with_our_secret_is_believed() -> None:
    raw, secret, signature = VECTOR

    assert workable.verify_webhook(raw, {"X-Workable-Signature": signature}, secret)
    assert workable.verify_webhook(raw, {"x-workable-signature": signature}, secret)
    assert not workable.verify_webhook(raw + b" ", {"X-Workable-Signature": signature}, secret)
    assert not workable.verify_webhook(raw, {"X-Workable-Signature": "é"}, secret)
    assert not workable.verify_webhook(raw, {}, secret)
    assert not workable.verify_webhook(raw, {"X-Workable-Signature": signature}, "")


@pytest.mark.parametrize(
    ("secrets", "signs"), [({}, "a token"), ({"webhook": "an application's"}, "an application's")]
)
def test_the_token_signs_unless_it_is_one_of_an_oauth_application(
    secrets: dict[str, str], signs: str
) -> None:
    account = Access("https://harbor.workable.com/spi/v3", "a token", secrets=secrets)
    signature = hmac.new(signs.encode(), b"{}", hashlib.sha256).hexdigest()
    sender = workable.VENDOR.webhooks

    assert sender
    assert sender.signed(b"{}", {"X-Workable-Signature": signature}, account)


def test_what_the_stand_in_sends_is_believed_and_names_candidate_and_job(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    told: list[tuple[str, Any]] = []
    vendor.tell = lambda kind, about: told.append((kind, about))
    job = tracker.open_job(OPEN, "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    tracker.move(moving(ref, TrackerStage.SCREEN), "m")

    events = []
    for kind, about in told:
        post = sealed(Event("workable", kind, about, "0" * 64, NOW, "http://us"), vendor.key)
        assert workable.verify_webhook(post.body, post.headers, vendor.key)
        event = workable.read_webhook(post.body)
        events.append((event.kind, event.refs, event.at))

    assert events == [
        ("candidate_created", (ref, job), NOW),
        ("candidate_moved", (ref, job), NOW),
    ]


def test_a_webhook_without_an_id_is_known_by_its_body() -> None:
    raw = json.dumps({"event_type": "candidate_moved", "data": {"id": "2727baa2"}}).encode()

    event = workable.read_webhook(raw)

    assert event.id == hashlib.sha256(raw).hexdigest()
    assert (event.refs, event.at) == (("2727baa2",), None)


def test_a_webhook_says_when_it_was_fired() -> None:
    told = {"id": "e1", "event_type": "candidate_created", "fired_at": "2026-03-02T15:00:00.25Z"}

    event = workable.read_webhook(json.dumps(told).encode())

    assert (event.id, event.refs) == ("e1", ())
    assert event.at == datetime(2026, 3, 2, 15, 0, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"event_type": "Ada Byron"}',
        b'{"event_type": "candidate_moved", "id": "Ada Byron"}',
        b'{"event_type": "candidate_moved", "fired_at": "yesterday"}',
        b"[" * 50_000,
    ],
)
def test_a_body_that_is_no_webhook_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        workable.read_webhook(raw)
