"""Candidates are read to the last page with all applications, and nobody who changed is missed."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.access import Access
from connectors.applicant_tracking import smartrecruiters
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable, Unreadable
from connectors.ports import ApplicantTracker
from connectors.records import Job, TrackerStage
from deployments.sandbox.server import Answer, Request, Sandbox
from deployments.sandbox.smartrecruiters import SmartRecruiters
from tests.connectors.smartrecruiters.account import (
    OPEN,
    add_many,
    applying,
    end_of,
    fault,
    move_of,
    withdrawal_of,
)
from tests.connectors.tracking import applications, records


def test_reads_every_application_to_the_last_page(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    vendor.page = 5
    refs = add_many(tracker, job, 12)

    pages = list(tracker.changes("applications", None, ()))

    assert [len(page.listed.rows) for page in pages if page.listed] == [5, 5, 2]
    assert [each.external_id for each in records(pages)] == refs


def test_a_job_on_hold_and_a_template_are_no_open_jobs(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    held, template = (
        tracker.open_job(OPEN.model_copy(update={"requisition": code}), code).external_id
        for code in ("HARBOR-4", "HARBOR-5")
    )
    jobs = vendor.records.tables["job"]
    jobs[held]["shown"] = {"status": "ON_HOLD"}
    jobs[template]["shown"] = {"template": True}

    [found] = records(list(tracker.changes("open_jobs", None, ())))

    assert isinstance(found, Job)
    assert (found.external_id, found.title, found.place) == (job, OPEN.title, "Oakland, CA, US")


def test_goes_on_from_the_middle_of_a_read(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    vendor.page = 5
    refs = add_many(tracker, job, 12)
    first = next(iter(tracker.changes("applications", None, ())))

    rest = list(tracker.changes("applications", first.cursor, ()))

    assert [each.external_id for each in records(rest)] == refs[5:]
    assert json.loads(rest[-1].cursor or "").keys() == {"since"}


def test_who_is_edited_while_the_list_is_read_is_read_again_and_nobody_is_lost(
    tracker: ApplicantTracker, vendor: SmartRecruiters, sandbox: Sandbox, job: str
) -> None:
    vendor.page = 5
    refs = add_many(tracker, job, 12)
    sandbox.advance(vendor.world.now + timedelta(hours=1))
    pages = tracker.changes("applications", None, ())
    read = [next(pages)]

    tracker.move(move_of(refs[0], TrackerStage.SCREEN), "m")
    read += list(pages)
    again = applications(tracker, read[-1].cursor)

    assert {each.external_id for each in records(read)} == set(refs)
    assert [(each.external_id, each.stage) for each in again] == [(refs[0], TrackerStage.SCREEN)]


def test_the_last_cursor_gives_only_what_changed_since(
    tracker: ApplicantTracker, vendor: SmartRecruiters, sandbox: Sandbox, job: str
) -> None:
    refs = add_many(tracker, job, 3)
    sandbox.advance(vendor.world.now + timedelta(hours=1))
    cursor = end_of(tracker)
    assert applications(tracker, cursor) == []

    tracker.move(move_of(refs[1], TrackerStage.INTERVIEW), "m")

    assert [each.external_id for each in applications(tracker, cursor)] == [refs[1]]


def test_what_the_search_shows_late_is_read_by_the_next_sync(
    tracker: ApplicantTracker, vendor: SmartRecruiters, sandbox: Sandbox, job: str
) -> None:
    add_many(tracker, job, 1)
    sandbox.advance(vendor.world.now + timedelta(hours=1))
    late = applying(job, "Late Comer", "late@example.test")
    ref = tracker.add_application(late, "late").external_id
    sandbox.advance(vendor.world.now + timedelta(minutes=9))
    behind = vendor.records.tables["candidate"].pop(ref.partition(":")[0])
    cursor = end_of(tracker)

    vendor.records.tables["candidate"][behind["id"]] = behind

    assert [each.external_id for each in applications(tracker, cursor)] == [ref]


def test_a_page_that_is_known_no_more_has_the_list_read_again_from_the_same_instant(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    vendor.page = 5
    refs = add_many(tracker, job, 8)
    first = next(iter(tracker.changes("applications", None, ())))
    spoilt = json.loads(first.cursor or "") | {"page": "nonsense"}

    assert [each.external_id for each in applications(tracker, json.dumps(spoilt))] == refs


def test_a_deleted_candidate_is_in_no_full_reading(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    refs = add_many(tracker, job, 3)
    vendor.records.delete(refs[0].partition(":")[0])

    (page,) = tracker.changes("applications", None, ())

    assert page.listed is not None
    assert [ref for ref, _ in page.listed.rows] == refs[1:]


def test_what_has_not_changed_is_listed_byte_for_byte_alike(
    tracker: ApplicantTracker, job: str
) -> None:
    add_many(tracker, job, 3)

    one, other = (list(tracker.changes("applications", None, ())) for _ in range(2))

    assert [p.listed.rows for p in one if p.listed] == [p.listed.rows for p in other if p.listed]


def test_each_job_of_a_candidate_is_an_application_of_its_own(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    vendor.merges = True
    other = tracker.open_job(OPEN.model_copy(update={"requisition": "HARBOR-4"}), "p").external_id
    first = tracker.add_application(applying(job), "a")
    second = tracker.add_application(applying(other), "b")
    tracker.reject(withdrawal_of(second.external_id), "r")

    stages = {each.external_id: each.stage for each in applications(tracker)}

    assert first.others == second.others
    assert stages == {
        first.external_id: TrackerStage.NEW,
        second.external_id: TrackerStage.ARCHIVED,
    }


def test_a_candidate_without_a_job_is_no_application(
    tracker: ApplicantTracker, vendor: SmartRecruiters
) -> None:
    vendor.records.add_candidate("Tal Ent", "talent@example.test", None, {})

    assert applications(tracker) == []


@pytest.mark.parametrize("lie", ["error_in_200", "html_after", "empty_after", "truncated", "500"])
def test_a_page_that_is_an_error_moves_no_cursor_and_loses_nobody(
    tracker: ApplicantTracker, vendor: SmartRecruiters, sandbox: Sandbox, job: str, lie: str
) -> None:
    vendor.page = 5
    refs = add_many(tracker, job, 8)
    pages = tracker.changes("applications", None, ())
    first = next(pages)
    fault(sandbox, "GET /candidates$", *[lie] * 5)

    with pytest.raises(Unavailable):
        next(pages)

    rest = applications(tracker, first.cursor)
    assert {each.external_id for each in [*records([first]), *rest]} == set(refs)


@pytest.mark.parametrize("path", ["GET /candidates$", "GET /candidates/[^/]+$", "history$"])
def test_an_error_that_passes_is_not_noticed(
    tracker: ApplicantTracker, sandbox: Sandbox, job: str, path: str
) -> None:
    add_many(tracker, job, 3)
    fault(sandbox, path, "429", "500", "drop_before", "truncated")

    assert len(applications(tracker)) == 3


@pytest.mark.parametrize("told", [True, False], ids=["told what is left", "told nothing"])
def test_over_the_quota_it_waits_though_nobody_says_for_how_long(
    access: Access, vendor: SmartRecruiters, tracker: ApplicantTracker, job: str, told: bool
) -> None:
    add_many(tracker, job, 3)
    clock = [1000.0]
    refused: list[str] = []
    vendor.clock, vendor.limit = (lambda: clock[0]), 1
    handle = vendor.handle

    def count(request: Request) -> Answer:
        answer = handle(request)
        refused.extend([request.path] * (answer.status == 429))
        return answer if told else replace(answer, headers={})

    def sleep(seconds: float) -> None:
        clock[0] += max(seconds, 1.0)

    vendor.handle = count  # type: ignore[method-assign]
    patient = smartrecruiters.connect(access, sleep=sleep)

    assert len(applications(patient)) == 3
    assert clock[0] > 1000.0
    assert bool(refused) is not told  # it need not be refused to know


def test_a_read_waits_for_a_slow_answer_and_a_write_is_looked_up(
    tracker: ApplicantTracker, sandbox: Sandbox, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.http.READ_SECONDS", 0.1)
    fault(sandbox, "POST .*/candidates", "slow")
    with pytest.raises(OutcomeUnknown):
        tracker.add_application(applying(job), "a")
    fault(sandbox, "GET /candidates$", "slow")

    assert len(applications(tracker)) == 1


@pytest.mark.parametrize("resource", ["applications", "scorecards", "interviews"])
def test_a_revoked_key_is_a_matter_of_set_up(
    tracker: ApplicantTracker, vendor: SmartRecruiters, resource: str
) -> None:
    vendor.expire()

    with pytest.raises(Misconfigured):
        list(tracker.changes(resource, None, ("a:b",)))


def test_a_missing_right_is_a_matter_of_set_up(
    tracker: ApplicantTracker, vendor: SmartRecruiters
) -> None:
    vendor.rights.discard("candidates_read")

    with pytest.raises(Misconfigured):
        applications(tracker)


@pytest.mark.parametrize("content", [None, {}, ["Ada"]])
def test_a_list_that_makes_no_sense_is_unreadable(
    tracker: ApplicantTracker,
    vendor: SmartRecruiters,
    monkeypatch: pytest.MonkeyPatch,
    content: Any,
) -> None:
    answer = Answer(body={"content": content, "totalFound": 1})
    monkeypatch.setattr(vendor, "_list", lambda request, rows: answer)

    with pytest.raises(Unreadable):
        applications(tracker)


def test_a_page_that_is_followed_by_itself_ends(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = {"content": [], "nextPageId": "again", "totalFound": 1}
    monkeypatch.setattr(vendor, "_list", lambda request, rows: Answer(body=same))

    with pytest.raises(Unreadable, match="followed by itself"):
        applications(tracker)


def test_an_application_is_named_by_candidate_and_job_alone(tracker: ApplicantTracker) -> None:
    for ref in ("", "candidate", ":job", "candidate:"):
        with pytest.raises(Refused):
            tracker.move(move_of(ref, TrackerStage.SCREEN), "m")
