"""What Greenhouse's JSON means in our records: a strict reader per record."""

from datetime import datetime

import msgspec

from connectors.errors import Unreadable
from connectors.records import Candidate

NAME = "greenhouse"


class _Value(msgspec.Struct, gc=False):
    value: str


class _Candidate(msgspec.Struct, gc=False):
    """The fields of a candidate that we use; all others are in its document."""

    id: int
    updated_at: datetime
    first_name: str | None
    last_name: str | None
    email_addresses: list[_Value]
    phone_numbers: list[_Value]
    addresses: list[_Value]
    website_addresses: list[_Value]
    social_media_addresses: list[_Value]


_CANDIDATE = msgspec.json.Decoder(_Candidate)


def read_candidate(row: bytes) -> Candidate:
    """Read one object of `/candidates`; raises Unreadable."""
    try:
        told = _CANDIDATE.decode(row)
    except msgspec.DecodeError as failure:
        raise Unreadable(NAME, f"a candidate: {failure}") from None
    return Candidate(
        external_id=str(told.id),
        updated_at=told.updated_at,
        ordered=True,
        document=row.decode(),
        name=f"{told.first_name or ''} {told.last_name or ''}".strip(),
        emails=_values(told.email_addresses),
        phones=_values(told.phone_numbers),
        links=_values([*told.website_addresses, *told.social_media_addresses]),
        residence=told.addresses[0].value if told.addresses else "",
    )


def _values(told: list[_Value]) -> tuple[str, ...]:
    return tuple(each.value for each in told)
