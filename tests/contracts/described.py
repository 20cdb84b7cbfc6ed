"""What is asked of the vendors whose own OpenAPI document we have, as such a document sees it."""

import json
import re
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest

from deployments.sandbox.server import Request
from tests.contracts import documents
from tests.contracts.documents import FORM, JSON, VENDOR, Json
from tests.contracts.trial import Trial
from tests.contracts.trials import TRIALS

ANSWERING = {name: trial for name, trial in TRIALS.items() if trial.spec}
DESCRIBED = {name: trial for name, trial in ANSWERING.items() if not trial.answers}
"""Those whose document describes requests, too."""
NOT_TEXT: dict[str, Callable[[str], Any]] = {  # fields of forms
    "expires_at": int,
    "test_mode": lambda text: text == "1",
    "allow_decline": lambda text: text == "1",
}


def document(trial: Trial) -> Json:
    """The document of a vendor."""
    return documents.described(trial.spec, json.dumps(trial.answers))


def validator(trial: Trial) -> OpenAPI:
    """What validates against it."""
    return documents.validator(trial.spec, json.dumps(trial.answers))


def as_described(trial: Trial, request: Request) -> MockRequest:
    """A request as the document sees it."""
    prefix = f"/{request.path.split('/')[1]}{trial.served}"
    kind = request.headers.get("content-type", JSON)
    body = _of_form(kind, request.raw) if kind.startswith("multipart/") else request.raw
    return MockRequest(
        VENDOR,
        request.method.lower(),
        request.path.removeprefix(prefix),
        args=dict(request.query),
        headers=dict(request.headers),
        data=body or None,
        content_type=JSON if kind.startswith("multipart/") else kind,
    )


def body_of(request: MockRequest) -> Any:
    """What a request says."""
    raw = request.body or b"{}"
    return dict(parse_qsl(raw.decode())) if request.content_type == FORM else json.loads(raw)


def _of_form(kind: str, raw: bytes) -> bytes:
    """Say in JSON what a form says by names like `signers[0][name]`, which OpenAPI cannot."""
    told: Json = {}
    parts = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw)
    for part in parts.get_payload():
        assert isinstance(part, Message)
        name = str(part.get_param("name", header="content-disposition"))
        *path, last = re.findall(r"[^\[\]]+", name)
        inner = told
        for step in path:
            inner = inner.setdefault(step, {})
        text = str(part.get_payload())
        inner[last] = NOT_TEXT.get(name, str)(text)
    return json.dumps(_lists(told)).encode()


def _lists(told: Any) -> Any:
    """Make lists of what is numbered from 0."""
    if not isinstance(told, dict):
        return told
    inner = {name: _lists(value) for name, value in told.items()}
    return list(inner.values()) if inner and "0" in inner else inner
