"""A mail server: SMTP in, a journal to look into by IMAP, and everything it took as JSON.

Docs: https://www.rfc-editor.org/rfc/rfc5321 (SMTP), https://www.rfc-editor.org/rfc/rfc3501 (IMAP).
Every message taken is in the journal mailbox at once. Magic recipients, like those of the SES
simulator: `bounce@…` is refused with 550, `delay@…` with 451 the first time.
"""

import asyncio
import re
import shlex
import socket
import threading
from collections.abc import Mapping
from email import message_from_bytes
from email.policy import default
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.served import Place, Served
from deployments.sandbox.server import Answer, Request, Route, Sandbox, StandIn
from deployments.sandbox.world import World


class Mail(StandIn):
    """One mail server. `faults` spoil the next messages: "451", "drop_before", "drop_after".

    Also "html_after": it is taken, and what is said of it is no SMTP.
    """

    prefix = "/mail"
    spared = True

    def __init__(
        self, world: World, correspondents: Correspondents, key: str = "sandbox-smtp"
    ) -> None:
        super().__init__(world)
        self.correspondents, self.key = correspondents, key
        self.messages: list[dict[str, Any]] = []
        self.faults: list[str] = []

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """What a test may look at: the messages taken, of one recipient if asked."""
        return {("GET", r"/messages"): self._list}

    def start(self, sandbox: Sandbox, port: int = 0, imap_port: int = 0) -> tuple[int, int]:
        """Serve SMTP and IMAP on two loopback ports (0: any free one); returns both."""
        self.correspondents.quiet = lambda: sandbox.replaying
        self.correspondents.keep = lambda broken: sandbox.input("mail", broken)
        listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._loop = asyncio.new_event_loop()
        serving = threading.Event()  # a loop told to stop before it runs would never end
        arguments = (sandbox, listener, serving)
        self._smtp = threading.Thread(target=self._serve, args=arguments, daemon=True)
        self._smtp.start()
        serving.wait()
        self._journal = _Journal(self, imap_port)
        threading.Thread(target=self._journal.serve_forever, args=(0.05,), daemon=True).start()
        return int(listener.getsockname()[1]), int(self._journal.server_address[1])

    def stop(self) -> None:
        """Stop serving."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._smtp.join()
        self._journal.shutdown()
        self._journal.server_close()

    def take(self, data: Mapping[str, Any]) -> None:
        """Take a message in, or a correspondent's wish to come back to a broken page."""
        if "again" in data:
            self.correspondents.come_back(data)
            return
        self.messages.append({**data, "received_at": self.world.now.isoformat()})
        self.note("messages", data["headers"]["message-id"])
        self.correspondents.receive(data["to"], data["body"])

    def _list(self, request: Request) -> Answer:
        to = request.query.get("to")
        found = [m for m in self.messages if to is None or m["to"].lower() == to.lower()]
        found.sort(key=lambda m: (m["received_at"], m["headers"]["message-id"]))
        return Answer(body={"messages": found})

    def _serve(self, sandbox: Sandbox, listener: socket.socket, serving: threading.Event) -> None:
        loop, inbox = self._loop, _Inbox(self, sandbox)
        server = loop.run_until_complete(loop.create_server(inbox.conversation, sock=listener))
        loop.call_soon(serving.set)
        loop.run_forever()
        server.close()
        loop.run_until_complete(server.wait_closed())
        loop.close()


