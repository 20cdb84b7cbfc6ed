"""Checkr, our connector against the stand-in, over real HTTP."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from connectors.access import Access
from connectors.background_checks import VENDORS, checkr
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.ports import BackgroundScreener
from connectors.records import (
    AdverseStatus,
    BackgroundReport,
    CancelOffer,
    OrderBackgroundCheck,
    Place,
    ReportResult,
    ReportStatus,
    StartAdverseAction,
)
from deployments.sandbox.checkr import Checkr
from deployments.sandbox.server import Answer, Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
LONG_ENOUGH = timedelta(days=6)
FINAL = NOW + timedelta(days=20)
AUTH = ("sandbox-checkr", "")


class Town:
    """Everybody who lives here, by e-mail."""

    def __init__(self, **reports: str) -> None:
        self._reports = reports

    def by_email(self, email: str) -> Any:
        report = self._reports.get(email.partition("@")[0])
        return report and SimpleNamespace(behaviour=SimpleNamespace(report=report))


@pytest.fixture
def vendor() -> Checkr:
    return Checkr(World(seed=7, now=NOW), Town(ada="clear", bob="consider_adverse"))


@pytest.fixture
def sandbox(vendor: Checkr) -> Iterator[Sandbox]:
    running = Sandbox(vendor.world, [vendor])
    yield running
    running.stop()


@pytest.fixture
def base_url(sandbox: Sandbox) -> str:
    return sandbox.start() + "/checkr"


@pytest.fixture
def screener(base_url: str) -> BackgroundScreener:
    return checkr.connect(Access(base_url, "sandbox-checkr"), sleep=lambda _: None)


def an_order(name: str = "ada", **changed: Any) -> OrderBackgroundCheck:
    order = OrderBackgroundCheck(
        application_key=f"HARBOR-3.{name}",
        package="pro_criminal",
        name=name.title(),
        email=f"{name}@example.test",
        work_place=Place(code="US-NY-NYC", city="New York", country="US"),
    )
    return order.model_copy(update=changed)


def observed(screener: BackgroundScreener, *watching: str) -> list[BackgroundReport]:
    pages = screener.changes("reports", None, watching)
    records = [record for page in pages for record in page.records]
    return [record for record in records if isinstance(record, BackgroundReport)]


def fail(sandbox: Sandbox, match: str, *faults: str) -> None:
    sandbox.faults.append({"vendor": "checkr", "match": match, "faults": list(faults)})


def a_bad_report(screener: BackgroundScreener, sandbox: Sandbox) -> BackgroundReport:
    receipt = screener.order(an_order("bob"), "bob")
    sandbox.advance(NOW + LONG_ENOUGH)
    (report,) = observed(screener, receipt.external_id)
    return report


def an_adverse_action(report: BackgroundReport) -> StartAdverseAction:
    return StartAdverseAction(
        report_ref=report.report_ref or "", final_not_before=FINAL, decided_by="Grace"
    )


def test_is_registered_under_its_name() -> None:
    assert VENDORS["checkr"].connect is checkr.connect


def test_an_order_invites_the_candidate_to_one_package(
    screener: BackgroundScreener, vendor: Checkr
) -> None:
    receipt = screener.order(an_order(), "key")

    assert vendor.received["candidates"] == ["HARBOR-3.ada"]
    assert vendor.received["invitations"] == ["HARBOR-3.ada pro_criminal"]
    assert set(receipt.others) == {"candidate"}


def test_an_order_says_where_the_work_is_and_for_whom(base_url: str, vendor: Checkr) -> None:
    asked: list[tuple[str, Any]] = []
    handle = vendor.handle
    vendor.handle = lambda request: (  # type: ignore[method-assign]
        asked.append((request.path, request.json)) or handle(request)  # type: ignore[func-returns-value]
    )
    access = Access(base_url, "sandbox-checkr", options={"node": "harbor-east"})

    receipt = checkr.connect(access).order(an_order(), "key")

    assert dict(asked)["/v1/invitations"] == {
        "candidate_id": receipt.others["candidate"],
        "package": "pro_criminal",
        "work_locations": [{"country": "US", "state": "NY", "city": "New York"}],
        "node": "harbor-east",
        "tags": ["key"],
    }
    assert "ssn" not in dict(asked)["/v1/candidates"]


def test_the_same_key_orders_once(screener: BackgroundScreener, vendor: Checkr) -> None:
    first = screener.order(an_order(), "key")

    assert screener.order(an_order(), "key") == first
    assert vendor.received["invitations"] == ["HARBOR-3.ada pro_criminal"]


def test_another_key_is_another_bill_and_the_vendor_lets_it_happen(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr
) -> None:
    screener.order(an_order(), "one")
    screener.order(an_order(), "two")
    sandbox.advance(NOW + LONG_ENOUGH)

    assert vendor.received["candidates"] == ["HARBOR-3.ada"]
    assert vendor.received["invitations"] == ["HARBOR-3.ada pro_criminal"] * 2
    assert vendor.received["reports"] == ["HARBOR-3.ada pro_criminal"] * 2


def test_a_key_used_for_another_body_is_refused(screener: BackgroundScreener) -> None:
    screener.order(an_order(), "key")

    with pytest.raises(Refused, match="409"):
        screener.order(an_order(package="driver_pro"), "key")


def test_a_lost_answer_is_found_and_bought_once(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr
) -> None:
    fail(sandbox, "POST /v1/invitations", "drop_after")
    with pytest.raises(OutcomeUnknown):
        screener.order(an_order(), "key")

    found = screener.find(an_order(), "key")

    assert found is not None
    assert observed(screener, found.external_id)[0].status is ReportStatus.INVITED
    assert vendor.received["invitations"] == ["HARBOR-3.ada pro_criminal"]


@pytest.mark.parametrize("match", ["POST /v1/candidates", "POST /v1/invitations"])
def test_a_request_that_never_arrived_is_not_found_and_may_be_repeated(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr, match: str
) -> None:
    fail(sandbox, match, "drop_before")
    with pytest.raises(OutcomeUnknown):
        screener.order(an_order(), "key")

    assert screener.find(an_order(), "key") is None
    screener.order(an_order(), "key")
    assert vendor.received["candidates"] == ["HARBOR-3.ada"]
    assert vendor.received["invitations"] == ["HARBOR-3.ada pro_criminal"]


def test_an_order_of_another_package_is_not_mistaken_for_ours(
    screener: BackgroundScreener,
) -> None:
    screener.order(an_order(package="driver_pro"), "key")

    assert screener.find(an_order(), "key") is None


def test_looking_turns_every_page(screener: BackgroundScreener, vendor: Checkr) -> None:
    vendor.per_page_top = 2
    for package in ("one", "two", "three", "four"):
        screener.order(an_order(package=package), package)
    last = screener.order(an_order(), "key")

    assert screener.find(an_order(), "key") == last


def test_an_invitation_becomes_a_pending_and_then_a_complete_report(
    screener: BackgroundScreener, sandbox: Sandbox
) -> None:
    receipt = screener.order(an_order(), "key")
    seen = [observed(screener, receipt.external_id)[0]]
    for hours in range(1, 6 * 24):
        sandbox.advance(NOW + timedelta(hours=hours))
        (report,) = observed(screener, receipt.external_id)
        if report.status is not seen[-1].status:
            seen.append(report)

    assert [report.status for report in seen] == [
        ReportStatus.INVITED,
        ReportStatus.PENDING,
        ReportStatus.COMPLETE,
    ]
    assert [report.result for report in seen] == [None, None, ReportResult.CLEAR]
    assert {report.application_key for report in seen} == {"HARBOR-3.ada"}
    assert {report.external_id for report in seen} == {receipt.external_id}
    assert seen[-1].completed_at and seen[-1].report_ref


def test_what_is_kept_of_a_report_holds_no_date_of_birth(
    screener: BackgroundScreener, sandbox: Sandbox
) -> None:
    report = a_bad_report(screener, sandbox)

    assert json.loads(report.document)["report"]["result"] == "consider"
    assert b"1990-01-01" not in report.document
    assert b"XXX-XX" not in report.document


def test_an_expired_or_deleted_invitation_is_no_order_any_more(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr, base_url: str
) -> None:
    vendor._complete = lambda _: None  # type: ignore[method-assign, assignment]
    expired = screener.order(an_order("ada"), "ada").external_id
    sandbox.advance(NOW + timedelta(days=9))
    deleted = screener.order(an_order("bob"), "bob").external_id
    requests.delete(f"{base_url}/v1/invitations/{deleted}", auth=AUTH, timeout=5)

    reports = observed(screener, expired, deleted)

    assert [r.status for r in reports] == [ReportStatus.EXPIRED, ReportStatus.CANCELLED]
    assert screener.find(an_order("ada"), "ada") is None
    assert screener.find(an_order("bob"), "bob") is None


def test_who_lets_the_first_invitation_expire_is_invited_again_and_reported_on(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr
) -> None:
    complete, vendor._complete = vendor._complete, lambda _: None  # type: ignore[method-assign, assignment]
    first = screener.order(an_order(), "key").external_id
    sandbox.advance(NOW + timedelta(days=9))
    vendor._complete = complete  # type: ignore[method-assign]

    second = screener.order(an_order(instead_of=(first,)), "key:again").external_id
    sandbox.advance(NOW + timedelta(days=18))

    (report,) = observed(screener, second)
    assert (report.external_id, report.status) == (second, ReportStatus.COMPLETE)
    assert vendor.received["invitations"] == ["HARBOR-3.ada pro_criminal"] * 2
    assert vendor.received["reports"] == ["HARBOR-3.ada pro_criminal"]


def test_an_order_whose_report_was_cancelled_is_not_mistaken_for_the_next(
    screener: BackgroundScreener, sandbox: Sandbox
) -> None:
    first = screener.order(an_order(), "key")
    sandbox.advance(NOW + LONG_ENOUGH)

    assert screener.find(an_order(), "key") == first
    assert screener.find(an_order(instead_of=(first.external_id,)), "key:again") is None


def test_an_adverse_action_names_the_items_and_waits_until_the_final_notice(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr
) -> None:
    report = a_bad_report(screener, sandbox)

    receipt = screener.start_adverse_action(an_adverse_action(report), "key")
    (pending,) = observed(screener, report.external_id)
    sandbox.advance(FINAL - timedelta(minutes=1))
    (waiting,) = observed(screener, report.external_id)
    sandbox.advance(FINAL)
    (done,) = observed(screener, report.external_id)

    assert report.result is ReportResult.CONSIDER and report.adverse_ref is None
    assert pending.adverse_ref == receipt.external_id
    assert pending.final_notice_at == FINAL
    assert waiting.adverse_status is AdverseStatus.PENDING
    assert done.adverse_status is AdverseStatus.COMPLETE
    assert vendor.received["adverse_actions"] == [report.report_ref]


def test_a_lost_adverse_action_is_found_and_sent_once(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr
) -> None:
    report = a_bad_report(screener, sandbox)
    request = an_adverse_action(report)
    assert screener.find(request, "key") is None
    fail(sandbox, "POST .*/adverse_actions", "drop_after")
    with pytest.raises(OutcomeUnknown):
        screener.start_adverse_action(request, "key")

    assert screener.find(request, "key")
    assert vendor.received["adverse_actions"] == [report.report_ref]


def test_an_adverse_action_begun_again_counts_instead_of_the_cancelled_one(
    screener: BackgroundScreener, sandbox: Sandbox, base_url: str
) -> None:
    report = a_bad_report(screener, sandbox)
    first = screener.start_adverse_action(an_adverse_action(report), "first")
    address = f"{base_url}/v1/adverse_actions/{first.external_id}"
    requests.delete(address, auth=AUTH, timeout=5)
    assert screener.find(an_adverse_action(report), "second") is None

    second = screener.start_adverse_action(an_adverse_action(report), "second")

    assert observed(screener, report.external_id)[0].adverse_ref == second.external_id
    assert screener.find(an_adverse_action(report), "second") == second


def test_a_clear_report_takes_no_adverse_action(
    screener: BackgroundScreener, sandbox: Sandbox
) -> None:
    receipt = screener.order(an_order("ada"), "ada")
    sandbox.advance(NOW + LONG_ENOUGH)
    (report,) = observed(screener, receipt.external_id)

    with pytest.raises(Refused):
        screener.start_adverse_action(an_adverse_action(report), "key")


@pytest.mark.parametrize(
    ("status", "answer"),
    [(401, Misconfigured), (429, Unavailable), (503, Unavailable)],
)
def test_failed_reads_have_names(
    screener: BackgroundScreener,
    vendor: Checkr,
    status: int,
    answer: type[ConnectorError],
) -> None:
    vendor.handle = lambda request: Answer(status, {"error": "no"})  # type: ignore[method-assign]

    with pytest.raises(answer):
        observed(screener, "2c8447d8c35761ad8f70d9d3")


def test_a_wrong_key_is_our_own_mistake(base_url: str) -> None:
    with pytest.raises(Misconfigured):
        checkr.connect(Access(base_url, "wrong")).order(an_order(), "key")


def test_an_invitation_checkr_does_not_know_is_refused_and_all_others_are_read(
    screener: BackgroundScreener,
) -> None:
    nobody = "0c8447d8c35761ad8f70d9d3"
    ordered = screener.order(an_order(), "key").external_id

    refused, shown = screener.changes("reports", None, [nobody, ordered])

    assert list(refused.refused) == [nobody]
    assert [record.external_id for record in shown.records] == [ordered]


def test_a_busy_vendor_is_asked_again_and_then_answers(
    screener: BackgroundScreener, sandbox: Sandbox
) -> None:
    receipt = screener.order(an_order(), "key")
    fail(sandbox, "GET", "429", "500", "truncated", "html")

    assert observed(screener, receipt.external_id)


@pytest.mark.parametrize("fault", ["500", "html", "truncated"])
def test_a_spoilt_answer_to_an_order_leaves_its_outcome_unknown(
    screener: BackgroundScreener, sandbox: Sandbox, fault: str
) -> None:
    fail(sandbox, "POST /v1/invitations", fault)

    with pytest.raises(OutcomeUnknown):
        screener.order(an_order(), "key")


def test_over_the_quota_nothing_is_ordered_until_the_next_minute(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr
) -> None:
    vendor.calls_per_minute = 3
    screener.order(an_order("ada"), "ada")
    with pytest.raises(Unavailable):
        screener.order(an_order("bob"), "bob")
    sandbox.advance(NOW + timedelta(minutes=1))

    screener.order(an_order("bob"), "bob")

    assert len(vendor.received["invitations"]) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "haunted"),
        ("result", "maybe"),
        ("assessment", "fine"),
        ("completed_at", "yesterday"),
        ("id", None),
    ],
)
def test_a_report_we_do_not_understand_is_unreadable_and_says_which_field(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr, field: str, value: str | None
) -> None:
    report = a_bad_report(screener, sandbox)
    vendor._rows["report"][report.report_ref or ""][field] = value

    (page,) = screener.changes("reports", None, [report.external_id])
    assert field in page.unreadable[report.external_id]


@pytest.mark.parametrize("word", ["clear", "consider"])
def test_a_report_of_the_old_scheme_carries_its_result_in_its_status(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr, word: str
) -> None:
    report = a_bad_report(screener, sandbox)
    old_scheme = {"status": word, "result": None, "assessment": None}
    vendor._rows["report"][report.report_ref or ""].update(old_scheme)

    (old,) = observed(screener, report.external_id)

    assert (old.status, old.result) == (ReportStatus.COMPLETE, ReportResult(word))


@pytest.mark.parametrize(
    ("assessment", "result", "comes_to"),
    [
        ("eligible", "clear", "clear"),
        ("eligible", "consider", "consider"),
        ("review", "clear", "consider"),
        ("escalated", "clear", "consider"),
        ("escalated", "consider", "consider"),
        (None, "clear", "clear"),
        (None, "consider", "consider"),
    ],
)
def test_the_worse_of_assessment_and_result_counts(
    screener: BackgroundScreener,
    sandbox: Sandbox,
    vendor: Checkr,
    assessment: str | None,
    result: str,
    comes_to: str,
) -> None:
    report = a_bad_report(screener, sandbox)
    row = vendor._rows["report"][report.report_ref or ""]
    row.update(assessment=assessment, result=result)

    (assessed,) = observed(screener, report.external_id)

    assert assessed.result is ReportResult(comes_to)


def test_an_assessment_alone_makes_no_report_clear(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr
) -> None:
    report = a_bad_report(screener, sandbox)
    row = vendor._rows["report"][report.report_ref or ""]
    row.update(assessment="eligible", result=None)

    (assessed,) = observed(screener, report.external_id)

    assert assessed.result is None  # which a person looks at


def test_a_report_without_an_assessment_is_read_by_its_result(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr
) -> None:
    report = a_bad_report(screener, sandbox)
    del vendor._rows["report"][report.report_ref or ""]["assessment"]

    (assessed,) = observed(screener, report.external_id)

    assert assessed.result is ReportResult.CONSIDER


def test_a_clear_report_of_which_a_search_was_cancelled_is_a_persons(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr
) -> None:
    report = a_bad_report(screener, sandbox)
    row = vendor._rows["report"][report.report_ref or ""]
    row.update(assessment=None, result="clear", includes_canceled=True)

    (partly,) = observed(screener, report.external_id)

    assert (partly.result, partly.includes_cancelled) == (ReportResult.CONSIDER, True)


def test_a_revision_that_changes_nothing_else_is_seen(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr
) -> None:
    before = a_bad_report(screener, sandbox)
    revised = NOW + timedelta(days=30)
    row = vendor._rows["report"][before.report_ref or ""]
    row["revised_at"] = revised.isoformat()

    (after,) = observed(screener, before.external_id)

    assert after.completed_at == after.updated_at == revised
    assert after.result is before.result


def test_an_engaged_report_gets_no_final_notice(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Checkr, base_url: str
) -> None:
    report = a_bad_report(screener, sandbox)
    request = an_adverse_action(report)
    screener.start_adverse_action(request, "key")
    engaged = {"adjudication": "engaged"}
    address = f"{base_url}/v1/reports/{report.report_ref}"
    requests.post(address, json=engaged, auth=AUTH, timeout=5)
    sandbox.advance(NOW + timedelta(days=21))

    (after,) = observed(screener, report.external_id)

    assert after.adverse_status is AdverseStatus.CANCELLED
    assert "final_notices" not in vendor.received
    assert screener.find(request, "key") is None


def test_two_worlds_of_one_seed_give_the_same_ids_in_any_order() -> None:
    def ids(*names: str) -> dict[str, str]:
        vendor = Checkr(World(seed=7, now=NOW), Town())
        sandbox = Sandbox(vendor.world, [vendor])
        access = Access(sandbox.start() + "/checkr", "sandbox-checkr")
        screener = checkr.connect(access)
        orders = {name: screener.order(an_order(name), name).external_id for name in names}
        sandbox.stop()
        return orders

    assert ids("ada", "bob") == ids("bob", "ada")


def test_a_restarted_sandbox_remembers_what_it_sold(tmp_path: Path) -> None:
    def run() -> tuple[Sandbox, Checkr, BackgroundScreener]:
        vendor = Checkr(World(seed=7, now=NOW), Town())
        sandbox = Sandbox(vendor.world, [vendor], journal=tmp_path / "journal")
        access = Access(sandbox.start() + "/checkr", "sandbox-checkr")
        return sandbox, vendor, checkr.connect(access)

    before, _, screener = run()
    receipt = screener.order(an_order(), "key")
    before.advance(NOW + LONG_ENOUGH)
    reports = observed(screener, receipt.external_id)
    before.stop()
    after, vendor, screener = run()

    assert observed(screener, receipt.external_id) == reports
    assert vendor.received["reports"] == ["HARBOR-3.ada pro_criminal"]
    after.stop()


def test_what_it_cannot_do_it_says(screener: BackgroundScreener) -> None:
    with pytest.raises(Unsupported):
        list(screener.changes("pay_statements", None, ()))
    with pytest.raises(Unsupported):
        screener.find(CancelOffer(signature_ref="x"), "key")


def test_a_webhook_is_believed_only_with_its_signature() -> None:
    raw = b'{"type":"report.completed"}'
    signature = hmac.new(b"secret", raw, hashlib.sha256).hexdigest()

    assert checkr.verify_webhook(raw, {"x-checkr-signature": signature}, "secret")
    assert not checkr.verify_webhook(raw + b" ", {"X-Checkr-Signature": signature}, "secret")
    assert not checkr.verify_webhook(raw, {"X-Checkr-Signature": signature}, "other")
    assert not checkr.verify_webhook(raw, {"X-Checkr-Signature": "é"}, "secret")
    assert not checkr.verify_webhook(raw, {}, "secret")


def test_a_webhook_is_signed_as_in_checkrs_own_example() -> None:
    raw = b'{"monday":"75F","tuesday":"80F"}'
    signature = "b7412f05e981a473b5ecbdb5393afaea02a679db6d7c8e56803512ec4ba98151"

    assert checkr.verify_webhook(raw, {"X-Checkr-Signature": signature}, "test-secret")


def test_a_webhook_tells_which_report_it_is_about_and_never_what_the_report_says() -> None:
    report = {"id": "r-1", "candidate_id": "c-1", "result": "consider"}
    told = {"id": "e-1", "type": "report.completed", "created_at": "2026-11-23T09:00:00Z"}

    event = checkr.read_webhook(json.dumps({**told, "data": {"object": report}}).encode())

    assert (event.id, event.kind, event.refs) == ("e-1", "report.completed", ("r-1", "c-1"))
    assert event.at == datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"id": "e", "type": "t", "created_at": "x"}'])
def test_a_body_that_is_no_webhook_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        checkr.read_webhook(raw)
