"""Lists are read to their end by the addresses they give, whatever happens meanwhile."""

from dataclasses import replace
from datetime import timedelta
from time import monotonic

import pytest

from connectors.access import Access
from connectors.applicant_tracking import workable
from connectors.errors import ConnectorError, Misconfigured, Unavailable, Unreadable
from connectors.ports import ApplicantTracker
from connectors.records import Application, Job, TrackerStage
from deployments.sandbox.server import Answer, Request, Sandbox
from deployments.sandbox.workable import Workable
from tests.connectors.tracking import DAY, NOW, applying
from tests.connectors.workable.account import (
    OPEN,
    applications,
    connected,
    crowd,
    fault,
    ids,
    moving,
    opened,
    read,
    to_interview,
)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 35])
def test_reads_everybody_once_however_many_there_are(
    tracker: ApplicantTracker, vendor: Workable, size: int
) -> None:
    vendor.page = 10
    everybody = crowd(tracker, vendor, size)

    assert ids(tracker, "applications") == everybody


def test_an_open_job_is_where_workable_says(tracker: ApplicantTracker) -> None:
    job = tracker.open_job(OPEN, "k").external_id

    [found] = read(tracker, "open_jobs")[0]

    assert isinstance(found, Job)
    assert (found.external_id, found.title) == (job, OPEN.title)
    assert found.place == "Oakland, California, United States"


def test_goes_on_from_the_middle_of_a_read(
    tracker: ApplicantTracker, access: Access, vendor: Workable
) -> None:
    vendor.page = 10
    everybody = crowd(tracker, vendor, 35)
    first = opened(next(iter(tracker.changes("applications", None, ()))))

    rest = ids(connected(access), "applications", first.cursor)

    assert rest == everybody[10:]


