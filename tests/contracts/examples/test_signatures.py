"""What providers of signatures show is read: whose offer it is, and whether it is signed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.errors import ConnectorError, Misconfigured, Refused, Unavailable
from connectors.records import CancelOffer, SignatureStatus
from connectors.signatures import dropbox_sign
from connectors.signatures.docusign.webhooks import read_webhook
from deployments.sandbox.server import Answer
from tests.contracts import documents
from tests.contracts.asked import offering
from tests.contracts.quoting import changed, example, needs_examples, quoting, read, unread
from tests.contracts.trials import TRIALS

pytestmark = needs_examples
Json = dict[str, Any]
OURS = {"application_key": "HARBOR-3.ada", "offer_hash": "5d41402a", "key": "k"}
SENT = ("Get", "Send", "SendWithTemplate", "CreateEmbedded")


def of_dropbox(name: str) -> Json:
    told: Json = example(f"dropbox_sign/examples/{name}.json")
    return told


def ours(told: Json) -> Json:
    """A signature request as it would be, had we sent it."""
    shown: Json = changed(told, metadata={**told["metadata"], **OURS})
    return shown


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize("name", SENT)
def test_dropboxs_signature_request_is_an_offer(name: str) -> None:
    told = ours(of_dropbox(f"SignatureRequest{name}Response")["signature_request"])
    ref, signed = told["signature_request_id"], [s["signed_at"] for s in told["signatures"]]
    says = {"GET /v3/signature_request/.*": {"signature_request": told}}
    with quoting("dropbox_sign", says) as bench:
        (found,) = read(bench, "signature_requests", ref)
    assert found.external_id == ref
    assert (found.application_key, found.offer_hash) == (OURS["application_key"], "5d41402a")
    is_signed = told["is_complete"]
    assert found.status is (SignatureStatus.SIGNED if is_signed else SignatureStatus.AWAITING)
    assert found.signed_at == (at(signed[0]) if is_signed else None)
    assert found.updated_at >= at(told["created_at"])


def test_a_request_that_does_not_say_when_it_was_sent_is_unreadable() -> None:
    name = "SignatureRequestCreateEmbeddedWithTemplateResponse"
    told = ours(of_dropbox(name)["signature_request"])
    says = {"GET /v3/signature_request/.*": {"signature_request": told}}
    with quoting("dropbox_sign", says) as bench:
        found, why = unread(bench, "signature_requests", told["signature_request_id"])
    assert (found, len(why)) == ([], 1)


def test_dropboxs_list_is_read_to_its_end_but_for_what_is_not_ours() -> None:
    told = of_dropbox("SignatureRequestListResponse")
    first, *others = told["signature_requests"]
    shown = {**told, "signature_requests": [ours(first), *others]}
    says = {"GET /v3/signature_request/list": shown}
    with quoting("dropbox_sign", says) as bench:
        (found,) = read(bench, "all_signature_requests")
    assert (found.external_id, found.status) == (
        first["signature_request_id"],
        SignatureStatus.AWAITING,
    )


def test_every_state_of_a_signer_is_known_and_one_of_next_year_is_unreadable() -> None:
    document = documents.described(TRIALS["dropbox_sign"].spec)
    signer = document["components"]["schemas"]["SignatureRequestResponseSignatures"]
    told = ours(of_dropbox("SignatureRequestSendResponse")["signature_request"])
    ref = told["signature_request_id"]
    for state in (*signer["properties"]["status_code"].get("enum", ()), "of-next-year"):
        signatures = [{**each, "status_code": state} for each in told["signatures"]]
        shown = {"signature_request": {**told, "signatures": signatures}}
        with quoting("dropbox_sign", {"GET /v3/signature_request/.*": shown}) as bench:
            found, _ = unread(bench, "signature_requests", ref)
        assert [each.status for each in found] != [SignatureStatus.SIGNED]
        assert bool(found) == (state != "of-next-year"), state


def test_what_dropbox_answers_to_an_offer_proves_it() -> None:
    told = of_dropbox("SignatureRequestSendResponse")
    with quoting("dropbox_sign", {"POST /v3/signature_request/send": told}) as bench:
        made = bench.port.send(offering(bench), "s")
    assert made.external_id == told["signature_request"]["signature_request_id"]


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (400, Refused),
        (401, Misconfigured),
        (402, ConnectorError),
        (403, Misconfigured),
        (404, Refused),
        (429, Unavailable),
    ],
)
def test_what_dropbox_answers_to_a_bad_request_is_refused(
    status: int, means: type[ConnectorError]
) -> None:
    refusal = Answer(status, of_dropbox(f"Error{status}Response"))
    says = {"POST /v3/signature_request/.*": refusal}
    with quoting("dropbox_sign", says) as bench, pytest.raises(means):
        bench.port.send(offering(bench), "s")


def test_a_cancelled_request_is_gone_from_dropbox() -> None:
    gone = Answer(410, of_dropbox("Error410Response"))
    with quoting("dropbox_sign", {"GET /v3/signature_request/.*": gone}) as bench:
        (found,) = read(bench, "signature_requests", "a-ref")
        assert bench.port.find(CancelOffer(signature_ref="a-ref"), "c") is not None
    assert found.status is SignatureStatus.CANCELLED


@pytest.mark.parametrize(
    "name",
    [
        "AccountSignatureRequestSent",
        "AccountTemplateCreated",
        "AppAccountConfirmed",
        "AppSignatureRequestSent",
        "AppTemplateCreated",
    ],
)
def test_dropboxs_callback_says_what_happened_and_when(name: str) -> None:
    told = of_dropbox(f"EventCallback{name}")
    event = dropbox_sign.read_callback(json.dumps(told))
    assert event.kind == told["event"]["event_type"]
    assert event.at == at(int(told["event"]["event_time"]))


def test_docusigns_webhook_names_the_envelope() -> None:
    told = example("docusign/connect.schema-v2.sample-payload.json")
    told = {**told, "event": "envelope-completed", "generatedDateTime": "2026-03-02T15:00:00.000Z"}
    told["data"]["envelopeId"] = "6f1e12"
    event = read_webhook(json.dumps(told).encode())
    assert event.refs == (told["data"]["envelopeId"],)
    assert event.at == datetime(2026, 3, 2, 15, tzinfo=UTC)


def test_docusigns_envelope_is_an_offer() -> None:
    shown = example("docusign/connect.schema-v2.sample-payload.json")["data"]["envelopeSummary"]
    ids = {"application": OURS["application_key"], "offer": OURS["offer_hash"], "key": "k"}
    texts = [{"name": f"fullcycle_{name}", "value": value} for name, value in ids.items()]
    when = "2026-03-02T15:00:00.0000000Z"
    told = {
        **shown,
        "customFields": {**shown["customFields"], "textCustomFields": texts},
        "statusChangedDateTime": when,
        "completedDateTime": when,
    }
    for status, means in (
        ("completed", SignatureStatus.SIGNED),
        ("declined", SignatureStatus.DECLINED),
        ("sent", SignatureStatus.AWAITING),
        ("sample string 2", None),
    ):
        envelopes = {
            "resultSetSize": "1",
            "totalSetSize": "1",
            "startPosition": "0",
            "endPosition": "0",
            "envelopes": [{**told, "status": status}],
        }
        with quoting("docusign", {"GET .*/envelopes": envelopes}) as bench:
            found, why = unread(bench, "signature_requests", told["envelopeId"])
        assert [each.status for each in found] == ([means] if means else [])
        assert bool(why) == (means is None)
        for each in found:
            assert (each.external_id, each.application_key) == (
                told["envelopeId"],
                OURS["application_key"],
            )
            assert each.updated_at == datetime(2026, 3, 2, 15, tzinfo=UTC)
