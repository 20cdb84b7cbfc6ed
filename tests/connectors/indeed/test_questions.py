"""Screener questions: asked with a posting, answered with an application."""

import json
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.access import Access
from connectors.errors import Refused
from connectors.job_boards import indeed
from connectors.job_boards.indeed import deliveries, questions
from connectors.ports import DocumentStore, JobBoard
from connectors.records import Answer, Application
from deployments.sandbox import indeed_questions
from deployments.sandbox.indeed import Indeed
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tests.connectors.indeed.account import (
    NOW,
    Opened,
    Receiver,
    a_posting,
    a_seeker,
    crawl,
    jobs,
    these,
)

SITE = "https://files.example.test/indeed/questions"
ASKED = (("auth", "Are you allowed to work in the US?"), ("pumps", "Can you mend pumps?"))
WITH_QUESTIONS = a_posting(questions=ASKED)


@pytest.fixture
def asking(store: DocumentStore, receiver: Receiver) -> JobBoard:
    options = {"api_token": "token", "apply_url": receiver.url, "questions_url": SITE}
    site = "https://careers.example.test/jobs/harbor"
    return indeed.connect(Access(site, options=options), store)


def given_out(store: DocumentStore) -> Callable[[str], bytes | None]:
    """The public folder, as Indeed reads from it."""

    def get(url: str) -> bytes | None:
        try:
            return store.get(questions.FOLDER + url.removeprefix(f"{SITE}/"))
        except Refused:
            return None

    return get


def address_in_the_feed(store: DocumentStore) -> str:
    (job,) = jobs(store)
    return parse_qs(job["indeed-apply-data"])["indeed-apply-questions"][0]


def applied(
    board: JobBoard, store: DocumentStore, receiver: Receiver, answers: dict[str, str]
) -> tuple[Application, Indeed]:
    """What comes of a seeker with these answers, who reads the posting in the feed."""
    world = World(seed=7, now=NOW)
    vendor = Indeed(world, People([a_seeker(answers=answers)]), get=given_out(store))
    sandbox = Sandbox(world, [vendor])
    board.publish(these(WITH_QUESTIONS), "k")
    crawl(sandbox.start(), store)
    sandbox.advance(NOW + timedelta(days=3))
    sandbox.stop()
    (body,) = receiver.bodies
    return deliveries.read_application(body), vendor


def test_each_must_have_with_a_question_is_asked_by_its_id(
    asking: JobBoard, store: DocumentStore
) -> None:
    asking.publish(these(WITH_QUESTIONS), "k")

    content = given_out(store)(address_in_the_feed(store))
    assert json.loads(content or b"") == {
        "schemaVersion": "1.0",
        "screenerQuestions": {
            "questions": [
                {
                    "id": id,
                    "type": "select",
                    "question": question,
                    "required": True,
                    "options": [{"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"}],
                }
                for id, question in ASKED
            ]
        },
    }


def test_answers_come_back_as_answers_to_the_must_haves(
    asking: JobBoard, store: DocumentStore, receiver: Receiver
) -> None:
    application, vendor = applied(asking, store, receiver, {"auth": "Yes", "pumps": "No"})

    assert application.answers == (
        Answer(question="auth", value="yes"),
        Answer(question="pumps", value="no"),
    )
    assert "spoilt_questions" not in vendor.received


def test_a_question_that_was_left_open_has_no_answer(
    asking: JobBoard, store: DocumentStore, receiver: Receiver
) -> None:
    application, _ = applied(asking, store, receiver, {"auth": "Yes", "hobby": "Sailing"})

    assert application.answers == (Answer(question="auth", value="yes"),)


def test_indeed_is_given_nothing_to_knock_anybody_out_by() -> None:
    told = questions.definition(WITH_QUESTIONS).decode()

    assert "qualification" not in told
    assert "condition" not in told


def test_nobody_is_asked_where_there_is_nothing_to_ask_or_no_place_to_ask_it(
    asking: JobBoard, board: JobBoard, store: DocumentStore
) -> None:
    for port, posting in ((asking, a_posting()), (board, WITH_QUESTIONS)):
        port.publish(these(posting), "k")
        (job,) = jobs(store)
        assert "questions" not in job["indeed-apply-data"]
    assert store.names(questions.FOLDER) == []


def test_the_file_of_a_lost_publication_is_missed(asking: JobBoard, store: DocumentStore) -> None:
    receipt = asking.publish(these(WITH_QUESTIONS), "k")
    assert asking.find(these(WITH_QUESTIONS), "k") == receipt

    for name in store.names(questions.FOLDER):
        store.delete(name)

    assert asking.find(these(WITH_QUESTIONS), "k") is None


def test_other_questions_are_another_file_and_the_old_one_stays(
    asking: JobBoard, store: DocumentStore
) -> None:
    asking.publish(these(WITH_QUESTIONS), "k")
    before = address_in_the_feed(store)
    asking.publish(these(a_posting(questions=ASKED[:1])), "k2")

    assert address_in_the_feed(store) != before
    assert len(store.names(questions.FOLDER)) == 2


def test_a_posting_that_is_told_by_the_api_asks_the_same(
    opened: Opened, vendor: Indeed, store: DocumentStore
) -> None:
    opened(questions_url=SITE).publish(these(WITH_QUESTIONS), "k")

    (job,) = vendor.api.jobs.values()
    url = job["posting"]["applyMethod"]["indeedApply"]["applyQuestions"]
    assert set(indeed_questions.asked(url, given_out(store)) or ()) == {"auth", "pumps"}


def test_a_file_that_indeed_cannot_read_asks_nothing(
    asking: JobBoard, store: DocumentStore, receiver: Receiver
) -> None:
    asking.publish(these(WITH_QUESTIONS), "k")
    (name,) = store.names(questions.FOLDER)
    store.put(name, b'{"schemaVersion": "1.0", "questions": []}', "application/json")

    application, vendor = applied(asking, store, receiver, {"auth": "Yes"})

    assert application.answers == ()
    assert vendor.received["spoilt_questions"] == ["HARBOR-3.US-TX"]


@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-z][a-z0-9_]{1,39}", fullmatch=True), st.text(min_size=1)),
        min_size=1,
        unique_by=lambda pair: pair[0],
    )
)
def test_whatever_is_asked_is_a_file_that_indeed_reads(
    pairs: list[tuple[str, str]],
) -> None:
    content = questions.definition(a_posting(questions=tuple(pairs)))

    read = indeed_questions.asked("x", lambda _: content) or {}
    assert [(id, question["question"]) for id, question in read.items()] == pairs
