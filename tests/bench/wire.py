"""HTTP/1.1 with little work for each answer: a stand-in must not be what is waited for."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """What was asked, with the query and the form together, as the token call takes either."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What is said in return."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)


Answering = Callable[[Request], Answer]
Waiting = Callable[[Request], float]  # seconds before it is sent


class Wire(asyncio.Protocol):
    """HTTP/1.1 as far as clients speak it: one request at a time on a connection that stays."""

    def __init__(self, answer: Answering, seconds: Waiting) -> None:
        self.answer = answer
        self.seconds = seconds
        self.received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, rest = self.received.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.lower(): value.strip() for name, value in pairs}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self.received = rest[length:]
        method, target, _ = first.split(" ")
        url = urlsplit(target)
        query = dict(parse_qsl(url.query) + parse_qsl(rest[:length].decode()))
        request = Request(method, url.path, query, headers)
        closing = headers.get("connection", "").lower() == "close"
        asyncio.get_running_loop().call_later(
            self.seconds(request), self._send, self.answer(request), closing
        )

    def _send(self, answer: Answer, closing: bool) -> None:
        if self.transport.is_closing():
            return
        lines = [
            f"HTTP/1.1 {answer.status.value} {answer.status.phrase}",
            "Content-Type: application/json",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
        ]
        self.transport.write("\r\n".join([*lines, "", ""]).encode())
        self.transport.write(answer.body)
        if closing:
            self.transport.close()


async def serve(answer: Answering, seconds: Waiting, port: int) -> None:
    """Answer until SIGTERM or SIGINT; prints the address first."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Wire(answer, seconds), "127.0.0.1", port)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    await stop.wait()
