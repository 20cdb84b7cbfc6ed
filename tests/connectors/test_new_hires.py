"""The file of new hires: lines as the state's directory reads them, and nothing that it refuses."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.errors import Refused
from connectors.new_hires import Employer, Hired, Report, file_of

EMPLOYER = Employer(
    ein="12-3456789",
    street="400 McAllister St",
    city="San Francisco",
    state="CA",
    postal_code="94102",
)
HIRED = {
    "reference": "HARBOR-1.1",
    "social_security_number": "123-45-6780",
    "first_name": "José",
    "middle_name": "D'Arcy",
    "last_name": "O'Brien-Núñez, Jr.",
    "street": "12 Pier Road, #4",
    "city": "Winston-Salem",
    "state": "NC",
    "postal_code": "27101-1234",
}
# First and last character, from 1, of what a directory reads; from Alaska's and Nevada's documents.
WHERE = {
    "tag": (1, 2),
    "number": (3, 11),
    "first": (12, 27),
    "middle": (28, 43),
    "last": (44, 73),
    "street": (74, 113),
    "city": (194, 218),
    "state": (219, 220),
    "zip": (221, 225),
    "zip4": (226, 229),
    "birth": (272, 279),
    "hired": (280, 287),
    "hired_in": (288, 289),
    "ein": (290, 298),
    "state_ein": (299, 310),
    "employer": (311, 355),
    "employer_street": (356, 395),
    "employer_city": (476, 500),
    "employer_state": (501, 502),
    "employer_zip": (503, 507),
}


def report(place: str = "US-AK", /, **changes: Any) -> Report:
    hired = Hired.model_validate(HIRED | changes)
    return Report(hired, date(2026, 7, 1), place, "Harbor Works Inc.", EMPLOYER)


def lines(content: bytes) -> list[str]:
    return content.decode("ascii").split("\r\n")[:-1]


def test_each_field_stands_where_the_directory_reads_it() -> None:
    (line,) = lines(file_of("US-AK", [report()]))

    assert len(line) == 801
    assert {name: line[first - 1 : last].rstrip() for name, (first, last) in WHERE.items()} == {
        "tag": "W4",
        "number": "123456780",
        "first": "JOSE",
        "middle": "DARCY",
        "last": "OBRIEN-NUNEZ",
        "street": "12 PIER ROAD 4",
        "city": "WINSTON-SALEM",
        "state": "NC",
        "zip": "27101",
        "zip4": "1234",
        "birth": "",
        "hired": "20260701",
        "hired_in": "AK",
        "ein": "123456789",
        "state_ein": "",
        "employer": "HARBOR WORKS INC",
        "employer_street": "400 MCALLISTER ST",
        "employer_city": "SAN FRANCISCO",
        "employer_state": "CA",
        "employer_zip": "94102",
    }


def test_nevada_reads_the_same_line_without_its_tag() -> None:
    (elsewhere,) = lines(file_of("US-AK", [report("US-NV")]))
    (nevada,) = lines(file_of("US-NV", [report("US-NV")]))

    assert nevada == elsewhere[2:]
    assert (nevada[277:285], nevada[287:296]) == ("20260701", "123456789")


@pytest.mark.parametrize("state", ["US-MA", "US-WI", "US-WY"])
def test_a_state_with_a_layout_of_its_own_gets_no_file(state: str) -> None:
    with pytest.raises(Refused, match="enter them on the directory's site"):
        file_of(state, [report(state)])


def test_an_employer_whose_name_no_record_can_say_is_refused_by_its_name() -> None:
    strange = replace(report(), entity="Łódź Works Inc.")

    with pytest.raises(Refused, match="the name of Łódź Works Inc"):
        file_of("US-AK", [strange])


@pytest.mark.parametrize(
    "number",
    [
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "12345678",
        "x",
        "",
    ],
)
def test_a_number_nobody_can_have_is_refused(number: str) -> None:
    with pytest.raises(ValidationError) as refused:
        report(social_security_number=number)

    assert [error["loc"] for error in refused.value.errors()] == [("social_security_number",)]


@pytest.mark.parametrize(
    "changes",
    [
        {"last_name": "Łukasiewicz"},
        {"first_name": ""},
        {"first_name": " ' "},
        {"street": "x" * 41},
        {"state": "Ontario"},
        {"postal_code": "M5V 2T6"},
    ],
)
def test_what_a_record_cannot_say_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        report(**changes)


def test_a_number_is_not_shown_by_accident() -> None:
    assert "6780" not in repr(report())


latin = st.text(st.characters(min_codepoint=32, max_codepoint=0x17F), min_size=1, max_size=60)


@given(first=latin, last=latin, street=latin)
def test_a_line_is_801_plain_characters_or_refused(first: str, last: str, street: str) -> None:
    try:
        written = report(first_name=first, last_name=last, street=street)
    except ValidationError:
        return
    (line,) = lines(file_of("US-AK", [written]))

    assert len(line) == 801
    assert set(line) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789- ")
    assert " " not in (line[12 - 1], line[44 - 1], line[74 - 1])
    assert line[290 - 1 : 298] == "123456789"
