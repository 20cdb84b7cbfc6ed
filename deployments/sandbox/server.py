"""Serve the stand-ins over real HTTP, with faults on demand and a journal that survives restarts.

Every request that changed something is appended to the journal before it is answered; a restart
replays the journal, so the vendors remember what a crash of the sandbox must not make them forget.
"""

import base64
import json
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import parse_qsl, urlsplit

from deployments.sandbox.postman import Postman
from deployments.sandbox.world import World

BEFORE = ("429", "500", "drop_before", "html")  # nothing is done
AFTER = ("drop_after", "truncated", "html_after", "empty_after", "error_in_200")  # all is done
FAULTS = BEFORE + AFTER  # at random; more on demand: see `_spoiled`, `expire` and SLOW_SECONDS
BEHIND_IT = ("expire", "edit")  # not in the answer, but in what the vendor has; kept
SLOW_SECONDS = 0.6  # "slow": before the vendor does it; "slow_after": before it answers
STALL_SECONDS = 2.5  # the same, but so long that nobody waits for it: "stall", "stall_after"
# "drop_unlisted": dropped when it is done, and for so long the vendor's search does not show it.
UNLISTED_SECONDS = 8.0
HTML = b"<html><body>Bad gateway</body></html>"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked: path without the vendor's prefix, headers in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; an empty body is an empty object."""
        return json.loads(self.raw) if self.raw else {}

    @property
    def without_boundary(self) -> bytes:
        """The body less the random boundary of a multipart form: alike whenever it is sent."""
        _, _, boundary = self.headers.get("content-type", "").partition("boundary=")
        return self.raw.replace(boundary.encode(), b"") if boundary else self.raw

    @property
    def basic_user(self) -> str | None:
        """The user name of basic authentication."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        return base64.b64decode(value).decode().partition(":")[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the vendor answers. `body` is JSON unless bytes; `changed`: keep it in the journal."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    changed: bool = False


Route = Callable[..., Answer]


class StandIn:
    """One vendor. Subclasses fill `prefix` and `routes`; `received` is the vendor's own record.

    A route is (method, path pattern) → handler(request, **named groups). `received[kind]` lists
    the ids of what was asked and really done, in the vendor's words ("invitations": […]);
    `times[kind]` says when each of them was.
    `tell(kind, about)` posts a webhook, if the sandbox has a postman; `webhook_secret` signs it.
    `subscribed`: the address that its webhooks go to, as the vendor tells it; "" if there is none.
    """

    prefix = ""
    webhook_secret = ""
    subscribed = ""
    spoils: tuple[str, ...] = FAULTS  # how it may fail at random
    spared = False  # from faults at random: for one that we never call over HTTP

    def __init__(self, world: World) -> None:
        self.world = world
        self.received: dict[str, list[str]] = {}
        self.times: dict[str, list[str]] = {}
        self.tell: Callable[[str, Mapping[str, Any]], None] = lambda kind, about: None

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The vendor's operations."""
        raise NotImplementedError

    def too_many(self, seconds: int = 1) -> Answer:
        """The vendor's own way to say 429, and that the quota is free again in some seconds."""
        return Answer(429, {"error": "rate limit"}, {"Retry-After": str(seconds)})

    def lie(self) -> Any:
        """The body of an error in the vendor's own way, which is sent although all is done."""
        return {"error": "internal error"}

    def expire(self) -> None:
        """Let all credentials that can end do so now."""

    def fall_behind(self) -> None:
        """Let a search show for a while only what it would show now."""

    def edit(self) -> None:
        """Let the client's own people change something, in the middle of whatever we do."""

    def visits(self, public: Path) -> Iterator[Request]:
        """What the vendor's robot brings home from the client's public folder."""
        yield from ()

    def note(self, kind: str, name: str) -> None:
        """Write into the vendor's own record that something was really done."""
        self.received.setdefault(kind, []).append(name)
        self.times.setdefault(kind, []).append(self.world.now.isoformat())

    def stands(self) -> list[str]:
        """How the vendor's objects stand now, in words that name no id."""
        return []

    def handle(self, request: Request) -> Answer:
        """Find the route and answer; unknown paths are 404."""
        for (method, pattern), route in self.routes.items():
            match = re.fullmatch(pattern, request.path)
            if method == request.method and match:
                return route(request, **match.groupdict())
        return Answer(404, {"error": "not found"})


