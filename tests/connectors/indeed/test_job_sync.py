"""Postings told by the Job Sync API, one by one."""

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.access import Access
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable, Unreadable
from connectors.job_boards import VENDORS
from connectors.job_boards.indeed import deliveries, job_sync
from connectors.ports import DocumentStore, InformedBoard, JobBoard
from connectors.records import Page, Pay, PayUnit, Place
from deployments.sandbox.indeed import Indeed
from deployments.sandbox.server import Sandbox
from tests.connectors.indeed.account import (
    AUSTIN,
    NOW,
    Opened,
    Receiver,
    a_posting,
    these,
)

UPSIDE_DOWN = Pay(min_cents=9_000_000, max_cents=8_000_000)


def lie(sandbox: Sandbox, *faults: str, match: str = "/graphql") -> None:
    sandbox.faults.append({"vendor": "indeed", "match": match, "faults": list(faults)})


def told(vendor: Indeed, reference: str = "HARBOR-3.US-TX") -> Any:
    postings = [job["posting"] for job in vendor.api.jobs.values()]
    return next(p for p in postings if p["metadata"]["jobPostingId"] == reference)


def live(board: JobBoard) -> list[str]:
    pages: list[Page] = list(board.changes("all_postings", None, ()))
    return [record.external_id for page in pages for record in page.records]


def test_a_posting_is_told_with_all_that_indeed_requires(
    opened: Opened, vendor: Indeed, receiver: Receiver
) -> None:
    opened(source_name="Harbor Group").publish(these(a_posting()), "k")

    assert told(vendor) == {
        "body": {
            "title": "Test & Café Engineer",
            "description": "No<p>Tests pumps.</p><p>Benefits: Health &lt;full&gt;</p>",
            "descriptionFormatting": "RICH_FORMATTING",
            "location": {"country": "US", "cityRegionPostal": "Austin, TX 78701"},
            "benefits": ["Health <full>"],
            "salary": {
                "currency": "USD",
                "minimumMinor": 8_000_000,
                "maximumMinor": 10_000_050,
                "period": "YEAR",
            },
        },
        "metadata": {
            "jobSource": {
                "companyName": "Harbor & Sons",
                "sourceName": "Harbor Group",
                "sourceType": "Employer",
            },
            "jobPostingId": "HARBOR-3.US-TX",
            "jobRequisitionId": "HARBOR-3",
            "jobTypes": ["Full-time"],
            "datePublished": "2026-08-31T09:00:00+00:00",
            "expirationDate": "2026-10-31",
            "url": "https://careers.example.test/jobs/harbor/HARBOR-3.US-TX.html",
        },
        "applyMethod": {
            "indeedApply": {
                "apiToken": "token",
                "postUrl": receiver.url,
                "phoneRequired": "OPTIONAL",
                "coverLetterRequired": "OPTIONAL",
                "resumeRequired": "YES",
            }
        },
    }


def test_optional_facts_follow_the_posting(sync: InformedBoard, vendor: Indeed) -> None:
    home = Place(code="US-NY-NYC", city="New York", country="US", remote=True)
    sync.publish(these(a_posting(place=home, pay=None, benefits="", closes_on=None)), "k")

    posting = told(vendor)
    assert posting["body"]["location"]["cityRegionPostal"] == "New York, NY"
    assert posting["body"]["description"].endswith("<p>This work is done from home.</p>")
    assert posting["body"]["benefits"] == []
    assert "salary" not in posting["body"]
    assert "expirationDate" not in posting["metadata"]
    assert posting["metadata"]["jobSource"]["sourceName"] == "Harbor & Sons"
    assert job_sync.PERIODS.keys() == set(PayUnit)


def test_only_what_is_new_changed_or_gone_is_told(opened: Opened, vendor: Indeed) -> None:
    opened().publish(these(a_posting("A.US-TX"), a_posting("B.US-TX")), "k")
    changed = these(a_posting("B.US-TX", title="Pump Engineer"), a_posting("C.US-TX"))

    opened().publish(changed, "k2")
    opened().publish(changed, "k3")

    assert vendor.received == {
        "jobs": ["A.US-TX", "B.US-TX", "C.US-TX"],
        "changed_jobs": ["B.US-TX"],
        "closed_jobs": ["A.US-TX"],
    }


