"""Who is texted: who has agreed to it, about this application and at this number.

They agree by the form FORM. A yes is about the number that the application had then: another one
has another link. The last answer stands; STOP is read by whatever texts. A text says in short what
is in the mail, and goes beside it: where none can be sent, nothing is missing.

Source: 47 CFR 64.1200(f)(9) (https://www.ecfr.gov/current/title-47/section-64.1200), as quoted
elsewhere: unverified. Its prior express written consent is more than texts that sell nothing need.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from connectors.calling_hours import STATES
from connectors.ledger import answers
from connectors.ledger.rows import ApplicationRow
from connectors.ledger.store import Ledger
from connectors.ledger.texting import Applicant, applicant
from connectors.links import Question
from connectors.records import SMS_LENGTH, Sms
from tasks.identity import e164

FORM = "texting"
STALE = timedelta(days=1)  # any night is over by then, and its news is old
_OURS = re.compile(r"\+1[2-9][0-9]{9}")  # of North America, with its area


def number(of: Applicant | ApplicationRow) -> str:
    """The number in E.164 that an applicant can be texted at; "" if there is none."""
    places = of.jurisdictions
    country = places[0].partition("-")[0] if places else ""
    found = e164(of.phone, country) if of.phone else None
    return found if found and _OURS.fullmatch(found) else ""


def about(key: str, phone: str) -> str:
    """What the question is about: whether it is this number, in too few digits to tell which."""
    return hashlib.sha256(f"{key} {phone}".encode()).hexdigest()[:4]


def asks_about(row: ApplicationRow) -> str:
    """What an applicant is asked about who may be texted; "" if they have no number for it."""
    phone = number(row)
    return about(row.key, phone) if phone else ""


def sms(row: ApplicationRow, body: str) -> Sms | None:
    """The text to who has agreed to be texted; None to everybody else, and if it is too long."""
    phone = number(row)
    asked = about(row.key, phone)
    answer, at = row.answer(FORM, asked), row.answered_at(FORM, asked)
    if not (phone and answer and at and _is_yes(answer) and 0 < len(body) <= SMS_LENGTH):
        return None
    return Sms(to_phone=phone, body=body, consent_at=at, residence=f"US-{answer['state']}")


def refusal(ledger: Ledger, key: str, text: Sms, asked_at: datetime, as_of: datetime) -> str:
    """Why a text that was decided some time ago must not leave any more; "" if it may.

    key: the application's. What no sweep has read yet counts, too: who has just taken it back is
    not texted.
    """
    if asked_at <= as_of - STALE:
        return "it is a day old, and the mail has said the same"
    question = Question(ledger.client, FORM, key, about(key, text.to_phone), "candidate")
    with ledger.transaction() as connection:
        known = applicant(connection, ledger.client, key)
        given = answers.given(connection, question)
    if known is None or number(known) != text.to_phone:
        return "the application has another number by now"
    return "" if given and _is_yes(given[-1].fields) else "this person does not agree any more"


def _is_yes(answer: Mapping[str, str]) -> bool:
    return answer.get("agreed") == "yes" and answer.get("state") in STATES
