"""Mail through Amazon SES, API version 2.

Docs: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
Auth: signature v4 with `options["access_key_id"]` and `key`; without them, boto3's own chain
  (instance role, environment).
Access: options `region`, `from_name`, `from_email`; `configuration_set` where events are wanted;
  `journal_email`, `journal` (`imap://host:port`), `journal_user` and the secret `journal` for a
  mailbox that gets a copy of everything. `base_url` only for another host than Amazon's.
Paging: none, mail is only sent.
Limits: so many a second and a day, as the account was granted; over them 429. An account that is
  still in SES's own sandbox: 200 a day, 1 a second, and only to addresses that were verified.

Quirks
- There is no idempotency key, and nothing sent can be looked up. SES replaces the Message-ID
  (https://docs.aws.amazon.com/ses/latest/dg/header-fields.html), so ours travels as `X-Reference`;
  the journal, a blind copy of the same call, is searched for it. Without one a person decides.
- boto3 would repeat a call whose answer was lost, and so the message: it is told not to.
- SES adds `Date` and signs (DKIM) for the sender's domain, once that is set up there.
- An error's text repeats addresses: only its code is kept.

Unverified: real Amazon, it was run against moto only; how soon the copy reaches the journal.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

from connectors import deadline
from connectors.access import Access
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unsupported,
)
from connectors.health import Check, tried
from connectors.http import FEW
from connectors.journal import SEARCH_LAG, Journal
from connectors.letter import letter, message_id
from connectors.ports import Messenger
from connectors.records import Page, Receipt, Request, SendMessage
from connectors.vendor import Setting, Vendor

NAME = "amazon_ses"
ONCE = Config(connect_timeout=3, read_timeout=30, retries={"total_max_attempts": 1})
JOURNAL = ("journal_email", "journal", "journal_user")
REFERENCE = "X-Reference"
SET_UP = frozenset(
    {
        "AccountSuspendedException",
        "SendingPausedException",
        "MailFromDomainNotVerifiedException",
        "NotFoundException",  # the configuration set
    }
)
RESHAPED = (ResponseParserError, AttributeError, KeyError, ValueError)  # of another shape
LOST = (BotoCoreError, *RESHAPED)
UNLIMITED = -1  # messages a day
LATER = frozenset({"LimitExceededException", "Throttling", "ThrottlingException"})
UNVERIFIED = "not verified"  # in the text of MessageRejected: the sender, or SES's own sandbox


def connect(access: Access) -> Messenger:
    """Open SES for one sender; raises Misconfigured for half a journal."""
    missing = [name for name in JOURNAL if not access.options.get(name)]
    if missing and len(missing) < len(JOURNAL):
        raise Misconfigured(NAME, f"options missing: {', '.join(missing)}")
    if access.options.get("journal") and not access.secrets.get("journal"):
        raise Misconfigured(NAME, "the secret 'journal' is missing")  # the key is Amazon's alone
    client = boto3.client(
        "sesv2",
        region_name=access.options["region"],
        endpoint_url=access.base_url or None,
        aws_access_key_id=access.options.get("access_key_id"),
        aws_secret_access_key=access.key or None,
        config=ONCE,
    )
    client.meta.events.register("before-send.sesv2", lambda **_: deadline.check())
    return AmazonSes(client, access)


class AmazonSes:
    """One sender of a client's SES account."""

    resources: tuple[str, ...] = ()
    search_lag = SEARCH_LAG

    def __init__(self, client: Any, access: Access) -> None:
        self._client, self._access = client, access
        self._from = access.options["from_email"]
        self._journal = Journal(NAME, access)

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Nothing: mail is only sent."""
        return iter(())

    def send(self, request: SendMessage, key: str) -> Receipt:
        """Send one message; the receipt's id is our Message-ID, SES's own is beside it."""
        message = letter(NAME, self._access, request, key)
        message[REFERENCE] = message["Message-ID"]
        copies = [to] if (to := self._access.options.get("journal_email")) else []
        events = self._access.options.get("configuration_set")
        with _named("SendEmail"):
            answer = self._client.send_email(
                FromEmailAddress=self._from,
                Destination={"ToAddresses": [request.to_email], "BccAddresses": copies},
                Content={"Raw": {"Data": message.as_bytes()}},
                **({"ConfigurationSetName": events} if events else {}),
            )
        if not answer.get("MessageId"):  # whoever answered, it was not SES
            raise OutcomeUnknown(NAME, "SendEmail: answer not understood")
        return Receipt(external_id=message["Message-ID"], others={"ses": answer["MessageId"]})

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for an earlier attempt in the journal; OutcomeUnknown if there is no journal."""
        if not isinstance(request, SendMessage):
            raise Unsupported(NAME, "only messages can be found")
        sent = message_id(self._from, key)
        return Receipt(external_id=sent) if self._journal.has(REFERENCE, sent) else None

    def check(self) -> Iterator[Check]:
        """Whether the sender is verified, there is a journal to read, and the account may send.

        Nothing is sent.
        """
        yield tried("sender", "verify the sender's domain with SES, in this region", self._look)
        yield self._journal.check()
        yield from self._granted()

    def _granted(self) -> Iterator[Check]:
        """Whether the account may write to anybody, and how many messages it has left."""
        with _asked("GetAccount"):
            told = self._client.get_account()
            may_send, to_all = told["SendingEnabled"], told["ProductionAccessEnabled"]
            most, sent = (told["SendQuota"][name] for name in ("Max24HourSend", "SentLast24Hours"))
        wrong = "" if may_send is True else "it may not send"
        yield Check("sending", wrong, "see the account's status with SES, and answer Amazon there")
        wrong = "" if to_all is True else "still in SES's sandbox: only to verified addresses"
        yield Check("production access", wrong, "ask for production access in the SES console")
        left = most - sent
        is_short = most != UNLIMITED and left < most * FEW
        wrong = f"{left:.0f} of {most:.0f} messages of 24 hours left" if is_short else ""
        yield Check("quota", wrong, "ask for a larger sending quota in the SES console")

    def _look(self) -> None:
        with _asked("ListEmailIdentities"):
            verified = {row["IdentityName"] for row in self._identities()}
        domain = self._from.rpartition("@")[2]
        if self._from not in verified and not any(_is_within(domain, name) for name in verified):
            raise Misconfigured(NAME, "the sender is not verified")

    def _identities(self) -> Iterator[dict[str, Any]]:
        """Yield the addresses and domains that may send."""
        page: dict[str, str] = {}
        while True:
            answer = self._client.list_email_identities(**page)
            yield from (row for row in answer["EmailIdentities"] if row["SendingEnabled"])
            if not answer.get("NextToken"):
                return
            page = {"NextToken": answer["NextToken"]}


