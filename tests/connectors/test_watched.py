"""One object that is refused or spoilt is named, and all others are read."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from connectors import watched
from connectors.errors import Refused, Unavailable, Unreadable
from connectors.records import Observed

AT = datetime(2026, 11, 26, tzinfo=UTC)


def reading(failure: Exception) -> Callable[[str], list[Observed]]:
    def read(ref: str) -> list[Observed]:
        if ref == "bad":
            raise failure
        return [Observed(external_id=ref, updated_at=AT)]

    return read


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (Unreadable("ashby", "'status' is missing"), "ashby: 'status' is missing"),
        (AttributeError("Ada Winter"), "AttributeError"),
        (OverflowError("1e999"), "OverflowError"),
        (ValueError("Ada Winter"), "ValueError"),
    ],
)
def test_what_is_spoilt_is_named_without_its_words(failure: Exception, why: str) -> None:
    first, second = watched.each(["bad", "good"], reading(failure))
    assert first.unreadable == {"bad": why}
    assert [record.external_id for record in second.records] == ["good"]

    page = watched.page(
        [{"id": "bad"}, {"id": "good"}, {"id": 7}],
        lambda row: reading(failure)(str(row["id"])),
        "next",
    )
    assert (page.unreadable, page.cursor) == ({"bad": why}, "next")
    assert [record.external_id for record in page.records] == ["good", "7"]


def test_what_is_refused_is_named() -> None:
    (page,) = watched.each(["bad"], reading(Refused("checkr", "no such report", status=404)))
    assert page.refused == {"bad": "checkr: no such report (HTTP 404)"}


def test_a_vendor_that_is_down_is_down_for_all() -> None:
    with pytest.raises(Unavailable):
        list(watched.each(["bad", "good"], reading(Unavailable("checkr", "down"))))


def test_what_was_read_of_an_object_is_not_read_again_and_one_that_fails_loses_nothing() -> None:
    has, away = {"ada": ["1"], "bob": ["7"]}, {"bob"}

    def new(ref: str, read: list[str]) -> list[Observed]:
        if ref in away:
            raise Refused("deel", "no such person")
        found = [id for id in has[ref] if id not in read]
        read += found
        return [Observed(external_id=id, updated_at=AT) for id in found]

    first = list(watched.once(["ada", "bob"], None, new))
    has["ada"].append("2")
    away.clear()
    second = list(watched.once(["ada", "bob"], first[-1].cursor, new))
    (third,) = watched.once(["ada"], second[-1].cursor, new)

    assert first[1].refused == {"bob": "deel: no such person"}
    assert [[r.external_id for r in page.records] for page in (*first, *second, third)] == [
        ["1"],
        [],
        ["2"],
        ["7"],
        [],
    ]
