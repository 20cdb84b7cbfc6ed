"""Referees are asked by a courteous letter with a link of their own."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors.access import Access
from connectors.errors import OutcomeUnknown, Refused, Unsupported
from connectors.links import Links, Question
from connectors.messaging import smtp
from connectors.ports import ReferenceChecker
from connectors.records import AskReference, CloseJob
from connectors.references.questionnaire import connect
from deployments.sandbox.correspondents import Correspondents
from deployments.sandbox.mail import Mail
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

LINKS = Links("http://forms.example", "secret")


@pytest.fixture
def mail() -> Mail:
    world = World(seed=7, now=datetime(2026, 3, 2, 9, tzinfo=UTC))
    return Mail(world, Correspondents(world, People([]), {}))


@pytest.fixture
def checker(mail: Mail) -> Iterator[ReferenceChecker]:
    smtp_port, imap_port = mail.start(Sandbox(mail.world, [mail]))
    options = {
        "from_name": "Harbor Goods",
        "from_email": "talent@harbor.example",
        "journal": f"imap://127.0.0.1:{imap_port}",
        "journal_user": "journal",
    }
    access = Access(f"smtp://127.0.0.1:{smtp_port}", key="sandbox-smtp", options=options)
    yield connect(Access("", options={"client": "harbor"}), smtp.connect(access), LINKS)
    mail.stop()


def an_ask(email: str = "grace@people.example", reminder: int = 0) -> AskReference:
    return AskReference(
        application_key="HARBOR-3.9f2c11ab",
        about="2",
        candidate_name="Ada {Byron}",
        referee_name="Grace Hopper",
        referee_email=email,
        company="Harbor Goods",
        reminder=reminder,
    )


def link_in(letter: str) -> str:
    [link] = re.findall(r"http://forms\.example/forms/\S+", letter)
    return str(link)


def test_the_letter_says_who_asks_about_whom_and_that_they_agreed(
    mail: Mail, checker: ReferenceChecker
) -> None:
    receipt = checker.ask(an_ask(), "k1")

    [letter] = mail.messages
    assert letter["to"] == "grace@people.example"
    assert letter["headers"]["message-id"] == receipt.external_id
    assert letter["headers"]["subject"] == "A reference for Ada {Byron}"
    for said in ("Harbor Goods", "Ada {Byron} has agreed", "five minutes", "four questions"):
        assert said in letter["body"]


def test_the_link_names_the_referee_by_number_and_role(
    mail: Mail, checker: ReferenceChecker
) -> None:
    checker.ask(an_ask(), "k1")

    token = link_in(mail.messages[0]["body"]).rpartition("/")[2]
    assert LINKS.read(token) == Question(
        client="harbor",
        form="reference",
        subject="HARBOR-3.9f2c11ab",
        about="referee-2",
        by="referee",
    )


def test_a_reminder_says_so_and_carries_the_same_link(
    mail: Mail, checker: ReferenceChecker
) -> None:
    checker.ask(an_ask(), "k1")
    checker.ask(an_ask(reminder=1), "k2")

    first, second = mail.messages
    assert link_in(first["body"]) == link_in(second["body"])
    assert second["headers"]["subject"].startswith("Reminder")
    assert second["headers"]["x-template"] == "reference_reminder"


def test_a_letter_whose_answer_was_lost_is_found(mail: Mail, checker: ReferenceChecker) -> None:
    mail.faults.append("drop_after")

    with pytest.raises(OutcomeUnknown):
        checker.ask(an_ask(), "k1")

    found = checker.find(an_ask(), "k1")
    assert found is not None
    assert mail.received["messages"] == [found.external_id]


def test_a_letter_that_never_left_is_not_found(mail: Mail, checker: ReferenceChecker) -> None:
    mail.faults.append("drop_before")

    with pytest.raises(OutcomeUnknown):
        checker.ask(an_ask(), "k1")

    assert checker.find(an_ask(), "k1") is None


def test_a_referee_who_cannot_be_reached_is_refused(checker: ReferenceChecker) -> None:
    with pytest.raises(Refused):
        checker.ask(an_ask("bounce@people.example"), "k1")


def test_only_questions_to_referees_can_be_found(checker: ReferenceChecker) -> None:
    with pytest.raises(Unsupported):
        checker.find(CloseJob(job_ref="7"), "k1")


def test_answers_do_not_come_this_way(checker: ReferenceChecker) -> None:
    assert checker.resources == ()
    assert list(checker.changes("answers", None, [])) == []


FROM = {"from_name": "Harbor Goods", "from_email": "talent@harbor.example"}