class _Inbox:
    """The SMTP side: what is said to whoever delivers mail."""

    def __init__(self, mail: Mail, sandbox: Sandbox) -> None:
        self.mail, self.sandbox = mail, sandbox
        self._delayed: set[str] = set()

    def conversation(self) -> SMTP:
        """One connection; logging in is possible, not demanded."""
        return SMTP(
            self,
            hostname="localhost",
            authenticator=self._authenticate,
            auth_require_tls=False,
            loop=self.mail._loop,
        )

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept a recipient unless it is one of the magic ones."""
        who = address.lower()
        if who.startswith("bounce@"):
            return "550 5.1.1 No such mailbox"
        if who.startswith("delay@") and who not in self._delayed:
            self._delayed.add(who)
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take the message, once per recipient; cancelling hangs up without an answer."""
        fault = self.mail.faults.pop(0) if self.mail.faults else None
        if fault:
            self.sandbox.injected[f"mail {fault}"] += 1
        if fault == "451":
            return "451 4.3.0 Try again later"
        if fault == "drop_before":
            raise asyncio.CancelledError
        for address in envelope.rcpt_tos:
            self.sandbox.input("mail", self._read(address, envelope.original_content or b""))
        if fault == "drop_after":
            raise asyncio.CancelledError
        return "<html>" if fault == "html_after" else "250 2.0.0 Taken"

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth: Any
    ) -> AuthResult:
        known = isinstance(auth, LoginPassword) and auth.password == self.mail.key.encode()
        return AuthResult(success=known, handled=False)

    def _read(self, address: str, content: bytes) -> dict[str, Any]:
        message = message_from_bytes(content, policy=default)
        headers = {name.lower(): str(value) for name, value in message.items()}
        mark = self.mail.world.digest("mail", address, content)[:32]
        headers.setdefault("message-id", f"<{mark}@localhost>")
        part = message.get_body(("plain",))
        body = part.get_content().replace("\r\n", "\n") if part else ""
        return {"to": address, "headers": headers, "body": body}


class _Journal(ThreadingTCPServer):
    """The IMAP side: one read-only mailbox with everything that was taken."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, mail: Mail, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Reader)
        self.mail = mail


class _Reader(StreamRequestHandler):
    """One IMAP connection: LOGIN, EXAMINE or SELECT, SEARCH HEADER, LOGOUT."""

    server: _Journal

    def handle(self) -> None:
        """Answer commands until the client leaves."""
        self.logged_in = self.selected = False
        self._say("* OK IMAP4rev1 ready")
        for line in self.rfile:
            tag, command, *arguments = [*shlex.split(line.decode("ascii", "replace")), "", ""]
            if command.upper() == "UID":  # messages never leave: a number is as good as an id
                command, *arguments = arguments
            self._say(f"{tag} {self._answer(command.upper(), [a for a in arguments if a])}")
            if command.upper() == "LOGOUT":
                return

    def _answer(self, command: str, arguments: list[str]) -> str:
        match command, arguments:
            case "CAPABILITY", []:
                self._say("* CAPABILITY IMAP4rev1")
            case "LOGIN", [_, password]:
                self.logged_in = password == self.server.mail.key
                if not self.logged_in:
                    return "NO [AUTHENTICATIONFAILED] LOGIN failed"
            case "EXAMINE" | "SELECT", [_] if self.logged_in:
                self.selected = True
                self._say(f"* {len(self.server.mail.messages)} EXISTS")
            case "SEARCH", [header, name, value] if self.selected and header.upper() == "HEADER":
                self._say(" ".join(["* SEARCH", *self._search(name.lower(), value.lower())]))
            case "LOGOUT", []:
                self._say("* BYE")
            case "NOOP", []:
                pass
            case _:
                return "BAD unknown command, or not now"
        return "OK done"

    def _search(self, name: str, value: str) -> list[str]:
        return [
            str(number)
            for number, message in enumerate(self.server.mail.messages, start=1)
            if value in re.sub(r"\s+", " ", message["headers"].get(name, "")).lower()
        ]

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    return {
        "base_url": f"smtp://127.0.0.1:{at.settings.smtp_port}",
        "key": "sandbox-smtp",
        "options": {
            "from_name": "Harbor Works",
            "from_email": "hiring@harborworks.example",
            "journal": f"imap://127.0.0.1:{at.settings.imap_port}",
            "journal_user": "journal@harborworks.example",
        },
    }


# The sandbox makes it itself: it has servers of its own.
SERVED = Served("smtp", account, letters=("message.send",))