class Sandbox:
    """All stand-ins behind one port, and the control endpoints under `/__sandbox`."""

    def __init__(
        self,
        world: World,
        vendors: list[StandIn],
        journal: Path | None = None,
        fault_rate: float = 0.0,
        postman: Postman | None = None,
    ) -> None:
        self.world, self.vendors, self.fault_rate = world, vendors, fault_rate
        self.postman = postman
        if postman:
            for vendor in vendors:
                name = vendor.prefix.strip("/")
                vendor.tell = partial(postman.tell, name, vendor.webhook_secret)
        self.faults: list[dict[str, Any]] = []
        self.injected: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._met: set[str] = set()
        self._journal: TextIO | None = None
        self._server: ThreadingHTTPServer | None = None
        if journal:
            self._replay(journal)
            self._journal = journal.open("a", encoding="utf-8")

    @property
    def replaying(self) -> bool:
        """Whether the journal is being replayed."""
        return self.world.replaying

    def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> str:
        """Serve on a loopback port (0: any free one) in the background; returns the base URL."""
        sandbox = self

        class Handler(_Handler):
            owner = sandbox

        self._server = _Server(("127.0.0.1", port), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        if self.postman:
            self.postman.start()
        where = "https://localhost" if tls else "http://127.0.0.1"
        return f"{where}:{self._server.server_address[1]}"

    def subscribe(self, receiver: str) -> None:
        """Have every vendor say that its webhooks go to this address, each below its own name."""
        for vendor in self.vendors:
            vendor.subscribed = f"{receiver}{vendor.prefix}"

    def stop(self) -> None:
        """Stop serving."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        if self.postman:
            self.postman.stop()
        if self._journal:
            self._journal.close()

    def answer(self, request: Request) -> tuple[Answer, str | None]:
        """Answer one request; the second value names a fault that spoils the answer."""
        if request.path.startswith("/__sandbox/"):
            with self._lock:
                return self._control(request), None
        for vendor in self.vendors:
            if request.path.startswith(vendor.prefix + "/"):
                inner = Request(
                    request.method,
                    request.path.removeprefix(vendor.prefix),
                    request.query,
                    request.headers,
                    request.raw,
                )
                with self._lock:
                    fault = self._fault(vendor, inner)
                time.sleep({"slow": SLOW_SECONDS, "stall": STALL_SECONDS}.get(fault or "", 0))
                with self._lock:
                    return self._serve(vendor, inner, fault)
        return Answer(404, {"error": "no such vendor in this sandbox"}), None

    def advance(self, to: datetime) -> int:
        """Move the world's clock and keep that in the journal."""
        with self._lock:
            happened = self.world.advance(to)
            self._write({"advance": to.isoformat()})
            return happened

    def input(self, vendor: str, data: Mapping[str, Any]) -> None:
        """Let a stand-in that does not speak HTTP (mail) take something in, and keep it.

        The vendor must have a method `take(data)`.
        """
        with self._lock:
            self._vendor(vendor).take(data)  # type: ignore[attr-defined]
            self._write({"input": vendor, "data": data})

    def _serve(
        self, vendor: StandIn, request: Request, fault: str | None
    ) -> tuple[Answer, str | None]:
        if fault:
            self.injected[f"{vendor.prefix.strip('/')} {fault}"] += 1
        if fault == "429":
            return vendor.too_many(), None
        if fault == "500":
            return Answer(500, {"error": "internal error"}), None
        if fault == "html":
            return Answer(502, HTML), None
        if fault == "drop_before":
            return Answer(), fault
        self._befall(vendor, fault)
        answer = vendor.handle(request)
        if answer.changed:
            self._write(
                {
                    "vendor": vendor.prefix,
                    "method": request.method,
                    "path": request.path,
                    "query": dict(request.query),
                    "headers": {k: v for k, v in request.headers.items() if k in _KEPT},
                    "raw": base64.b64encode(request.raw).decode(),
                }
            )
        return _spoiled(vendor, answer, fault), fault

    def _befall(self, vendor: StandIn, fault: str | None) -> None:
        """Let a fault do what is not in the answer, but in what the vendor has, or shows."""
        if fault in BEHIND_IT:
            getattr(vendor, fault)()
            self._write({"behind": fault, "vendor": vendor.prefix.strip("/")})
        if fault == "drop_unlisted":
            vendor.fall_behind()

    def _fault(self, vendor: StandIn, request: Request) -> str | None:
        asked = f"{request.method} {request.path}"
        for plan in self.faults:
            mine = plan["vendor"] == vendor.prefix.strip("/") and re.search(plan["match"], asked)
            if mine and plan["faults"]:
                return str(plan["faults"].pop(0))
        if not self.fault_rate or vendor.spared:
            return None
        name = self.world.digest(
            vendor.prefix, asked, sorted(request.query.items()), request.without_boundary
        )
        dice = self.world.dice("fault", name)
        if name in self._met or dice.random() >= self.fault_rate:
            return None
        self._met.add(name)
        return dice.choice(vendor.spoils)

    def _control(self, request: Request) -> Answer:
        match request.method, request.path.removeprefix("/__sandbox/"):
            case "GET", "clock":
                upcoming = self.world.next_event_at()
                return Answer(
                    body={
                        "now": self.world.now.isoformat(),
                        "next_event_at": upcoming.isoformat() if upcoming else None,
                    }
                )
            case "POST", "advance":
                happened = self.advance(datetime.fromisoformat(request.json["to"]))
                return Answer(body={"now": self.world.now.isoformat(), "happened": happened})
            case "POST", "visit":
                return self._visit(Path(request.json["public"]))
            case "POST", "faults":
                self.faults.append(request.json)
                return Answer(204)
            case "POST", "fault-rate":
                self.fault_rate = float(request.json["rate"])
                return Answer(204)
            case "GET", "record":
                return Answer(
                    body={
                        "received": {v.prefix.strip("/"): v.received for v in self.vendors},
                        "times": {v.prefix.strip("/"): v.times for v in self.vendors},
                        "stands": {v.prefix.strip("/"): v.stands() for v in self.vendors},
                        "faults": dict(sorted(self.injected.items())),
                        "webhooks": self.postman.record() if self.postman else {},
                    }
                )
        return Answer(404, {"error": "not found"})

    def _visit(self, public: Path) -> Answer:
        """Let every vendor's robot look at what is public; the first that cannot use it says so."""
        for vendor in self.vendors:
            for found in vendor.visits(public):
                answer, _ = self._serve(vendor, found, None)
                if answer.status >= 400:
                    return answer
        return Answer(204)

    def _vendor(self, name: str) -> StandIn:
        return next(v for v in self.vendors if v.prefix.strip("/") == name)

    def _write(self, entry: Mapping[str, Any]) -> None:
        if self._journal:
            self._journal.write(json.dumps(entry) + "\n")
            self._journal.flush()

    def _replay(self, journal: Path) -> None:
        if not journal.exists():
            return
        self.world.replaying = True
        for line in journal.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                break  # the last line of a crash: its request was never answered
            if "advance" in entry:
                self.world.advance(datetime.fromisoformat(entry["advance"]))
            elif "behind" in entry:
                getattr(self._vendor(entry["vendor"]), entry["behind"])()
            elif "input" in entry:
                self._vendor(entry["input"]).take(entry["data"])  # type: ignore[attr-defined]
            else:
                vendor = self._vendor(entry["vendor"].strip("/"))
                raw = base64.b64decode(entry["raw"])
                vendor.handle(
                    Request(entry["method"], entry["path"], entry["query"], entry["headers"], raw)
                )
        self.world.replaying = False


def _spoiled(vendor: StandIn, answer: Answer, fault: str | None) -> Answer:
    """What is said of something that is done."""
    match fault:
        case "html_after":
            return replace(answer, status=200, body=HTML)
        case "empty_after":
            return replace(answer, status=200, body=None)
        case "error_in_200":
            return replace(answer, status=200, body=vendor.lie())
        case "reshaped":
            return replace(answer, status=200, body=[])
        case "redirect_after":
            return Answer(303, headers={"Location": f"{vendor.prefix}/elsewhere"})
    return answer


_KEPT = {
    "authorization",
    "content-type",
    "idempotency-key",
    "x-gusto-api-version",
    "x-smarttoken",
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    owner: Sandbox
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def _any(self) -> None:
        url = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        request = Request(
            self.command,
            url.path,
            dict(parse_qsl(url.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            raw,
        )
        answer, fault = self.owner.answer(request)
        if fault in ("drop_before", "drop_after", "drop_unlisted"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        time.sleep({"slow_after": SLOW_SECONDS, "stall_after": STALL_SECONDS}.get(fault or "", 0))
        empty = answer.body is None
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        body = b"" if empty else body
        self.send_response(answer.status)
        kind = "text/html" if isinstance(answer.body, bytes) else "application/json"
        headers = {"Content-Type": kind, **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault == "truncated":
            self.close_connection = True
            body = body[: len(body) // 2]
        self.wfile.write(body)
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Tell the world's time: resets of quotas are compared with it."""
        return format_datetime(self.owner.world.now.astimezone(UTC), usegmt=True)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _any

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet: what was asked is in the vendors' own records."""
