"""Notices that a person sends: asked for once, told of in a word, and read with the report."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.access import Access
from connectors.background_checks import certn, manual
from connectors.errors import OutcomeUnknown
from connectors.ledger import answers
from connectors.ledger.store import Ledger
from connectors.links import Links, Question
from connectors.notices import FORM, STATES
from connectors.ports import BackgroundScreener, Messenger
from connectors.records import (
    AdverseStatus,
    BackgroundReport,
    FormAnswer,
    OrderBackgroundCheck,
    Place,
    StartAdverseAction,
)
from deployments.sandbox.certn import Certn
from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.mail import Mail
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tasks.forms import FORMS
from tests.connectors.test_certn import LONG_ENOUGH, OPTIONS, Town

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
LINKS = Links("http://forms.example", "secret")
KEY = "background.adverse:HARBOR-3.bob:report"
WHO = {"person": "Grace Hopper", "person_email": "grace@harbor.example"}
both = pytest.mark.parametrize("name", ["certn", "manual_screening"])


class Office:
    """Two screeners without notices of their own, a mailbox, and what was answered so far."""

    def __init__(self, ledger: Ledger) -> None:
        world = World(seed=7, now=NOW)
        self.ledger = ledger
        self.mail = Mail(world, Correspondents(world, People([]), {}))
        self.certn = Certn(world, Town(bob="consider_adverse"))
        self.sandbox = Sandbox(world, [self.mail, self.certn])
        url = self.sandbox.start()
        smtp_port, imap_port = self.mail.start(self.sandbox)
        self.messenger = _messenger(smtp_port, imap_port)
        whose = {"client": ledger.client, **WHO}
        access = Access(f"{url}/certn", "sandbox-certn", options={**OPTIONS, **whose})
        by_hand = Access("", options={"screener": "Cedar Checks", **whose})
        beside = (self.messenger, LINKS, self.given)
        self.ports: dict[str, BackgroundScreener] = {
            "certn": certn.connect(access, *beside, sleep=lambda _: None),
            "manual_screening": manual.connect(by_hand, *beside),
        }

    def given(self, question: Question) -> list[FormAnswer]:
        with self.ledger.transaction() as connection:
            return answers.given(connection, question)

    def asked(self) -> Question:
        """What the last letter asks."""
        [token] = re.findall(r"http://forms\.example/forms/(\S+)", self.mail.messages[-1]["body"])
        return LINKS.read(token)

    def say(self, question: Question, status: str, at: datetime) -> None:
        form = FORMS[question.form]
        fields = {"status": status}
        assert not form.problems(fields)
        with self.ledger.transaction() as connection:
            taken = answers.take(connection, question, fields, form.final, at)
        assert taken.how == "kept"

    def a_report(self, name: str) -> str:
        """A check was ordered and is to be considered; returns the order's id."""
        order = OrderBackgroundCheck(
            application_key="HARBOR-3.bob",
            package="standard",
            name="Bob",
            email="bob@example.test",
            work_place=Place(code="US-CA", city="Oakland", region="CA", country="US"),
        )
        ref = self.ports[name].order(order, "order").external_id
        if name == "manual_screening":
            self.say(self.asked(), "consider", NOW)
        self.sandbox.advance(NOW + LONG_ENOUGH)
        return ref

    def report(self, name: str, ref: str) -> BackgroundReport:
        pages = list(self.ports[name].changes("reports", None, [ref]))
        [report] = [record for page in pages for record in page.records]
        assert isinstance(report, BackgroundReport)
        return report

    def stop(self) -> None:
        self.mail.stop()
        self.sandbox.stop()


def _messenger(smtp_port: int, imap_port: int) -> Messenger:
    from connectors.messaging import smtp

    options = {
        "from_name": "Harbor Goods",
        "from_email": "talent@harbor.example",
        "journal": f"imap://127.0.0.1:{imap_port}",
        "journal_user": "journal",
    }
    return smtp.connect(Access(f"smtp://127.0.0.1:{smtp_port}", "sandbox-smtp", options=options))


@pytest.fixture
def office(ledger: Ledger) -> Iterator[Office]:
    office = Office(ledger)
    yield office
    office.stop()


