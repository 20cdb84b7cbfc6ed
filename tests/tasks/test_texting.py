"""A text goes beside the mail to who has agreed to it, by day, and nothing ever waits for one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from connectors.access import Access
from connectors.ledger import alarms, answers, inbox, rows, screening
from connectors.ledger.decisions import Decisions
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links, Question
from connectors.messaging.twilio import connect
from connectors.records import SMS_LENGTH, SendMessage
from deployments.sandbox.server import Sandbox
from deployments.sandbox.twilio import ACCOUNT, PHONE, Twilio
from deployments.sandbox.world import World
from tasks import desk as desks
from tasks import texting
from tasks.deliver import carry_out
from tasks.desk import Desk
from tasks.forms import FORMS
from tasks.messages import tell_candidate, with_links
from tasks.observe import read_inbox
from tasks.process import Process, Template
from tests.tasks.factories import HARBOR, KEY, NOW, an_application, asked, kinds, requests
from tests.tasks.test_deliver import Mailbox
from tests.tasks.test_reconcile import BEGUN, HOUR, Books, books

assert books  # a fixture

ADA, BEN = "+14155550100", "+14155550122"
INVITED = "screen_invitation"
YES = {"agreed": "yes", "state": "CA"}
NIGHT = BEGUN - 5 * HOUR  # 5 in the morning in New York
LINKS = Links("https://forms.example", "secret")


def texts(process: Process, **short: str) -> Process:
    """The same client, who texts; these messages have another short form."""
    systems = process.systems.model_copy(update={"texting": "twilio"})
    messages = process.messages | {
        name: process.messages[name].model_copy(update={"text": words})
        for name, words in short.items()
    }
    return process.model_copy(update={"systems": systems, "messages": messages})


TEXTS = texts(HARBOR)


def agreed(phone: str = ADA, **other: str) -> dict[str, Any]:
    about = texting.about(KEY, phone)
    return {f"texting:{about}": {"fields": YES | other, "at": NOW.isoformat()}}


def told(template: str = INVITED, process: Process = TEXTS, **row: Any) -> Decisions:
    decisions = Decisions()
    applicant = an_application(screening.Row, **SCREENED | {"forms": agreed()} | row)
    tell_candidate(decisions, applicant, process, template)
    return decisions


SCREENED: dict[str, Any] = {
    "approved": True,
    "source_stamped": True,
    "owner_stamped": True,
    "answers": [],
    "resume_text": "",
    "screened_at": None,
    "screen_answers": [],
    "screens_read_at": None,
    "evidence": {},
}


def test_who_has_agreed_is_texted_beside_the_mail() -> None:
    decisions = told()

    mail, text = decisions.effects
    assert (mail.kind, mail.system) == ("message.send", "smtp")
    assert (text.kind, text.system) == ("text.send", "twilio")
    assert text.key == f"text.send:{KEY}:{INVITED}"
    letter, texted = requests(decisions, SendMessage)
    assert letter.sms is None
    assert texted.sms is not None
    assert (texted.sms.to_phone, texted.sms.residence) == (ADA, "US-CA")
    assert texted.sms.consent_at == NOW
    assert texted.sms.body.startswith("Harbor Works: next step for Accounting Clerk")
    assert texted.sms.body.endswith("Reply STOP to end texts.")


@pytest.mark.parametrize(
    "row",
    [
        {"forms": {}},
        {"forms": agreed(agreed="no")},
        {"forms": agreed(state="elsewhere")},
        {"forms": agreed(BEN)},  # for another number than the application has by now
        {"phone": None},
        {"phone": "555-0100"},  # no area
        {"phone": "+44 20 7946 0123", "forms": agreed("+442079460123")},
        {"effects": asked("message.send", INVITED)},  # said before they had agreed
    ],
    ids=str,
)
def test_everybody_else_gets_the_mail_alone(row: dict[str, Any]) -> None:
    assert kinds(told(**row)) == ["message.send"]


def test_a_client_who_texts_nobody_does_so_whatever_was_agreed() -> None:
    assert kinds(told(process=HARBOR)) == ["message.send"]


def test_a_message_without_a_short_form_is_not_texted() -> None:
    assert TEXTS.messages["care"].text is None
    assert kinds(told("care")) == ["message.send"]


def test_a_short_form_that_became_too_long_is_left_to_the_mail() -> None:
    process = texts(HARBOR, care="{{ name }}")

    assert kinds(told("care", process, name="A" * SMS_LENGTH)) == ["message.send", "text.send"]
    assert kinds(told("care", process, name="A" * (SMS_LENGTH + 1))) == ["message.send"]


def test_a_link_in_a_text_is_sealed_as_in_a_mail() -> None:
    process = texts(HARBOR, care='{{ link("withdraw") }}')

    sent = with_links(requests(told("care", process), SendMessage)[1], LINKS, "harbor")

    assert sent.sms is not None
    question = LINKS.read(sent.sms.body.rpartition("/")[2])
    assert (question.form, question.subject) == ("withdraw", KEY)


@pytest.mark.parametrize(
    ("process", "phone", "asks"),
    [(TEXTS, ADA, True), (TEXTS, None, False), (HARBOR, ADA, False)],
)
def test_the_acknowledgement_asks_who_can_be_texted(
    process: Process, phone: str | None, asks: bool
) -> None:
    (letter,) = requests(told("acknowledgement", process, phone=phone), SendMessage)

    sent = with_links(letter, LINKS, "harbor").body
    found = [LINKS.read(word.rpartition("/")[2]) for word in sent.split() if "/forms/" in word]
    about = {question.form: question.about for question in found}
    assert about == {"withdraw": ""} | ({"texting": texting.about(KEY, ADA)} if asks else {})
    assert "\n\n\n" not in sent


def test_what_the_question_is_about_tells_numbers_apart_and_none_of_them() -> None:
    of_many = {texting.about(KEY, f"+1415555{n:04}") for n in range(10_000)}

    assert all(len(about) == 4 for about in of_many)
    assert 8_000 < len(of_many) < 10_000  # so several numbers have the same
    assert texting.about(KEY, ADA) != texting.about("HARBOR-1.another", ADA)


def test_the_terms_say_what_the_law_wants_said() -> None:
    terms = FORMS["texting"].terms.format(employer="Harbor Works Inc.", number="0100")

    for words in ("Harbor Works Inc.", "ends in 0100", "this application only", "no condition"):
        assert words in terms
    assert "Message and data rates may apply" in terms
    assert "STOP" in terms


@dataclass
class Town:
    """A client's desk with Twilio's stand-in, one applicant, and the world's time."""

    books: Books
    twilio: Twilio
    sandbox: Sandbox
    desk: Desk
    key: str

    @property
    def now(self) -> datetime:
        return self.twilio.world.now

    @property
    def texts(self) -> list[str]:
        return [text.split()[0] for text in self.twilio.received.get("texts", [])]

    def later(self, delta: timedelta) -> None:
        self.sandbox.advance(self.now + delta)

    def says(self, phone: str = ADA, **given: str) -> None:
        """The applicant answers by the link; nobody has read it yet."""
        about = texting.about(self.key, phone)
        question = Question(self.desk.client, "texting", self.key, about, "candidate")
        with self.desk.ledger.transaction() as connection:
            answers.take(connection, question, YES | given, FORMS["texting"].final, self.now)

    def tell(self) -> None:
        """A sweep reads what was answered, and writes to the applicant."""
        scope, ledger = Scope(self.desk.client), self.desk.ledger
        read_inbox.fn(scope, self.now)
        decisions = Decisions()
        with ledger.transaction() as connection:
            (row,) = rows.inside(
                connection, screening.Row, screening.ROWS, "screening", scope, self.now
            )
        tell_candidate(decisions, row, self.desk.process, INVITED)
        ledger.apply(decisions, self.now)

    def sweep(self) -> None:
        """Settle and deliver, as it is now."""
        scope = Scope(self.desk.client)
        carry_out(self.desk, scope, self.now, unsettled_only=True)
        carry_out(self.desk, scope, self.now)

    def state(self) -> tuple[str, str | None]:
        """What became of the text, and why."""
        sql = "SELECT state, error FROM effect WHERE kind = 'text.send'"
        with self.desk.ledger.transaction() as connection:
            (found,) = connection.execute(text(sql)).all()
        return found.state, found.error

    def alarms(self) -> list[str]:
        with self.desk.ledger.transaction() as connection:
            return [each.kind for each in alarms.untold(connection, self.desk.client, self.now)]

    def fault(self, method: str, *faults: str) -> None:
        match = f"{method} "
        self.sandbox.faults.append({"vendor": "twilio", "match": match, "faults": list(faults)})


