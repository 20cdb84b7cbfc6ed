"""A screener without an API: a person is asked to order, and says what the screener says."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.access import Access
from connectors.background_checks import VENDORS, manual
from connectors.errors import OutcomeUnknown, Refused, Unsupported
from connectors.ledger import answers
from connectors.ledger.store import Ledger
from connectors.links import Links, Question
from connectors.messaging import smtp
from connectors.ports import BackgroundScreener, Messenger
from connectors.records import (
    BackgroundReport,
    CancelBackgroundCheck,
    CloseJob,
    FormAnswer,
    OrderBackgroundCheck,
    Page,
    Place,
    ReportResult,
    ReportStatus,
)
from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.mail import Mail
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tasks.forms import FORMS

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LINKS = Links("http://forms.example", "secret")
FORM = FORMS["screening_status"]
KEY = "background.order:HARBOR-3.9f2c11ab:standard"


@pytest.fixture
def mail() -> Mail:
    world = World(seed=7, now=NOW)
    return Mail(world, Correspondents(world, People([]), {}))


@pytest.fixture
def messenger(mail: Mail) -> Iterator[Messenger]:
    smtp_port, imap_port = mail.start(Sandbox(mail.world, [mail]))
    options = {
        "from_name": "Harbor Goods",
        "from_email": "talent@harbor.example",
        "journal": f"imap://127.0.0.1:{imap_port}",
        "journal_user": "journal",
    }
    yield smtp.connect(Access(f"smtp://127.0.0.1:{smtp_port}", "sandbox-smtp", options=options))
    mail.stop()


@pytest.fixture
def account(ledger: Ledger) -> Access:
    return an_account(client=ledger.client)


@pytest.fixture
def screener(account: Access, messenger: Messenger, ledger: Ledger) -> BackgroundScreener:
    def given(question: Question) -> list[FormAnswer]:
        with ledger.transaction() as connection:
            return answers.given(connection, question)

    return manual.connect(account, messenger, LINKS, given)


def an_account(email: str = "grace@harbor.example", **options: str) -> Access:
    person = {"screener": "Cedar Checks", "person": "Grace Hopper", "person_email": email}
    return Access("", options={**person, **options})


def an_order(**changed: Any) -> OrderBackgroundCheck:
    order = OrderBackgroundCheck(
        application_key="HARBOR-3.9f2c11ab",
        package="standard",
        name="Ada {Byron}",
        email="ada@people.example",
        work_place=Place(code="CA-ON", city="Toronto", country="CA"),
    )
    return order.model_copy(update=changed)


def question_in(mail: Mail) -> Question:
    """What the last letter asks."""
    [token] = re.findall(r"http://forms\.example/forms/(\S+)", mail.messages[-1]["body"])
    return LINKS.read(token)


def say(ledger: Ledger, question: Question, status: str, days: int = 1) -> str:
    """Answer as the receiver takes it; returns what became of the answer."""
    fields = {"status": status}
    assert not FORM.problems(fields)
    with ledger.transaction() as connection:
        at = NOW + timedelta(days=days)
        return answers.take(connection, question, fields, FORM.final, at).how


def observed(screener: BackgroundScreener, *watching: str) -> list[BackgroundReport]:
    pages = list(screener.changes("reports", None, watching))
    assert not any(page.refused or page.unreadable for page in pages)
    records = [record for page in pages for record in page.records]
    return [record for record in records if isinstance(record, BackgroundReport)]


def test_is_registered_under_its_name() -> None:
    assert VENDORS["manual_screening"].connect is manual.connect


def test_an_order_is_a_letter_that_says_whom_to_check_where_and_asks_for_no_report(
    screener: BackgroundScreener, mail: Mail
) -> None:
    receipt = screener.order(an_order(), KEY)

    [letter] = mail.messages
    assert letter["to"] == "grace@harbor.example"
    assert letter["headers"]["message-id"] == receipt.others["message"]
    assert receipt.external_id in letter["headers"]["subject"]
    for said in ("Cedar Checks", "Ada {Byron}", "ada@people.example", "standard", "Toronto, CA-ON"):
        assert said in letter["body"]
    assert "no\nreport" in letter["body"]


def test_the_link_names_the_application_and_the_order(
    screener: BackgroundScreener, mail: Mail, ledger: Ledger
) -> None:
    receipt = screener.order(an_order(), KEY)

    assert question_in(mail) == Question(
        client=ledger.client,
        form="screening_status",
        subject="HARBOR-3.9f2c11ab",
        about=receipt.external_id,
        by="screening",
    )


def test_a_letter_whose_answer_was_lost_is_found_and_the_task_given_once(
    screener: BackgroundScreener, mail: Mail
) -> None:
    mail.faults.append("drop_after")
    with pytest.raises(OutcomeUnknown):
        screener.order(an_order(), KEY)

    found = screener.find(an_order(), KEY)

    assert found is not None
    assert found.external_id == question_in(mail).about
    assert mail.received["messages"] == [found.others["message"]]


def test_a_letter_that_never_left_is_not_found(screener: BackgroundScreener, mail: Mail) -> None:
    mail.faults.append("drop_before")
    with pytest.raises(OutcomeUnknown):
        screener.order(an_order(), KEY)

    assert screener.find(an_order(), KEY) is None


def test_a_check_is_called_off_by_a_letter_that_is_sent_once(
    screener: BackgroundScreener, mail: Mail
) -> None:
    order = CancelBackgroundCheck(order_ref=screener.order(an_order(), KEY).external_id)
    assert screener.find(order, "off") is None
    mail.faults.append("drop_after")
    with pytest.raises(OutcomeUnknown):
        screener.call_off(order, "off")

    found = screener.find(order, "off")

    assert found is not None and found.external_id == order.order_ref
    assert order.order_ref in mail.messages[-1]["body"]
    assert "do not order it" in mail.messages[-1]["body"]
    assert len(mail.messages) == 2


def test_another_order_for_the_same_person_is_another_task(
    screener: BackgroundScreener, mail: Mail, ledger: Ledger
) -> None:
    first = screener.order(an_order(), KEY)
    say(ledger, question_in(mail), "expired")
    again = an_order(instead_of=(first.external_id,))
    assert screener.find(again, f"{KEY}:again") is None

    second = screener.order(again, f"{KEY}:again")

    assert second.external_id != first.external_id
    assert observed(screener, second.external_id) == []


def test_before_anything_is_answered_nothing_is_known(screener: BackgroundScreener) -> None:
    ordered = screener.order(an_order(), KEY).external_id

    assert list(screener.changes("reports", None, [ordered])) == [Page()]


@pytest.mark.parametrize("said", FORM.fields[0].choices)
def test_each_answer_gives_one_state(
    screener: BackgroundScreener, mail: Mail, ledger: Ledger, said: str
) -> None:
    ordered = screener.order(an_order(), KEY).external_id
    say(ledger, question_in(mail), said)

    [report] = observed(screener, ordered)

    complete = said in ("clear", "consider")
    assert report.status == ("complete" if complete else said)
    assert report.result == (said if complete else None)
    assert report.application_key == "HARBOR-3.9f2c11ab"
    assert report.report_ref == (ordered if complete else None)
    assert report.completed_at == (NOW + timedelta(days=1) if complete else None)
    assert report.document == f'{{"status": "{said}"}}'.encode()


def test_the_form_asks_for_the_states_there_are_and_for_nothing_else() -> None:
    [field] = FORM.fields

    assert field.choices == tuple(manual.STATES)
    assert {status for status, _ in manual.STATES.values()} == set(ReportStatus)
    assert {result for _, result in manual.STATES.values()} == {None, *ReportResult}


def test_what_the_screener_says_may_change_and_the_last_answer_counts(
    screener: BackgroundScreener, mail: Mail, ledger: Ledger
) -> None:
    ordered = screener.order(an_order(), KEY).external_id
    question = question_in(mail)
    seen = []
    for days, said in enumerate(("invited", "pending", "clear", "disputed", "consider"), start=1):
        assert say(ledger, question, said, days) == "kept"
        assert say(ledger, question, said, days) == "known"
        seen += observed(screener, ordered)

    assert [report.status for report in seen] == [
        ReportStatus.INVITED,
        ReportStatus.PENDING,
        ReportStatus.COMPLETE,
        ReportStatus.DISPUTED,
        ReportStatus.COMPLETE,
    ]
    assert [report.result for report in seen if report.result] == ["clear", "consider"]
    assert [report.updated_at for report in seen] == [NOW + timedelta(days=n) for n in range(1, 6)]
    assert {report.ordered for report in seen} == {True}


def test_an_answer_in_a_word_we_do_not_know_is_unreadable_and_all_others_are_read(
    account: Access, messenger: Messenger
) -> None:
    def given(question: Question) -> list[FormAnswer]:
        said = "splendid" if question.about.endswith("1") else "pending"
        names = {"form": question.form, "subject": question.subject, "about": question.about}
        answer = {"external_id": "a", "updated_at": NOW, "by": "screening", **names}
        return [FormAnswer.model_validate({**answer, "fields": {"status": said}})]

    screener = manual.connect(account, messenger, LINKS, given)

    spoilt, shown, refused = screener.changes("reports", None, ["A.1:1", "A.1:2", "elsewhere"])

    assert list(spoilt.unreadable) == ["A.1:1"]
    assert [record.external_id for record in shown.records] == ["A.1:2"]
    assert list(refused.refused) == ["elsewhere"]


def test_a_person_who_cannot_be_reached_is_refused(messenger: Messenger) -> None:
    account = an_account("bounce@harbor.example", client="harbor")

    with pytest.raises(Refused):
        manual.connect(account, messenger, LINKS, lambda _: ()).order(an_order(), KEY)


def test_what_it_cannot_do_it_says(screener: BackgroundScreener) -> None:
    with pytest.raises(Unsupported):
        list(screener.changes("all_reports", None, ()))
    with pytest.raises(Unsupported):
        screener.find(CloseJob(job_ref="x"), KEY)
