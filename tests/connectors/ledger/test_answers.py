"""One question has one answer that stands; what may change is answered again until it is a yes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from connectors.ledger import answers, inbox, landing, references, rows
from connectors.ledger.answers import Taken
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Question
from connectors.records import FormAnswer
from tasks.forms import FORMS
from tests.locks import somebody_waits
from tests.tasks.test_reconcile import BEGUN, HOUR, Books, books

assert books  # a fixture

READY = {"policies": "yes", "equipment": "yes", "i9_section_1": "yes"}


@pytest.fixture
def key(books: Books) -> str:
    """An application in references."""
    return books.applies("ann", stage="references")


def take(
    ledger: Ledger,
    form: str,
    key: str,
    fields: dict[str, str],
    about: str = "",
    at: datetime = BEGUN,
) -> Taken:
    question = Question(ledger.client, form, key, about, "somebody")
    with ledger.transaction() as connection:
        return answers.take(connection, question, fields, FORMS[form].final, at)


def say(ledger: Ledger, form: str, key: str, fields: dict[str, str], about: str = "") -> str:
    """Answer a form; returns what became of the answer."""
    return take(ledger, form, key, fields, about).how


def seen(ledger: Ledger, key: str) -> references.Row:
    """The row as its stage sees it, once the inbox has been read."""
    with ledger.transaction() as connection:
        delivered = inbox.unread(connection, ledger.client)
        told = [FormAnswer.model_validate_json(delivery.body) for delivery in delivered]
        landing.land(connection, ledger.client, "forms", told, BEGUN)
        inbox.mark_read(connection, [delivery.id for delivery in delivered], BEGUN, {})
        scope = Scope(ledger.client)
        found = rows.inside(connection, references.Row, references.ROWS, "references", scope, BEGUN)
    return next(row for row in found if row.key == key)


@pytest.mark.parametrize(
    ("form", "first", "other"),
    [
        ("approve_offer", {"decision": "approve"}, {"decision": "reject"}),
        ("review_report", {"decision": "adverse"}, {"decision": "clear"}),
        ("review_duplicate", {"decision": "same"}, {"decision": "different"}),
        ("reference", {"worked_together": "no"}, {"worked_together": "yes"}),
    ],
)
def test_of_a_decision_the_first_answer_stands(
    ledger: Ledger, key: str, form: str, first: dict[str, str], other: dict[str, str]
) -> None:
    assert say(ledger, form, key, first, "v1") == "kept"

    assert take(ledger, form, key, other, "v1", BEGUN + HOUR) == Taken("answered", BEGUN)
    assert say(ledger, form, key, first | {"comment": ""}, "v1") == "known"
    assert say(ledger, form, key, other, "v2") == "kept"
    assert seen(ledger, key).answer(form, "v1") == first


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ("withdraw", "confirm"),
        ("interest", "interested"),
        ("referees", "consent"),
        ("day_one", "arrived"),
        ("i9_section_2", "documents_examined"),
        ("new_hire_report", "reported"),
    ],
)
def test_a_no_may_be_followed_by_a_yes_and_the_yes_stands(
    ledger: Ledger, key: str, form: str, field: str
) -> None:
    assert say(ledger, form, key, {field: "no"}) == "kept"
    assert say(ledger, form, key, {field: "yes"}) == "kept"
    assert say(ledger, form, key, {field: "no"}) == "answered"
    assert seen(ledger, key).answer(form) == {field: "yes"}


def test_tasks_are_answered_until_all_are_done_and_what_was_said_last_counts(
    ledger: Ledger, key: str
) -> None:
    no_equipment, no_policies = READY | {"equipment": "no"}, READY | {"policies": "no"}

    for given in (no_equipment, no_policies, no_equipment):
        assert say(ledger, "preboarding", key, given) == "kept"
    assert seen(ledger, key).answer("preboarding") == no_equipment

    assert say(ledger, "preboarding", key, READY) == "kept"
    assert say(ledger, "preboarding", key, no_policies) == "answered"
    assert seen(ledger, key).answer("preboarding") == READY


def test_what_is_said_later_counts_though_a_clock_has_gone_back(ledger: Ledger, key: str) -> None:
    say(ledger, "day_one", key, {"arrived": "no"})
    take(ledger, "day_one", key, {"arrived": "yes"}, at=BEGUN - HOUR)

    assert seen(ledger, key).answer("day_one") == {"arrived": "yes"}


def test_a_referee_counts_once_and_whoever_wrote_it_down(ledger: Ledger, key: str) -> None:
    vouches = {"worked_together": "yes", "rehire": "yes"}
    assert say(ledger, "reference", key, vouches, "referee-1") == "kept"
    assert say(ledger, "reference", key, vouches | {"strengths": "kind"}, "referee-1") == "answered"
    assert seen(ledger, key).answered == 1

    twice = [
        FormAnswer(
            external_id=f"an older id {n}",
            updated_at=BEGUN,
            form="reference",
            subject=key,
            about="referee-2",
            by="referee",
            fields=vouches,
        )
        for n in range(2)
    ]
    with ledger.transaction() as connection:
        landing.land(connection, ledger.client, "forms", twice, BEGUN)
    assert seen(ledger, key).answered == 2


def test_what_comes_when_all_is_over_is_not_taken(ledger: Ledger, books: Books, key: str) -> None:
    say(ledger, "day_one", key, {"arrived": "no"})
    books.ends(key, "NO_SHOW")

    assert say(ledger, "day_one", key, {"arrived": "yes"}) == "over"
    assert say(ledger, "day_one", key, {"arrived": "no"}) == "known"


def test_two_who_answer_at_once_do_not_both_stand(ledger: Ledger, key: str) -> None:
    with ThreadPoolExecutor(1) as other, ledger.transaction() as connection:
        question = Question(ledger.client, "approve_offer", key, "v1", "approver")
        final = FORMS["approve_offer"].final
        taken = answers.take(connection, question, {"decision": "approve"}, final, BEGUN)
        rival = other.submit(say, ledger, "approve_offer", key, {"decision": "reject"}, "v1")
        somebody_waits(ledger)
        connection.commit()
        assert (taken.how, rival.result(timeout=30)) == ("kept", "answered")


def test_a_subject_nobody_knows_is_neither_open_nor_over(ledger: Ledger, key: str) -> None:
    with ledger.transaction() as connection:
        known = [answers.over(connection, ledger.client, each) for each in (key, "HARBOR-1", "X")]
    assert known == [False, False, None]


def test_what_makes_an_answer_final_is_a_question_of_its_form() -> None:
    for form in FORMS.values():
        kinds = {field.name: field.kind for field in form.fields}
        assert {kinds[name] for name in form.until} <= {"yes_no"}
