"""Requisitions to be advertised: what the law of their places demands in a posting."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from connectors.ledger.rows import APPROVED, RequisitionRow, law, requisitions

# Phrases that fair-chance ordinances and posting laws name.
FORBIDDEN = "(no felon|clean record|background check required|digital native|canadian experience)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(RequisitionRow):
    """A requisition and how many of its people are still on their way.

    `live_postings` are all of the client's, not the requisition's alone.
    """

    approved: bool
    pay_required: bool
    has_pay: bool
    pay_order: bool
    benefits_required: bool
    has_benefits: bool
    deadline_required: bool
    closes_on: date | None
    vacancy_required: bool
    has_vacancy: bool
    forbidden: bool
    open_applications: int
    live_postings: list[dict[str, Any]] = field(default_factory=list)


ROWS = requisitions(
    columns=f"""
        , {APPROVED} AS approved
        , EXISTS (SELECT 1 {law("posting_pay")}) AS pay_required
        , s.fields -> 'pay' <> 'null' AS has_pay
        , coalesce(CAST(s.fields -> 'pay' ->> 'min_cents' AS bigint)
            <= CAST(s.fields -> 'pay' ->> 'max_cents' AS bigint), true) AS pay_order
        , EXISTS (SELECT 1 {law("posting_benefits")}) AS benefits_required
        , s.fields ->> 'benefits' <> '' AS has_benefits
        , EXISTS (SELECT 1 {law("posting_deadline")}) AS deadline_required
        , CAST(s.fields ->> 'closes_on' AS date) AS closes_on
        , EXISTS (SELECT 1 {law("posting_vacancy")}) AS vacancy_required
        , CAST(s.fields ->> 'vacancy_exists' AS boolean) AS has_vacancy
        , s.fields ->> 'description' ~* '{FORBIDDEN}' AS forbidden
        , NOT EXISTS (SELECT 1 FROM jsonb_array_elements(s.fields -> 'places') p
           WHERE coalesce(p ->> 'region', '') = '') AS has_regions
        , (SELECT count(*) FROM application a
           WHERE a.requisition_id = s.id AND a.disposition IS NULL) AS open_applications
    """
)


def ended_postings(connection: Connection, client: str) -> list[str]:
    """The references of all postings that may be gone from every board, by their requisitions.

    A requisition that is closed, is to be approved again or has only just been let in again is not
    advertised, nor is one in a place that it no longer names. Whether a posting is marked as live
    is not looked at: by that, a mistake in the list of live ones would explain itself.
    """
    rows = connection.execute(
        text(
            """
            SELECT p.reference FROM posting p JOIN requisition r ON r.id = p.requisition_id
            WHERE p.client = :client AND (
                r.disposition IS NOT NULL OR r.stage <> 'sourcing' OR r.state = 'entered'
                OR NOT EXISTS (SELECT 1 FROM jsonb_array_elements(r.fields -> 'places') place
                               WHERE place ->> 'code' = p.record -> 'place' ->> 'code'))
            ORDER BY p.reference
            """
        ),
        {"client": client},
    )
    return list(rows.scalars())


def with_live_postings(connection: Connection, rows: Sequence[Row]) -> list[Row]:
    """Give rows of one client its live postings, all the same list.

    In the rows' own query each of 2,000 requisitions brought 2,000 postings along: 98 s, now 0.6.
    """
    if not rows:
        return []
    live = connection.execute(
        text("SELECT record FROM posting WHERE client = :client AND live ORDER BY reference"),
        {"client": rows[0].client},
    )
    postings = list(live.scalars())
    return [replace(row, live_postings=postings) for row in rows]
