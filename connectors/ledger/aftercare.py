"""Hires who have been paid as promised: the contacts after 30, 60 and 90 days."""

from dataclasses import dataclass

from connectors.ledger.rows import OFFER, OfferRow, applications


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(OfferRow):
    """`paid_as_signed`: the newest pay statement equals the signed offer."""

    paid_as_signed: bool


ROWS = applications(
    columns="""
        , offer, offer_hash, start_on, signature, signed_at
        , coalesce((SELECT p.rate_cents = CAST(offer ->> 'rate_cents' AS bigint)
               AND p.unit = offer ->> 'unit' AND p.start_on = offer.start_on
               AND p.entity = offer ->> 'entity'
               AND p.work_place = (offer -> 'work_place' ->> 'city') || ', '
                   || (offer -> 'work_place' ->> 'region')
           FROM pay_statement p WHERE p.application_id = s.id
           ORDER BY p.check_on DESC LIMIT 1), false) AS paid_as_signed
    """,
    joins=OFFER,
)
