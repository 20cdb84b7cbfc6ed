"""What is recorded of trackers' answers is read: who applied for what, and where they stand."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import Unreadable
from connectors.records import (
    AddNote,
    ArchiveKind,
    InterviewStatus,
    Recommendation,
    RejectApplication,
    ScheduleInterview,
    TrackerStage,
)
from connectors.registry import VENDORS
from tests.contracts import documents
from tests.contracts.asked import adding
from tests.contracts.quoting import changed, example, needs_examples, quoting, read, unread
from tests.contracts.trial import NOW
from tests.contracts.trials import TRIALS

pytestmark = needs_examples
OF_GREENHOUSE = "greenhouse/v1v2_official_doc_examples/webhooks"
Json = dict[str, Any]


def recorded(vendor: str, name: str) -> Iterator[Any]:
    """The answers of a recording, in their order."""
    return (each["response"] for each in example(f"{vendor}/recorded/{name}.json"))


def ms(instant: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=instant)


def lever(name: str) -> Any:
    return next(recorded("lever", name))["data"]


def levers_list(rows: list[Json]) -> Json:
    return {"data": rows, "hasNext": False}


def lever_says(people: list[Json], **more: Any) -> Json:
    """What Lever says of these opportunities, who all have applied like the one recorded."""
    listed = {stage["id"] for stage in lever("stages")}
    others = [
        {"id": person["stage"], "text": "New applicant"}
        for person in people
        if person["stage"] not in listed
    ]
    return {
        "GET /v1/stages": levers_list([*lever("stages"), *others]),
        "GET /v1/opportunities": levers_list(people),
        "GET /v1/opportunities/.*/applications": levers_list([lever("get-application")]),
        "GET /v1/archive_reasons/.*": {"data": lever("get-archive-reason")},
        "GET /v1/users/.*": {"data": lever("get-user")},
        **more,
    }


def test_levers_opportunities_are_applications() -> None:
    pages = [page["data"] for page in recorded("lever", "opportunities")]
    people = [person for page in pages for person in page]
    people += [lever(name) for name in ("get-opportunity", "update-opportunity-stage")]
    people = list({person["id"]: person for person in people}.values())

    with quoting("lever", lever_says(people)) as bench:
        found = {each.external_id: each for each in read(bench, "applications")}

    assert len(found) == len(people) > 3
    for person in people:
        ours = found[person["id"]]
        assert ours.job_ref == lever("get-application")["posting"]
        assert (ours.name, list(ours.emails)) == (person["name"], person["emails"])
        assert list(ours.phones) == [phone["value"] for phone in person["phones"]]
        assert (list(ours.links), ours.residence) == (person["links"], person["location"])
        assert ours.source == (person["sources"] or [""])[0]
        assert ours.applied_at == ms(person["createdAt"])
        assert ours.updated_at == ms(person["updatedAt"] or person["createdAt"])
        if person["archived"]:
            assert ours.stage is TrackerStage.ARCHIVED
            assert ours.archive_kind is ArchiveKind.OTHER
            assert ours.archive_reason == lever("get-archive-reason")["text"]
        elif person["stage"].startswith("lead-"):
            assert (ours.stage, ours.archive_kind) == (TrackerStage.LEAD, None)
        else:
            assert (ours.stage, ours.archive_kind) == (TrackerStage.NEW, None)


def test_a_stage_that_lever_does_not_list_makes_one_opportunity_unreadable() -> None:
    person = changed(lever("get-opportunity"), archived=None)
    strange = changed(person, id="another", stage="of-next-year")
    says = lever_says([person])
    with quoting("lever", {**says, "GET /v1/opportunities": levers_list([person, strange])}) as b:
        (page,) = b.port.changes("applications", None, ())

    read_at = {ref: raw for ref, raw in page.listed.rows}
    assert page.listed.read(read_at[person["id"]]).external_id == person["id"]
    with pytest.raises(Unreadable, match="a stage that is not listed"):
        page.listed.read(read_at["another"])


def test_levers_panels_are_interviews() -> None:
    person, panels = lever("get-opportunity"), lever("get-opportunity-panels")
    says = {
        "GET /v1/opportunities/.*/panels": levers_list(panels),
        "GET /v1/opportunities/.*/feedback": levers_list([]),
    }
    with quoting("lever", lever_says([person], **says)) as bench:
        found = read(bench, "interviews")

    told = [each for panel in panels for each in panel["interviews"]]
    assert [each.external_id for each in found] == [each["id"] for each in told]
    for ours, theirs in zip(found, told, strict=True):
        assert ours.application_ref == person["id"]
        assert ours.starts_at == ms(theirs["date"])
        assert ours.ends_at - ours.starts_at == timedelta(minutes=theirs["duration"])
        assert list(ours.interviewers) == [who["email"] for who in theirs["interviewers"]]
        assert ours.status is InterviewStatus.SCHEDULED


def test_levers_feedback_is_a_scorecard_unless_it_was_deleted() -> None:
    person, gone = lever("get-opportunity"), lever("get-feedback")
    field = {**gone["fields"][0], "value": "3 - Hire"}
    form = changed(gone, id="stands", deletedAt=None, fields=[field])
    says = {
        "GET /v1/opportunities/.*/panels": levers_list([]),
        "GET /v1/opportunities/.*/feedback": levers_list([gone, form]),
    }
    with quoting("lever", lever_says([person], **says)) as bench:
        (card,) = read(bench, "scorecards")

    assert (card.external_id, card.application_ref) == ("stands", person["id"])
    assert card.author == lever("get-user")["email"]
    assert card.submitted_at == ms(form["completedAt"])
    assert card.recommendation is Recommendation.YES


def test_levers_published_postings_are_open_jobs_and_those_for_insiders() -> None:
    postings = [row for page in recorded("lever", "postings") for row in page["data"]]
    postings += lever("get-postings")
    postings = list({row["id"]: row for row in postings}.values())
    with quoting("lever", {"GET /v1/postings": levers_list(postings)}) as bench:
        found = {each.external_id: each for each in read(bench, "open_jobs")}
    are_open = {"published", "internal"}
    assert set(found) == {row["id"] for row in postings if row["state"] in are_open}
    assert all(found[row["id"]].title == row["text"] for row in postings if row["id"] in found)


def test_what_lever_answers_to_writes_proves_them() -> None:
    opportunity, note, panel = (lever(f"create-{it}") for it in ("opportunity", "note", "panel"))
    person, reason = lever("update-opportunity-archived"), lever("get-archive-reason")
    standing = changed(person, archived=None)
    says = {
        "GET /v1/opportunities": levers_list([]),
        "GET /v1/opportunities/[^/]+": {"data": standing},
        "GET /v1/users": levers_list([{**lever("get-user"), "email": "grace@harbor.example"}]),
        "GET /v1/archive_reasons": levers_list([reason]),
        "POST /v1/opportunities": {"data": opportunity},
        "POST /v1/opportunities/.*/notes": {"data": note},
        "POST /v1/opportunities/.*/panels": {"data": panel},
        "PUT /v1/opportunities/.*/archived": {"data": person},
    }
    with quoting("lever", says) as bench:
        ref = person["id"]
        port = bench.opened(options={**bench.account.options, "reason:not_qualified": "Timing"})
        talk = ScheduleInterview(
            application_ref=ref,
            round="panel",
            starts_at=NOW,
            ends_at=NOW,
            interviewers=("grace@harbor.example",),
        )
        rejection = RejectApplication(application_ref=ref, reason="not_qualified")
        asked = {
            opportunity["id"]: port.add_application(adding(bench), "a"),
            note["id"]: port.add_note(AddNote(candidate_ref=ref, text="Speaks Welsh."), "n"),
            panel["interviews"][0]["id"]: port.schedule_interview(talk, "i"),
            ref: port.reject(rejection, "r"),
        }
    assert [receipt.external_id for receipt in asked.values()] == list(asked)


def workable(name: str) -> Any:
    return next(recorded("workable", name))


def workable_says(people: list[Json]) -> Json:
    return {
        "GET /spi/v3/candidates": {"candidates": people},
        **{f"GET /spi/v3/candidates/{each['id']}": {"candidate": each} for each in people},
        "GET /spi/v3/members": workable("members"),
        "GET /spi/v3/disqualification_reasons": workable("disqualification-reasons"),
    }


def test_workables_candidates_are_applications() -> None:
    people = [
        person for page in recorded("workable", "candidates") for person in page["candidates"]
    ]
    people += [workable("get-candidate")["candidate"], workable("create-candidate")["candidate"]]
    people = list({person["id"]: person for person in people}.values())
    meanings = {
        "sourced": TrackerStage.LEAD,
        "applied": TrackerStage.NEW,
        "assessment": TrackerStage.SCREEN,
        "phone-screen": TrackerStage.SCREEN,
        "shortlisted": TrackerStage.SUBMITTED,
        "interview": TrackerStage.INTERVIEW,
        "offer": TrackerStage.OFFER,
        "hired": TrackerStage.HIRED,
    }

    with quoting("workable", workable_says(people)) as bench:
        found = {each.external_id: each for each in read(bench, "applications")}

    assert len(found) == len(people) > 5
    for person in people:
        ours = found[person["id"]]
        assert (ours.name, ours.job_ref) == (person["name"], person["job"]["shortcode"])
        assert list(ours.emails) == [person["email"]]
        assert list(ours.phones) == ([person["phone"]] if person["phone"] else [])
        assert ours.source == (person["domain"] or person["common_source"])
        assert ours.residence == (person["address"] or "")
        assert ours.applied_at == datetime.fromisoformat(person["created_at"])
        assert ours.updated_at == datetime.fromisoformat(person["updated_at"])
        stage = TrackerStage.ARCHIVED if person["disqualified"] else meanings[person["stage_kind"]]
        assert ours.stage is stage


def test_a_kind_of_stage_that_workable_has_made_up_is_unreadable() -> None:
    person = changed(workable("get-candidate")["candidate"], stage_kind="of-next-year")
    with quoting("workable", workable_says([person])) as bench:
        (page,) = bench.port.changes("applications", None, ())
    with pytest.raises(Unreadable, match="a kind we do not know"):
        page.listed.read(page.listed.rows[0][1])


def test_workables_events_are_interviews_held_once_they_are_over() -> None:
    pages = list(recorded("workable", "events"))
    events = [event for page in pages for event in page["events"]]
    says = {**workable_says([]), "GET /spi/v3/events": {"events": events}}
    with quoting("workable", says) as bench:
        found = {each.external_id: each for each in read(bench, "interviews")}

    talks = [event for event in events if event["type"] != "MeetingEvent"]
    assert {event["id"] for event in talks} == set(found)
    emails = {who["id"]: who["email"] for who in workable("members")["members"]}
    for event in talks:
        ours = found[event["id"]]
        assert ours.application_ref == event["candidate"]["id"]
        assert ours.starts_at == datetime.fromisoformat(event["starts_at"])
        assert ours.ends_at == datetime.fromisoformat(event["ends_at"])
        assert list(ours.interviewers) == [emails.get(w["id"], w["id"]) for w in event["members"]]


def test_workables_published_jobs_are_open() -> None:
    jobs = [row for page in recorded("workable", "jobs") for row in page["jobs"]]
    for state in {row["state"] for row in jobs} | {"published"}:
        told = [{**row, "state": state} for row in jobs]
        with quoting("workable", {"GET /spi/v3/jobs": {"jobs": told}}) as bench:
            found = {each.external_id: each for each in read(bench, "open_jobs")}
        is_open = state == "published"
        assert set(found) == ({row["shortcode"] for row in jobs} if is_open else set())
        assert all(found[row["shortcode"]].title == row["title"] for row in jobs if is_open)


def test_what_workable_answers_to_writes_proves_them() -> None:
    person = workable("get-candidate")["candidate"]
    says = {
        **workable_says([person]),
        "GET /spi/v3/candidates": {"candidates": []},
        "POST /spi/v3/jobs/.*/candidates": workable("create-candidate"),
        "POST /spi/v3/candidates/.*/comments": workable("create-comment"),
        "GET /spi/v3/jobs/.*/stages": workable("stages"),
    }
    with quoting("workable", says) as bench:
        note = AddNote(candidate_ref=person["id"], text="Speaks Welsh.")
        request = adding(bench)
        assert bench.port.add_note(note, "n").external_id == workable("create-comment")["id"]
        made = bench.port.add_application(request, "a")
    assert made.external_id == workable("create-candidate")["candidate"]["id"]


def smart(name: str) -> Any:
    return example(f"smartrecruiters/doc_fixtures/{name}.json")


def smart_says(person: Json) -> Json:
    listed = changed(smart("candidates/list"), nextPageId=None)
    history = smart("candidates/retrieve_status_history")
    return {
        "GET /candidates": listed,
        "GET /candidates/[^/]+": person,
        "GET /candidates/[^/]+/jobs/[^/]+/status/history": history,
        "GET /candidates/[^/]+/jobs/[^/]+/screening-answers": {"content": [], "totalFound": 0},
    }


def test_smartrecruiters_candidates_are_applications() -> None:
    person = smart("candidates/retrieve")
    first, second = person["primaryAssignment"], person["secondaryAssignments"][0]
    second = changed(second, job={"id": "another"}, status="REJECTED")
    person = changed(person, secondaryAssignments=[second])

    with quoting("smartrecruiters", smart_says(person)) as bench:
        found = {each.job_ref: each for each in read(bench, "applications")}

    assert set(found) == {first["job"]["id"], "another"}
    for job, stage in ((first["job"]["id"], TrackerStage.LEAD), ("another", TrackerStage.ARCHIVED)):
        ours = found[job]
        assert (ours.candidate_ref, ours.stage) == (person["id"], stage)
        assert ours.name == f"{person['firstName']} {person['lastName']}"
        assert (list(ours.emails), list(ours.phones)) == (
            [person["email"]],
            [person["phoneNumber"]],
        )
        assert set(ours.links) <= set(person["web"].values())
        assert ours.source == first["source"]
    assert found["another"].archive_reason == second["reasonOfRejection"]["label"]
    assert found["another"].archive_kind is ArchiveKind.BY_EMPLOYER


def test_a_status_that_smartrecruiters_has_made_up_is_unreadable() -> None:
    person = smart("candidates/retrieve")
    strange = changed(person["primaryAssignment"], status="OF_NEXT_YEAR")
    says = smart_says(changed(person, primaryAssignment=strange, secondaryAssignments=[]))
    with quoting("smartrecruiters", says) as bench:
        found, why = unread(bench, "applications")
    assert not found
    assert any("'status' has a value we do not know" in each for each in why)


def test_smartrecruiters_reviews_and_interviews_are_read() -> None:
    review, talk = smart("reviews/list")[0], smart("interviews/retrieve")
    who = smart("users/retrieve")
    says = {
        "GET .*/reviews": {"content": [changed(review, overallRating=4)], "totalFound": 1},
        "GET .*/interviews/.*": talk,
        "GET .*/users/.*": who,
    }
    with quoting("smartrecruiters", says) as bench:
        (card,) = read(bench, "scorecards", f"{review['candidateId']}:{review['jobId']}")
        (ours,) = read(bench, "interviews", talk["id"])

    assert (card.external_id, card.author) == (review["id"], who["email"])
    assert card.submitted_at == datetime.fromisoformat(review["createdOn"])
    assert card.recommendation is Recommendation.YES
    (slot,) = talk["timeslots"]
    assert ours.application_ref == f"{talk['candidate']['id']}:{talk['jobId']}"
    assert ours.starts_at == datetime.fromisoformat(slot["startsOn"])
    assert ours.ends_at == datetime.fromisoformat(slot["endsOn"])
    assert list(ours.interviewers) == [who["email"]]


def test_what_smartrecruiters_answers_to_an_added_candidate_proves_it() -> None:
    made = smart("candidates/create")
    job = made["primaryAssignment"]["job"]["id"]
    says = {"GET /candidates": {"content": []}, f"POST /jobs/{job}/candidates": made}
    with quoting("smartrecruiters", says) as bench:
        request = adding(bench).model_copy(update={"job_ref": job})
        added = bench.port.add_application(request, "a")
    assert added.external_id == f"{made['id']}:{job}"
    assert added.others["candidate"] == made["id"]


def of_ashby(call: str) -> Json:
    """One object of a list, made of the document's examples."""
    told = documents.described(TRIALS["ashby"].spec)
    answer = documents.answered(told, documents.operation(told, "post", f"/{call}"), 200)
    results = documents.fields(documents.parts(told, [answer]))["results"]
    rows = [part["items"] for part in documents.parts(told, results) if "items" in part]
    shown: Json = json.loads(json.dumps(documents.sample(told, rows), default=str))
    return shown


