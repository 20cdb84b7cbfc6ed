"""The vendors' own OpenAPI documents: what they allow us to ask, and what they answer.

The documents are not ours to pass on: FULLCYCLE_VENDOR_SPECS names the folder they are in.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml
from openapi_core import Config, OpenAPI

FOLDER = os.environ.get("FULLCYCLE_VENDOR_SPECS", "")
VENDOR = "http://vendor.example"
WEBHOOK = "/webhooks/"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
METHODS = ("get", "post", "put", "patch", "delete")
Json = dict[str, Any]
DEEPEST = 4  # objects inside one another, of what is made up
ANY: Json = {"integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
TEXTS = {
    "date": "2026-03-02",
    "date-time": "2026-03-02T15:00:00.000Z",
    "email": "ada@example.test",
    "uri": "https://vendor.example/",
    "uuid": "9f2c11ab-0000-4000-8000-000000000001",
}


@cache
def described(name: str, answers: str = "{}") -> Json:
    """The vendor's document, as if the vendor were at VENDOR.

    answers: as JSON, what is answered to each request, where the document has but models.
    """
    path = Path(FOLDER) / name
    told = _of_models(path, json.loads(answers)) if answers != "{}" else _of_openapi(path)
    sent: Json = told.get("webhooks") or told.get("x-webhooks") or {}
    for kind, item in sent.items():
        told["paths"][WEBHOOK + kind] = {"post": _as_asked(told, item["post"])}
    for path_item in told["paths"].values():
        path_item.pop("servers", None)
    for operation in _operations(told):
        for parameter in operation.get("parameters", ()):
            if "Comma-separated" in parameter.get("description", ""):  # as BambooHR's examples are
                parameter["explode"] = False
    for schema in _objects(told):
        if isinstance(schema.get("enum"), list) and "null" in schema.get("type", ""):
            schema["enum"].append(None)  # Ashby forgets it beside the type
    return told | {"servers": [{"url": VENDOR}]}


@cache
def validator(name: str, answers: str = "{}") -> OpenAPI:
    """What validates requests and answers; inside a deepObject the library can read no numbers."""
    told: Json = json.loads(json.dumps(described(name, answers), default=str))
    for operation in _operations(told):
        given = operation.get("parameters", ())
        operation["parameters"] = [each for each in given if each.get("style") != "deepObject"]
    return OpenAPI.from_dict(told, Config(spec_validator_cls=None))


def operation(document: Json, method: str, path: str) -> Json:
    """What the document says of one request; {} if nothing.

    The path with the fewest parameters fits best.
    """
    fitting = [
        template
        for template, described_path in document["paths"].items()
        if method in described_path and re.fullmatch(re.sub(r"{[^}]*}", "[^/]+", template), path)
    ]
    best = min(fitting, key=lambda each: each.count("{"), default=None)
    found: Json = document["paths"][best][method] if best else {}
    return found


def parameters(document: Json, operation: Json) -> list[Json]:
    """The parameters of an operation."""
    return [whole(document, each) for each in operation.get("parameters", ())]


def schema_of(document: Json, message: Json) -> Json:
    """The schema of a request or an answer, as JSON or as a form; {} where there is none."""
    content = whole(document, message).get("content", {})
    found: Json = content.get(JSON, content.get(FORM, {})).get("schema", {})
    return found


def answered(document: Json, operation: Json, status: int) -> Json:
    """The schema of what an operation answers with a status; {} where nothing is said of it."""
    answers: Json = operation.get("responses", {})
    return schema_of(document, answers.get(str(status)) or answers.get("default", {}))


def example(name: str, method: str, template: str, status: int = 200) -> Any:
    """The document's first whole example of what an operation answers."""
    return examples(name, method, template, status)[0]


def examples(name: str, method: str, template: str, status: int = 200) -> list[Any]:
    """The document's whole examples of what an operation answers."""
    document = described(name)
    answer = whole(document, document["paths"][template][method]["responses"][str(status)])
    content = answer["content"][JSON]
    of_schema: Json = whole(document, content["schema"]).get("x-examples", {})
    told = [each["value"] for each in content.get("examples", {}).values()] or of_schema.values()
    return [json.loads(json.dumps(each)) for each in told]


def unknown(document: Json, schemas: Iterable[Json], value: Any) -> set[str]:
    """The fields of a value, at any depth, that are in none of the shapes it may have."""
    these = parts(document, schemas)
    if isinstance(value, list):
        inside = [part["items"] for part in these if "items" in part]
        return {name for each in value for name in unknown(document, inside, each)}
    known = fields(these)
    may_have_more = any(part.get("additionalProperties") for part in these)
    if not isinstance(value, dict) or not known or may_have_more:
        return set()
    found = set()
    for name, inner in value.items():
        more = unknown(document, known[name], inner) if name in known else {""}
        found |= {f"{name}.{each}".rstrip(".") for each in more}
    return found