def test_who_changes_comes_or_goes_while_the_list_is_read_is_missed_by_nobody(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    vendor.page = 10
    everybody = crowd(tracker, vendor, 35)
    pages = tracker.changes("applications", None, ())
    seen = list(opened(next(pages)).records)

    tracker.move(moving(everybody[0], TrackerStage.SCREEN), "m")
    vendor.records.tables["application"].pop(everybody[20])
    job = tracker.open_job(OPEN, "k").external_id
    added = tracker.add_application(applying(job), "a").external_id
    last = [opened(page) for page in pages]
    seen += [record for page in last for record in page.records]
    later, _ = read(tracker, "applications", last[-1].cursor)

    stages = {a.external_id: a.stage for a in [*seen, *later] if isinstance(a, Application)}
    assert stages.keys() == {*everybody, added} - {everybody[20]}
    assert stages[everybody[0]] is TrackerStage.SCREEN


def test_rows_that_are_edited_while_the_list_is_read_push_no_other_out(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    vendor.page = 10
    everybody = crowd(tracker, vendor, 60)
    fault(sandbox, "GET .*/candidates", *["edit"] * 4)

    assert ids(tracker, "applications") == everybody
    assert sandbox.injected["workable edit"] == 4


def test_the_last_cursor_gives_only_what_changed_since(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    everybody = crowd(tracker, vendor, 5)
    _, cursor = read(tracker, "applications")
    sandbox.advance(NOW + DAY)
    _, cursor = read(tracker, "applications", cursor)

    tracker.move(moving(everybody[3], TrackerStage.SUBMITTED), "m")

    [changed] = applications(tracker, cursor)
    assert (changed.external_id, changed.stage) == (everybody[3], TrackerStage.SUBMITTED)
    sandbox.advance(NOW + 2 * DAY)
    _, after = read(tracker, "applications", cursor)
    assert ids(tracker, "applications", after) == []


def test_what_changes_just_before_a_list_is_read_is_read_again_the_next_time(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    everybody = crowd(tracker, vendor, 1)
    sandbox.advance(NOW + timedelta(minutes=1))
    _, cursor = read(tracker, "applications")

    assert ids(tracker, "applications", cursor) == everybody


def test_a_whole_list_tells_who_is_gone(tracker: ApplicantTracker, vendor: Workable) -> None:
    everybody = crowd(tracker, vendor, 3)
    vendor.records.tables["application"].pop(everybody[1])

    (page,) = tracker.changes("applications", None, ())

    assert page.listed
    assert page.listed.kind is Application
    assert [ref for ref, _ in page.listed.rows] == [everybody[0], everybody[2]]


def test_who_has_not_changed_is_the_same_byte_for_byte(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox, careers_page: None
) -> None:
    tracker.open_job(OPEN, "k")
    sandbox.advance(NOW + 2 * DAY)
    (before,) = tracker.changes("applications", None, ())
    vendor.records.sequence += 1  # mailboxes have other addresses whenever they are told

    (after,) = tracker.changes("applications", None, ())

    assert before.listed
    assert after.listed
    assert before.listed.rows == after.listed.rows != []


def test_those_of_the_talent_pool_apply_for_nothing(
    tracker: ApplicantTracker, vendor: Workable
) -> None:
    everybody = crowd(tracker, vendor, 2)
    pool = {"job": None, "talent_pool": {"talent_pool_id": 1}}
    vendor.records.tables["application"][everybody[0]]["shown"] = pool

    assert ids(tracker, "applications") == everybody[1:]


@pytest.mark.parametrize("lie", ["error_in_200", "html_after", "empty_after", "truncated", "500"])
def test_a_page_that_is_an_error_moves_no_cursor_and_loses_nobody(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox, lie: str
) -> None:
    vendor.page = 10
    everybody = crowd(tracker, vendor, 35)
    pages = tracker.changes("applications", None, ())
    first = opened(next(pages))
    fault(sandbox, "GET /spi/v3/candidates", *[lie] * 5)

    with pytest.raises(Unavailable):
        next(pages)

    rest = ids(tracker, "applications", first.cursor)
    assert [record.external_id for record in first.records] + rest == everybody


def test_an_error_that_passes_in_the_middle_of_a_read_is_not_noticed(
    tracker: ApplicantTracker, vendor: Workable, sandbox: Sandbox
) -> None:
    vendor.page = 10
    everybody = crowd(tracker, vendor, 35)
    fault(sandbox, "GET /spi/v3/candidates", "error_in_200", "empty_after", "429", "drop_before")

    assert ids(tracker, "applications") == everybody


@pytest.mark.parametrize("resource", ["applications", "interviews"])
def test_starts_over_when_workable_refuses_a_cursor_of_old(
    tracker: ApplicantTracker, sandbox: Sandbox, resource: str
) -> None:
    to_interview(tracker, sandbox)
    path = {"applications": "candidates", "interviews": "events"}[resource]
    cursor = f'{{"began": "2026-03-01T00:00:00+00:00", "next": "/{path}?limit=1000"}}'

    assert len(ids(tracker, resource, cursor)) == 1


class Pointing(Workable):
    """Names another address as that of the next page."""

    to = ""

    def handle(self, request: Request) -> Answer:
        answer = super().handle(request)
        if isinstance(answer.body, dict) and "paging" in answer.body:
            answer.body["paging"] = {"next": self.to or answer.body["paging"]["next"]}
        return answer


@pytest.fixture
def pointing(vendor: Workable) -> Pointing:
    vendor.__class__ = Pointing
    assert isinstance(vendor, Pointing)
    return vendor


def test_the_token_is_shown_to_no_other_host_whatever_a_page_points_to(
    tracker: ApplicantTracker, pointing: Pointing
) -> None:
    pointing.page = 10
    everybody = crowd(tracker, pointing, 15)
    pointing.to = f"http://127.0.0.1:9/spi/v3/candidates?limit=100&since_id={everybody[10]}"

    assert ids(tracker, "applications") == everybody


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("http://127.0.0.1:9/elsewhere", "of another kind"),
        ("http://127.0.0.1:9/spi/v3/candidates?limit=10", "names itself"),
    ],
)
def test_a_page_that_points_nowhere_or_to_itself_makes_no_sense(
    tracker: ApplicantTracker, pointing: Pointing, to: str, why: str
) -> None:
    pointing.page = 10
    crowd(tracker, pointing, 15)
    pointing.to = to

    with pytest.raises(Unreadable, match=why):
        list(tracker.changes("applications", None, ()))


def test_reads_stay_below_the_quota_by_workables_own_count(
    access: Access, vendor: Workable, sandbox: Sandbox
) -> None:
    waits: list[float] = []
    vendor.window = replace(vendor.window, limit=10, clock=lambda: monotonic() + sum(waits))
    tracker = workable.connect(access, sleep=waits.append)
    vendor.page = 1
    crowd(tracker, vendor, 25)

    pages = list(tracker.changes("applications", None, ()))

    assert (len(pages), vendor.window.refused) == (25, 0)
    assert 2 <= len(waits) <= 3
    assert all(0 < pause <= 10 for pause in waits)


def test_one_over_the_quota_waits_as_long_as_the_reset_says(
    access: Access, vendor: Workable, sandbox: Sandbox
) -> None:
    waits: list[float] = []
    tracker = workable.connect(access, sleep=waits.append)
    crowd(tracker, vendor, 1)
    fault(sandbox, "GET /spi/v3/candidates", "429")

    assert len(ids(tracker, "applications")) == 1
    assert waits == [1.0]


@pytest.mark.parametrize("lie", ["429", "500", "html", "drop_after"])
def test_a_read_that_keeps_failing_is_unavailable(
    tracker: ApplicantTracker, sandbox: Sandbox, lie: str
) -> None:
    fault(sandbox, "events", *[lie] * 5)

    with pytest.raises(Unavailable):
        read(tracker, "interviews")


def test_a_wrong_or_revoked_token_or_a_missing_scope_is_a_matter_of_set_up(
    access: Access, tracker: ApplicantTracker, vendor: Workable
) -> None:
    failures: list[tuple[ApplicantTracker, str]] = [
        (connected(replace(access, key="wrong")), "applications"),
        (tracker, "interviews"),
    ]
    vendor.scopes.discard("r_jobs")

    for reader, resource in failures:
        with pytest.raises(Misconfigured):
            read(reader, resource)
    vendor.expire()
    with pytest.raises(ConnectorError) as failure:
        read(tracker, "applications")
    assert isinstance(failure.value, Misconfigured)
