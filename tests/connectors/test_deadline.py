"""A request that is too late never leaves; one in time does."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from connectors import deadline
from connectors.deadline import TooLate
from connectors.http import Api


class Vendor(BaseHTTPRequestHandler):
    """Counts what reaches it whole."""

    received = 0
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        type(self).received += 1
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def vendor() -> Iterator[str]:
    Vendor.received = 0
    server = HTTPServer(("127.0.0.1", 0), Vendor)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_what_is_in_time_is_sent(vendor: str) -> None:
    with deadline.within(60):
        Api("vendor", vendor).write("POST", "/orders", reading=str, json={"order": 1})

    assert Vendor.received == 1


def test_what_is_too_late_never_reaches_the_vendor(vendor: str) -> None:
    api = Api("vendor", vendor)
    with deadline.within(-1), pytest.raises(TooLate):
        api.write("POST", "/orders", reading=str, json={"order": 1})

    api.write(
        "POST", "/orders", reading=str, json={"order": 2}
    )  # the connection is none the worse for it
    assert Vendor.received == 1


def test_a_deadline_ends_with_its_block() -> None:
    with deadline.within(-1), pytest.raises(TooLate):
        deadline.check()
    deadline.check()