@contextmanager
def _asked(what: str) -> Iterator[None]:
    """Name the failures of a read: that its answer was lost has changed nothing."""
    try:
        with _named(what):
            yield
    except OutcomeUnknown as lost:
        raise Unavailable(NAME, lost.what, status=lost.status) from None


def _is_within(domain: str, name: str) -> bool:
    return f".{domain}".endswith(f".{name}")


@contextmanager
def _named(what: str) -> Iterator[None]:
    try:
        yield
    except ClientError as failure:
        raise _error(what, failure) from None
    except NoCredentialsError:
        raise Misconfigured(NAME, f"{what}: no credentials") from None
    except (ConnectTimeoutError, EndpointConnectionError):
        raise Unavailable(NAME, f"{what}: no connection") from None
    except LOST:
        raise OutcomeUnknown(NAME, f"{what}: answer lost") from None


def _error(what: str, failure: ClientError) -> ConnectorError:
    code = failure.response["Error"]["Code"]
    status = failure.response["ResponseMetadata"]["HTTPStatusCode"]
    told = f"{what}: {code}"
    if status == 429 or code in LATER:
        return Unavailable(NAME, told, status=status)
    if status >= 500 or status < 400:
        return OutcomeUnknown(NAME, told, status=status)
    unverified = UNVERIFIED in failure.response["Error"].get("Message", "")
    if status in (401, 403) or code in SET_UP or unverified:
        return Misconfigured(NAME, told, status=status)
    return Refused(NAME, told, status=status)


VENDOR = Vendor(
    kind="messaging",
    name=NAME,
    title="Amazon SES",
    documents="https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html",
    reads="the journal, only to look for a lost message",
    writes="mail, as the client (`SendEmail` of API version 2)",
    connect=connect,
    addresses={"production": ""},
    domain="amazonaws.com",
    address="empty for Amazon",
    key="the secret access key; with none, the instance's role or the environment",
    key_optional=True,
    settings=(
        Setting("region", "the region the sender was verified in", required=True),
        Setting("from_name", "the sender's name, as the client's", required=True),
        Setting("from_email", "the sender's address", required=True),
        Setting("access_key_id", "the id of the key"),
        Setting("configuration_set", "the configuration set, where events are wanted"),
        Setting("journal_email", "the address of a mailbox that gets a copy of all that is sent"),
        Setting("journal", "`imap://host:port` of that mailbox"),
        Setting("journal_user", "its user"),
        Setting("journal", "its password", secret=True),
    ),
    scopes=("ses:SendEmail", "ses:ListEmailIdentities", "ses:GetAccount"),
)