def test_a_posting_that_comes_back_is_opened_again(sync: InformedBoard, vendor: Indeed) -> None:
    for postings in ([a_posting()], [], [a_posting()]):
        sync.publish(these(*postings), "k")

    assert vendor.received == {"jobs": ["HARBOR-3.US-TX"] * 2, "closed_jobs": ["HARBOR-3.US-TX"]}


def test_a_seeker_applies_to_what_was_told(
    sync: InformedBoard, vendor: Indeed, sandbox: Sandbox, receiver: Receiver
) -> None:
    sync.publish(these(a_posting()), "k")

    sandbox.advance(NOW + timedelta(days=3))

    [application] = [deliveries.read_application(body) for body in receiver.bodies]
    assert application.job_ref == "HARBOR-3.US-TX"
    assert vendor.received["delivered"] == [application.external_id]


def test_what_was_published_is_found(opened: Opened) -> None:
    wanted = these(a_posting("A.US-TX"), a_posting("B.US-TX"))
    assert opened().find(wanted, "k") is None

    receipt = opened().publish(wanted, "k")

    assert opened().find(wanted, "another") == receipt
    assert opened().find(these(a_posting("A.US-TX")), "k") is None
    assert (
        opened().find(these(a_posting("A.US-TX"), a_posting("B.US-TX", title="New")), "k") is None
    )


@pytest.mark.parametrize("fault", ["drop_after", "truncated", "html_after", "error_in_200"])
def test_a_posting_whose_answer_was_lost_is_told_again_and_is_there_once(
    opened: Opened, sandbox: Sandbox, vendor: Indeed, fault: str
) -> None:
    wanted = these(a_posting("A.US-TX"), a_posting("B.US-TX"))
    lie(sandbox, fault)

    with pytest.raises(OutcomeUnknown):
        opened().publish(wanted, "k")
    assert opened().find(wanted, "k") is None
    receipt = opened().publish(wanted, "k")

    assert opened().find(wanted, "k") == receipt
    assert vendor.received == {"jobs": ["A.US-TX", "B.US-TX"]}


def test_one_whose_answer_was_lost_and_that_has_closed_meanwhile_is_expired(
    opened: Opened, sandbox: Sandbox, vendor: Indeed
) -> None:
    lie(sandbox, "drop_after")
    with pytest.raises(OutcomeUnknown):
        opened().publish(these(a_posting()), "k")

    opened().publish(these(), "k2")

    assert vendor.received == {"jobs": ["HARBOR-3.US-TX"], "closed_jobs": ["HARBOR-3.US-TX"]}
    assert live(opened()) == []


def test_an_expiry_whose_answer_was_lost_is_asked_again(
    opened: Opened, sandbox: Sandbox, vendor: Indeed
) -> None:
    opened().publish(these(a_posting()), "k")
    lie(sandbox, "drop_after")
    with pytest.raises(OutcomeUnknown):
        opened().publish(these(), "k2")
    assert opened().find(these(), "k2") is None

    opened().publish(these(), "k2")

    assert opened().find(these(), "k2") is not None
    assert vendor.received["closed_jobs"] == ["HARBOR-3.US-TX"]


def test_one_that_indeed_does_not_expire_is_named_and_the_others_are_told(
    opened: Opened, sandbox: Sandbox, vendor: Indeed
) -> None:
    opened().publish(these(a_posting("A.US-TX")), "k")
    vendor.api.expires = False

    with pytest.raises(Refused, match=r"A\.US-TX, which has ended: expire it at Indeed \(BAD_REQ"):
        opened().publish(these(a_posting("B.US-TX")), "k2")

    assert vendor.received == {"jobs": ["A.US-TX", "B.US-TX"]}
    assert live(opened()) == ["A.US-TX", "B.US-TX"]


def test_what_indeed_does_not_know_any_more_needs_no_expiry(opened: Opened, vendor: Indeed) -> None:
    opened().publish(these(a_posting()), "k")
    vendor.api.jobs.clear()

    opened().publish(these(), "k2")

    assert live(opened()) == []


