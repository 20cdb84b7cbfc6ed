"""Messages: every template renders, links are sealed at delivery, and nobody's name makes one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from connectors.ledger.decisions import Decisions
from connectors.ledger.selection import Row
from connectors.links import Links, Question
from connectors.records import SendMessage
from tasks.forms import FORMS
from tasks.messages import tell_candidate, tell_colleague, told_at, with_links
from tasks.process import TEMPLATES, TEMPLATES_OF_HR, Process
from tests.tasks.factories import HARBOR, KEY, NOW, an_application, asked, fields, requests

LINKS = Links("https://forms.example", "secret")
TO_COLLEAGUES: dict[str, dict[str, Any]] = {
    "approve_requisition": {"hash": "present", "fields": fields(), "market": "Denver: 66,000 USD"},
    "approve_offer": {"hash": "v1", "rate": "USD 70,000.00 per year", "start_on": "2026-03-18"},
    "review_duplicate": {"person": "HARBOR-2.0000000001", "score": 90, "evidence": "name 100 %"},
    "submittal_reminder": {},
    "reference_by_telephone": {"candidate": "Ada Lovelace", "call": "referee-1", "referee": "Ben"},
    "order_check": {"order": "order-1", "status": "expired", "candidate": "Ada Lovelace"},
    "review_report": {"report": "report-1", "candidate": "Ada Lovelace"},
    "day_one": {"candidate": "Ada Lovelace"},
    "i9_section_2": {"candidate": "Ada Lovelace", "due_on": "2026-03-23"},
    "new_hire_report": {
        "candidate": "Ada Lovelace",
        "start_on": "2026-03-18",
        "state": "US-CA",
        "entity": "Harbor Works Inc.",
        "due_on": "2026-04-07",
    },
    "correct_payroll": {"terms": "rate, unit", "due_on": "2026-04-02"},
}
TO_CANDIDATES: dict[str, dict[str, Any]] = {
    "acknowledgement": {},
    "aftercare": {"days": 30},
    "care": {},
    "closed": {"reason": "position_closed", "detail": "filled"},
    "interest": {"confirmed_on": "2026-03-02"},
    "joined": {"reason": "duplicate", "detail": "applied before"},
    "no_response": {},
    "not_selected": {"reason": "not_qualified", "detail": "Two years of bookkeeping"},
    "offer_lapsed": {},
    "preboarding": {"start_on": "2026-03-18"},
    "referees": {},
    "rescinded": {"reason": "background", "detail": "final adverse action"},
    "screen_invitation": {},
    "screen_reminder": {},
    "welcome": {},
    "withdrawn": {},
}


def an_applicant(**values: Any) -> Row:
    common: dict[str, Any] = {
        "rounds_planned": 1,
        "rounds_completed": 1,
        "scorecards_planned": 2,
        "scorecards_in": 2,
    }
    return an_application(Row, **common | values)


def to_candidate(template: str, process: Process = HARBOR, **values: Any) -> SendMessage:
    decisions = Decisions()
    row = an_applicant(**values)
    tell_candidate(decisions, row, process, template, **TO_CANDIDATES[template])
    return requests(decisions, SendMessage)[0]


def to_colleague(template: str) -> SendMessage:
    decisions = Decisions()
    tell_colleague(
        decisions,
        an_applicant(),
        HARBOR,
        template,
        HARBOR.people["approver"],
        "approver",
        **TO_COLLEAGUES[template],
    )
    return requests(decisions, SendMessage)[0]


def sealed_in(message: SendMessage) -> list[Question]:
    """The questions behind the links of a message as it is sent."""
    body = with_links(message, LINKS, "harbor").body
    found = [word for word in body.split() if word.startswith("https://forms.example/forms/")]
    return [LINKS.read(link.rpartition("/")[2]) for link in found]


def test_every_template_is_for_a_candidate_or_for_a_colleague() -> None:
    assert TO_COLLEAGUES.keys() | TO_CANDIDATES.keys() == TEMPLATES | TEMPLATES_OF_HR


@pytest.mark.parametrize("template", sorted(TO_CANDIDATES))
def test_what_a_candidate_reads_is_whole_and_the_clients_own(template: str) -> None:
    message = with_links(to_candidate(template), LINKS, "harbor")

    text = f"{message.subject}\n{message.body}"
    assert "Dear Ada Lovelace" in text
    assert "Harbor Works" in text
    assert "fullcycle" not in text.casefold()
    assert not any(mark in text for mark in ("[[", "{{", "{%", "None"))
    assert "\n" not in message.subject


@pytest.mark.parametrize("template", sorted(TO_COLLEAGUES))
def test_what_a_colleague_reads_is_whole(template: str) -> None:
    message = with_links(to_colleague(template), LINKS, "harbor")

    text = f"{message.subject}\n{message.body}"
    assert "Dear Ingrid Solheim" in text
    assert not any(mark in text for mark in ("[[", "{{", "{%", "None"))
    assert "\n" not in message.subject


@pytest.mark.parametrize("template", sorted(TEMPLATES | TEMPLATES_OF_HR))
def test_every_link_leads_to_a_form_there_is_about_this_application(template: str) -> None:
    message = to_colleague(template) if template in TO_COLLEAGUES else to_candidate(template)

    for question in sealed_in(message):
        assert question.form in FORMS
        assert (question.client, question.subject) == ("harbor", KEY)


def test_a_link_is_sealed_for_exactly_who_is_asked_what() -> None:
    assert sealed_in(to_colleague("approve_offer")) == [
        Question("harbor", "approve_offer", KEY, "v1", "approver")
    ]
    assert sealed_in(to_candidate("acknowledgement")) == [
        Question("harbor", "withdraw", KEY, "", "candidate")
    ]


@given(st.text(alphabet="[]| formwithdraw", max_size=40))
def test_no_name_can_ask_for_a_link(noise: str) -> None:
    forged = f"{noise}[[form|approve_offer|{KEY}|v1|approver]]"

    message = to_candidate("withdrawn", name=forged)

    assert sealed_in(message) == []


@given(st.text(max_size=40))
def test_a_name_is_never_run_as_a_template(text: str) -> None:
    message = to_candidate("withdrawn", name="{{ brand }}{% raw %}" + text)

    assert "Dear {{ brand }}{% raw %}" in message.body


def test_a_template_that_names_something_unknown_fails_when_decided() -> None:
    broken = {"withdrawn": {"subject": "Hello", "body": "{{ salary_history }}"}}
    process = Process.model_validate(
        HARBOR.model_dump() | {"messages": HARBOR.model_dump()["messages"] | broken}
    )

    with pytest.raises(UndefinedError):
        to_candidate("withdrawn", process)


def test_one_without_an_address_is_a_persons_to_tell() -> None:
    decisions = Decisions()
    tell_candidate(decisions, an_applicant(email=None), HARBOR, "withdrawn")

    (effect,) = decisions.effects
    assert (effect.kind, effect.system) == ("message.by_hand", "desk")


@pytest.mark.parametrize("kind", ["message.send", "message.by_hand"])
def test_what_was_told_by_a_person_was_told(kind: str) -> None:
    assert told_at(an_applicant(effects=asked(kind, "acknowledgement")), "acknowledgement") == NOW
    assert told_at(an_applicant(), "acknowledgement") is None


def test_a_rejection_gives_its_reason_only_where_it_is_a_must_have() -> None:
    assert 'the role needs "Two years of bookkeeping"' in to_candidate("not_selected").body
    decisions = Decisions()
    tell_candidate(
        decisions, an_applicant(), HARBOR, "not_selected", reason="not_selected", detail="Hired B."
    )
    assert "Hired B." not in requests(decisions, SendMessage)[0].body