def parts(document: Json, schemas: Iterable[Json]) -> list[Json]:
    """Schemas, and all that they are made of or may be instead."""
    found = []
    for schema in schemas:
        this = whole(document, schema)
        inside = [part for how in ("allOf", "oneOf", "anyOf") for part in this.get(how, ())]
        found += [this, *parts(document, inside)]
    return found


def fields(parts: Iterable[Json]) -> dict[str, list[Json]]:
    """The fields of an object that is made of these parts, and the schemas of each."""
    found: dict[str, list[Json]] = {}
    for part in parts:
        for name, schema in part.get("properties", {}).items():
            found.setdefault(name, []).append(schema)
    return found


def values(parts: Iterable[Json]) -> list[Any]:
    """What a value may be, where its parts list that; None, too, if it may be null."""
    found = [each for part in parts for each in part.get("enum", ())]
    return [*found, None] if any(_may_be_null(part) for part in parts) else found


def sample(document: Json, schemas: Sequence[Json], depth: int = 0) -> Any:
    """A value of one of these shapes: the document's example, or anything of the kind."""
    these = parts(document, schemas)
    told = [part["example"] for part in these if part.get("example") is not None]
    if told := told or [each for each in values(these) if each is not None]:
        return told[0]
    if depth > DEEPEST:
        return None
    if known := fields(these):
        return {name: sample(document, kinds, depth + 1) for name, kinds in known.items()}
    if inside := [part["items"] for part in these if "items" in part]:
        return [sample(document, inside, depth + 1)]
    return next((_anything(part) for part in these if _kinds(part)), None)


def _anything(part: Json) -> Any:
    kind = min(_kinds(part) - {"null"})
    return TEXTS.get(part.get("format", ""), "text") if kind == "string" else ANY[kind]


def _kinds(part: Json) -> set[str]:
    told = part.get("type", ())
    return {told} if isinstance(told, str) else set(told)


def _may_be_null(part: Json) -> bool:
    return bool(part.get("nullable")) or "null" in _kinds(part)


def whole(document: Json, part: Json) -> Json:
    """What a reference refers to."""
    while "$ref" in part:
        inner: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            inner = inner[int(step) if isinstance(inner, list) else _unescaped(step)]
        part = inner
    return part


def _unescaped(step: str) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return unquote(step).replace("~1", "/").replace("~0", "~")


def _as_asked(document: Json, webhook: Json) -> Json:
    """A webhook as if it were asked of the vendor; what a form holds, as the JSON it is."""
    content = whole(document, webhook["requestBody"])["content"]
    body = {"content": {JSON: next(iter(content.values()))}}
    return {"requestBody": body, "responses": webhook["responses"], "security": []}


def _operations(document: Any) -> Iterator[Json]:
    for path in document["paths"].values():
        yield from (path[method] for method in METHODS if method in path)


def _objects(part: Any) -> Iterator[Json]:
    """Every object in a document."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        yield from _objects(inner)


def _of_openapi(path: Path) -> Json:
    text = path.read_text(encoding="utf-8")
    told: Json = json.loads(text) if path.suffix == ".json" else yaml.load(text, yaml.CSafeLoader)
    return _of_swagger(told) if "swagger" in told else told


def _of_models(path: Path, answers: Json) -> Json:
    """Make a document of models: of a file's definitions, or of a folder with a file for each."""
    if path.is_dir():
        models = {each.stem: json.loads(each.read_text("utf-8")) for each in path.glob("*.json")}
    else:
        text = path.read_text(encoding="utf-8").replace("#/$defs/", "#/components/schemas/")
        models = json.loads(text)["$defs"]
    for model in models.values():
        model.pop("additionalProperties", None)  # what else is there, `unknown` tells
    paths: Json = {}
    for asked, schema in answers.items():
        method, _, template = asked.partition(" ")
        answer = {"description": "", "content": {JSON: {"schema": schema}}}
        paths.setdefault(template, {})[method] = {"responses": {"200": answer}}
    info = {"title": path.stem, "version": ""}
    return {
        "openapi": "3.1.0",
        "info": info,
        "paths": paths,
        "components": {"schemas": models},
    }


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
                operation["requestBody"] = {"content": {JSON: {"schema": each["schema"]}}}
        for answer in operation["responses"].values():
            answer["content"] = {JSON: {"schema": answer.pop("schema", {})}}
    return {
        "openapi": "3.0.3",
        "info": told["info"],
        "paths": told["paths"],
        "components": {"schemas": told["definitions"]},
    }
