"""An account says what is wrong with it before work depends on it."""

import pytest

from connectors.access import Access
from connectors.applicant_tracking import smartrecruiters
from connectors.errors import Unavailable
from connectors.ports import ApplicantTracker
from deployments.sandbox.server import Sandbox
from deployments.sandbox.smartrecruiters import SmartRecruiters
from tests.connectors.smartrecruiters.account import OPTIONS, add_many, fault


def wrong(tracker: ApplicantTracker) -> list[str]:
    found = [check.what for check in tracker.check() if check.wrong]
    return [what for what in found if what != "clock"]  # the stand-in lives in another year


def test_an_account_that_is_set_up_has_nothing_wrong(tracker: ApplicantTracker, job: str) -> None:
    add_many(tracker, job, 2)

    assert wrong(tracker) == []
    assert len(list(tracker.check())) > len(OPTIONS)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("organizer_id", "nobody", "organizer"),
        ("interview_type", "Seance", "interview type"),
        ("reason:not_qualified", "No such label", "reason not_qualified"),
    ],
)
def test_a_setting_that_is_wrong_is_named(access: Access, name: str, value: str, what: str) -> None:
    options = {**OPTIONS, name: value}

    assert wrong(smartrecruiters.connect(Access(access.base_url, access.key, options=options))) == [
        what
    ]


def test_a_key_that_sees_no_messages_is_no_administrators(
    tracker: ApplicantTracker, vendor: SmartRecruiters, job: str
) -> None:
    add_many(tracker, job, 1)
    vendor.rights.discard("messages_read")

    assert wrong(tracker) == ["messages"]


def test_a_vendor_who_is_away_says_nothing_about_the_account(
    tracker: ApplicantTracker, sandbox: Sandbox
) -> None:
    fault(sandbox, "GET .*reasons", *["500"] * 5)

    with pytest.raises(Unavailable):
        list(tracker.check())
