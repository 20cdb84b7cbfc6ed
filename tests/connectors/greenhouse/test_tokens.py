"""A token is got for the client's id and secret, and got anew when it has ended."""

from datetime import timedelta

import pytest

from connectors.access import Access
from connectors.errors import (
    Misconfigured,
    Unavailable,
)
from connectors.ports import ApplicantTracker
from connectors.records import (
    CloseJob,
)
from deployments.sandbox.greenhouse import CLIENT_SECRET, Greenhouse
from deployments.sandbox.server import Sandbox
from tests.connectors.greenhouse.account import OPEN, connected, crowd, fault, ids, opened, read
from tests.connectors.tracking import NOW


def test_a_token_that_has_ended_is_renewed_and_nothing_is_lost_over_it(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox
) -> None:
    crowd(vendor, 3)
    ids(tracker, "candidates")
    sandbox.advance(NOW + timedelta(hours=2))

    job = tracker.open_job(OPEN, "k").external_id

    assert len(ids(tracker, "candidates")) == 3
    assert vendor.given == 2
    assert vendor.received["jobs"] == ["HARBOR-3"]
    vendor.expire()
    tracker.close_job(CloseJob(job_ref=job), "c")
    assert vendor.given == 3


def test_threads_that_are_refused_at_once_ask_for_one_new_token(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox
) -> None:
    vendor.page = 10
    everybody = crowd(vendor, 300)
    pages = tracker.changes("candidates", None, ())
    found = {record.external_id for record in opened(next(pages)).records}
    vendor.expire()

    found |= {record.external_id for page in pages for record in opened(page).records}

    assert found == set(everybody)
    assert vendor.given == 2


@pytest.mark.parametrize(
    ("key", "options"), [("wrong", {}), (CLIENT_SECRET, {"client_id": "another"})]
)
def test_a_client_that_greenhouse_does_not_know_is_a_matter_of_set_up(
    access: Access, key: str, options: dict[str, str]
) -> None:
    other = Access(access.base_url, key, options={**access.options, **options})

    with pytest.raises(Misconfigured, match="client_id"):
        read(connected(other), "candidates")


def test_a_client_without_scopes_or_a_scope_that_is_missing_is_a_matter_of_set_up(
    access: Access, tracker: ApplicantTracker, vendor: Greenhouse
) -> None:
    vendor.scopes.discard("harvest:interviews:list")
    with pytest.raises(Misconfigured, match="interviews"):
        read(tracker, "interviews")

    vendor.scopes.clear()
    with pytest.raises(Misconfigured, match="scopes"):
        read(connected(access), "candidates")


def test_tokens_that_cannot_be_had_for_now_are_asked_for_again_later(
    tracker: ApplicantTracker, vendor: Greenhouse, sandbox: Sandbox
) -> None:
    fault(sandbox, "token", "500", "truncated")
    assert ids(tracker, "candidates") == []

    vendor.expire()
    fault(sandbox, "token", *["500"] * 30)
    with pytest.raises(Unavailable):
        tracker.open_job(OPEN, "k")
