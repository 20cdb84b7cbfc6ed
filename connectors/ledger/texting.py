"""Applicants as whoever wants to text them has to know them."""

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who wants to text (`employer`), and the applicant's telephone number as they wrote it."""

    employer: str
    phone: str | None
    jurisdictions: list[str]


def applicant(connection: Connection, client: str, key: str) -> Applicant | None:
    """The applicant of an application; None if there is no such one."""
    found = connection.execute(
        text(
            "SELECT c.process -> 'brand' ->> 'legal_entity' AS employer, s.phone, s.jurisdictions"
            " FROM application s JOIN client c ON c.client = s.client"
            " WHERE s.client = :client AND s.key = :key"
        ),
        {"client": client, "key": key},
    ).one_or_none()
    return Applicant(**found._mapping) if found else None