def test_a_posting_that_indeed_refuses_is_named_and_its_neighbours_are_published(
    opened: Opened, vendor: Indeed
) -> None:
    wanted = these(a_posting("A.US-TX", pay=UPSIDE_DOWN), a_posting("B.US-TX"))

    with pytest.raises(
        Refused,
        match=r"A\.US-TX of requisition HARBOR-3 is refused by Indeed: POST /graphql:"
        r" BAD_USER_INPUT at input\.jobPostings\.0\.body\.salary\.minimumMinor\. Put it right",
    ):
        opened().publish(wanted, "k")

    assert vendor.received == {"jobs": ["B.US-TX"]}
    assert opened().find(wanted, "k") is None
    assert live(opened()) == ["B.US-TX"]


def test_a_posting_that_lacks_something_is_not_even_told(
    sync: InformedBoard, vendor: Indeed
) -> None:
    nowhere = Place(code="US-TX", city=" ", country="US")

    with pytest.raises(Refused, match=r"A\.US-TX of requisition HARBOR-3 lacks city"):
        sync.publish(these(a_posting("A.US-TX", place=nowhere), a_posting("B.US-TX")), "k")
    assert vendor.received == {"jobs": ["B.US-TX"]}


def test_a_change_that_is_refused_leaves_what_was_there_and_it_can_end(
    opened: Opened, vendor: Indeed
) -> None:
    opened().publish(these(a_posting()), "k")

    with pytest.raises(Refused, match="is refused by Indeed"):
        opened().publish(these(a_posting(pay=UPSIDE_DOWN)), "k2")
    assert told(vendor)["body"]["salary"]["minimumMinor"] == 8_000_000
    opened().publish(these(), "k3")

    assert vendor.received == {"jobs": ["HARBOR-3.US-TX"], "closed_jobs": ["HARBOR-3.US-TX"]}


def test_one_that_was_lost_and_is_refused_now_was_never_there(
    opened: Opened, sandbox: Sandbox, vendor: Indeed
) -> None:
    lie(sandbox, "500")
    with pytest.raises(OutcomeUnknown):
        opened().publish(these(a_posting(pay=UPSIDE_DOWN)), "k")

    opened().publish(these(), "k2")

    assert (vendor.received, live(opened())) == ({}, [])


def test_under_another_source_name_it_is_another_posting_and_the_old_one_is_expired(
    opened: Opened, vendor: Indeed
) -> None:
    opened(source_name="Harbor").publish(these(a_posting()), "k")

    opened(source_name="Harbor Group").publish(these(a_posting()), "k2")

    assert [job["open"] for job in vendor.api.jobs.values()] == [False, True]
    assert live(opened()) == ["HARBOR-3.US-TX"]


def test_most_of_many_are_not_expired_at_once(opened: Opened, vendor: Indeed) -> None:
    opened().publish(these(*(a_posting(f"H-{n:02}.US-TX") for n in range(24))), "k")

    with pytest.raises(Refused, match="24 of 24 live postings would be gone"):
        opened().publish(these(a_posting("NEW.US-TX")), "k2")
    assert len(vendor.received["jobs"]) == 24


def test_a_token_that_has_ended_is_renewed_though_indeed_answers_200(
    sync: InformedBoard, vendor: Indeed, sandbox: Sandbox
) -> None:
    sync.publish(these(a_posting("A.US-TX")), "k")
    vendor.expire()
    sync.publish(these(a_posting("A.US-TX"), a_posting("B.US-TX")), "k2")
    sandbox.advance(NOW + timedelta(hours=2))

    assert live(sync) == ["A.US-TX", "B.US-TX"]
    assert vendor.received == {"jobs": ["A.US-TX", "B.US-TX"]}


@pytest.mark.parametrize("wrong", [{"secret": "nobody's"}, {"secret": ""}, {"client_id": ""}])
def test_credentials_that_are_wrong_are_a_matter_of_set_up(
    opened: Opened, vendor: Indeed, wrong: dict[str, str]
) -> None:
    board = opened(**wrong)

    with pytest.raises(Misconfigured, match="client_id") as failure:
        board.publish(these(a_posting()), "k")
    assert "nobody" not in str(failure.value)
    assert [check.wrong != "" for check in board.check()] == [True]
    assert vendor.received == {}


