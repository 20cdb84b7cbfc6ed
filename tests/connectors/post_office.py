"""The sandbox's mail server with its journal, and a message to send."""

import json
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from connectors.access import Access
from connectors.records import SendMessage
from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.mail import Mail
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OPTIONS = {"from_name": "Harbor Goods, Talent", "from_email": "talent@harbor.example"}


class PostOffice:
    """A sandbox with mail only, and how to reach it."""

    def __init__(self, journal: Path | None = None) -> None:
        world = World(seed=7, now=NOW)
        self.mail = Mail(world, Correspondents(world, People([]), {}))
        self.sandbox = Sandbox(world, [self.mail], journal)
        self.smtp_port, self.imap_port = self.mail.start(self.sandbox)

    @cached_property
    def http(self) -> str:
        return self.sandbox.start()

    def access(self, key: str = "sandbox-smtp", **options: str) -> Access:
        journal = {"journal": f"imap://127.0.0.1:{self.imap_port}", "journal_user": "journal"}
        address = f"smtp://127.0.0.1:{self.smtp_port}"
        return Access(address, key=key, options={**OPTIONS, **journal, **options})

    def messages(self, to: str) -> list[dict[str, Any]]:
        with urlopen(f"{self.http}/mail/messages?to={to}") as answer:
            found: list[dict[str, Any]] = json.load(answer)["messages"]
        return found

    def stop(self) -> None:
        self.mail.stop()
        self.sandbox.stop()


def a_message(to: str = "ada@people.example", **other: str) -> SendMessage:
    return SendMessage(
        **{
            "to_name": "Ada Byron",
            "to_email": to,
            "subject": "Your application",
            "body": "Thank you.\n",
            "template": "acknowledgement",
            **other,
        }
    )