def a_notice(report: BackgroundReport) -> StartAdverseAction:
    return StartAdverseAction(
        report_ref=report.report_ref or "",
        application_key="HARBOR-3.bob",
        final_not_before=NOW + 10 * DAY,
        business_days=7,
        calendar_days=5,
        places=("US", "US-CA"),
        decided_by="C. Reviewer",
    )


Asked = Callable[[str], tuple[str, Question, str]]


@pytest.fixture
def asked(office: Office) -> Asked:
    def ask(name: str) -> tuple[str, Question, str]:
        """A notice was asked for: the order's id, the question in the letter, the action's id."""
        ref = office.a_report(name)
        notice = a_notice(office.report(name, ref))
        action = office.ports[name].start_adverse_action(notice, KEY).external_id
        return ref, office.asked(), action

    return ask


@both
def test_the_letter_says_what_is_to_be_sent_and_how_long_to_wait(
    office: Office, asked: Asked, name: str
) -> None:
    _, question, _ = asked(name)

    letter = office.mail.messages[-1]["body"]
    assert (question.form, question.subject) == (FORM, "HARBOR-3.bob")
    assert "C. Reviewer has decided" in letter
    assert "7 business days of US, US-CA, and 5 days after the first one has left" in letter
    assert "2026-03-12" in letter


@both
def test_until_somebody_says_so_no_notice_has_left(office: Office, asked: Asked, name: str) -> None:
    ref, _, _ = asked(name)

    report = office.report(name, ref)

    assert (report.adverse_ref, report.adverse_status, report.notice_at) == (None, None, None)


@both
def test_what_has_been_done_is_read_with_the_report(
    office: Office, asked: Asked, name: str
) -> None:
    ref, question, action = asked(name)
    before = office.report(name, ref)
    told = []
    for day, said in enumerate(STATES, 1):
        if said != "called_off":
            office.say(question, said, NOW + day * DAY)
            report = office.report(name, ref)
            told.append((report.adverse_status, report.notice_at))
            assert report.adverse_ref == action
            assert (report.status, report.result) == (before.status, before.result)

    left = NOW + DAY
    assert told == [
        (AdverseStatus.PENDING, left),
        (AdverseStatus.DISPUTED, left),
        (AdverseStatus.PENDING, left),
        (AdverseStatus.COMPLETE, left),
    ]
    assert office.report(name, ref).final_notice_at == NOW + 5 * DAY


@both
def test_a_final_notice_of_which_no_first_was_told_begins_the_wait_when_it_is_told(
    office: Office, asked: Asked, name: str
) -> None:
    ref, question, _ = asked(name)

    office.say(question, "final_sent", NOW + 3 * DAY)

    assert office.report(name, ref).notice_at == NOW + 3 * DAY


@both
def test_a_second_notice_is_not_the_one_that_was_called_off(
    office: Office, asked: Asked, name: str
) -> None:
    ref, question, first = asked(name)
    office.say(question, "notice_sent", NOW + DAY)
    office.say(question, "called_off", NOW + 2 * DAY)
    called_off = office.report(name, ref)

    second = office.ports[name].start_adverse_action(a_notice(called_off), "again").external_id
    waiting = office.report(name, ref)
    office.say(question, "notice_sent", NOW + 9 * DAY)
    sent = office.report(name, ref)

    assert (called_off.adverse_ref, called_off.adverse_status) == (first, AdverseStatus.CANCELLED)
    assert (waiting.adverse_ref, waiting.adverse_status) == (first, AdverseStatus.CANCELLED)
    assert second != first
    assert (sent.adverse_ref, sent.adverse_status) == (second, AdverseStatus.PENDING)
    assert sent.notice_at == NOW + 9 * DAY


@both
def test_a_letter_whose_answer_was_lost_is_found_and_sent_once(office: Office, name: str) -> None:
    ref = office.a_report(name)
    notice = a_notice(office.report(name, ref))
    letters = len(office.mail.messages)
    assert office.ports[name].find(notice, KEY) is None
    office.mail.faults.append("drop_after")

    with pytest.raises(OutcomeUnknown):
        office.ports[name].start_adverse_action(notice, KEY)

    found: Any = office.ports[name].find(notice, KEY)
    assert found.external_id == f"{notice.report_ref}#1"
    assert len(office.mail.messages) == letters + 1
