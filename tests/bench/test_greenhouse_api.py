"""The stand-in is as strict as the vendor where a client would notice."""

from collections.abc import Iterator

import pytest
import requests

from tests.bench.pulls import serving

RECORDS = 1_200


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with serving(RECORDS) as address:
        yield address


@pytest.fixture
def session(api: str) -> requests.Session:
    session = requests.Session()
    grant = {"grant_type": "client_credentials"}
    token = session.post(f"{api}/token", data=grant, auth=("bench", "bench")).json()
    session.headers["Authorization"] = f"Bearer {token['access_token']}"
    return session


def test_pages_hold_everybody_once_and_the_newest_first(
    api: str, session: requests.Session
) -> None:
    ids = _all(session, f"{api}/v3/candidates?per_page=500")
    assert len(ids) == RECORDS
    assert ids == sorted(set(ids), reverse=True)


def test_who_was_touched_is_found_by_when_they_were_updated(
    api: str, session: requests.Session
) -> None:
    since = f"{api}/v3/candidates?updated_at=gte|2026-10-01T00:00:00Z"
    before = set(_all(session, since))
    touched = requests.post(f"{api}/ctl/touch", params={"share": 0.01}).json()["touched"]
    assert len(set(_all(session, since)) - before) == touched > 0


def test_who_was_deleted_is_gone(api: str, session: requests.Session) -> None:
    before = _all(session, f"{api}/v3/candidates")
    deleted = requests.post(f"{api}/ctl/delete", params={"share": 0.5}).json()["deleted"]
    assert len(_all(session, f"{api}/v3/candidates")) == len(before) - deleted


def test_a_cursor_travels_alone(api: str, session: requests.Session) -> None:
    following = session.get(f"{api}/v3/candidates").links["next"]["url"]
    assert session.get(f"{following}&per_page=100").status_code == 422


def test_without_a_token_nobody_is_told_anything(api: str) -> None:
    assert requests.get(f"{api}/v3/candidates").status_code == 401


def test_more_calls_than_the_quota_are_told_to_wait(api: str, session: requests.Session) -> None:
    requests.post(f"{api}/ctl/set", params={"limit": 2, "window": 3600})
    answers = [session.get(f"{api}/v3/candidates") for _ in range(3)]
    requests.post(f"{api}/ctl/set", params={"limit": 1_000_000, "window": 30})
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600


def _all(session: requests.Session, url: str) -> list[int]:
    ids: list[int] = []
    while url:
        answer = session.get(url)
        answer.raise_for_status()
        ids += [record["id"] for record in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    return ids