def ashby_says(**lists: list[Json]) -> Json:
    return {
        f"POST /{name.replace('_', '.')}": {
            "success": True,
            "results": rows,
            "moreDataAvailable": False,
        }
        for name, rows in lists.items()
    }


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        ("Lead", TrackerStage.LEAD),
        ("Active", TrackerStage.OFFER),
        ("Hired", TrackerStage.HIRED),
        ("Archived", TrackerStage.ARCHIVED),
    ],
)
def test_ashbys_application_is_read_with_its_candidate(status: str, stage: TrackerStage) -> None:
    person, told = of_ashby("candidate.list"), {**of_ashby("application.list"), "status": status}
    says = ashby_says(candidate_list=[person], application_list=[told])
    details = {"POST /application.info": {"success": True, "results": told}}
    with quoting("ashby", {**says, **details}) as bench:
        (ours,) = read(bench, "applications")

    assert (ours.external_id, ours.job_ref) == (told["id"], told["job"]["id"])
    assert (ours.candidate_ref, ours.name) == (person["id"], person["name"])
    assert list(ours.emails) == [each["value"] for each in person["emailAddresses"]]
    assert list(ours.phones) == [each["value"] for each in person["phoneNumbers"]]
    assert list(ours.links) == [each["url"] for each in person["socialLinks"]]
    assert ours.residence == person["location"]["locationSummary"]
    assert ours.source == told["source"]["title"]
    assert ours.applied_at == datetime.fromisoformat(told["createdAt"])
    assert (ours.stage, ours.archive_reason) == (stage, told["archiveReason"]["text"])
    assert ours.archive_kind is ArchiveKind.BY_EMPLOYER


