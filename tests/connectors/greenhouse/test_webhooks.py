"""A webhook is believed if it is signed, and tells no more than what it is about."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from connectors.applicant_tracking import greenhouse
from connectors.errors import (
    Unreadable,
)
from connectors.ports import ApplicantTracker
from connectors.records import (
    RejectApplication,
)
from deployments.sandbox.envelopes import Event, sealed
from deployments.sandbox.greenhouse import Greenhouse
from tests.connectors.greenhouse.account import OPEN
from tests.connectors.tracking import NOW, applying


def test_only_a_webhook_signed_with_our_secret_is_believed() -> None:
    raw = b'{"action": "ping", "payload": {}}'
    signature = "sha256 " + hmac.new(b"secret", raw, hashlib.sha256).hexdigest()

    assert greenhouse.verify_webhook(raw, {"signature": signature}, "secret")
    assert greenhouse.verify_webhook(raw, {"Signature": signature}, "secret")
    assert not greenhouse.verify_webhook(raw + b" ", {"Signature": signature}, "secret")
    assert not greenhouse.verify_webhook(raw, {"Signature": signature[7:]}, "secret")
    assert not greenhouse.verify_webhook(raw, {}, "secret")


def test_what_the_stand_in_sends_is_believed_and_names_application_and_job(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    told: list[tuple[str, Any]] = []
    vendor.tell = lambda kind, about: told.append((kind, about))
    job = tracker.open_job(OPEN.model_copy(update={"title": "Cook & <chef>"}), "k").external_id
    ref = tracker.add_application(applying(job), "a").external_id
    tracker.reject(RejectApplication(application_ref=ref, reason="not_qualified"), "r")

    events = []
    for kind, about in told:
        post = sealed(Event("greenhouse", kind, about, "0" * 64, NOW, "http://us"), "secret")
        assert b"&" not in post.body
        assert greenhouse.verify_webhook(post.body, post.headers, "secret")
        event = greenhouse.read_webhook(post.body)
        events.append((event.kind, event.refs))

    assert events == [
        ("job_created", (job,)),
        ("new_candidate_application", (ref, job)),
        ("reject_candidate", (ref, job)),
        ("application_updated", (ref, job)),
    ]


def test_without_a_secret_no_webhook_is_believed() -> None:
    signature = "sha256 " + hmac.new(b"", b"{}", hashlib.sha256).hexdigest()

    assert not greenhouse.verify_webhook(b"{}", {"Signature": signature}, "")


@pytest.mark.parametrize(
    ("payload", "refs"),
    [
        (
            {"application": {"id": 46, "candidate": {"first_name": "Ada"}, "jobs": [{"id": 3}]}},
            "46 3",
        ),
        ({"application": {"id": 46, "jobs": []}}, "46"),
        ({"application": {"id": 46, "job_id": 3}}, "46 3"),
        ({"id": 9, "application_id": 46, "job_id": 3}, "46 3"),
        ({"offer": {"id": 9, "application_id": 46}}, "46"),
        ({"job": {"id": 3}}, "3"),
        ({"application": {"id": True, "jobs": "none"}}, ""),
    ],
)
def test_a_webhook_tells_which_application_and_job_it_is_about_and_nothing_personal(
    payload: dict[str, Any], refs: str
) -> None:
    raw = json.dumps({"action": "candidate_stage_change", "payload": payload}).encode()

    event = greenhouse.read_webhook(raw)

    assert (event.kind, event.refs, event.at) == (
        "candidate_stage_change",
        tuple(refs.split()),
        None,
    )
    assert event.id == hashlib.sha256(raw).hexdigest()
    assert event.id != greenhouse.read_webhook(raw + b" ").id


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"action": "Ada Winter"}', b"[" * 50_000])
def test_a_body_that_is_no_webhook_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        greenhouse.read_webhook(raw)
