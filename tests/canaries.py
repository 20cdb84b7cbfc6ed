"""Canaries: secrets and private values that no sink may ever hold, and where they are planted."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
import yaml
from sqlalchemy import text

from connectors.ledger import arrivals, inbox, landing
from connectors.ledger import requisition as requisitions
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.store import Ledger
from connectors.links import Links, Question
from connectors.records import Application, FormAnswer, OrderBackgroundCheck, Place, SendOffer
from connectors.requisition import Requisition
from deployments.sandbox.people import DATA
from deployments.sandbox.server import Answer, Request, StandIn
from deployments.state import State
from tests.deployments import senders

AS_OF = datetime(2026, 10, 19, 13, tzinfo=UTC)
POSTING = "HARBOR-1-US-CA"
# What a vendor tells us, or throws back at us, about somebody.
TOLD = {
    "ssn": "523-99-canary-ssn",
    "dob": "1979-canary-born",
    "date_of_birth": "1979-canary-born",
    "account_number": "DE89-canary-bank",
    "report_text": "canary-felony-1998",
}
# What somebody types where it is not asked for.
TYPED = {"remarks": "canary-typed-ssn 523-99-1234", "decision": "canary-typed-report"}
VENDOR, LINKS, MAIL, HOOK, ALERTS = SECRETS = (
    "canary-key-of-a-vendor",
    "canary-secret-of-links",
    "canary-password-of-mail",
    "canary-token-of-the-alarm-hook",
    "canary-password-of-alarm-mail",
)
SIGNING = senders.SECRET
NAMED = ("Canaria Vogelsang", "canaria.vogelsang@mail.example")
HELD = "canaria.held@mail,example"  # nobody can write there: intake's gate holds her
PRIVATE = (*TOLD.values(), *TYPED.values(), *NAMED, HELD, *SECRETS, SIGNING)


def found(sink: str, canaries: tuple[str, ...] = PRIVATE) -> list[str]:
    """The canaries that sing in a text, as they are or as JSON writes them."""
    return [each for each in canaries if each in sink or json.dumps(each)[1:-1] in sink]


def singing(sinks: Mapping[str, str], canaries: tuple[str, ...] = PRIVATE) -> dict[str, list[str]]:
    """The canaries that were found, by the name of the sink."""
    heard = {name: found(sink, canaries) for name, sink in sinks.items()}
    return {name: songs for name, songs in heard.items() if songs}


@dataclass
class Leaky:
    """Makes a stand-in tell too much: in what it reports, and in how it refuses."""

    told: list[str] = field(default_factory=list)

    def tells(self, vendor: StandIn) -> None:
        """Every candidate or employee it shows comes with what nobody asked for."""
        handle = vendor.handle

        def answer(request: Request) -> Answer:
            real = handle(request)
            if isinstance(real.body, dict) and real.status < 300:
                self.told.append(request.path)
                private = {**real.body, "candidate": {**TOLD, **real.body.get("candidate", {})}}
                return Answer(real.status, private, real.headers, real.changed)
            return real

        vendor.handle = answer  # type: ignore[method-assign]

    def throws(self, vendor: StandIn, status: int, body: Any) -> None:
        """It answers everything with an error that quotes what it holds."""

        def answer(request: Request) -> Answer:
            self.told.append(request.path)
            return Answer(status, body)

        vendor.handle = answer  # type: ignore[method-assign]


def applies(ledger: Ledger) -> str:
    """Somebody applies, types too much, and something is to be ordered, offered and told."""
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    wanted = Requisition.model_validate(fields | {"client": ledger.client})
    with ledger.transaction() as connection:
        requisitions.put(connection, wanted, AS_OF)
        requisition_id = connection.execute(text("SELECT id FROM requisition")).scalar_one()
        posted = Decisions()
        posted.post(_subject("requisition", requisition_id, "HARBOR-1"), POSTING, {})
        ledger.write(connection, posted, AS_OF)
        applied = [_application("canaria", NAMED[1]), _application("held", HELD)]
        landing.land(connection, ledger.client, "indeed", applied, AS_OF)
        arrivals.open_applications(connection, ledger.client, "us", AS_OF)
        sql = text("SELECT id, key FROM application ORDER BY id")
        (application_id, key), _ = connection.execute(sql)
        answer = FormAnswer(
            external_id="a1",
            updated_at=AS_OF,
            form="screen",
            subject=key,
            about="",
            by="candidate",
            fields=TYPED,
        )
        body = answer.model_dump_json()
        inbox.keep(connection, ledger.client, "forms", "a1", body, AS_OF)
        inbox.keep(connection, ledger.client, "indeed", "a2", f"not JSON: {TYPED}", AS_OF)
        asked = Decisions()
        about = _subject("application", application_id, key)
        place = Place(code="US-CA", city="San Francisco", region="CA", country="US")
        order = OrderBackgroundCheck(
            application_key=key, package="pro", name=NAMED[0], email=NAMED[1], work_place=place
        )
        offer = SendOffer(
            application_key=key,
            offer_hash="0f",
            title="Your offer",
            letter=TYPED["remarks"],
            signer_name=NAMED[0],
            signer_email=NAMED[1],
            expires_at=AS_OF + timedelta(days=7),
        )
        asked.effect(about, "checkr", "background.order", order)
        asked.effect(about, "dropbox_sign", "offer.send", offer)
        ledger.write(connection, asked, AS_OF)
    return str(key)


def _application(name: str, email: str) -> Application:
    return Application(
        external_id=name,
        updated_at=AS_OF,
        job_ref=POSTING,
        name=NAMED[0],
        emails=(email,),
        source="Indeed",
        applied_at=AS_OF,
        resume_text=TYPED["remarks"],
    )


def _subject(kind: str, id: int, key: str) -> Subject:
    return Subject(
        subject_kind=kind,
        id=id,
        key=key,
        stage="",
        state="",
        since=AS_OF,
        ready_for=None,
        seq=0,
        head_hash="",
    )


def delivers(state: State, client: str, key: str) -> list[int]:
    """Vendors, a candidate and a forger post what is private to the receiver; its statuses."""
    now = datetime.now(UTC)
    event = senders.body("checkr", 1, now)
    event["data"]["object"] |= TOLD
    told = json.dumps(event).encode()
    applied = {
        "id": "indeed-1",
        "appliedOnMillis": int(AS_OF.timestamp() * 1000),
        "job": {"jobId": POSTING, "jobTitle": "Accounting Clerk"},
        "applicant": {"fullName": NAMED[0], "email": NAMED[1], **TYPED},
    }
    posts = [
        ("webhooks", "checkr", senders.sent("checkr", told)),
        ("webhooks", "checkr", senders.sent("checkr", told, signed=b"forged")),
        ("webhooks", "checkr", senders.sent("checkr", json.dumps(TOLD).encode())),
        ("webhooks", "gusto", senders.sent("gusto", str(TOLD).encode())),
        ("indeed", "apply", _by_indeed(applied)),
        ("indeed", "apply", _by_indeed({**applied, "job": TOLD})),
    ]
    answers = [
        requests.post(
            f"{state.receiver_url}/{kind}/{client}/{what}",
            post.content,
            headers=dict(post.headers),
            timeout=20,
        )
        for kind, what, post in posts
    ]
    question = Question(client, "interest", key, "", "candidate")
    link = Links(state.receiver_url, LINKS).to(question)
    for interested in ("yes", TYPED["decision"]):
        given = {"interested": interested, "pay_expectation": TYPED["remarks"]}
        answers.append(requests.post(link, given, timeout=20))
    return [answer.status_code for answer in answers]


def _by_indeed(body: dict[str, Any]) -> senders.Delivery:
    content = json.dumps(body).encode()
    signature = base64.b64encode(hmac.digest(VENDOR.encode(), content, "sha1"))
    return senders.Delivery(content, {"X-Indeed-Signature": signature.decode()})
