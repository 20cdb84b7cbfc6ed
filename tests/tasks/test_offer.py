"""Offers: inside the band, approved by hash, sent once, and ended when the answer is no or none."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.ledger.offer import Row
from connectors.records import KeepSigned, Pay, PayUnit, SendOffer
from tasks.offer import _rate, decide
from tests.tasks.factories import (
    HARBOR,
    KEY,
    NOW,
    an_application,
    answered,
    asked,
    decided,
    facts,
    fields,
    kinds,
    requests,
    the_move,
    told,
)

BAND = fields()["pay"]
EXPIRES = NOW + timedelta(days=7)


def a_choice(**values: Any) -> Row:
    common: dict[str, Any] = {
        "offer": None,
        "offer_hash": None,
        "start_on": None,
        "signature": None,
        "signed_at": None,
        "selected": True,
        "answered": 2,
        "references_first": False,
        "requisition_approved": True,
        "rank": 1,
        "free": 1,
        "expects_cents": None,
        "signatures_read_at": NOW,
        "tracker_stage": "offer",
    }
    return an_application(Row, **common | values)


def drafted(**values: Any) -> Row:
    """Somebody for whom an offer has been drafted."""
    offer = {
        "version": 1,
        "title": "Accounting Clerk",
        "letter": "We offer you the position.",
        "expires_at": EXPIRES.isoformat(),
    }
    return a_choice(**{"state": "approval", "offer": offer, "offer_hash": "v1"} | values)


def approval(decision: str = "approve", about: str = "v1") -> dict[str, dict[str, Any]]:
    return answered("approve_offer", about, decision=decision)


@settings(deadline=None)  # the first example waits for the calendars
@given(st.none() | st.integers(min_value=0, max_value=10**9))
def test_an_offer_is_inside_the_posted_band_whatever_is_expected(expects: int | None) -> None:
    (offer,) = facts(decided(decide, a_choice(expects_cents=expects)), "offer")

    assert BAND["min_cents"] <= offer.values["rate_cents"] <= BAND["max_cents"]


@given(
    expects=st.integers(min_value=1, max_value=10**8),
    band=st.tuples(*[st.integers(min_value=1, max_value=10**8)] * 2),
    unit=st.sampled_from(PayUnit),
)
def test_a_years_pay_is_offered_in_whole_units_if_the_band_has_one(
    expects: int, band: tuple[int, int], unit: PayUnit
) -> None:
    low, high = sorted(band)

    rate = _rate(expects, Pay(min_cents=low, max_cents=high, unit=unit))

    meant = min(max(expects, low), high)
    assert low <= rate <= high
    if unit is not PayUnit.YEAR:
        assert rate == meant
    else:
        assert 0 <= rate - meant < 100
        assert rate % 100 == 0 or meant // 100 * 100 + 100 > high


def test_an_expectation_inside_the_band_is_what_is_offered() -> None:
    (offer,) = facts(decided(decide, a_choice(expects_cents=7_000_000)), "offer")

    assert offer.values["rate_cents"] == 7_000_000
    assert "USD 70,000.00 per year" in offer.values["letter"]


def test_the_draft_names_the_posted_terms_and_goes_to_the_approver() -> None:
    decisions = decided(decide, a_choice())

    (offer,) = facts(decisions, "offer")
    assert offer.values["entity"] == HARBOR.brand.legal_entity
    assert offer.values["work_place"]["city"] == "San Francisco"
    assert offer.values["version"] == 1
    assert told(decisions) == ["approve_offer"]
    assert not requests(decisions, SendOffer)


@pytest.mark.parametrize("hour", [10, 20, 23], ids=["morning", "evening", "next day in UTC"])
def test_an_offer_stands_to_the_end_of_the_day_its_letter_names_where_the_client_is(
    hour: int,
) -> None:
    new_york = ZoneInfo("America/New_York")
    drafted_at = datetime(2026, 3, 2, hour, tzinfo=new_york)

    (offer,) = facts(decided(decide, a_choice(), as_of=drafted_at.astimezone(UTC)), "offer")

    # Five business days on, and summer time has begun.
    assert "until the end of 2026-03-09 (America/New_York)" in offer.values["letter"]
    assert offer.values["expires_at"] == datetime(2026, 3, 10, 4, tzinfo=UTC)


def test_nothing_is_sent_on_an_approval_of_another_version() -> None:
    assert not decided(decide, drafted(forms=approval(about="v0"))).effects


def test_an_approved_offer_is_sent_once_and_stands_until_its_date() -> None:
    decisions = decided(decide, drafted(forms=approval()))
    again = drafted(
        state="extended_conditional", forms=approval(), effects=asked("offer.send", "v1")
    )

    (sent,) = requests(decisions, SendOffer)
    assert (sent.offer_hash, sent.expires_at) == ("v1", EXPIRES)
    assert not decided(decide, again).effects


def test_an_offer_that_is_not_approved_ends_with_notice() -> None:
    decisions = decided(decide, drafted(forms=approval("reject")))

    assert the_move(decisions).disposition == "REJECTED"
    assert told(decisions) == ["not_selected"]


@pytest.mark.parametrize("forms", [{}, approval()], ids=["not approved yet", "approved late"])
def test_an_offer_that_ran_out_before_it_was_sent_is_drafted_anew(forms: dict[str, Any]) -> None:
    decisions = decided(decide, drafted(forms=forms), as_of=EXPIRES)

    (offer,) = facts(decisions, "offer")
    assert offer.values["version"] == 2
    assert offer.values["expires_at"] > EXPIRES
    assert told(decisions) == ["approve_offer"]
    assert "offer.send" not in kinds(decisions)


@pytest.mark.parametrize("state", ["due", "dead", "waived", "overtaken"])
def test_an_approved_offer_that_never_left_is_drafted_anew_when_it_runs_out(state: str) -> None:
    row = drafted(
        state="extended_conditional",
        forms=approval(),
        effects=asked("offer.send", "v1", state=state),
    )

    decisions = decided(decide, row, as_of=EXPIRES)

    assert (the_move(decisions).to_state, the_move(decisions).disposition) == ("approval", None)
    assert [offer.values["version"] for offer in facts(decisions, "offer")] == [2]
    assert told(decisions) == ["approve_offer"]


def test_a_copy_of_what_was_signed_is_kept_if_the_client_has_a_vault() -> None:
    row = drafted(signature="signed", effects=asked("offer.send", "v1"))
    without = HARBOR.model_copy(
        update={"systems": HARBOR.systems.model_copy(update={"vault": None})}
    )

    (copy,) = requests(decided(decide, row), KeepSigned)
    assert copy == KeepSigned(signature_ref="vendor-1", name=f"offers/{KEY}/v1.pdf")
    assert requests(decided(decide, row, process=without), KeepSigned) == []


@pytest.mark.parametrize("state", ["sending", "parked"])
def test_an_offer_that_may_have_left_waits_until_that_is_known(state: str) -> None:
    row = drafted(forms=approval(), effects=asked("offer.send", "v1", state=state))

    decisions = decided(decide, row, as_of=EXPIRES)

    assert not decisions.moves
    assert not facts(decisions, "offer")


def test_a_signature_passes_on() -> None:
    assert the_move(decided(decide, drafted(signature="signed"))).ready_for == "references"


@pytest.mark.parametrize(
    ("signature", "as_of", "template"),
    [
        ("declined", NOW, "withdrawn"),
        ("expired", NOW, "offer_lapsed"),
        ("cancelled", NOW, "offer_lapsed"),
        ("failed", NOW, "offer_lapsed"),
        ("awaiting", EXPIRES, "offer_lapsed"),
        (None, EXPIRES, "offer_lapsed"),
    ],
)
def test_an_offer_that_is_declined_or_runs_out_ends(
    signature: str | None, as_of: datetime, template: str
) -> None:
    row = drafted(
        state="extended_conditional",
        signature=signature,
        signatures_read_at=as_of,
        forms=approval(),
        effects=asked("offer.send", "v1"),
    )

    decisions = decided(decide, row, as_of=as_of)

    assert the_move(decisions).disposition == "OFFER_DECLINED"
    assert told(decisions) == [template]


@pytest.mark.parametrize("read_at", [None, EXPIRES - timedelta(minutes=15)])
def test_silence_is_no_answer_while_the_signatures_cannot_be_read(read_at: datetime | None) -> None:
    row = drafted(
        state="extended_conditional",
        signature="awaiting",
        signatures_read_at=read_at,
        forms=approval(),
        effects=asked("offer.send", "v1"),
    )

    decisions = decided(decide, row, as_of=EXPIRES + timedelta(hours=3))

    assert not decisions.moves
    assert not decisions.effects
    assert not decisions.facts


@pytest.mark.parametrize("read_before", [timedelta(hours=1), timedelta(0)])
def test_an_offer_whose_sending_was_proven_late_is_read_before_it_lapses(
    read_before: timedelta,
) -> None:
    proven_at = EXPIRES + timedelta(hours=1)
    row = drafted(
        signatures_read_at=proven_at - read_before,
        forms=approval(),
        effects=asked("offer.send", "v1", at=proven_at),
    )

    assert not decided(decide, row, as_of=proven_at).moves


def test_an_offer_still_awaited_is_left_alone_until_the_last_moment() -> None:
    row = drafted(
        state="extended_conditional",
        signature="awaiting",
        forms=approval(),
        effects=asked("offer.send", "v1"),
    )

    decisions = decided(decide, row, as_of=EXPIRES - timedelta(seconds=1))

    assert not decisions.moves
    assert not decisions.effects
