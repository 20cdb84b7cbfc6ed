"""What we ask is what the vendor's own OpenAPI allows, and its stand-in answers as it says.

The documents are not ours to pass on: FULLCYCLE_VENDOR_SPECS names the folder they are in.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from connectors.registry import VENDORS
from deployments.sandbox.envelopes import Event, sealed
from deployments.sandbox.server import Answer, Request
from tests.contracts import documents
from tests.contracts import trial as trials
from tests.contracts.asked import KEY
from tests.contracts.described import (
    ANSWERING,
    DESCRIBED,
    as_described,
    body_of,
    document,
    validator,
)
from tests.contracts.documents import JSON, VENDOR, WEBHOOK
from tests.contracts.trial import NOW, Trial

# Fields that are in the vendor's own documents, and newer than the models we have of it.
NEWER = {"greenhouse": {"job_interview_stage_id", "rejection_reason_id"}}

# Whose documents describe webhooks, and as what; "": each kind for itself.
SENDING = {"ashby": "", "bamboohr": "", "dropbox_sign": "accountCallback"}

pytestmark = pytest.mark.skipif(not documents.FOLDER, reason="FULLCYCLE_VENDOR_SPECS is not set")


def said(trial: Trial) -> Iterator[tuple[Request, Answer]]:
    """All that is asked and answered in a trial: each kind of write, all reads, and the check."""
    for write in {write.verb: write for write in trial.writes}.values():
        with trials.bench(trial) as bench:
            request = write.request(bench)
            getattr(bench.port, write.verb)(request, KEY)
            bench.port.find(request, KEY)
            yield from bench.sandbox.asked
    with trials.bench(trial) as bench:
        watching = trial.filled(bench)
        list(bench.pages(bench.port, watching))
        list(bench.port.check())
        getattr(bench.port, "subscribed", list)()
        yield from bench.sandbox.asked


def webhooks(trial: Trial) -> Iterator[tuple[str, bytes]]:
    """Everything that the vendor posts to us meanwhile, by its kind."""
    writes = {write.verb: write for write in trial.writes}.values()
    for write in (*writes, None):
        with trials.bench(trial) as bench:
            told: dict[str, Any] = {}
            bench.stand_in.tell = told.__setitem__
            if write:
                getattr(bench.port, write.verb)(write.request(bench), KEY)
            else:
                trial.filled(bench)
        for kind, about in told.items():
            event = Event(trial.vendor, kind, about, "0" * 64, NOW, VENDOR)
            body = sealed(event, "secret").body
            yield kind, body[body.index(b"{") : body.rindex(b"}") + 1]  # also inside a form


def described(trial: Trial) -> Iterator[tuple[MockRequest, Answer]]:
    """Those of them that the document is to describe."""
    for asked, answer in said(trial):
        if trial.is_described(asked.path):
            yield as_described(trial, asked), answer


def _why(failure: OpenAPIError) -> str:
    """What exactly is wrong; the library names only the whole."""
    errors = [_deepest(error) for error in getattr(failure.__cause__, "schema_errors", ())]
    told = "; ".join(f"{error.json_path} {error.message}" for error in errors)
    return (told or f"{failure}: {failure.__cause__}")[:400]


def _deepest(error: Any) -> Any:
    """Of all shapes that a value may have, what is wrong with the one that it nearly has."""
    inner = (_deepest(each) for each in error.context)
    return max(inner, key=lambda each: len(each.absolute_path), default=error)


@pytest.mark.parametrize("trial", DESCRIBED.values(), ids=DESCRIBED)
def test_every_request_is_one_that_the_vendor_describes(trial: Trial) -> None:
    told, wrong = document(trial), set()
    for asked, _ in described(trial):
        what = f"{asked.method} {asked.path}"
        try:
            validator(trial).validate_request(asked)
        except OpenAPIError as failure:
            wrong.add(f"{what}: {_why(failure)}")
            continue
        operation = documents.operation(told, asked.method, asked.path)
        known = documents.parameters(told, operation)
        names = {name.partition("[")[0] for name in asked.parameters.query}
        names -= {each["name"].partition("[")[0] for each in known if each["in"] == "query"}
        schema = documents.schema_of(told, operation.get("requestBody", {}))
        names |= documents.unknown(told, [schema], body_of(asked))
        wrong |= {f"{what}: there is no {name}" for name in names}
    assert not wrong


@pytest.mark.parametrize("trial", ANSWERING.values(), ids=ANSWERING)
def test_every_answer_of_the_stand_in_is_one_that_the_vendor_describes(trial: Trial) -> None:
    told, wrong = document(trial), set()
    for asked, answer in described(trial):
        operation = documents.operation(told, asked.method, asked.path)
        schema = documents.answered(told, operation, answer.status)
        if not schema:  # it has no body, or is a general refusal
            continue
        what = f"{asked.method} {asked.path} {answer.status}"
        response = MockResponse(json.dumps(answer.body).encode(), answer.status, content_type=JSON)
        try:
            validator(trial).validate_response(asked, response)
        except OpenAPIError as failure:
            wrong.add(f"{what}: {_why(failure)}")
        names = documents.unknown(told, [schema], answer.body) - NEWER.get(trial.vendor, set())
        wrong |= {f"{what}: there is no {name}" for name in names}
    assert not wrong


@pytest.mark.parametrize("name", SENDING)
def test_every_webhook_of_the_stand_in_is_one_that_the_vendor_describes(name: str) -> None:
    trial, found = DESCRIBED[name], 0
    told, wrong = document(trial), set()
    for kind, body in webhooks(trial):
        found += 1
        path = WEBHOOK + (SENDING[name] or kind)
        posted = MockRequest(VENDOR, "post", path, data=body, content_type=JSON)
        try:
            validator(trial).validate_request(posted)
        except OpenAPIError as failure:
            wrong.add(f"{kind}: {_why(failure)}")
        operation = documents.operation(told, "post", path)
        schema = documents.schema_of(told, operation.get("requestBody", {}))
        names = documents.unknown(told, [schema], json.loads(body))
        wrong |= {f"{kind}: there is no {name}" for name in names}
    assert found
    assert not wrong


@pytest.mark.parametrize("name", [name for name, as_what in SENDING.items() if not as_what])
def test_every_webhook_that_the_vendor_describes_is_read(name: str) -> None:
    told, sender = document(DESCRIBED[name]), VENDORS[name].webhooks
    assert sender
    for kind, item in told["webhooks"].items():
        shown = documents.schema_of(told, item["post"]["requestBody"])
        body = documents.sample(told, [shown])
        event = sender.event(json.dumps(body).encode(), {})
        assert event.kind == kind
