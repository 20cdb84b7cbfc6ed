"""Certn, our connector against the stand-in, over real HTTP."""

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
from hypothesis import given
from hypothesis import strategies as st

from connectors.access import Access
from connectors.background_checks import VENDORS, certn
from connectors.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.ports import BackgroundScreener
from connectors.records import (
    BackgroundReport,
    CancelBackgroundCheck,
    CloseJob,
    OrderBackgroundCheck,
    Place,
    ReportResult,
    ReportStatus,
    StartAdverseAction,
)
from deployments.sandbox.certn import Certn
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
LONG_ENOUGH = timedelta(days=6)
CHECKS = {
    "IDENTITY_VERIFICATION_1": {},
    "CRIMINAL_RECORD_REPORT_1": {
        "ordering_type": "EXPLICIT_ORDERING",
        "explicit_check_type": ["BASIC_CANADIAN_CRIMINAL_RECORD_REPORT_1"],
    },
}
OPTIONS = {
    "package:standard": json.dumps(CHECKS),
    "package:credit": '{"CREDIT_REPORT_1": {}}',
    "package:retired": '{"SOFTCHECK_0": {}}',
}
BOUGHT = "ada@example.test CRIMINAL_RECORD_REPORT_1 IDENTITY_VERIFICATION_1"
ENDINGS = ["drop_after", "truncated", "html_after", "empty_after", "error_in_200", "reshaped"]


class Town:
    """Everybody who lives here, by e-mail."""

    def __init__(self, **reports: str) -> None:
        self._reports = reports

    def by_email(self, email: str) -> Any:
        report = self._reports.get(email.partition("@")[0].lower())
        return report and SimpleNamespace(behaviour=SimpleNamespace(report=report))


@pytest.fixture
def vendor() -> Certn:
    people = Town(ada="clear", bob="consider_adverse", cy="consider_cleared")
    return Certn(World(seed=7, now=NOW), people)


@pytest.fixture
def sandbox(vendor: Certn) -> Iterator[Sandbox]:
    running = Sandbox(vendor.world, [vendor])
    yield running
    running.stop()


@pytest.fixture
def base_url(sandbox: Sandbox) -> str:
    return sandbox.start() + "/certn"


@pytest.fixture
def screener(base_url: str) -> BackgroundScreener:
    return opened(base_url)


def opened(base_url: str, key: str = "sandbox-certn", **options: str) -> BackgroundScreener:
    access = Access(base_url, key, options={**OPTIONS, **options})
    nothing: Any = None
    return certn.connect(access, nothing, nothing, lambda _: (), sleep=lambda _: None)


def an_order(name: str = "ada", **changed: Any) -> OrderBackgroundCheck:
    order = OrderBackgroundCheck(
        application_key=f"HARBOR-3.{name}",
        package="standard",
        name=name.title(),
        email=f"{name}@example.test",
        work_place=Place(code="CA-ON", city="Toronto", country="CA"),
    )
    return order.model_copy(update=changed)


def a_case(**changed: Any) -> dict[str, Any]:
    """A case as Certn shows it."""
    check = {"id": "c-1", "type": "IDENTITY_VERIFICATION_1", "status": "COMPLETE"}
    case = {
        "id": "5b0f6a52-7a6e-4d0e-8a43-0c8a52f7d111",
        "short_id": "QX81LM",
        "created": "2026-03-02T15:00:00Z",
        "overall_status": "COMPLETE",
        "overall_score": "CLEAR",
        "email_address": "ada@example.test",
        "invite_link": "https://apply.certn.example/a-secret",
        "input_claims": {"date_of_birth": "1990-01-01"},
        "tags": ["wanted by Grace", "application:HARBOR-3.ada", "order:key"],
        "checks": [{**check, "score": "CLEAR", "output_claims": {"records": ["an offence"]}}],
    }
    return {**case, **changed}


def observed(screener: BackgroundScreener, *watching: str) -> list[BackgroundReport]:
    pages = screener.changes("reports", None, watching)
    records = [record for page in pages for record in page.records]
    return [record for record in records if isinstance(record, BackgroundReport)]


def fail(sandbox: Sandbox, match: str, *faults: str) -> None:
    sandbox.faults.append({"vendor": "certn", "match": match, "faults": list(faults)})


def asked_of(vendor: Certn) -> list[Any]:
    """The bodies of whatever is posted from now on."""
    bodies: list[Any] = []
    handle = vendor.handle

    def listen(request: Any) -> Any:
        bodies.append(request.json)
        return handle(request)

    vendor.handle = listen  # type: ignore[method-assign]
    return bodies


