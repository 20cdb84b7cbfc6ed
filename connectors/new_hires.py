"""The file of new hires that a state's directory takes: one line of fixed width for each.

The layout is the W-4 record in which states pass their hires on to the national directory, 801
characters, and which many of them take from employers: upper case, A to Z, digits and hyphens, no
suffixes of names. Nevada leaves out the first two characters. Massachusetts, Wisconsin and Wyoming
have layouts of their own, which are not made here.

The social security number passes through and is kept nowhere: whoever has it, payroll or HR, gives
it when the file is written.

Source: the national directory's record layouts, https://omb.report/icr/201304-0970-002/doc/38971801
Unverified: positions from 272 on in states other than Nevada; whether a state wants a header; the
line's end.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from connectors.errors import Refused
from connectors.records import Record

NAME = "new hires"
LENGTH = 801
OWN_LAYOUTS = {"US-MA": "Massachusetts", "US-WI": "Wisconsin", "US-WY": "Wyoming"}
UNTAGGED = {"US-NV"}
SUFFIXES = {"JR", "SR", "II", "III", "IV"}
SOCIAL_SECURITY_NUMBER = re.compile(r"(?!000|666|9)\d{3}-?(?!00)\d{2}-?(?!0000)\d{4}")


def _plain(text: str) -> str:
    """Write it as a record does; raises ValueError if a letter has no plain form."""
    letters = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter)).upper()
    plain = " ".join(re.sub(r"[^\w-]|_", " ", re.sub(r"['’.]", "", bare)).split())
    if not plain.isascii():
        raise ValueError("write it in A to Z, as the social security card does")
    return plain


def _surname(text: str) -> str:
    words = _plain(text).split()
    while len(words) > 1 and words[-1] in SUFFIXES:
        words.pop()
    return " ".join(words)


def _filled(text: str) -> str:
    if not text:
        raise ValueError("is empty; fill it in")
    return text


def _valid_number(number: str) -> str:
    if not SOCIAL_SECURITY_NUMBER.fullmatch(number):
        raise ValueError("is no social security number")
    return number.replace("-", "")


# An address line is 40 characters long; a second one is there for the rest.
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=40), AfterValidator(_plain)
]
Filled = Annotated[Line, AfterValidator(_filled)]
State = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Zip = Annotated[str, StringConstraints(pattern=r"^\d{5}(-\d{4})?$")]


class Employer(Record):
    """An employing entity as the directories know it."""

    ein: Annotated[str, StringConstraints(pattern=r"^\d{2}-?\d{7}$")]
    street: Filled
    city: Filled
    state: State
    postal_code: Zip


class Hired(Record):
    """What payroll knows of a new hire; the name is the social security card's.

    `reference`: our key of the application. Only homes in the United States.
    """

    reference: str
    social_security_number: Annotated[str, AfterValidator(_valid_number)] = Field(repr=False)
    first_name: Annotated[str, AfterValidator(_plain), AfterValidator(_filled)]
    middle_name: Annotated[str, AfterValidator(_plain)] = ""
    last_name: Annotated[str, AfterValidator(_surname), AfterValidator(_filled)]
    street: Filled
    street_2: Line = ""
    city: Filled
    state: State
    postal_code: Zip


@dataclass(frozen=True, slots=True)
class Report:
    """One report: who, since when and where (`place` like US-AK), and by which employer."""

    hired: Hired
    start_on: date
    place: str
    entity: str
    employer: Employer


def file_of(state: str, reports: Sequence[Report]) -> bytes:
    """The file for a state's directory.

    Raises Refused where its layout is not made here, or cannot say the employer's name.
    """
    if state in OWN_LAYOUTS:
        told = f"{OWN_LAYOUTS[state]} takes a layout of its own, which is not made here"
        raise Refused(NAME, f"{told}: enter them on the directory's site")
    skip = 2 if state in UNTAGGED else 0
    return "".join(f"{_record(report)[skip:]}\r\n" for report in reports).encode("ascii")


def _employers_name(entity: str) -> str:
    try:
        return _plain(entity)
    except ValueError:
        told = f"the name of {entity} has letters beyond A to Z, which no record takes"
        raise Refused(NAME, f"{told}: enter its hires on the directory's site") from None


def _record(report: Report) -> str:
    hired, employer = report.hired, report.employer
    zip_code, _, zip_4 = hired.postal_code.partition("-")
    employers_zip, _, employers_zip_4 = employer.postal_code.partition("-")
    fields = (
        ("W4", 2),
        (hired.social_security_number, 9),
        (hired.first_name, 16),
        (hired.middle_name, 16),
        (hired.last_name, 30),
        (hired.street, 40),
        (hired.street_2, 40),
        ("", 40),
        (hired.city, 25),
        (hired.state, 2),
        (zip_code, 5),
        (zip_4, 4),
        ("", 2 + 25 + 15),  # a home abroad
        ("", 8),  # the birth date, which is not asked for
        (f"{report.start_on:%Y%m%d}", 8),
        (report.place.removeprefix("US-")[:2], 2),
        (employer.ein.replace("-", ""), 9),
        ("", 12),  # the state's own number of the employer, which is not asked for
        (_employers_name(report.entity), 45),
        (employer.street, 40),
        ("", 40 + 40),
        (employer.city, 25),
        (employer.state, 2),
        (employers_zip, 5),
        (employers_zip_4, 4),
    )
    return "".join(f"{text:{width}.{width}}" for text, width in fields).ljust(LENGTH)
