"""What screeners' documents show is read: whose check it is, where it stands, and what it found."""

import json
from datetime import datetime
from typing import Any

import pytest

from connectors.background_checks import certn, checkr
from connectors.records import AdverseStatus, ReportResult, ReportStatus
from tests.contracts.asked import ordering, warning
from tests.contracts.quoting import changed, example, needs_examples, quoting, read, unread

pytestmark = needs_examples
Json = dict[str, Any]
KEY = "HARBOR-3.ada"


def of_checkr(name: str) -> Json:
    told: Json = example(f"checkr/examples/{name}.json")
    return told


def a_list(*rows: Json) -> Json:
    return {"object": "list", "next_href": None, "count": len(rows), "data": list(rows)}


def checkr_says(invitation: Json, report: Json | None = None, *adverse: Json) -> Json:
    """What Checkr says of one invitation of somebody whom we have sent."""
    person = changed(of_checkr("candidate"), custom_id=KEY)
    reported = {"report_id": report["id"]} if report else {}
    return {
        "GET /v1/invitations/.*": {**invitation, **reported},
        "GET /v1/candidates/.*": person,
        "GET /v1/reports/[^/]*": {**(report or {}), "candidate": person},
        "GET /v1/reports/.*/adverse_actions": a_list(*adverse),
    }


def test_checkrs_invitation_is_an_order() -> None:
    invitation = of_checkr("invitation")
    with quoting("checkr", checkr_says(invitation)) as bench:
        (ours,) = read(bench, "reports", invitation["id"])
    assert (ours.external_id, ours.application_key) == (invitation["id"], KEY)
    assert (ours.status, ours.result) == (ReportStatus.INVITED, None)
    assert ours.updated_at == datetime.fromisoformat(invitation["created_at"])


def test_checkrs_report_and_its_adverse_action_are_read_as_one() -> None:
    invitation, report = of_checkr("invitation"), of_checkr("report")
    action = of_checkr("adverse_action")
    with quoting("checkr", checkr_says(invitation, report, action)) as bench:
        (ours,) = read(bench, "reports", invitation["id"])
    assert (ours.external_id, ours.application_key) == (invitation["id"], KEY)
    assert (ours.report_ref, ours.status) == (report["id"], ReportStatus.COMPLETE)
    assert ours.result is ReportResult.CLEAR
    assert ours.completed_at == datetime.fromisoformat(report["completed_at"])
    assert (ours.adverse_ref, ours.adverse_status) == (action["id"], AdverseStatus.PENDING)
    due = datetime.fromisoformat(action["post_notice_scheduled_at"])
    assert ours.final_notice_at == due
    assert of_checkr("candidate")["dob"].encode() not in ours.document


def test_every_state_of_checkrs_is_known_and_one_of_next_year_is_unreadable() -> None:
    states = example("checkr/contract.facts.json")["enums"]
    invitation, report = of_checkr("invitation"), of_checkr("report")
    action = of_checkr("adverse_action")
    told = [
        *(checkr_says(changed(invitation, status=s)) for s in states["invitation.status"]),
        *(checkr_says(invitation, changed(report, status=s)) for s in states["report.status"]),
        *(checkr_says(invitation, changed(report, result=s)) for s in states["report.result"]),
        *(
            checkr_says(invitation, report, changed(action, status=s))
            for s in states["adverse_action.status"]
        ),
    ]
    for says in told:
        with quoting("checkr", says) as bench:
            assert len(read(bench, "reports", invitation["id"])) == 1
    strange = {"status": "of-next-year"}
    for says in (
        checkr_says({**invitation, **strange}),
        checkr_says(invitation, {**report, **strange}),
        checkr_says(invitation, {**report, "result": "of-next-year"}),
        checkr_says(invitation, report, {**action, **strange}),
    ):
        with quoting("checkr", says) as bench:
            assert unread(bench, "reports", invitation["id"])[0] == []


def test_what_checkr_answers_to_writes_proves_them() -> None:
    invitation, person = of_checkr("invitation"), of_checkr("candidate")
    item, action = of_checkr("adverse_item"), of_checkr("adverse_action")
    says = {
        "GET /v1/candidates": a_list(),
        "POST /v1/candidates": person,
        "POST /v1/invitations": invitation,
    }
    with quoting("checkr", says) as bench:
        made = bench.port.order(ordering(bench), "o")
    assert (made.external_id, made.others["candidate"]) == (invitation["id"], person["id"])

    with quoting("checkr", {}) as bench:
        notice = warning(bench)
        bench.stand_in.quotes = {  # type: ignore[attr-defined]
            "GET .*/adverse_items": a_list(item),
            "POST .*/adverse_actions": action,
        }
        assert bench.port.start_adverse_action(notice, "a").external_id == action["id"]


@pytest.mark.parametrize("name", ["include_object_on", "include_object_off"])
def test_checkrs_webhook_names_what_it_is_about(name: str) -> None:
    event = example("checkr/webhook_events.examples.json")["events"][name]
    told = checkr.read_webhook(json.dumps(event).encode())
    assert (told.id, told.kind) == (event["id"], event["type"])
    assert event["data"]["object"]["id"] in told.refs
    assert told.at == datetime.fromisoformat(event["created_at"])


def a_case(**told: Any) -> Json:
    case = example("certn/case.response.example.json")
    return {**case, "tags": [*case["tags"], f"application:{KEY}"], **told}


def test_certns_case_is_an_order() -> None:
    case = a_case()
    with quoting("certn", {"GET /api/public/cases/.*": case}) as bench:
        (ours,) = read(bench, "reports", case["id"])
    assert (ours.external_id, ours.application_key) == (case["id"], KEY)
    assert (ours.status, ours.result) == (ReportStatus.PENDING, None)
    assert ours.updated_at == datetime.fromisoformat(case["created"])


def test_every_state_of_certns_is_known_and_one_of_next_year_is_unreadable() -> None:
    facts = example("certn/contract.facts.json")["enums"]
    states, scores = facts["case.overall_status"], facts["score"]
    told = [a_case(overall_status=state) for state in states]
    told += [a_case(overall_status="COMPLETE", overall_score=score) for score in scores]
    for case in told:
        with quoting("certn", {"GET /api/public/cases/.*": case}) as bench:
            (ours,) = read(bench, "reports", case["id"])
        is_clear = (case["overall_status"], case["overall_score"]) == ("COMPLETE", "CLEAR")
        assert (ours.result is ReportResult.CLEAR) == is_clear
    for strange in (a_case(overall_status="OF_NEXT_YEAR"), a_case(overall_score="OF_NEXT_YEAR")):
        with quoting("certn", {"GET /api/public/cases/.*": strange}) as bench:
            assert unread(bench, "reports", strange["id"])[0] == []


def test_what_certn_answers_to_an_order_proves_it() -> None:
    case = a_case()
    with quoting("certn", {"POST /api/public/cases/order/": case}) as bench:
        assert bench.port.order(ordering(bench), "o").external_id == case["id"]


def test_certns_webhook_names_the_case() -> None:
    event = example("certn/webhook.example.json")
    told = certn.read_webhook(json.dumps(event).encode())
    assert (told.id, told.kind) == (event["event_id"], event["event_type"])
    assert told.refs == (event["object_id"],)
    assert told.at == datetime.fromisoformat(event["created"])