def test_is_registered_under_its_name() -> None:
    assert VENDORS["certn"].connect is certn.connect


def test_an_order_invites_the_candidate_and_says_nothing_that_certn_asks_them_itself(
    base_url: str, vendor: Certn
) -> None:
    bodies = asked_of(vendor)

    receipt = opened(base_url, group="g-1").order(an_order(), "key")

    assert bodies == [
        {
            "email_address": "ada@example.test",
            "check_types_with_arguments": CHECKS,
            "send_invite_email": True,
            "return_invite_link": False,
            "tags": ["application:HARBOR-3.ada", "order:key"],
            "group": "g-1",
        }
    ]
    assert vendor.received["cases"] == [BOUGHT]
    assert receipt.others == {}


def test_a_package_nobody_described_is_our_own_mistake_and_is_not_ordered(
    screener: BackgroundScreener, vendor: Certn
) -> None:
    with pytest.raises(Misconfigured, match="package:gold"):
        screener.order(an_order(package="gold"), "key")
    assert "cases" not in vendor.received


@pytest.mark.parametrize("value", ["", "[]", "{}", "CREDIT_REPORT_1"])
def test_a_package_that_is_no_json_object_is_our_own_mistake(base_url: str, value: str) -> None:
    with pytest.raises(Misconfigured, match="package:odd"):
        opened(base_url, **{"package:odd": value})


def test_a_check_type_certn_does_not_sell_is_refused(screener: BackgroundScreener) -> None:
    with pytest.raises(Refused, match="400"):
        screener.order(an_order(package="retired"), "key")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_lost_order_is_found_by_its_tag_and_bought_once(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Certn, ending: str
) -> None:
    fail(sandbox, "POST .*/order/", ending)
    with pytest.raises(OutcomeUnknown) as told:
        screener.order(an_order(), "key")

    found = screener.find(an_order(), "key")

    assert found is not None
    assert observed(screener, found.external_id)[0].status is ReportStatus.INVITED
    assert vendor.received["cases"] == [BOUGHT]
    assert "ada" not in str(told.value)


def test_an_order_that_never_arrived_is_not_found_and_may_be_repeated(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Certn
) -> None:
    fail(sandbox, "POST .*/order/", "drop_before")
    with pytest.raises(OutcomeUnknown):
        screener.order(an_order(), "key")

    assert screener.find(an_order(), "key") is None
    screener.order(an_order(), "key")
    assert vendor.received["cases"] == [BOUGHT]


def test_neither_another_order_of_the_candidate_nor_a_homonym_is_taken_for_a_lost_one(
    screener: BackgroundScreener,
) -> None:
    first = screener.order(an_order(), "key")
    screener.order(an_order("bob", email="ada@example.test"), "other")

    assert screener.find(an_order(), "key") == first
    again = an_order(instead_of=(first.external_id,))
    assert screener.find(again, "key:again") is None


@pytest.mark.parametrize("kept_as", ["Ada@example.test", "ada@example.test"])
def test_a_lost_order_is_found_whether_or_not_certn_keeps_the_spelling_of_an_address(
    screener: BackgroundScreener, vendor: Certn, kept_as: str
) -> None:
    order = an_order(email="Ada@example.test")
    receipt = screener.order(order, "key")
    vendor._cases[receipt.external_id]["email_address"] = kept_as

    assert screener.find(order, "key") == receipt


def test_looking_turns_every_page(screener: BackgroundScreener, vendor: Certn) -> None:
    vendor.per_page = 2
    first = screener.order(an_order(), "key")
    for number in range(4):
        screener.order(an_order(package="credit"), f"{number}")

    assert screener.find(an_order(), "key") == first


def test_a_list_without_tags_proves_nothing(screener: BackgroundScreener, vendor: Certn) -> None:
    ref = screener.order(an_order(), "key").external_id
    del vendor._cases[ref]["tags"]

    with pytest.raises(Unreadable, match="tags"):
        screener.find(an_order(), "key")


def test_all_cases_are_listed_to_the_last_page_while_others_are_ordered(
    screener: BackgroundScreener, vendor: Certn
) -> None:
    vendor.per_page = 2
    ours = {screener.order(an_order(), f"{number}").external_id for number in range(5)}
    pages = screener.changes("all_reports", None, ())
    seen = [record for record in next(pages).records]
    theirs = screener.order(an_order("bob"), "key").external_id
    vendor._cases[theirs]["tags"] = ["by hand"]

    seen += [record for page in pages for record in page.records]

    assert {record.external_id for record in seen} >= ours
    again = [r for page in screener.changes("all_reports", None, ()) for r in page.records]
    keys = {r.external_id: r.application_key for r in again if isinstance(r, BackgroundReport)}
    assert keys == {**dict.fromkeys(ours, "HARBOR-3.ada"), theirs: ""}


