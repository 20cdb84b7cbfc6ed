"""Mail that we sign verifies with whoever gets it, and nothing of it can be changed on the way."""

import socket
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default

import dkim
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from connectors.access import Access
from connectors.errors import Misconfigured
from connectors.messaging.smtp import connect
from tests.connectors.post_office import OPTIONS, a_message

ADDED = b"Received: from us by them\r\nDate: Mon, 02 Mar 2026 09:00:00 +0000\r\n"


class Relay:
    """Takes mail, and adds what servers add."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.taken.append(ADDED + (envelope.original_content or b""))
        return "250 2.0.0 Taken"


class Domain:
    """The sender's domain: the private key, and the public one as the DNS has it."""

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self._record = b"v=DKIM1; k=rsa; p=" + b"".join(public.splitlines()[1:-1])

    def verifies(self, message: bytes) -> bool:
        return bool(dkim.verify(message, dnsfunc=self._dns))

    def _dns(self, name: bytes, timeout: int = 5) -> bytes | None:
        return self._record if name == b"s2026._domainkey.harbor.example." else None


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain()


@pytest.fixture
def relay() -> Iterator[tuple[Relay, str]]:
    relay = Relay()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(relay, hostname="127.0.0.1", port=port)
    controller.start()
    yield relay, f"smtp://127.0.0.1:{port}"
    controller.stop()


def signing(url: str, key: str) -> Access:
    return Access(url, options={**OPTIONS, "dkim_selector": "s2026"}, secrets={"dkim_key": key})


@pytest.mark.parametrize("body", ["Thank you.\n", "Grüße.\n.\n..\n\n\n", "", "long " * 400])
def test_what_we_sign_verifies_after_a_server_has_added_its_lines(
    relay: tuple[Relay, str], domain: Domain, body: str
) -> None:
    taken, url = relay
    connect(signing(url, domain.pem)).send(a_message(subject="Größe " * 30, body=body), "k1")

    [message] = taken.taken
    signature = message_from_bytes(message, policy=default)["DKIM-Signature"]
    assert domain.verifies(message)
    assert "d=harbor.example;" in signature and "s=s2026;" in signature


@pytest.mark.parametrize(
    ("what", "other"),
    [
        (b"Thank you", b"Tank you"),
        (b"From: ", b"From: mallory@x.example\r\nFrom: "),
        (b"ada@people.example", b"eve@people.example"),
        (b"Subject: Your", b"Subject: Her"),
    ],
)
def test_what_was_changed_on_the_way_does_not_verify(
    relay: tuple[Relay, str], domain: Domain, what: bytes, other: bytes
) -> None:
    taken, url = relay
    connect(signing(url, domain.pem)).send(a_message(), "k1")

    [message] = taken.taken
    assert what in message
    assert not domain.verifies(message.replace(what, other))


def test_where_the_server_signs_we_do_not(relay: tuple[Relay, str]) -> None:
    taken, url = relay
    connect(Access(url, options=OPTIONS)).send(a_message(), "k1")

    assert b"DKIM-Signature" not in taken.taken[0]


def test_a_key_that_signs_nothing_sends_nothing(relay: tuple[Relay, str]) -> None:
    taken, url = relay
    other = ed25519.Ed25519PrivateKey.generate()
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    for wrong in ("no key", pem):
        with pytest.raises(Misconfigured, match="dkim_key"):
            connect(signing(url, wrong)).send(a_message(), "k1")
    with pytest.raises(Misconfigured, match="dkim_key"):
        connect(signing(url, ""))

    assert taken.taken == []


def test_a_wrong_key_is_said_before_anything_is_sent(
    relay: tuple[Relay, str], domain: Domain
) -> None:
    _, url = relay
    good, bad = (list(connect(signing(url, key)).check())[-1] for key in (domain.pem, "no key"))

    assert (good.what, good.wrong) == ("signature", "")
    assert "dkim_key" in bad.wrong