@pytest.fixture
def open_town(
    ledger: Ledger, process: Process, books: Books, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[datetime], Town]]:
    running: list[Sandbox] = []

    def opened(now: datetime) -> Town:
        twilio = Twilio(World(seed=7, now=now))
        running.append(Sandbox(twilio.world, [twilio]))
        options = {"account_sid": ACCOUNT, "from_phone": PHONE}
        access = Access(f"{running[-1].start()}/twilio", "sandbox-twilio", options=options)
        texting = connect(access, lambda: twilio.world.now, sleep=lambda _: None)
        systems: Any = {"smtp": Mailbox(), "twilio": texting}
        desk = Desk(texts(process), ledger, LINKS, systems, systems, settling_seconds=0)
        monkeypatch.setitem(desks._open, process.client, desk)
        key = books.applies("ann", stage="screening")
        town = Town(books, twilio, running[-1], desk, key)
        has_number(ledger, ADA)
        return town

    yield opened
    for sandbox in running:
        sandbox.stop()


@pytest.fixture
def town(open_town: Callable[[datetime], Town]) -> Town:
    """At noon, of somebody who has agreed to be texted."""
    town = open_town(BEGUN + 5 * HOUR)
    town.says()
    return town


@pytest.fixture
def by_night(open_town: Callable[[datetime], Town]) -> Town:
    """Before dawn, when somebody in California who has agreed has been written to."""
    town = open_town(NIGHT)
    town.says()
    town.tell()
    town.sweep()
    return town


