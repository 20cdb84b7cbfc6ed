"""Whatever anybody sends to any operation: an answer that is documented, and no forgery is kept.

Requests are drawn from the receiver's own OpenAPI document: good values, values of the right type,
and anything else; signed rightly, wrongly, for something else, or not at all.
"""

import base64
import hmac
import http.client
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from connectors.ledger.store import Ledger
from connectors.links import Links, Question
from deployments.postgres import Urls
from tests.deployments.conftest import Served
from tests.deployments.senders import SECRET, VENDORS, Delivery, body, sent

SIGNATURES = ("true", "of another body", "of another secret", "random", "none")
NOW = datetime.now(UTC)
ODD_MEDIA = (
    "text/plain",
    "é/;=",
    "multipart/form-data",
    "multipart/form-data; boundary=cut; charset=none",
    "application/x-www-form-urlencoded; charset=utf-16",
)
VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f\xa0")
WORDS = st.text(st.characters(), max_size=20)  # with halves of surrogate pairs, and NUL
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document, with the values its path may take beside any text."""

    method: str
    path: str
    parameters: tuple[dict[str, Any], ...]
    media: dict[str, Any]
    answers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, and whether an account of ours has signed it."""

    operation: Operation
    target: str
    delivery: Delivery
    honest: bool


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Every operation there is, references resolved."""

    def resolved(thing: dict[str, Any]) -> dict[str, Any]:
        found: Any = thing
        if "$ref" in thing:
            found = document
            for name in thing["$ref"].removeprefix("#/").split("/"):
                found = found[name]
        return dict(found)

    for path, item in document["paths"].items():
        shared = item.pop("parameters", [])
        for method, operation in item.items():
            yield Operation(
                method.upper(),
                path,
                tuple(resolved(each) for each in shared + operation.get("parameters", [])),
                operation.get("requestBody", {}).get("content", {}),
                frozenset(int(status) for status in operation["responses"]),
            )


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a schema, and sometimes of none."""
    match schema:
        case {"enum": list(known)}:
            return st.sampled_from(known)
        case {"pattern": str(pattern)}:
            return st.from_regex(pattern, fullmatch=True)
        case {"type": "object", "properties": dict(fields)}:
            optional = {name: values(each) for name, each in fields.items()}
            return st.fixed_dictionaries({}, optional=optional) | JSON
        case {"type": "object"}:
            return st.dictionaries(st.text(), JSON, max_size=3)
        case {"type": "array"}:
            return st.lists(JSON, max_size=3)
        case {"type": "integer"}:
            return st.integers() | st.sampled_from([int(NOW.timestamp()), 10**400])
        case {"format": "date-time"}:
            return st.just(NOW.isoformat()) | st.datetimes().map(str) | st.text()
    return st.text()


@st.composite
def requests(draw: st.DrawFn, served: Served, known: tuple[Operation, ...]) -> Asked:
    takers = [operation for operation in known if operation.media]
    operation = draw(st.sampled_from([*known, *takers * 3]))
    path = {
        each["name"]: draw(path_value(each, served))
        for each in operation.parameters
        if each["in"] == "path"
    }
    target = operation.path
    for name, value in path.items():
        target = target.replace(f"{{{name}}}", quote(value, safe=""))
    if not operation.media:
        return Asked(operation, target, Delivery(b"", {}), False)
    sender = path.get("vendor", "indeed" if "indeed" in target else "")
    content = draw(contents(operation, sender))
    signature = draw(st.sampled_from(SIGNATURES))
    delivery = signed(sender, content, signature, draw(st.text(VISIBLE, max_size=80)))
    media = draw(st.sampled_from([*operation.media, *ODD_MEDIA]))
    if sender != "dropbox_sign":
        delivery = Delivery(delivery.content, {"Content-Type": media, **delivery.headers})
    honest = signature == "true" and path.get("client") == served.client
    return Asked(operation, target, delivery, honest and sender != "")


def path_value(parameter: dict[str, Any], served: Served) -> st.SearchStrategy[str]:
    """A value that opens something, one of the right form, or any text."""
    link = Links("", "a secret of our own").to(Question(served.client, "withdraw", "A.1", "", "x"))
    good = {"client": served.client, "token": link.removeprefix("/forms/")}.get(parameter["name"])
    typed, any_text = values(parameter["schema"]), st.text(min_size=1, max_size=30)
    usual = st.just(good) if good else typed
    return st.integers(0, 9).flatmap(lambda n: {0: any_text, 1: typed}.get(n, usual))