def test_an_app_that_may_not_is_asked_no_third_time(
    sync: InformedBoard, vendor: Indeed, sandbox: Sandbox
) -> None:
    vendor.api.admits = False

    with pytest.raises(Misconfigured, match="FORBIDDEN"):
        sync.publish(these(a_posting()), "k")


def test_an_account_that_is_set_up_passes_its_check(sync: InformedBoard) -> None:
    assert [check.wrong for check in sync.check() if check.what != "clock"] == [""]


def test_an_app_that_only_tells_what_becomes_of_applicants_is_checked_too(opened: Opened) -> None:
    (right,) = opened(channel="feed").check()
    (wrong,) = opened(channel="feed", secret="nobody's").check()

    assert (right.wrong, "client_id" in wrong.wrong) == ("", True)
    assert list(opened(channel="feed", client_id="").check()) == []


def test_whoever_is_over_the_quota_has_done_nothing(
    opened: Opened, sandbox: Sandbox, vendor: Indeed
) -> None:
    lie(sandbox, "429")

    with pytest.raises(Unavailable) as failure:
        opened().publish(these(a_posting()), "k")
    assert failure.value.retry_after == 1.0
    assert vendor.received == {}


def test_what_indeed_has_closed_itself_is_not_live(
    sync: InformedBoard, vendor: Indeed, sandbox: Sandbox
) -> None:
    sync.publish(these(a_posting("A.US-TX"), a_posting("B.US-TX")), "k")
    assert live(sync) == ["A.US-TX", "B.US-TX"]  # nobody knows their state yet
    next(iter(vendor.api.jobs.values()))["open"] = False
    sandbox.advance(NOW + timedelta(minutes=10))

    assert live(sync) == ["B.US-TX"]


def test_a_state_that_nobody_knows_is_unreadable_and_not_live(
    sync: InformedBoard, vendor: Indeed, sandbox: Sandbox
) -> None:
    sync.publish(these(a_posting("A.US-TX"), a_posting("B.US-TX")), "k")
    sandbox.advance(NOW + timedelta(minutes=10))
    next(iter(vendor.api.jobs.values()))["open"] = "¿?"

    (page,) = sync.changes("all_postings", None, ())
    assert [record.external_id for record in page.records] == ["B.US-TX"]
    assert list(page.unreadable) == ["A.US-TX"]


def test_ids_that_somebody_has_spoilt_are_not_written_over(
    sync: InformedBoard, store: DocumentStore, vendor: Indeed
) -> None:
    store.put(job_sync.REGISTER, b'{"A": {"id": 7}}', "application/json")

    with pytest.raises(Unreadable, match=r"indeed/job_sync\.json .* is spoilt"):
        sync.publish(these(a_posting()), "k")
    assert store.get(job_sync.REGISTER) == b'{"A": {"id": 7}}'
    assert vendor.received == {}


def test_no_posting_is_kept_longer_than_its_answer_is_awaited(
    sync: InformedBoard, store: DocumentStore
) -> None:
    sync.publish(these(a_posting()), "k")

    (row,) = json.loads(store.get(job_sync.REGISTER)).values()
    assert row["asked"] == {}
    assert row["posting_id"]


def test_a_channel_that_nobody_knows_is_refused(store: DocumentStore) -> None:
    told = {"api_token": "t", "apply_url": "https://us.example.test", "channel": "letter"}

    with pytest.raises(Misconfigured, match="'channel'"):
        VENDORS["indeed"].open(Access("https://x.test", options=told), documents=store)


def test_places_without_a_postal_code_are_told_as_they_are(
    sync: InformedBoard, vendor: Indeed
) -> None:
    sync.publish(these(a_posting(place=AUSTIN.model_copy(update={"postal_code": ""}))), "k")

    assert told(vendor)["body"]["location"]["cityRegionPostal"] == "Austin, TX"
