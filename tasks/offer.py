"""The chosen person is offered what was posted, as approved, and signs that version."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.ledger import offer as ledger
from connectors.ledger.decisions import Decisions, Due
from connectors.ledger.offer import Row
from connectors.records import KeepSigned, Pay, PayUnit, Place, SendOffer
from tasks.clock import after_business_days
from tasks.messages import tell_colleague
from tasks.process import Process
from tasks.rejection import reject, withdraw
from tasks.stage import Stage

STAGE = Stage("offer", ledger.Row, ledger.ROWS)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Draft inside the band, have it approved, send it, and act on the answer.

    terms come from the posting and the stated expectation, never from pay
    history, which is not asked anywhere.
    """
    decisions = Decisions()
    for row in rows:
        if row.offer is None or row.offer_hash is None:
            _draft(decisions, row, process, as_of, version=1)
        elif row.signature == "signed":
            _keep(decisions, row, process, row.offer_hash)
            decisions.advance(row, to=process.next_stage("offer", row.order_rules), reason="signed")
        elif row.signature == "declined":
            withdraw(decisions, row, process, "offer declined", disposition="OFFER_DECLINED")
        elif row.signature in {"expired", "cancelled", "failed"}:
            _lapse(decisions, row, process)
        else:
            _move_on(decisions, row, process, row.offer, row.offer_hash, as_of)
    return decisions


def _draft(decisions: Decisions, row: Row, process: Process, as_of: datetime, version: int) -> None:
    pay = Pay.model_validate(row.fields["pay"])
    rate = _rate(row.expects_cents, pay)
    places = row.jurisdictions
    today = as_of.astimezone(ZoneInfo(process.time_zone))
    start = after_business_days(today, process.offer.start_business_days, places).date()
    last_day = after_business_days(today, process.offer.valid_business_days, places).date()
    place = Place.model_validate(row.fields["places"][0])
    letter = _letter(row, process, pay, rate, start, place, last_day)
    digest = hashlib.sha256(letter.encode()).hexdigest()[:16]
    decisions.fact(
        "offer",
        application_id=row.id,
        version=version,
        hash=digest,
        rate_cents=rate,
        currency=pay.currency,
        unit=pay.unit.value,
        start_on=start,
        title=row.fields["title"],
        entity=process.brand.legal_entity,
        work_place=place.model_dump(mode="json"),
        # All of the day that the letter names, where the client is.
        expires_at=datetime.combine(last_day + timedelta(days=1), time(), today.tzinfo),
        letter=letter,
    )
    decisions.hold(row, "approval", Due(after_business_days(as_of, 2, places), "client"))
    tell_colleague(
        decisions,
        row,
        process,
        "approve_offer",
        process.person("approver"),
        "approver",
        about=digest,
        hash=digest,
        rate=_money(rate, pay),
        start_on=start.isoformat(),
    )


def _rate(expects_cents: int | None, pay: Pay) -> int:
    """What is expected, inside the band; by the year in whole units, as payrolls hold it."""
    rate = min(max(expects_cents or pay.min_cents, pay.min_cents), pay.max_cents)
    whole = -(-rate // 100) * 100
    return whole if pay.unit is PayUnit.YEAR and whole <= pay.max_cents else rate


def _move_on(
    decisions: Decisions,
    row: Row,
    process: Process,
    offer: dict[str, Any],
    digest: str,
    as_of: datetime,
) -> None:
    approval = row.answer("approve_offer", digest)
    expires = datetime.fromisoformat(offer["expires_at"])
    asked, sent = row.asked("offer.send", digest), row.done_at("offer.send", digest)
    if approval and approval["decision"] != "approve":
        reject(decisions, row, process, "not_selected", "the offer was not approved")
    elif as_of >= expires and sent:
        read = row.signatures_read_at  # before it has been, silence is no answer: it may be signed
        if read is not None and read >= expires and read > sent:
            _lapse(decisions, row, process)
    elif as_of >= expires and (asked is None or asked["state"] not in {"sending", "parked"}):
        # It never left: the candidate gets the full time, on a new version.
        _draft(decisions, row, process, as_of, version=offer["version"] + 1)
    elif approval and asked is None:
        decisions.hold(row, "extended_conditional", Due(expires, "candidate"))
        request = SendOffer(
            application_key=row.key,
            offer_hash=digest,
            title=f"Your offer: {offer['title']}",
            letter=offer["letter"],
            signer_name=row.name,
            signer_email=row.email or "",
            expires_at=expires,
        )
        decisions.effect(row, process.systems.signatures, "offer.send", request, about=digest)


def _keep(decisions: Decisions, row: Row, process: Process, digest: str) -> None:
    """Have a copy of what was signed kept at once: what a vendor shows, it may stop showing."""
    sent = row.asked("offer.send", digest)
    if process.systems.vault and sent and sent["ref"]:
        copy = KeepSigned(signature_ref=sent["ref"], name=f"offers/{row.key}/{digest}.pdf")
        decisions.effect(row, process.systems.signatures, "offer.keep", copy, about=digest)


def _lapse(decisions: Decisions, row: Row, process: Process) -> None:
    withdraw(
        decisions,
        row,
        process,
        "the offer ran out unsigned",
        disposition="OFFER_DECLINED",
        template="offer_lapsed",
    )


def _letter(
    row: Row,
    process: Process,
    pay: Pay,
    rate: int,
    start: date,
    place: Place,
    last_day: date,
) -> str:
    return "\n".join(
        [
            f"{process.brand.legal_entity} offers {row.name} the position of "
            f"{row.fields['title']}.",
            f"Base pay: {_money(rate, pay)}.",
            f"First day: {start.isoformat()}. Place of work: {place.city}, {place.region}.",
            "This offer is conditional on the checks named in the posting"
            " and on proof of the right to work.",
            f"It stands until the end of {last_day.isoformat()} ({process.time_zone}).",
            process.brand.signature,
        ]
    )


def _money(cents: int, pay: Pay) -> str:
    return f"{pay.currency} {cents / 100:,.2f} per {pay.unit.value}"
