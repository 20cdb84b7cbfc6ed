"""What we still wait for, at vendors that cannot be asked what is new."""

from sqlalchemy import Connection, text

from connectors.ledger.market import QUESTIONS
from connectors.ledger.offer import CLOSED


def watching(connection: Connection, resource: str) -> list[str]:
    """The vendor's ids of objects in this resource that open applications still wait for.

    What the market pays is asked by questions of ours in their place.
    An offer is watched for as long as it can be signed, whatever has become of its application.
    """
    if resource not in _WATCHING:  # a list tells by itself what is new in it
        return []
    return list(connection.execute(text(_WATCHING[resource])).scalars().all())


def _asked_of(kind: str) -> str:
    """The effects of a kind that are done, of applications that are open."""
    return f"""
        FROM application a
        JOIN effect e ON e.subject_kind = 'application' AND e.subject_id = a.id
        WHERE a.disposition IS NULL
          AND e.kind = '{kind}' AND e.state = 'done' AND e.external_id IS NOT NULL
    """


_WATCHING = {
    "market_pay": QUESTIONS,
    "reports": f"""
        SELECT DISTINCT ON (a.id) e.external_id {_asked_of("background.order")}
        ORDER BY a.id, e.id DESC""",
    "interviews": f"SELECT e.external_id {_asked_of('tracker.interview')} ORDER BY e.external_id",
    "signature_requests": f"""
        SELECT e.external_id FROM effect e
        WHERE e.kind = 'offer.send' AND e.state = 'done' AND e.external_id IS NOT NULL
          AND NOT {CLOSED}
        ORDER BY e.external_id""",
    "employees": f"SELECT e.external_id {_asked_of('payroll.create')} ORDER BY e.external_id",
    "pay_statements": """
        SELECT x.external_id FROM application a
        JOIN external_id x ON x.subject_kind = 'application' AND x.subject_id = a.id
        WHERE a.disposition IS NULL AND x.kind = 'employee'
        ORDER BY x.external_id""",
    "scorecards": """
        SELECT x.external_id FROM external_id x JOIN application a ON a.id = x.subject_id
        WHERE x.kind = 'application' AND x.subject_kind = 'application'
          AND a.disposition IS NULL AND a.stage IN ('screening', 'interviews')
        ORDER BY x.external_id""",
}
