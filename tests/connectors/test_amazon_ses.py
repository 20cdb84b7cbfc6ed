"""SES as moto serves it, over real HTTP. What it takes, the test delivers, as moto does not."""

import json
import smtplib
import threading
from collections.abc import Iterator
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import boto3
import pytest
from moto.backends import get_backend
from moto.server import ThreadedMotoServer
from moto.sesv2.responses import SESV2Response
from moto.sesv2.urls import url_paths

from connectors import deadline
from connectors.access import Access
from connectors.deadline import TooLate
from connectors.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unsupported,
)
from connectors.messaging import amazon_ses
from connectors.records import CloseJob
from tests.connectors.post_office import OPTIONS, PostOffice, a_message

SES = {**OPTIONS, "region": "us-east-1", "access_key_id": "testing"}


class Amazon:
    """SES with one verified sender, and the mailbox that gets the blind copies.

    `granted`: what GetAccount answers.
    """

    granted: ClassVar[str]

    def __init__(self, endpoint: str) -> None:
        self.endpoint, self.office = endpoint, PostOffice()
        get_backend("ses").reset()
        self.grants()
        client = boto3.client(
            "sesv2",
            region_name="us-east-1",
            endpoint_url=endpoint,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        client.create_email_identity(EmailIdentity=OPTIONS["from_email"])

    def access(self, endpoint: str = "", **options: str) -> Access:
        journal = {
            "journal_email": "journal@harbor.example",
            "journal": f"imap://127.0.0.1:{self.office.imap_port}",
            "journal_user": "journal",
        }
        return Access(
            endpoint or self.endpoint,
            "testing",
            options={**SES, **journal, **options},
            secrets={"journal": "sandbox-smtp"},
        )

    def grants(
        self, *, sending: bool = True, production: bool = True, most: float = 5e4, sent: Any = 12.0
    ) -> None:
        quota = {"Max24HourSend": most, "MaxSendRate": 14.0, "SentLast24Hours": sent}
        told = {"SendingEnabled": sending, "ProductionAccessEnabled": production}
        Amazon.granted = json.dumps({**told, "SendQuota": quota})

    @property
    def taken(self) -> list[Any]:
        accounts = get_backend("ses")
        return list(accounts["123456789012"]["us-east-1"].sent_messages)

    def letters(self) -> list[EmailMessage]:
        return [message_from_string(each.raw_data, policy=default) for each in self.taken]

    def deliver(self) -> None:
        """Deliver the blind copies, with a Message-ID of SES's own."""
        with smtplib.SMTP("127.0.0.1", self.office.smtp_port) as server:
            for taken, message in zip(self.taken, self.letters(), strict=True):
                message.replace_header("Message-ID", f"<{taken.id}@email.amazonses.com>")
                copies = [to for to in taken.destinations if to.startswith("journal@")]
                server.send_message(message, "bounces@amazonses.com", copies)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as moto:  # which lacks this operation
        moto.setattr(SESV2Response, "get_account", lambda _: Amazon.granted, raising=False)
        moto.setitem(url_paths, "{0}/v2/email/account$", SESV2Response.dispatch)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


@pytest.fixture
def amazon(endpoint: str) -> Iterator[Amazon]:
    amazon = Amazon(endpoint)
    yield amazon
    amazon.office.stop()


class Doorman:
    """Whoever answers in SES's place, always the same; `asked` counts."""

    def __init__(self, status: int, body: bytes, error: str = "") -> None:
        self.asked = 0
        doorman = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                doorman.asked += 1
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("x-amzn-ErrorType", error)
                self.send_header("Content-Length", str(len(body) + (status == 299)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_a_message_arrives_as_the_client_wrote_it(amazon: Amazon) -> None:
    body = f"Grüße, Ada.\nhttp://forms.example/forms/{'x' * 200}\n.\nBye\n"

    receipt = amazon_ses.connect(amazon.access()).send(a_message(subject="Größe", body=body), "k1")

    [taken], [message] = amazon.taken, amazon.letters()
    assert taken.source == "talent@harbor.example"
    assert set(taken.destinations[:2]) == {"ada@people.example", "journal@harbor.example"}
    assert message["From"] == '"Harbor Goods, Talent" <talent@harbor.example>'
    assert message["To"] == "Ada Byron <ada@people.example>"
    assert message["Subject"] == "Größe"
    assert "journal" not in taken.raw_data
    assert message.get_content().replace("\r\n", "\n") == body
    assert (message["X-Reference"], taken.id) == (receipt.external_id, receipt.others["ses"])


def test_a_message_whose_answer_was_lost_is_found_in_the_journal(amazon: Amazon) -> None:
    messenger = amazon_ses.connect(amazon.access())
    sent = messenger.send(a_message(), "k1")

    assert messenger.find(a_message(), "k1") is None
    amazon.deliver()

    found = messenger.find(a_message(), "k1")
    assert found and found.external_id == sent.external_id
    assert messenger.find(a_message(), "k2") is None


def test_without_a_journal_a_person_decides(amazon: Amazon) -> None:
    none = {"journal": "", "journal_email": "", "journal_user": ""}
    messenger = amazon_ses.connect(amazon.access(**none))
    messenger.send(a_message(), "k1")

    assert "journal@harbor.example" not in amazon.taken[0].destinations
    with pytest.raises(OutcomeUnknown):
        messenger.find(a_message(), "k1")


def test_a_message_that_is_too_late_is_not_sent(amazon: Amazon) -> None:
    with deadline.within(-1), pytest.raises(TooLate):
        amazon_ses.connect(amazon.access()).send(a_message(), "k1")

    assert amazon.taken == []


def test_a_sender_nobody_verified_sends_nothing(amazon: Amazon) -> None:
    with pytest.raises(Refused):
        amazon_ses.connect(amazon.access(from_email="x@y.example")).send(a_message(), "k1")

    assert amazon.taken == []


@pytest.mark.parametrize(
    ("status", "error", "text", "raised"),
    [
        (429, "TooManyRequestsException", "Maximum sending rate exceeded.", Unavailable),
        (400, "ThrottlingException", "Daily message quota exceeded.", Unavailable),
        (400, "LimitExceededException", "", Unavailable),
        (400, "AccountSuspendedException", "", Misconfigured),
        (400, "SendingPausedException", "", Misconfigured),
        (400, "MailFromDomainNotVerifiedException", "", Misconfigured),
        (404, "NotFoundException", "", Misconfigured),
        (403, "SignatureDoesNotMatch", "", Misconfigured),
        (
            400,
            "MessageRejected",
            "Address is not verified: ada@people.example",
            Misconfigured,
        ),
        (400, "MessageRejected", "ada@people.example: virus", Refused),
        (400, "BadRequestException", "", Refused),
        (500, "InternalServiceErrorException", "", OutcomeUnknown),
        (503, "ServiceUnavailable", "", OutcomeUnknown),
    ],
)
def test_failures_have_names_and_name_nobody(
    amazon: Amazon, status: int, error: str, text: str, raised: type[Exception]
) -> None:
    doorman = Doorman(status, b'{"message": "%s"}' % text.encode(), error)

    with pytest.raises(raised) as failure:
        amazon_ses.connect(amazon.access(doorman.url)).send(a_message(), "k1")

    doorman.stop()
    assert "ada" not in str(failure.value)
    assert doorman.asked == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"{}"),
        (200, b"[]"),
        (200, b'{"MessageId": null}'),
        (200, b'{"message": "internal error"}'),
        (200, b"<html>"),
        (299, b'{"MessageId"'),
        (303, b""),
    ],
)
def test_an_answer_that_proves_nothing_is_looked_up_and_not_repeated(
    amazon: Amazon, status: int, body: bytes
) -> None:
    doorman = Doorman(status, body)

    with pytest.raises(OutcomeUnknown):
        amazon_ses.connect(amazon.access(doorman.url)).send(a_message(), "k1")

    doorman.stop()
    assert doorman.asked == 1