def contents(operation: Operation, sender: str) -> st.SearchStrategy[bytes]:
    """Bodies: of the operation's schema, a true event with something else in it, or any bytes."""
    schema = next(iter(operation.media.values()))["schema"]
    written = values(schema).map(lambda told: json.dumps(told).encode())
    odd = st.sampled_from([b"[" * 100_000, b'{"a":' * 50_000, b'{"x": 1' + b"0" * 5000 + b"}"])
    forms = st.dictionaries(st.text(), st.text(), max_size=4)
    encoded = forms.map(lambda form: urlencode(form, errors="replace").encode())
    some = written | st.binary(max_size=200) | odd
    if sender not in (*VENDORS, "indeed"):
        return some | encoded

    def changed(number: int, key: str, value: Any) -> bytes:
        told = body(sender, number, NOW) if sender != "indeed" else application(number)
        places = [told, *(inner for inner in told.values() if isinstance(inner, dict))]
        for place in places:
            if key in place:
                place[key] = value
        return json.dumps(told).encode()

    keys = (
        "id action type created_at fired_at data uuid event_type timestamp entity_uuid event none"
    )
    keys += " event_time event_hash appliedOnMillis applicant fullName email job resume payload"
    return st.builds(changed, st.integers(0, 50), st.sampled_from(keys.split()), JSON) | some


def application(number: int) -> dict[str, Any]:
    job = {"jobId": "HARBOR-1-US-CA-SF", "jobTitle": "Accounting Clerk"}
    applicant = {"fullName": "Zoë Marchetti", "email": "zoe@people.example"}
    at = int(NOW.timestamp() * 1000)
    return {"id": f"i-{number}", "appliedOnMillis": at, "job": job, "applicant": applicant}


# Where the signature of those is who have it inside of the content.
SIGNED_INSIDE = {"dropbox_sign": b'"event_hash": "', "lever": b'"signature": "'}


def signed(sender: str, content: bytes, how: str, noise: str) -> Delivery:
    """The content as the sender would deliver it, with a signature that is good or is not."""
    if sender == "indeed":
        secret = "another" if how == "of another secret" else SECRET
        of = b"another body" if how == "of another body" else content
        made = base64.b64encode(hmac.digest(secret.encode(), of, "sha1")).decode()
        headers = {"X-Indeed-Signature": noise if how == "random" else made}
        return Delivery(content, {} if how == "none" else headers)
    if sender in SIGNED_INSIDE and how != "true":
        field = SIGNED_INSIDE[sender]
        content = content.replace(field, field + b"0")
    delivery = sent(sender, content, b"another body" if how == "of another body" else None)
    if sender in SIGNED_INSIDE or how in ("true", "of another body"):
        return delivery
    altered = {
        name: {"random": noise, "of another secret": value[::-1]}.get(how, "")
        for name, value in delivery.headers.items()
        if "signature" in name.lower()
    }
    return Delivery(content, altered if how != "none" else {})


def fuzz(served: Served, many: int, *, derandomize: bool) -> Counter[int]:
    """Send so many requests; how often each status was answered. Fails at the first bad answer."""
    wire = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    wire.request("GET", "/openapi.json")
    known = tuple(operations(json.load(wire.getresponse())))
    answers: Counter[int] = Counter()

    @settings(
        max_examples=many,
        deadline=None,
        derandomize=derandomize,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(requests(served, known))
    def send(asked: Asked) -> None:
        wire.request(
            asked.operation.method, asked.target, asked.delivery.content, asked.delivery.headers
        )
        answer = wire.getresponse()
        answer.read()
        answers[answer.status] += 1
        assert answer.status in asked.operation.answers, served.log.read_text()[-3000:]
        assert answer.status != 503
        signs = asked.operation.path.startswith(("/webhooks/", "/indeed/"))
        assert answer.status >= 300 or asked.honest or not signs, "a forgery was accepted"

    send()
    return answers


@pytest.mark.parametrize(
    "many",
    [
        800,
        pytest.param(5000, marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
    ],
)
def test_every_answer_is_documented_and_no_forgery_is_accepted(
    many: int,
    served: Callable[[int], Served],
    database: Urls,
    capsys: pytest.CaptureFixture[str],
) -> None:
    receiver = served(1_000_000)

    answers = fuzz(receiver, many, derandomize=many < 1000)

    with capsys.disabled():
        print(f"\n{answers.total()} requests, answers: {dict(sorted(answers.items()))}")
    with Ledger(database.app_url, receiver.client).transaction() as connection:
        counted = text("SELECT count(*), count(error) FROM inbox")
        rows, unreadable = connection.execute(counted).one()
    assert answers.total() >= many * 0.9
    assert 0 < rows - unreadable <= answers[200] + answers[202]
    assert unreadable <= answers[400]
    assert {200, 202, 400, 401, 404} <= answers.keys()
    assert "Traceback" not in receiver.log.read_text()