def test_a_case_is_followed_from_the_invitation_to_the_result(
    screener: BackgroundScreener, sandbox: Sandbox
) -> None:
    ref = screener.order(an_order(), "key").external_id
    seen = observed(screener, ref)
    for hours in range(1, 6 * 24):
        sandbox.advance(NOW + timedelta(hours=hours))
        (report,) = observed(screener, ref)
        if report.status is not seen[-1].status:
            seen.append(report)

    assert [(report.status, report.result, report.report_ref) for report in seen] == [
        (ReportStatus.INVITED, None, None),
        (ReportStatus.PENDING, None, None),
        (ReportStatus.COMPLETE, ReportResult.CLEAR, ref),
    ]
    assert {report.application_key for report in seen} == {"HARBOR-3.ada"}
    assert {report.external_id for report in seen} == {ref}


@pytest.mark.parametrize("name", ["bob", "cy"])
def test_what_certn_would_review_or_reject_is_a_persons_to_assess(
    screener: BackgroundScreener, sandbox: Sandbox, name: str
) -> None:
    ref = screener.order(an_order(name), "key").external_id
    sandbox.advance(NOW + LONG_ENOUGH)

    (report,) = observed(screener, ref)

    assert (report.status, report.result) == (ReportStatus.COMPLETE, ReportResult.CONSIDER)
    assert b"offence" not in report.document and b"1990-01-01" not in report.document


def test_an_invitation_nobody_answers_expires(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Certn
) -> None:
    vendor.answers = lambda case: False  # type: ignore[method-assign]
    ref = screener.order(an_order(), "key").external_id

    sandbox.advance(NOW + timedelta(days=29))
    waiting = observed(screener, ref)
    sandbox.advance(NOW + timedelta(days=31))

    assert waiting[0].status is ReportStatus.INVITED
    assert observed(screener, ref)[0].status is ReportStatus.EXPIRED


def test_an_invitation_that_cannot_be_delivered_is_left_to_a_person(
    screener: BackgroundScreener,
) -> None:
    ref = screener.order(an_order("bounce"), "key").external_id

    assert observed(screener, ref)[0].status is ReportStatus.CANCELLED


def test_a_case_is_called_off_until_the_candidate_has_submitted_the_form(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Certn
) -> None:
    ada, bob = (screener.order(an_order(name), name).external_id for name in ("ada", "bob"))
    off = CancelBackgroundCheck(order_ref=ada)
    assert screener.find(off, "off") is None

    assert screener.call_off(off, "off") == screener.find(off, "off")
    assert screener.call_off(off, "again").external_id == ada
    sandbox.advance(NOW + timedelta(days=3))

    with pytest.raises(Refused, match="filled in the form"):
        screener.call_off(CancelBackgroundCheck(order_ref=bob), "off")
    assert screener.find(CancelBackgroundCheck(order_ref=bob), "off") is None
    assert vendor.received["cancellations"] == [ada]
    assert observed(screener, ada)[0].status is ReportStatus.CANCELLED


def test_a_cancelled_case_is_cancelled(screener: BackgroundScreener, base_url: str) -> None:
    ref = screener.order(an_order(), "key").external_id
    headers = {"Authorization": "Api-Key sandbox-certn"}
    requests.post(f"{base_url}/api/public/cases/{ref}/cancel/", headers=headers, timeout=5)

    assert observed(screener, ref)[0].status is ReportStatus.CANCELLED


STATUSES = {
    "DRAFT": "invited",
    "CASE_ORDERED": "invited",
    "APPLICANT_INVITED": "invited",
    "APPLICANT_OPENED": "invited",
    "APPLICANT_STARTED": "invited",
    "APPLICANT_SUBMITTED": "pending",
    "IN_PROGRESS": "pending",
    "CLIENT_ACTION_REQUIRED": "paused",
    "APPLICANT_ACTION_REQUIRED": "suspended",
    "COMPLETE": "complete",
    "INVITE_UNDELIVERABLE": "cancelled",
    "APPLICANT_EXPIRED": "expired",
    "APPLICANT_DECLINED": "cancelled",
    "CANCELLED": "cancelled",
}


