"""The whole cycle of a client who texts: only who agreed, by day where they live, until STOP."""

import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import phonenumbers
import pytest
from sqlalchemy import text

from deployments import embedded
from deployments.sandbox.__main__ import _people
from deployments.settings import Settings
from tests.chaos.driver import Outcome, Plan, run
from tests.texted import Said, wrongly_texted
from tests.whole_cycle.test_other_vendors import counted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PLAN = Plan(applicants=44, fault_rate=0.05, systems={"texting": "twilio"})


@pytest.fixture(scope="module")
def lived() -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as home:
        try:
            yield run(Path(home), PLAN)
        finally:
            embedded.down(Settings(home=Path(home)))


def e164(phone: str) -> str:
    number = phonenumbers.parse(phone, "US")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def at_twilio(lived: Outcome, kind: str) -> list[tuple[str, datetime]]:
    """Whose number, and when: the texts that were sent, or the words to stop them."""
    names = lived.vendors.done.get(f"twilio {kind}", {})
    return [(name.split()[0], at) for name, times in names.items() for at in times]


def said(lived: Outcome) -> list[Said]:
    sql = """
        SELECT a.phone, f.updated_at, f.fields ->> 'agreed' FROM form_answer f
        JOIN application a ON a.client = f.client AND a.key = f.subject WHERE f.form = 'texting'
    """
    with lived.ledger.transaction() as connection:
        found = connection.execute(text(sql)).all()
    return [Said(e164(phone), at, agreed == "yes") for phone, at, agreed in found]


def test_only_who_has_agreed_is_texted_by_day_and_nobody_after_stop(lived: Outcome) -> None:
    texts, stops = at_twilio(lived, "texts"), at_twilio(lived, "stops")
    people = _people(PLAN.seed, PLAN.applicants).all()
    homes = {e164(phone): each.residence for each in people for phone in each.phones}

    assert len(texts) > 20
    assert stops
    assert {answer.agreed for answer in said(lived)} == {True, False}
    assert wrongly_texted(texts, stops, said(lived), homes) == []


def test_each_text_is_sent_once_and_none_is_anybodys_trouble(lived: Outcome) -> None:
    status = lived.status()
    done, overtaken = counted(status, "done"), counted(status, "overtaken")

    assert done["twilio", "text.send"] == len(at_twilio(lived, "texts"))
    assert set(lived.vendors.received["twilio texts"].values()) == {1}
    assert overtaken["twilio", "text.send"] > 0
    for state in ("due", "sending", "dead", "parked"):
        assert not counted(status, state)["twilio", "text.send"]


def test_all_else_ends_as_if_nobody_were_texted(lived: Outcome) -> None:
    requisitions = lived.status()["requisitions"]

    assert {each["disposition"] for each in requisitions} == {"FILLED", "CANCELLED"}
    paid = [hire for hire in lived.status()["hires"] if hire["matches"]]
    filled = [each for each in requisitions if each["disposition"] == "FILLED"]
    assert len(paid) == sum(each["headcount"] for each in filled)
