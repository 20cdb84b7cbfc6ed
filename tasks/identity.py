"""Who is this? Matches are proposals; only the same e-mail address and name link alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from rapidfuzz import fuzz

from connectors.ledger.intake import Acquaintance

SURE, LIKELY = 95, 70


@dataclass(frozen=True, slots=True)
class Match:
    """A proposed person with its score (0 to 100) and what it rests on (kinds, never values)."""

    person_id: int
    person_key: str
    score: int
    evidence: str
    same_requisition: bool


def contacts(email: str | None, phone: str | None, country: str) -> tuple[tuple[str, str], ...]:
    """An applicant's contact points, normalised; what cannot be read is left out.

    E-mail addresses lose their case and sub-address (`+tag`), telephone numbers become E.164.
    """
    found = []
    if email and (address := _email(email)):
        found.append(("email", address))
    if phone and (number := e164(phone, country)):
        found.append(("phone", number))
    return tuple(found)


def _email(text: str) -> str | None:
    try:
        checked = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    local, _, domain = checked.normalized.lower().rpartition("@")
    return f"{local.split('+')[0]}@{domain}"


def e164(text: str, country: str) -> str | None:
    """A telephone number as it is dialled from anywhere; None if it cannot be read."""
    try:
        number = phonenumbers.parse(text, country or "US")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def matches(
    name: str, points: Sequence[tuple[str, str]], known: Sequence[Acquaintance]
) -> list[Match]:
    """Rate acquaintances of an applicant, the best first."""
    values = {value for _, value in points}
    rated = []
    for person in known:
        alike = fuzz.token_sort_ratio(name.casefold(), person.name.casefold())
        shared = values & set(person.contacts)
        by_mail = any("@" in value for value in shared)
        score = round(alike * (1.0 if by_mail else 0.9 if shared else 0.75))
        evidence = f"name {round(alike)} %" + (
            ", e-mail address" if by_mail else ", telephone number" if shared else ""
        )
        rated.append(
            Match(person.person_id, person.person_key, score, evidence, person.same_requisition)
        )
    return sorted(rated, key=lambda match: (-match.score, match.person_key))
