"""Whatever becomes of a letter's delivery to the server: it is looked up, and sent once."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.access import Access
from connectors.background_checks import manual
from connectors.errors import OutcomeUnknown
from connectors.links import Links
from connectors.messaging import smtp
from connectors.records import AskReference, OrderBackgroundCheck, Place, Request, SendMessage
from connectors.references import questionnaire
from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.mail import Mail
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

KEY = "effect:HARBOR-3.ada"


class PostOffice:
    """The mail server, and all who write through it."""

    def __init__(self) -> None:
        world = World(seed=7, now=datetime(2026, 3, 2, 15, tzinfo=UTC))
        self.mail = Mail(world, Correspondents(world, People(()), {}))
        self.sandbox = Sandbox(world, [self.mail])
        self.sandbox.start()
        smtp_port, imap_port = self.mail.start(self.sandbox)
        mailbox = {
            "from_name": "Harbor Goods",
            "from_email": "talent@harbor.example",
            "journal": f"imap://127.0.0.1:{imap_port}",
            "journal_user": "journal",
        }
        messenger = smtp.connect(
            Access(f"smtp://127.0.0.1:{smtp_port}", "sandbox-smtp", options=mailbox)
        )
        person = {"screener": "Harbor Checks", "person": "Grace", "person_email": "g@x.example"}
        screening = Access("", options={"client": "harbor", **person})
        references = Access("", options={"client": "harbor"})
        links = Links("http://forms.example", "secret")
        self.ports: dict[str, Any] = {
            "smtp": messenger,
            "manual_screening": manual.connect(screening, messenger, links, lambda _: ()),
            "questionnaire": questionnaire.connect(references, messenger, links),
        }

    def stop(self) -> None:
        self.mail.stop()
        self.sandbox.stop()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    office = PostOffice()
    yield office
    office.stop()


def writing() -> SendMessage:
    return SendMessage(
        to_name="Ada Byron",
        to_email="ada@example.test",
        subject="Your application",
        body="Thank you.\n",
        template="acknowledgement",
    )


def asking() -> AskReference:
    return AskReference(
        application_key="HARBOR-3.ada",
        about="2",
        candidate_name="Ada Byron",
        referee_name="Grace Hopper",
        referee_email="grace@example.test",
        company="Harbor Goods",
        reminder=0,
    )


def ordering() -> OrderBackgroundCheck:
    return OrderBackgroundCheck(
        application_key="HARBOR-3.ada",
        package="pro_criminal",
        name="Ada Byron",
        email="ada@example.test",
        work_place=Place(code="US-CO", city="Denver", country="US"),
    )


@pytest.mark.parametrize("lie", ["drop_after", "html_after"])
@pytest.mark.parametrize(
    ("port", "verb", "request_"),
    [
        ("smtp", "send", writing),
        ("questionnaire", "ask", asking),
        ("manual_screening", "order", ordering),
    ],
)
def test_a_lie_about_a_letter_is_looked_up_and_it_is_sent_once(
    office: PostOffice, port: str, verb: str, request_: Callable[[], Request], lie: str
) -> None:
    request = request_()
    office.mail.faults.append(lie)

    with pytest.raises(OutcomeUnknown):
        getattr(office.ports[port], verb)(request, KEY)

    assert office.ports[port].find(request, KEY) is not None
    assert len(office.mail.received.get("messages", [])) == 1
