"""Lists are read to their end, in windows and by cursors, whatever happens meanwhile."""

import json
from collections import Counter
from functools import partial

import pytest
import requests

from connectors.access import Access
from connectors.applicant_tracking import greenhouse
from connectors.errors import (
    Unavailable,
)
from connectors.ports import ApplicantTracker
from connectors.quota import Quota
from connectors.records import (
    Candidate,
)
from deployments.sandbox.greenhouse import Greenhouse
from deployments.sandbox.server import Sandbox
from tests.connectors.greenhouse.account import asked, connected, crowd, fault, ids, opened, read
from tests.connectors.tracking import DAY, NOW


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 300])
def test_reads_everybody_once_however_many_there_are(
    tracker: ApplicantTracker, vendor: Greenhouse, size: int
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, size)

    assert set(ids(tracker, "candidates")) == set(everybody)


def test_who_is_created_at_one_instant_is_read_too(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    vendor.page = 10
    at = {"createdAt": "2026-01-05T09:00:00.000Z"}
    everybody = {vendor.records.add_candidate(f"P {n}", None, None, at)["id"] for n in range(45)}

    assert Counter(ids(tracker, "candidates")) == Counter(everybody)


def test_a_list_is_read_in_windows_that_share_nobody(
    tracker: ApplicantTracker,
    vendor: Greenhouse,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 300)
    seen = asked(sandbox, monkeypatch, "/candidates")

    found = ids(tracker, "candidates")

    windows = [each for each in seen if "gte|" in each.get("created_at", "")]
    without_end = [each for each in seen if "cursor" not in each and each not in windows]
    assert len(windows) == 8
    assert len(without_end) == 3
    # Two first pages told how long a window is to be, and were read again within one.
    assert len(found) == len(everybody) + 2 * vendor.page
    assert set(found) == set(everybody)


def test_a_cursor_travels_alone(
    tracker: ApplicantTracker,
    vendor: Greenhouse,
    sandbox: Sandbox,
    access: Access,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor.page = 10
    crowd(vendor, 25)
    seen = asked(sandbox, monkeypatch, "/candidates")

    ids(tracker, "candidates")

    followed = [each for each in seen if "cursor" in each]
    assert followed
    assert all(len(each) == 1 for each in followed)
    token = next(iter(vendor.tokens))
    for more, status in ({}, 200), ({"per_page": "10"}, 422), ({"fields": "id"}, 422):
        answer = requests.get(
            f"{access.base_url}/candidates",
            params={**followed[0], **more},
            headers={"Authorization": f"Bearer {token}"},
            timeout=5,
        )
        assert answer.status_code == status


def test_goes_on_from_the_middle_of_a_read(
    tracker: ApplicantTracker, access: Access, vendor: Greenhouse
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 120)
    pages = tracker.changes("candidates", None, ())
    first = [opened(next(pages)) for _ in range(4)]

    rest = ids(connected(access), "candidates", first[-1].cursor)

    before = {record.external_id for page in first for record in page.records}
    assert before | set(rest) == set(everybody)
    assert len(rest) < len(everybody)


@pytest.mark.parametrize("lie", ["error_in_200", "html_after", "empty_after", "truncated", "500"])
def test_a_page_that_is_an_error_moves_no_cursor_and_loses_nobody(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox, lie: str
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 35)
    pages = tracker.changes("candidates", None, ())
    first = opened(next(pages))
    fault(sandbox, "GET /v3/candidates", *[lie] * 40)

    with pytest.raises(Unavailable):
        list(pages)

    sandbox.faults.clear()
    rest = ids(tracker, "candidates", first.cursor)
    assert {record.external_id for record in first.records} | set(rest) == set(everybody)


def test_an_error_that_passes_in_the_middle_of_a_read_is_not_noticed(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 60)
    fault(sandbox, "GET /v3/candidates", "error_in_200", "empty_after", "429", "expire")

    assert set(ids(tracker, "candidates")) == set(everybody)


def test_rows_that_are_edited_while_the_list_is_read_push_no_other_out(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 300)
    fault(sandbox, "GET /v3/candidates", *["edit"] * 20)

    found = ids(tracker, "candidates")

    assert len(found) == len(everybody) + 2 * vendor.page  # as if nobody had edited anything
    assert set(found) == set(everybody)
    assert sandbox.injected["greenhouse edit"] == 20


def test_who_comes_and_changes_while_the_list_is_read_is_read_then_or_next_time(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 120)
    pages = tracker.changes("candidates", None, ())
    seen = list(opened(next(pages)).records)

    late = vendor.records.add_candidate("Late Comer", None, None, {})
    changed = vendor.records.touch("candidate", everybody[119])
    changed["first_name"] = "Renamed"
    last = [opened(page) for page in pages]
    seen += [record for page in last for record in page.records]
    again, _ = read(tracker, "candidates", last[-1].cursor)

    names = {r.external_id: r.name for r in [*seen, *again] if isinstance(r, Candidate)}
    assert names.keys() == {*everybody, late["id"]}
    assert names[everybody[119]].startswith("Renamed")


def test_who_is_deleted_is_in_no_list_any_more(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    everybody = crowd(vendor, 3)
    ids(tracker, "candidates")

    del vendor.records.tables["candidate"][everybody[1]]

    assert set(ids(tracker, "candidates")) == {everybody[0], everybody[2]}


def test_the_last_cursor_gives_only_what_changed_since_in_one_request_a_page(
    tracker: ApplicantTracker,
    vendor: Greenhouse,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 120)
    sandbox.advance(NOW + DAY)
    _, cursor = read(tracker, "candidates")
    sandbox.advance(NOW + 2 * DAY)
    for ref in everybody[:15]:
        vendor.records.touch("candidate", ref)
    ids(tracker, "scorecards")  # with a new token
    seen = asked(sandbox, monkeypatch, "/candidates")

    changed, after = read(tracker, "candidates", cursor)

    assert {record.external_id for record in changed} == set(everybody[:15])
    assert len(seen) == 2
    sandbox.advance(NOW + 3 * DAY)
    _, later = read(tracker, "candidates", after)  # by the overlap, those of the last look again
    assert ids(tracker, "candidates", later) == []


def test_what_changes_in_the_instant_in_which_a_list_was_read_is_read_next_time(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    _, cursor = read(tracker, "candidates")

    [late] = crowd(vendor, 1)

    assert ids(tracker, "candidates", cursor) == [late]


def test_starts_over_when_greenhouse_refuses_a_cursor_of_old(
    tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    everybody = crowd(vendor, 3)
    chain = {"since": None, "low": None, "high": None, "at": "of-old"}
    cursor = json.dumps({"began": "2026-03-01T00:00:00Z", "chains": [chain]})

    assert set(ids(tracker, "candidates", cursor)) == set(everybody)


@pytest.mark.parametrize("limit", [2, 5, 10])
def test_a_quota_is_never_exceeded_and_no_window_is_left_unused(
    access: Access, vendor: Greenhouse, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    now, waits = 1_000_000.0, 0

    def sleep(seconds: float) -> None:
        nonlocal now, waits
        now, waits = now + seconds, waits + 1

    monkeypatch.setattr("connectors.http.Quota", partial(Quota, now=lambda: now))
    vendor.page, vendor.window.limit, vendor.window.clock = 10, limit, lambda: now
    everybody = crowd(vendor, 300)
    tracker = greenhouse.connect(access, sleep=sleep)

    found = set(ids(tracker, "candidates"))

    assert found == set(everybody)
    assert vendor.window.refused == 0
    assert vendor.window.taken > 30
    assert waits == (vendor.window.taken - 1) // limit
