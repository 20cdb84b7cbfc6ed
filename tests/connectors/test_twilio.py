"""A person is texted once, if they agreed to it, by day, and never again after STOP."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors import deadline
from connectors.access import Access
from connectors.deadline import TooLate
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    TooEarly,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.messaging.twilio import connect, read_webhook, verify, wish
from connectors.ports import Messenger
from connectors.records import CloseJob, SendMessage, Sms
from deployments.sandbox import twilio as stand_in
from deployments.sandbox.envelopes import Event, sealed
from deployments.sandbox.server import Answer, Request, Sandbox
from deployments.sandbox.twilio import ACCOUNT, PHONE
from deployments.sandbox.world import World

NOON = datetime(2026, 3, 2, 17, tzinfo=UTC)  # in New York
ADA = "+12125550123"
OPTIONS = {"account_sid": ACCOUNT, "from_phone": PHONE}
WORDS = "Harbor Goods: your interview is tomorrow at 10. Reply STOP to opt out."


class Town:
    """A sandbox with Twilio only."""

    def __init__(self) -> None:
        self.world = World(seed=7, now=NOON)
        self.twilio = stand_in.Twilio(self.world)
        self.sandbox = Sandbox(self.world, [self.twilio])
        self.url = f"{self.sandbox.start()}/twilio"
        self.waits: list[float] = []

    def connect(self, key: str = "sandbox-twilio", **options: str) -> Messenger:
        known = {**OPTIONS, **options}
        return connect(
            Access(self.url, key, options=known),
            sleep=self.waits.append,
            now=lambda: self.world.now,
        )

    def fault(self, method: str, *faults: str) -> None:
        match = f"{method} "
        self.sandbox.faults.append({"vendor": "twilio", "match": match, "faults": list(faults)})

    def hears(self, words: str, phone: str = ADA) -> None:
        self.sandbox.input("twilio", {"from": phone, "body": words})

    def later(self, **delta: float) -> None:
        self.sandbox.advance(self.world.now + timedelta(**delta))

    @property
    def texts(self) -> list[str]:
        return [text.split()[0] for text in self.twilio.received.get("texts", [])]


@pytest.fixture
def town() -> Iterator[Town]:
    town = Town()
    yield town
    town.sandbox.stop()


@pytest.fixture
def messenger(town: Town) -> Messenger:
    return town.connect()


def a_text(to: str = ADA, residence: str = "US-NY", body: str = WORDS) -> SendMessage:
    agreed = Sms(to_phone=to, body=body, consent_at=NOON - timedelta(days=9), residence=residence)
    return letter(agreed)


def letter(sms: Sms | None = None) -> SendMessage:
    return SendMessage(
        to_name="Ada Byron",
        to_email="ada@people.example",
        subject="Your interview",
        body="A long letter.",
        template="interview_reminder",
        sms=sms,
    )


def test_some_who_are_texted_say_stop_within_the_hour_and_are_not_texted_again() -> None:
    world = World(seed=7, now=NOON)
    twilio = stand_in.Twilio(world, stops=0.5)
    sandbox = Sandbox(world, [twilio])
    try:
        access = Access(f"{sandbox.start()}/twilio", "sandbox-twilio", options=OPTIONS)
        messenger = connect(access, lambda: world.now, sleep=lambda _: None)
        numbers = [f"+121255501{n:02}" for n in range(20)]
        for number in numbers:
            messenger.send(a_text(number), "k1")
        sandbox.advance(NOON + timedelta(minutes=61))

        stopped = twilio.received["stops"]
        assert 0 < len(stopped) < 20
        with pytest.raises(Refused, match="stop"):
            messenger.send(a_text(stopped[0]), "k2")
    finally:
        sandbox.stop()


def test_the_short_form_is_texted_from_the_clients_number(town: Town, messenger: Messenger) -> None:
    receipt = messenger.send(a_text(body="Grüße & bis morgen"), "k1")

    [row] = town.twilio._rows
    assert (row["from"], row["to"], row["body"]) == (PHONE, ADA, "Grüße & bis morgen")
    assert row["sid"] == receipt.external_id


def test_what_waits_in_twilios_queue_is_not_sent_in_the_night(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    handle = town.twilio.handle

    def listen(request: Request) -> Answer:
        asked.append(request.raw)
        return handle(request)

    monkeypatch.setattr(town.twilio, "handle", listen)
    town.later(hours=8, minutes=59)  # 20:59 in New York

    town.connect().send(a_text(), "k1")

    assert b"ValidityPeriod=60" in asked[-1]


def test_who_has_not_agreed_is_not_texted(town: Town, messenger: Messenger) -> None:
    with pytest.raises(Refused, match="not agreed"):
        messenger.send(letter(), "k1")

    assert town.texts == []
    assert messenger.find(letter(), "k1") is None


def test_who_will_agree_tomorrow_has_not_agreed(town: Town, messenger: Messenger) -> None:
    sms = a_text().sms
    assert sms is not None

    with pytest.raises(Refused, match="not agreed"):
        messenger.send(
            letter(sms.model_copy(update={"consent_at": NOON + timedelta(days=1)})), "k1"
        )


@pytest.mark.parametrize("phone", ["", "212 555 0123", "+0", "+1212555012345678", "+1212555O123"])
def test_a_number_that_is_none_cannot_be_asked_for(phone: str) -> None:
    with pytest.raises(ValidationError):
        a_text(phone)


def test_by_night_it_waits_until_morning(town: Town, messenger: Messenger) -> None:
    town.later(hours=10)  # 22:00 in New York, 19:00 in California

    with pytest.raises(TooEarly) as night:
        messenger.send(a_text(), "k1")

    assert night.value.retry_after == 10 * 3600
    messenger.send(a_text("+14155550199", "US-CA"), "k2")
    town.later(seconds=night.value.seconds)
    messenger.send(a_text(), "k1")
    assert town.texts == ["+14155550199", ADA]


def test_who_lives_where_we_do_not_know_the_hours_is_not_texted(
    town: Town, messenger: Messenger
) -> None:
    with pytest.raises(Refused, match="hours"):
        messenger.send(a_text(residence="DE-BY"), "k1")

    assert town.texts == []


@pytest.mark.parametrize("words", ["STOP", "stop.", "Please stop texting me", "Opt out", "Revoke"])
def test_who_says_stop_is_not_texted_again(town: Town, messenger: Messenger, words: str) -> None:
    messenger.send(a_text(), "k1")
    town.hears(words)
    town.later(minutes=1)
    town.hears("By the way, is there parking?")

    with pytest.raises(Refused, match="stop"):
        messenger.send(a_text(), "k2")

    assert town.texts == [ADA]


def test_what_one_person_says_holds_for_nobody_else(town: Town, messenger: Messenger) -> None:
    town.hears("STOP", "+12125550999")
    town.hears("Which bus stop?")

    messenger.send(a_text(), "k1")

    assert town.texts == [ADA]


def test_start_takes_it_back_and_yes_does_not(town: Town, messenger: Messenger) -> None:
    town.hears("STOP")
    town.later(minutes=1)
    town.hears("Yes")
    with pytest.raises(Refused):
        messenger.send(a_text(), "k1")

    town.later(minutes=1)
    town.hears("START")
    messenger.send(a_text(), "k1")

    assert town.texts == [ADA]


def test_a_stop_is_found_on_the_last_page(town: Town, messenger: Messenger) -> None:
    town.twilio.rows_per_page = 2
    town.hears("STOP")
    for minute in range(7):
        town.later(minutes=1)
        town.hears(f"And {minute}")

    with pytest.raises(Refused):
        messenger.send(a_text(), "k1")


def test_no_error_on_a_later_page_names_a_number(town: Town, messenger: Messenger) -> None:
    town.twilio.rows_per_page = 1
    town.hears("Hello")
    town.hears("Hello?")
    town.fault("GET", "", *["drop_before"] * 9)

    with pytest.raises(Unavailable) as failure:
        messenger.send(a_text(), "k1")

    assert ADA[1:] not in str(failure.value)


def test_who_is_on_twilios_own_list_has_opted_out_too(messenger: Messenger) -> None:
    with pytest.raises(Refused, match="told us to stop"):
        messenger.send(a_text("+15005550004"), "k1")


@pytest.mark.parametrize(
    ("phone", "error"),
    [
        ("+15005550001", Refused),
        ("+15005550002", Refused),
        ("+15005550008", Unavailable),
        ("+15005550009", Refused),
    ],
)
def test_twilios_errors_have_names_and_name_nobody(
    messenger: Messenger, phone: str, error: type[ConnectorError]
) -> None:
    with pytest.raises(error, match="code") as failure:
        messenger.send(a_text(phone), "k1")

    assert phone not in str(failure.value)


def test_a_number_that_is_not_ours_or_no_such_account_is_our_mistake(town: Town) -> None:
    with pytest.raises(Misconfigured, match="21606"):
        town.connect(from_phone="+14155550111").send(a_text(), "k1")
    with pytest.raises(Misconfigured):
        town.connect(account_sid="AC1").send(a_text(), "k1")


def test_credentials_that_ended_are_our_mistake(town: Town, messenger: Messenger) -> None:
    town.twilio.expire()

    with pytest.raises(Misconfigured):
        messenger.send(a_text(), "k1")
    with pytest.raises(Misconfigured):
        messenger.find(a_text(), "k1")


@pytest.mark.parametrize("options", [{"account_sid": ""}, {"from_phone": ""}])
def test_a_missing_option_is_named_when_connecting(town: Town, options: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match="account_sid, or a sender"):
        town.connect(**options)


def test_a_message_that_is_too_late_is_not_sent(town: Town, messenger: Messenger) -> None:
    with deadline.within(-1), pytest.raises(TooLate):
        messenger.send(a_text(), "k1")

    assert town.texts == []


@pytest.mark.parametrize(
    "fault", ["drop_after", "truncated", "html_after", "empty_after", "error_in_200", "reshaped"]
)
def test_a_text_whose_answer_was_lost_is_found_and_not_repeated(
    town: Town, messenger: Messenger, fault: str
) -> None:
    town.fault("POST", fault)

    with pytest.raises(OutcomeUnknown):
        messenger.send(a_text(), "k1")

    found = messenger.find(a_text(), "k1")
    assert found is not None and found.external_id == town.twilio._rows[0]["sid"]
    assert town.texts == [ADA]


def test_a_text_lost_before_it_was_taken_is_not_found(town: Town, messenger: Messenger) -> None:
    messenger.send(a_text(body="Something else"), "k0")
    messenger.send(a_text("+12125550999"), "k0")
    town.fault("POST", "drop_before")

    with pytest.raises(OutcomeUnknown):
        messenger.send(a_text(), "k1")

    assert messenger.find(a_text(), "k1") is None


def test_whether_the_same_words_of_the_day_before_yesterday_were_these_a_person_decides(
    town: Town, messenger: Messenger
) -> None:
    messenger.send(a_text(), "k1")
    town.later(days=2)

    with pytest.raises(OutcomeUnknown):
        messenger.find(a_text(), "k2")
    again = messenger.send(a_text(), "k2")
    assert messenger.find(a_text(), "k2") == again


def test_what_the_person_wrote_is_not_taken_for_ours(town: Town, messenger: Messenger) -> None:
    messenger.send(a_text(PHONE, body="Yes"), "k0")
    town.hears("Yes")

    assert messenger.find(a_text(body="Yes"), "k1") is None


def test_over_the_quota_is_unavailable_for_as_long_as_twilio_says(
    town: Town, messenger: Messenger
) -> None:
    town.fault("POST", "429")

    with pytest.raises(Unavailable) as failure:
        messenger.send(a_text(), "k1")

    assert failure.value.retry_after is not None
    assert town.texts == []


def test_what_is_wrong_with_an_account_is_said_before_anything_is_sent(
    town: Town, messenger: Messenger
) -> None:
    sound, *_ = messenger.check()
    town.twilio.expire()
    ended, *_ = messenger.check()

    assert (sound.what, sound.wrong) == ("messages", "")
    assert "credentials refused" in ended.wrong
    assert town.texts == []


def test_only_messages_can_be_found_and_nothing_is_read(messenger: Messenger) -> None:
    assert (messenger.resources, list(messenger.changes("messages", None, []))) == ((), [])
    with pytest.raises(Unsupported):
        messenger.find(CloseJob(job_ref="7"), "k1")


@pytest.mark.parametrize(
    "change",
    [
        {"direction": "sideways"},
        {"direction": None},
        {"date_created": "yesterday"},
        {"date_created": None},
    ],
)
def test_what_we_do_not_understand_of_an_answer_texts_nobody(
    town: Town, messenger: Messenger, change: dict[str, Any]
) -> None:
    town.hears("STOP")
    town.twilio._rows[0].update(change)

    with pytest.raises(Unreadable):
        messenger.send(a_text(), "k1")

    assert town.texts == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": None},
        {"messages": [], "next_page_uri": "https://elsewhere.example/steal"},
        {"messages": [], "next_page_uri": "/2010-04-01/Accounts/AC1/Calls.json?Page=1"},
    ],
)
def test_a_list_that_is_none_is_not_an_empty_one(
    town: Town, messenger: Messenger, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: Request) -> Answer:
        return Answer(200, body)

    monkeypatch.setattr(town.twilio, "_list", answer)

    with pytest.raises(Unreadable):
        messenger.send(a_text(), "k1")


def test_an_unknown_status_and_new_fields_prove_nothing_and_do_no_harm(
    town: Town, messenger: Messenger
) -> None:
    messenger.send(a_text(), "k1")
    town.twilio._rows[0].update(status="beamed", risk="low")

    with pytest.raises(Unreadable):
        messenger.find(a_text(), "k1")

    town.twilio._rows[0].update(status="undelivered")
    assert messenger.find(a_text(), "k1") is not None


class TestWebhook:
    """What Twilio publishes about its signature, and what is told by it."""

    ADDRESS = "https://mycompany.com/myapp.php?foo=1&bar=2"
    FORM = (
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    )
    SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="

    def test_the_published_vector_verifies(self) -> None:
        raw = urlencode(list(reversed(self.FORM))).encode()

        assert verify(raw, {"X-Twilio-Signature": self.SIGNATURE}, "12345", self.ADDRESS)

    def test_a_field_that_comes_again_is_signed_once_by_value(self) -> None:
        form = [("Sid", "CA123"), ("SidAccount", "AC123")]
        form += [("Digits", digits) for digits in ("5678", "1234", "1234")]
        headers = {"X-Twilio-Signature": "IK+Dwps556ElfBT0I3Rgjkr1wJU="}

        assert verify(urlencode(form).encode(), headers, "12345", self.ADDRESS)

    @pytest.mark.parametrize(
        ("change", "token", "address"),
        [
            ("&Extra=1", "12345", ADDRESS),
            ("", "54321", ADDRESS),
            ("", "12345", "https://mycompany.com/myapp.php?foo=1"),
            ("", "12345", ""),
        ],
    )
    def test_anything_else_does_not(self, change: str, token: str, address: str) -> None:
        raw = (urlencode(self.FORM) + change).encode()

        assert not verify(raw, {"x-twilio-signature": self.SIGNATURE}, token, address)
        assert not verify(raw, {}, token, address)

    @given(st.dictionaries(st.text(max_size=9), st.text(max_size=9)), st.text(max_size=20))
    def test_what_twilio_signs_verifies_whatever_it_says(
        self, form: dict[str, str], token: str
    ) -> None:
        signed = self.ADDRESS + "".join(name + form[name] for name in sorted(form))
        digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
        headers = {"X-Twilio-Signature": base64.b64encode(digest).decode()}

        assert verify(urlencode(form).encode(), headers, token, self.ADDRESS)

    def test_the_stand_ins_own_posts_verify(self, town: Town) -> None:
        told: list[Any] = []
        town.twilio.tell = lambda kind, about: told.append((kind, about))
        town.hears("STOP")

        [(kind, about)] = told
        posted = sealed(Event("twilio", kind, about, "0" * 64, NOON, self.ADDRESS), "12345")

        assert verify(posted.body, posted.headers, "12345", self.ADDRESS)
        assert read_webhook(posted.body).refs == (town.twilio._rows[0]["sid"],)

    @pytest.mark.parametrize(
        ("words", "kind"), [("STOP", "stop"), ("unstop", "start"), ("Where is it?", "message")]
    )
    def test_an_event_names_the_message_and_nobody(self, words: str, kind: str) -> None:
        sid = "SM" + "0" * 32
        raw = urlencode({"MessageSid": sid, "From": ADA, "Body": words}).encode()

        event = read_webhook(raw)

        assert (event.id, event.kind, event.refs, event.at) == (sid, kind, (sid,), None)

    @given(st.binary(max_size=50))
    def test_what_is_no_event_is_unreadable(self, raw: bytes) -> None:
        with pytest.raises(Unreadable):
            read_webhook(raw)

    @given(st.text())
    def test_anything_can_be_texted(self, words: str) -> None:
        assert wish(words) in ("", "stop", "start")