def test_ashbys_schedules_and_feedback_are_read() -> None:
    schedule = {**of_ashby("interviewSchedule.list"), "status": "Scheduled"}
    values = {"overall_recommendation": "4", "note": "Calm"}
    form = {**of_ashby("applicationFeedback.list"), "submittedValues": values}
    says = ashby_says(interviewSchedule_list=[schedule], applicationFeedback_list=[form])
    with quoting("ashby", says) as bench:
        (talk,), (card,) = read(bench, "interviews"), read(bench, "scorecards")

    (event,) = schedule["interviewEvents"]
    assert (talk.external_id, talk.application_ref) == (event["id"], schedule["applicationId"])
    assert talk.starts_at == datetime.fromisoformat(event["startTime"])
    assert talk.ends_at == datetime.fromisoformat(event["endTime"])
    assert list(talk.interviewers) == [who["email"] for who in event["interviewers"]]
    assert (card.external_id, card.application_ref) == (form["id"], form["applicationId"])
    assert card.author == form["submittedByUser"]["email"]
    assert card.submitted_at == datetime.fromisoformat(form["submittedAt"])
    assert card.recommendation is Recommendation.STRONG_YES
    assert [(each.question, each.value) for each in card.answers][-1] == ("note", "Calm")


@pytest.mark.parametrize(
    "name",
    [
        "application_events",
        "candidate_events",
        "interview_events",
        "job_events",
        "organization_events",
    ],
)
def test_greenhouses_webhooks_name_what_they_are_about(name: str) -> None:
    sender = VENDORS["greenhouse"].webhooks
    assert sender
    shown = [each for each in example(f"{OF_GREENHOUSE}/{name}.json") if "json" in each]
    for each in shown:
        told = each["json"]
        event = sender.event(json.dumps(told).encode(), {})
        assert event.kind == told["action"]
        application = told["payload"].get("application") or {}
        if "id" in application:
            assert str(application["id"]) in event.refs
    assert shown
