"""Asking is repeated as long as it may help, and a vendor that wants to be left alone is."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from connectors.errors import ConnectorError, OutcomeUnknown, Refused, Unavailable
from connectors.http import Api, RefusedReply
from connectors.payload import Payload

AT = "Mon, 02 Mar 2026 09:00:00 GMT"
UNIX = 1_772_442_000
ALONE = [
    ({"Retry-After": "7"}, 7),
    ({"Retry-After": "Mon, 02 Mar 2026 09:00:09 GMT"}, 9),
    ({"Retry-After": "Mon, 02 Mar 2026 08:00:00 GMT"}, 0),
    ({"X-Ratelimit-Reset": str(UNIX + 20)}, 20),
    ({"X-RateLimit-Reset": "12"}, 12),
    ({"X-Rate-Limit-Reset": "12"}, 12),
    ({"Retry-After": "3", "X-RateLimit-Reset": "12"}, 3),
]
Script = list[tuple[int, dict[str, str], bytes]]


class Vendor(BaseHTTPRequestHandler):
    """Answers what it is told to, one answer a request."""

    script: ClassVar[Script]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, body = self.script.pop(0)
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def date_time_string(self, timestamp: float | None = None) -> str:
        return AT

    def log_message(self, format: str, *args: object) -> None:
        pass


def proof(body: object) -> Payload:
    return Payload("vendor", body)


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def api(pauses: list[float]) -> Iterator[Api]:
    server = HTTPServer(("127.0.0.1", 0), Vendor)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield Api("vendor", f"http://127.0.0.1:{server.server_port}", sleep=pauses.append)
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("headers", "seconds"), ALONE)
def test_a_vendor_over_its_quota_is_asked_again_when_it_says(
    api: Api, pauses: list[float], headers: dict[str, str], seconds: float
) -> None:
    Vendor.script = [(429, headers, b""), (200, {}, b"{}")]

    assert api.read("GET", "/things").body == {}
    assert pauses == [seconds]


@pytest.mark.parametrize("header", ["nonsense", "-3", "inf", "nan", "1e9"])
def test_what_is_no_time_is_no_wish(api: Api, pauses: list[float], header: str) -> None:
    Vendor.script = [(429, {"Retry-After": header}, b""), (200, {}, b"{}")]

    api.read("GET", "/things")

    assert pauses == [0.1]


@pytest.mark.parametrize(("told", "seconds"), [("31", 31), ("999999999999", 86_400)])
def test_who_wants_to_be_left_alone_for_long_is_not_asked_again_now(
    api: Api, pauses: list[float], told: str, seconds: float
) -> None:
    Vendor.script = [(429, {"Retry-After": told}, b"")]

    with pytest.raises(Unavailable) as failure:
        api.read("GET", "/things")

    assert failure.value.retry_after == seconds
    assert pauses == []


@pytest.mark.parametrize(
    "lie",
    [
        (200, {}, b""),
        (200, {}, b"<html>"),
        (200, {}, b"[" * 100_000),
        (200, {}, b'{"error": "internal"}'),
        (200, {}, b'{"errors": [{"category": "internal_error"}]}'),
        (302, {"Location": "/elsewhere"}, b""),
        (408, {}, b""),
    ],
)
def test_an_answer_that_says_nothing_is_asked_for_again_and_proves_no_write(
    api: Api, lie: tuple[int, dict[str, str], bytes]
) -> None:
    Vendor.script = [lie, (200, {}, b"{}"), *[lie] * 6]

    assert api.read("GET", "/things").body == {}
    with pytest.raises(Unavailable):
        api.read("GET", "/things")
    with pytest.raises(OutcomeUnknown):
        api.write("POST", "/things", reading=proof)


@pytest.mark.parametrize("body", [b"", b" ", b"\n"])
def test_a_blank_answer_is_an_empty_one(api: Api, body: bytes) -> None:
    Vendor.script = [(200, {"Content-Type": "text/plain"}, body)]

    assert api.write("POST", "/things", reading=lambda told: told) is None


def test_a_refusal_is_believed(api: Api) -> None:
    Vendor.script = [(422, {}, b"<html>")]

    with pytest.raises(Refused):
        api.write("POST", "/things", reading=proof)


def test_a_refusal_means_what_the_vendor_means_by_it(pauses: list[float], api: Api) -> None:
    def meaning(refusal: RefusedReply, seconds: float | None) -> ConnectorError:
        is_busy = refusal.body == {"code": "BUSY"}
        return Unavailable("vendor", "busy", retry_after=seconds) if is_busy else refusal

    busy = (400, {"Retry-After": "7"}, b'{"code": "BUSY"}')
    Vendor.script = [busy, (400, {}, b'{"code": "NO"}')]
    api = Api("vendor", api.base_url, meaning=meaning, sleep=pauses.append)

    with pytest.raises(Refused):
        api.read("GET", "/things")
    assert pauses == [7]


@pytest.mark.parametrize("body", [b'{"name": "mistake"}', b'{"name": "crash"}', b"<html>"])
def test_a_5xx_that_the_vendor_means_as_a_refusal_is_not_asked_again(
    api: Api, pauses: list[float], body: bytes
) -> None:
    told = Api("vendor", api.base_url, is_refusal=_is_mistake, sleep=pauses.append)
    Vendor.script = [(500, {}, body), (500, {}, body), (200, {}, b"{}")]
    refuses = b"mistake" in body

    with pytest.raises(Refused if refuses else OutcomeUnknown):
        told.write("POST", "/things", reading=proof)
    if refuses:
        with pytest.raises(Refused):
            told.read("GET", "/things")
    else:
        assert told.read("GET", "/things").body == {}
    assert (pauses == []) is refuses


def _is_mistake(body: object) -> bool:
    return isinstance(body, dict) and body.get("name") == "mistake"


@pytest.mark.parametrize(
    ("headers", "wrong"),
    [
        ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "9"}, "9 of 100 requests left"),
        ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "11"}, ""),
        ({"X-Rate-Limit-Limit": "10", "X-Rate-Limit-Remaining": "0"}, "0 of 10 requests left"),
    ],
)
@pytest.mark.parametrize(
    ("reset", "is_waited_for"),
    [("", True), ("9", True), ("3600", False), (str(UNIX + 30), True), (str(UNIX + 900), False)],
)
def test_a_quota_is_short_if_little_is_left_for_longer_than_we_wait(
    api: Api, headers: dict[str, str], wrong: str, reset: str, is_waited_for: bool
) -> None:
    Vendor.script = [(200, headers | ({"X-RateLimit-Reset": reset} if reset else {}), b"{}")]
    api.read("GET", "/things")

    found = {check.what: check.wrong for check in api.health()}

    assert found["quota"] == ("" if is_waited_for else wrong)
    assert found["clock"].endswith("s apart")  # its clock stands in March