@pytest.mark.parametrize("theirs", STATUSES)
def test_each_status_has_one_meaning_and_no_result_before_the_end(theirs: str) -> None:
    report = certn._report(a_case(overall_status=theirs))

    assert report.status == STATUSES[theirs]
    assert report.result == ("clear" if theirs == "COMPLETE" else None)


@pytest.mark.parametrize(
    ("overall", "single", "result"),
    [
        ("CLEAR", "CLEAR", ReportResult.CLEAR),
        ("CLEAR", "NOT_APPLICABLE", ReportResult.CLEAR),
        ("CLEAR", None, ReportResult.CLEAR),
        ("CLEAR", "REVIEW", ReportResult.CONSIDER),
        ("REVIEW", "CLEAR", ReportResult.CONSIDER),
        ("REJECT", "CLEAR", ReportResult.CONSIDER),
        ("RESTRICTED", "CLEAR", ReportResult.CONSIDER),
        ("NOT_APPLICABLE", "CLEAR", ReportResult.CONSIDER),
        (None, "CLEAR", None),
    ],
)
def test_only_what_is_clear_as_a_whole_and_in_each_check_is_clear(
    overall: str | None, single: str | None, result: ReportResult | None
) -> None:
    case = a_case(overall_score=overall, checks=[{"type": "X_1", "score": single}])

    assert certn._report(case).result is result


def test_of_a_case_only_states_and_scores_are_kept() -> None:
    kept = certn._report(a_case(surprise="a new field")).document

    assert json.loads(kept) == {
        "id": "5b0f6a52-7a6e-4d0e-8a43-0c8a52f7d111",
        "short_id": "QX81LM",
        "created": "2026-03-02T15:00:00Z",
        "overall_status": "COMPLETE",
        "overall_score": "CLEAR",
        "checks": [
            {
                "id": "c-1",
                "type": "IDENTITY_VERIFICATION_1",
                "status": "COMPLETE",
                "score": "CLEAR",
            }
        ],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("overall_status", "HAUNTED"),
        ("overall_status", None),
        ("overall_score", "SPLENDID"),
        ("created", "yesterday"),
        ("tags", None),
        ("id", None),
        ("checks", [{"score": "SPLENDID"}]),
    ],
)
def test_a_case_we_do_not_understand_is_unreadable_and_all_others_are_read(
    screener: BackgroundScreener, vendor: Certn, field: str, value: Any
) -> None:
    odd, plain = (screener.order(an_order(name), name).external_id for name in ("ada", "bob"))
    vendor._cases[odd][field] = value

    spoilt, shown = screener.changes("reports", None, [odd, plain])

    assert list(spoilt.unreadable) == [odd]
    assert [record.external_id for record in shown.records] == [plain]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(a_case())), JSON)
def test_whatever_a_field_holds_a_case_is_read_or_unreadable_and_never_clearer(
    field: str, value: Any
) -> None:
    case = a_case(overall_score="REVIEW", **{field: value} if field != "overall_score" else {})
    try:
        report = certn._report(case)
    except (Unreadable, AttributeError, TypeError, ValueError):
        return

    assert report.result is not ReportResult.CLEAR


def test_a_case_certn_does_not_know_is_refused_and_all_others_are_read(
    screener: BackgroundScreener,
) -> None:
    nobody = "22222222-2222-4222-8222-222222222222"
    ordered = screener.order(an_order(), "key").external_id

    refused, shown = screener.changes("reports", None, [nobody, ordered])

    assert list(refused.refused) == [nobody]
    assert [record.external_id for record in shown.records] == [ordered]


def test_a_key_whose_year_is_over_is_our_own_mistake_and_the_next_one_works(
    screener: BackgroundScreener, base_url: str, vendor: Certn
) -> None:
    ref = screener.order(an_order(), "key").external_id
    vendor.expire()
    with pytest.raises(Misconfigured):
        observed(screener, ref)
    with pytest.raises(Misconfigured):
        screener.order(an_order(), "other")

    vendor.issue("the next one")

    assert observed(opened(base_url, "the next one"), ref)
    assert vendor.received["cases"] == [BOUGHT]


def test_keys_overlap(base_url: str, vendor: Certn) -> None:
    vendor.issue("the next one")

    assert opened(base_url).order(an_order(), "one")
    assert opened(base_url, "the next one").order(an_order(), "two")


