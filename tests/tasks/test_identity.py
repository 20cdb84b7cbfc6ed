"""Matches are proposals: names are compared, contact points normalised, values never shown."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.intake import Acquaintance
from tasks.identity import LIKELY, SURE, contacts, matches


def known(name: str, *points: str, person: int = 1) -> Acquaintance:
    return Acquaintance(1, person, f"HARBOR-1.{person:010}", name, list(points), False)


def test_addresses_and_numbers_are_compared_in_one_form() -> None:
    written = contacts(" Ada.L+jobs@Example.ORG ", "(415) 555-0100", "US")

    assert written == (("email", "ada.l@example.org"), ("phone", "+14155550100"))


def test_a_national_number_is_read_in_its_country() -> None:
    assert contacts(None, "030 901820", "DE") == (("phone", "+4930901820"),)


def test_what_cannot_be_read_is_left_out() -> None:
    assert contacts("ada at example", "12", "US") == ()
    assert contacts(None, None, "") == ()


@given(st.text(max_size=40), st.text(max_size=30))
def test_nothing_that_is_written_can_break_reading(email: str, phone: str) -> None:
    assert {kind for kind, _ in contacts(email, phone, "US")} <= {"email", "phone"}


def test_the_same_address_and_name_are_sure_in_any_order_of_names() -> None:
    points = [("email", "ada@example.org")]

    (match,) = matches("LOVELACE Ada", points, [known("Ada Lovelace", "ada@example.org")])

    assert match.score >= SURE


def test_a_telephone_number_or_a_name_alone_is_never_sure() -> None:
    points = [("phone", "+14155550100")]

    by_phone, by_name = matches(
        "Ada Lovelace", points, [known("Ada Lovelace", "+14155550100"), known("Ada Lovelace")]
    )

    assert LIKELY <= by_name.score < by_phone.score < SURE


def test_an_address_shared_by_two_names_is_not_one_person() -> None:
    points = [("email", "family@example.org")]

    (match,) = matches("Charles Babbage", points, [known("Ada Lovelace", "family@example.org")])

    assert match.score < LIKELY


def test_the_best_match_comes_first_and_ties_have_an_order() -> None:
    people = [
        known("Ada Byron", person=3),
        known("Ada Lovelace", person=2),
        known("Ada Lovelace", person=1),
    ]

    assert [m.person_id for m in matches("Ada Lovelace", [], people)] == [1, 2, 3]


def test_the_evidence_names_kinds_and_no_values() -> None:
    points = [("email", "ada@example.org")]

    (match,) = matches("Ada Lovelace", points, [known("Ada Lovelace", "ada@example.org")])

    assert match.evidence == "name 100 %, e-mail address"