def test_who_cannot_be_reached_is_unavailable(amazon: Amazon) -> None:
    with pytest.raises(Unavailable):
        amazon_ses.connect(amazon.access("http://127.0.0.1:9")).send(a_message(), "k1")


@pytest.mark.parametrize("missing", ["journal_email", "journal", "journal_user"])
def test_a_missing_option_is_named_when_connecting(amazon: Amazon, missing: str) -> None:
    with pytest.raises(Misconfigured, match=missing):
        amazon_ses.connect(amazon.access(**{missing: ""}))


def test_amazons_key_is_never_tried_at_the_journal(amazon: Amazon) -> None:
    access = amazon.access()

    with pytest.raises(Misconfigured, match="journal"):
        amazon_ses.connect(Access(access.base_url, access.key, options=access.options))


def test_only_messages_can_be_found_and_nothing_is_read(amazon: Amazon) -> None:
    messenger = amazon_ses.connect(amazon.access())

    assert (messenger.resources, list(messenger.changes("messages", None, []))) == ((), [])
    with pytest.raises(Unsupported):
        messenger.find(CloseJob(job_ref="7"), "k1")


def test_whether_the_sender_is_verified_is_said_before_anything_is_sent(amazon: Amazon) -> None:
    sound = list(amazon_ses.connect(amazon.access()).check())
    other = list(amazon_ses.connect(amazon.access(from_email="x@y.example")).check())

    assert {(check.what, check.wrong) for check in sound} == {
        (what, "") for what in ("sender", "journal", "sending", "production access", "quota")
    }
    assert "not verified" in other[0].wrong
    assert amazon.taken == []


@pytest.mark.parametrize(
    ("granted", "wrong"),
    [
        ({"sending": False}, {"sending": "it may not send"}),
        ({"production": False}, {"production access": "still in SES's sandbox"}),
        ({"sent": 46_000.0}, {"quota": "4000 of 50000 messages of 24 hours left"}),
        ({"sent": 44_000.0}, {}),
        ({"most": -1.0, "sent": 90_000.0}, {}),
    ],
)
def test_whether_the_account_may_write_to_anybody_and_how_often_is_said_in_time(
    amazon: Amazon, granted: dict[str, Any], wrong: dict[str, str]
) -> None:
    amazon.grants(**granted)

    found = {c.what: c for c in amazon_ses.connect(amazon.access()).check() if c.wrong}

    assert found.keys() == wrong.keys()
    assert all(found[what].wrong.startswith(told) for what, told in wrong.items())
    assert all(check.remedy for check in found.values())


def test_a_quota_that_is_none_is_no_good_news(amazon: Amazon) -> None:
    amazon.grants(sent="few")

    with pytest.raises(Unavailable, match="GetAccount: answer lost"):
        list(amazon_ses.connect(amazon.access()).check())


@pytest.mark.parametrize(
    ("domain", "is_within"),
    [("harbor.example", True), ("example", False), ("pearl-harbor.example", False)],
)
def test_a_verified_domain_covers_those_within_it(domain: str, is_within: bool) -> None:
    assert amazon_ses._is_within(domain, "harbor.example") is is_within
    assert amazon_ses._is_within(f"mail.{domain}", "harbor.example") is is_within


def test_where_ses_is_away_nothing_is_said_of_the_account(amazon: Amazon) -> None:
    with pytest.raises(Unavailable):
        list(amazon_ses.connect(amazon.access("http://127.0.0.1:9")).check())