def test_nothing_is_left_of_the_old_api_and_of_paths_without_their_slash(base_url: str) -> None:
    headers = {"Authorization": "Api-Key sandbox-certn"}
    old = requests.get(f"{base_url}/api/v1/hr/applicants/", headers=headers, timeout=5)
    bare = requests.post(f"{base_url}/api/public/cases/order", headers=headers, timeout=5)

    assert (old.status_code, bare.status_code) == (410, 404)


def test_over_the_quota_nothing_is_ordered_until_the_next_minute(
    screener: BackgroundScreener, sandbox: Sandbox, vendor: Certn
) -> None:
    vendor.calls_per_minute = 1
    screener.order(an_order(), "ada")
    with pytest.raises(Unavailable) as told:
        screener.order(an_order("bob"), "bob")
    sandbox.advance(NOW + timedelta(minutes=1))

    screener.order(an_order("bob"), "bob")

    assert told.value.retry_after == 60
    assert len(vendor.received["cases"]) == 2


def test_a_quota_of_the_day_that_is_used_up_is_not_waited_for(
    screener: BackgroundScreener, vendor: Certn
) -> None:
    vendor.calls_per_day = 1
    ref = screener.order(an_order(), "key").external_id

    with pytest.raises(Unavailable) as told:
        observed(screener, ref)

    assert told.value.retry_after == 9 * 3600


def test_a_busy_vendor_is_asked_again_and_then_answers(
    screener: BackgroundScreener, sandbox: Sandbox
) -> None:
    ref = screener.order(an_order(), "key").external_id
    fail(sandbox, "GET", "429", "500", "truncated", "html")

    assert observed(screener, ref)


def test_a_restarted_sandbox_remembers_what_it_sold(tmp_path: Path) -> None:
    def run() -> tuple[Sandbox, Certn, BackgroundScreener]:
        vendor = Certn(World(seed=7, now=NOW), Town())
        sandbox = Sandbox(vendor.world, [vendor], journal=tmp_path / "journal")
        return sandbox, vendor, opened(sandbox.start() + "/certn")

    before, _, screener = run()
    receipt = screener.order(an_order(), "key")
    before.advance(NOW + LONG_ENOUGH)
    reports = observed(screener, receipt.external_id)
    before.stop()
    after, vendor, screener = run()

    assert observed(screener, receipt.external_id) == reports
    assert vendor.received["cases"] == [BOUGHT]
    after.stop()


def test_what_it_cannot_do_it_says(screener: BackgroundScreener) -> None:
    notice = StartAdverseAction(report_ref="r", final_not_before=NOW, decided_by="Grace")

    with pytest.raises(Unsupported):
        list(screener.changes("pay_statements", None, ()))
    with pytest.raises(Unsupported, match="'person_email' who sends the notices"):
        screener.start_adverse_action(notice, "key")
    with pytest.raises(Unsupported):
        screener.find(CloseJob(job_ref="x"), "key")


def test_a_webhook_is_believed_only_with_its_signature() -> None:
    raw = b'{"event_type":"CASE_STATUS_CHANGED"}'
    signature = hmac.new(b"secret", raw, hashlib.sha256).hexdigest()

    assert certn.verify_webhook(raw, {"x-signature": signature}, "secret")
    assert certn.verify_webhook(raw, {"X-Signature": f"sha256={signature}"}, "secret")
    assert not certn.verify_webhook(raw + b" ", {"X-Signature": signature}, "secret")
    assert not certn.verify_webhook(raw, {"X-Signature": signature}, "other")
    assert not certn.verify_webhook(raw, {"X-Signature": "é"}, "secret")
    assert not certn.verify_webhook(raw, {}, "secret")
    assert not certn.verify_webhook(raw, {"X-Signature": signature}, "")


@pytest.mark.parametrize("id_field", ["event_id", "id"])
def test_a_webhook_tells_which_case_it_is_about_under_either_name_of_its_id(id_field: str) -> None:
    told = {"event_type": "CASE_REPORT_READY", "object_id": "case-1", "object_type": "CASE"}

    event = certn.read_webhook(json.dumps({**told, id_field: "e-1"}).encode())

    assert (event.id, event.kind, event.refs) == ("e-1", "CASE_REPORT_READY", ("case-1",))
    assert event.at is None


def test_a_webhook_that_tells_its_time_is_placed_in_it() -> None:
    told = {"event_id": "e", "event_type": "t", "created": "2026-11-23T09:00:00Z"}

    event = certn.read_webhook(json.dumps(told).encode())

    assert event.at == datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"id": "e", "event_type": "t", "created": "x"}']
)
def test_a_body_that_is_no_webhook_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        certn.read_webhook(raw)