def has_number(ledger: Ledger, phone: str) -> None:
    with ledger.transaction() as connection:
        connection.execute(text("UPDATE application SET phone = :phone"), {"phone": phone})


def test_a_text_is_sent_once_with_the_mail(town: Town) -> None:
    town.tell()
    town.sweep()
    town.tell()
    town.sweep()

    assert town.texts == [ADA]
    assert town.state() == ("done", None)
    assert len(town.desk.systems["smtp"].sent) == 1  # type: ignore[attr-defined]


def test_by_night_the_mail_leaves_and_the_text_waits_for_the_morning(by_night: Town) -> None:
    assert len(by_night.desk.systems["smtp"].sent) == 1  # type: ignore[attr-defined]
    assert (by_night.state()[0], by_night.texts) == ("due", [])

    by_night.later(timedelta(hours=5, minutes=59))
    by_night.sweep()
    assert by_night.texts == []
    by_night.later(timedelta(minutes=1))  # 8 in California
    by_night.sweep()

    assert by_night.texts == [ADA]
    assert by_night.state()[0] == "done"


def test_no_number_of_nights_makes_it_a_persons(by_night: Town) -> None:
    with by_night.desk.ledger.transaction() as connection:
        told = "SELECT attempts, spared FROM effect WHERE kind = 'text.send'"
        assert connection.execute(text(told)).one() == (1, 1)


def test_what_waits_for_the_morning_is_overtaken_by_the_end_of_the_application(
    by_night: Town,
) -> None:
    by_night.books.ends(by_night.key, "WITHDRAWN")

    by_night.later(6 * HOUR)
    by_night.sweep()

    assert by_night.texts == []
    assert by_night.state() == ("overtaken", "twilio: not sent: its application has ended")


def test_who_takes_it_back_in_the_night_is_not_texted_in_the_morning(by_night: Town) -> None:
    by_night.says(agreed="no")  # which no sweep has read

    by_night.later(6 * HOUR)
    by_night.sweep()

    assert by_night.texts == []
    assert by_night.state() == ("overtaken", "twilio: this person does not agree any more")


def test_a_number_that_is_no_longer_theirs_is_not_texted(by_night: Town) -> None:
    has_number(by_night.desk.ledger, BEN)

    by_night.later(6 * HOUR)
    by_night.sweep()

    assert by_night.texts == []
    assert by_night.state()[0] == "overtaken"


def test_a_text_of_yesterday_is_not_sent_today(by_night: Town) -> None:
    by_night.later(timedelta(days=1))
    by_night.later(6 * HOUR)
    by_night.sweep()

    assert by_night.texts == []
    assert by_night.state()[0] == "overtaken"


def test_who_has_said_stop_is_not_texted_and_nobody_need_see_to_it(town: Town) -> None:
    town.sandbox.input("twilio", {"from": ADA, "body": "Stop"})
    town.tell()
    town.sweep()

    assert town.texts == []
    assert town.state()[0] == "overtaken"
    assert town.alarms() == []


def test_the_last_answer_stands(town: Town) -> None:
    town.says(agreed="no")
    town.tell()
    with town.desk.ledger.transaction() as connection:
        asked = connection.execute(text("SELECT kind FROM effect")).scalars().all()

    assert asked == ["message.send"]


def test_a_text_whose_answer_was_lost_is_found_and_not_sent_again(town: Town) -> None:
    town.fault("POST", "drop_after")
    town.tell()
    town.sweep()
    town.sweep()

    assert town.texts == [ADA]
    assert town.state()[0] == "done"


def test_a_text_that_was_sent_counts_as_sent_though_it_was_taken_back_meanwhile(
    town: Town,
) -> None:
    town.fault("POST", "drop_after")
    town.fault("GET", "500", "500", "500")
    town.tell()
    town.sweep()
    town.says(agreed="no")
    town.later(HOUR)
    town.sweep()

    assert town.texts == [ADA]
    assert town.state()[0] == "done"


def test_twilio_may_be_away_and_nobody_hears_of_a_text_that_could_not_be_sent(town: Town) -> None:
    town.fault("POST", *["500"] * 300)
    town.fault("GET", *["500"] * 300)
    town.tell()
    for _ in range(5 * 24):
        town.sweep()
        town.later(HOUR / 4)
    assert len(town.desk.systems["smtp"].sent) == 1  # type: ignore[attr-defined]
    assert town.texts == []

    assert town.state()[0] == "overtaken"
    assert "effect.dead" not in town.alarms()


def test_the_answer_is_read_as_it_was_given(town: Town) -> None:
    with town.desk.ledger.transaction() as connection:
        (delivery,) = inbox.unread(connection, town.desk.client)
    assert ADA[2:] not in delivery.body


def test_only_messages_that_are_no_end_have_a_short_form() -> None:
    wanted = HARBOR.model_dump()
    for template in ("not_selected", "closed", "acknowledgement", "approve_offer"):
        short = Template(**wanted["messages"][template] | {"text": "Sorry."}).model_dump()
        with pytest.raises(ValueError, match=f"leave out the text of {template}; only these"):
            Process.model_validate(wanted | {"messages": wanted["messages"] | {template: short}})
