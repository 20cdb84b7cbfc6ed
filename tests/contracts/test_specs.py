"""Every request we send is one that the vendor's own OpenAPI allows.

The documents are not ours to pass on: FULLCYCLE_VENDOR_SPECS names the folder they are in.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import Message
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest

from deployments.sandbox.server import Request
from tests.contracts import trial as trials
from tests.contracts.asked import KEY
from tests.contracts.trial import Trial
from tests.contracts.trials import TRIALS

FOLDER = os.environ.get("FULLCYCLE_VENDOR_SPECS", "")
DESCRIBED = {name: trial for name, trial in TRIALS.items() if trial.spec}
VENDOR = "http://vendor.example"
Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
NOT_TEXT: dict[str, Callable[[str], Any]] = {  # fields of forms
    "expires_at": int,
    "test_mode": lambda text: text == "1",
    "allow_decline": lambda text: text == "1",
}

pytestmark = pytest.mark.skipif(not FOLDER, reason="FULLCYCLE_VENDOR_SPECS is not set")


@cache
def described(name: str) -> Json:
    """The vendor's document, as if the vendor were at VENDOR."""
    text = (Path(FOLDER) / name).read_text(encoding="utf-8")
    told: Json = yaml.load(text, yaml.CSafeLoader)
    told = _of_swagger(told) if "swagger" in told else told
    for operation in _operations(told):
        for parameter in operation.get("parameters", ()):
            if "Comma-separated" in parameter.get("description", ""):  # as BambooHR's examples are
                parameter["explode"] = False
    return told | {"servers": [{"url": VENDOR}]}


@cache
def validator(name: str) -> OpenAPI:
    """What validates requests; inside a deepObject the library can read no numbers."""
    told: Json = json.loads(json.dumps(described(name), default=str))
    for operation in _operations(told):
        given = operation.get("parameters", ())
        operation["parameters"] = [each for each in given if each.get("style") != "deepObject"]
    return OpenAPI.from_dict(told, Config(spec_validator_cls=None))


def unknown(document: Json, request: MockRequest) -> set[str]:
    """Which parameters and fields of a request its operation does not know."""
    fitting = [
        template
        for template, path in document["paths"].items()
        if request.method in path
        and re.fullmatch(re.sub(r"{[^}]*}", "[^/]+", template), request.path)
    ]
    operation = document["paths"][min(fitting, key=lambda each: each.count("{"))][request.method]
    given = [_whole(document, each) for each in operation.get("parameters", ())]
    names = {name.partition("[")[0] for name in request.parameters.query}
    names -= {each["name"].partition("[")[0] for each in given if each["in"] == "query"}
    body = operation.get("requestBody")
    if not body or not request.body:
        return names
    schema = _whole(document, body)["content"]["application/json"]["schema"]
    fields = _fields(document, schema)
    sent = json.loads(request.body)
    return names | (set(sent) - fields if fields and isinstance(sent, dict) else set())


def _whole(document: Json, part: Json) -> Json:
    """What a reference refers to."""
    while "$ref" in part:
        *path, last = part["$ref"].removeprefix("#/").split("/")
        inner = document
        for step in path:
            inner = inner[_unescaped(step)]
        part = inner[_unescaped(last)]
    return part


def _unescaped(step: str) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return unquote(step).replace("~1", "/").replace("~0", "~")


def _fields(document: Json, schema: Json) -> set[str]:
    """The fields of an object, in all shapes that it may have; none if it may have any."""
    schema = _whole(document, schema)
    if schema.get("additionalProperties"):
        return set()
    more = [part for how in ("allOf", "oneOf", "anyOf") for part in schema.get(how, ())]
    return set(schema.get("properties", ())).union(*(_fields(document, part) for part in more))


def _operations(document: Any) -> Iterator[Json]:
    for path in document["paths"].values():
        yield from (path[method] for method in METHODS if method in path)


def _of_swagger(document: Any) -> Json:
    """Say in OpenAPI 3 what a document says in Swagger 2 of parameters and JSON bodies."""
    text = json.dumps(document).replace("#/definitions/", "#/components/schemas/")
    told: Json = json.loads(text)
    for operation in _operations(told):
        given = operation.pop("parameters", [])
        operation["parameters"] = [
            {k: each[k] for k in ("name", "in", "required") if k in each}
            | {"schema": {k: each[k] for k in ("type", "items", "enum") if k in each}}
            for each in given
            if each["in"] in ("path", "query", "header")
        ]
        for each in given:
            if each["in"] == "body":
                content = {"application/json": {"schema": each["schema"]}}
                operation["requestBody"] = {"content": content}
        operation["responses"] = {"default": {"description": ""}}
    return {
        "openapi": "3.0.3",
        "info": told["info"],
        "paths": told["paths"],
        "components": {"schemas": told["definitions"]},
    }


def sent(trial: Trial) -> Iterator[Request]:
    """Everything that a connector asks in a trial: of each kind of write, and all reads."""
    verbs = {write.verb: write for write in trial.writes}
    for write in verbs.values():
        with trials.bench(trial) as bench:
            request = write.request(bench)
            getattr(bench.port, write.verb)(request, KEY)
            bench.port.find(request, KEY)
            yield from (asked for asked, _ in bench.sandbox.asked if trial.is_described(asked.path))
    with trials.bench(trial) as bench:
        watching = trial.filled(bench)
        list(bench.pages(bench.port, watching))
        list(bench.port.check())
        yield from (asked for asked, _ in bench.sandbox.asked if trial.is_described(asked.path))


def as_described(trial: Trial, request: Request) -> MockRequest:
    """A request as the document sees it."""
    prefix = f"/{request.path.split('/')[1]}{trial.served}"
    kind = request.headers.get("content-type", "application/json")
    body = _of_form(kind, request.raw) if kind.startswith("multipart/") else request.raw
    return MockRequest(
        VENDOR,
        request.method.lower(),
        request.path.removeprefix(prefix),
        args=dict(request.query),
        headers=dict(request.headers),
        data=body or None,
        content_type="application/json" if kind.startswith("multipart/") else kind,
    )


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


@pytest.mark.parametrize("trial", DESCRIBED.values(), ids=DESCRIBED)
def test_every_request_is_one_that_the_vendor_describes(trial: Trial) -> None:
    document, wrong = described(trial.spec), set()
    for request in sent(trial):
        asked = as_described(trial, request)
        try:
            validator(trial.spec).validate_request(asked)
        except OpenAPIError as failure:
            causes = getattr(failure.__cause__, "schema_errors", ())
            told = "; ".join(error.message for error in causes) or str(failure.__cause__)
            wrong.add(f"{request.method} {request.path}: {failure}: {told}"[:400])
        else:
            if names := unknown(document, asked):
                wrong.add(f"{request.method} {request.path}: there is no {', '.join(names)}")
    assert not wrong
