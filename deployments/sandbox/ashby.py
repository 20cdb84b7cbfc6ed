"""Ashby, as documented: https://developers.ashbyhq.com/reference.

The organisation has one interview plan, one team and one location, whose ids are the same in every
world. Ashby publishes no rate limit for the calls served here, so 429 comes from faults only. Who
came through the careers page is in `received["applied"]`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deployments.sandbox.ashby_records import (
    LOCATION,
    PLAN,
    STAGE,
    STAGES,
    TEAM,
    Records,
    Row,
    fixed,
    stamp,
    user,
)
from deployments.sandbox.files import Files
from deployments.sandbox.people import People
from deployments.sandbox.served import TRACKER, Place, Served
from deployments.sandbox.server import FAULTS, Answer, Request, Route, StandIn
from deployments.sandbox.tracker_people import Staff
from deployments.sandbox.world import World

PAGE = 50
EDITED = 3
INTERNAL = {"applicationHistory", "applicationFormSubmissions", "stage", "jobId", "candidateId"}
REASONS = {
    "RejectedByOrg": [
        "Not enough relevant experience",
        "Another candidate was stronger",
        "Not qualified",
        "Not selected",
        "Position closed",
        "No response",
        "Offer expired",
        "References",
        "Background",
        "Did not start",
        "Duplicate",
    ],
    "RejectedByCandidate": ["Withdrew", "Offer declined", "No longer interested"],
    "Other": ["Other"],
}
SOURCES = ["Indeed", "Company careers page", "Referral", "LinkedIn"]


class Declined(Exception):
    """What Ashby says with `success: false`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """One operation: the permission it needs, what it does, whether it changes anything."""

    permission: str
    run: Callable[[Row], Row]
    writes: bool = False


class Ashby(StandIn):
    """One client's Ashby. Tests may take permissions away and let tokens expire."""

    prefix = "/ashby"
    spoils = (*FAULTS, "edit")

    def __init__(
        self,
        world: World,
        people: People,
        requisitions_dir: Path | None = None,
        key: str = "sandbox-ashby",
    ) -> None:
        super().__init__(world)
        self.key = key
        self.webhook_secret = "sandbox-ashby-webhook"
        self.records = Records(world)
        self.records.announce = self._announce
        self.reasons = [
            {"id": fixed(f"reason/{text}"), "text": text, "reasonType": kind, "isArchived": False}
            for kind, texts in REASONS.items()
            for text in texts
        ]
        self.sources = [
            {"id": fixed(f"source/{title}"), "title": title, "isArchived": False}
            for title in SOURCES
        ]
        self.staff = Staff(self.records, people, requisitions_dir, self.reasons, self.sources)
        self.records.when["applied"] = lambda row: self.note("applied", row["id"])
        self.files = Files(self.prefix, self.staff)
        self.calls = self._calls()
        self.permissions = {call.permission for call in self.calls.values()}
        self.oldest_token = 0
        self.largest_incremental_sync = 10_000
        self.page, self._host = PAGE, ""
        self.one_application_a_job = False  # which of both Ashby does is not documented

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """Every operation is a POST."""
        return {
            ("POST", r"/(?P<name>\w+\.\w+)"): self._serve,
            ("GET", r"/files/(?P<ref>[\w-]+)"): self.files.get,
        }

    def too_many(self, seconds: int = 1) -> Answer:
        """Say 429 as the specification shows it."""
        return Answer(429, _failure("rate_limit_exceeded"), {"Retry-After": str(seconds)})

    def stands(self) -> list[str]:
        """Every application's way through its stages, in the order in which it was moved."""
        return sorted(self.records.way(row) for row in self.records.tables["application"].values())

    def lie(self) -> Any:
        """An error of Ashby's own, which is no refusal."""
        return _failure("internal_error")

    def edit(self) -> None:
        """Somebody saves again what has not changed for longest: it moves to the end of its list.

        Who reads the list page by page finds it twice, and everything behind it in another place.
        """
        for table in ("candidate", "application"):
            for _, row in self.records.changed_since(table, 0)[:EDITED]:
                self.records.touch(table, row["id"])

    def _calls(self) -> dict[str, Call]:
        return {
            "job.create": Call("jobsWrite", self._create_job, True),
            "job.setStatus": Call("jobsWrite", self._set_status, True),
            "job.info": Call("jobsRead", lambda b: _one(self._row("job", b.get("id")))),
            "job.list": Call("jobsRead", self._list_jobs),
            "job.search": Call("jobsRead", self._search_jobs),
            "candidate.create": Call("candidatesWrite", self._create_candidate, True),
            "candidate.list": Call("candidatesRead", lambda b: self._list("candidate", b, dict)),
            "candidate.info": Call(
                "candidatesRead", lambda b: _one(self._row("candidate", b.get("id")))
            ),
            "candidate.search": Call("candidatesRead", self._search_candidates),
            "candidate.createNote": Call("candidatesWrite", self._create_note, True),
            "candidate.listNotes": Call("candidatesRead", self._list_notes),
            "application.create": Call("candidatesWrite", self._create_application, True),
            "application.list": Call(
                "candidatesRead", lambda b: self._list("application", b, self._application)
            ),
            "application.info": Call("candidatesRead", self._application_info),
            "file.info": Call("candidatesRead", self._file_info),
            "application.changeStage": Call("candidatesWrite", self._change_stage, True),
            "applicationFeedback.list": Call(
                "candidatesRead", lambda b: self._list("feedback", b, _feedback)
            ),
            "interviewSchedule.create": Call("interviewsWrite", self._create_schedule, True),
            "interviewSchedule.list": Call(
                "interviewsRead", lambda b: self._list("schedule", b, dict)
            ),
            "interviewStage.list": Call("hiringProcessMetadataRead", self._list_stages),
            "archiveReason.list": Call(
                "hiringProcessMetadataRead", lambda _: {"results": self.reasons}
            ),
            "source.list": Call(
                "hiringProcessMetadataRead",
                lambda _: {"results": self.sources, "moreDataAvailable": False},
            ),
        }

    def _serve(self, request: Request, name: str) -> Answer:
        if request.basic_user is None:
            return Answer(401, _failure("unauthorized"))
        call = self.calls.get(name)
        if call is None:
            return Answer(404, _failure("endpoint_not_found"))
        if request.basic_user != self.key or call.permission not in self.permissions:
            return Answer(403, _failure("missing_endpoint_permission"))
        self._host = request.headers.get("host", "")  # a journal keeps none
        try:
            return Answer(body={"success": True, **call.run(request.json)}, changed=call.writes)
        except Declined as no:
            return Answer(body=_failure(no.code))

    def _announce(self, action: str, row: Row) -> None:
        if action.startswith("job"):
            self.tell(action, {"job": row})
        elif action.startswith("interviewSchedule"):
            self.tell(action, {"interviewSchedule": row})
        else:
            self.tell(action, {"application": self._application(row)})

    def _row(self, table: str, ref: Any) -> Row:
        row = self.records.tables[table].get(str(ref))
        if row is None:
            raise Declined(f"{table}_not_found")
        return row

    def _list(
        self,
        table: str,
        body: Row,
        shown: Callable[[Row], Row],
        is_meant: Callable[[Row], bool] = lambda row: True,
    ) -> Row:
        """Page through what changed; cursors and tokens name a point in the order of changes."""
        start = self._point("sync", body.get("syncToken"), "sync_token")
        since = max(start, self._point("page", body.get("cursor"), "next_cursor"))
        wanted = {k: body[k] for k in ("applicationId", "candidateId") if k in body}
        changes = [
            (at, row)
            for at, row in self.records.changed_since(table, since)
            if all(row[k] == v for k, v in wanted.items()) and is_meant(row)
        ]
        if start and len(changes) > self.largest_incremental_sync:
            raise Declined("incremental_sync_too_large")
        size = min(int(body.get("limit", 100)), self.page)
        page = {"results": [shown(row) for _, row in changes[:size]]}
        if len(changes) > size:
            return {**page, "moreDataAvailable": True, "nextCursor": f"page-{changes[size - 1][0]}"}
        token = f"sync-{self.records.sequence}"
        return {**page, "moreDataAvailable": False, "syncToken": token}

    def _point(self, prefix: str, text: str | None, what: str) -> int:
        if text is None:
            return 0
        match = re.fullmatch(rf"{prefix}-(\d+)", text)
        if not match:
            invalid = {"sync_token": "sync_token_invalid", "next_cursor": "invalid_next_cursor"}
            raise Declined(invalid[what])
        if int(match[1]) < self.oldest_token:
            raise Declined(f"{what}_expired")
        return int(match[1])

    def _create_job(self, body: Row) -> Row:
        if body.get("teamId") != TEAM or body.get("locationId") != LOCATION:
            raise Declined("invalid_input")
        plan = body.get("defaultInterviewPlanId", PLAN)
        job = self.records.insert(
            "job",
            (body["title"],),
            {
                "title": body["title"],
                "confidential": False,
                "status": "Draft",
                "employmentType": "FullTime",
                "locationId": LOCATION,
                "defaultInterviewPlanId": plan,
                "interviewPlanIds": [plan],
                "jobPostingIds": [],
                "customFields": [],
                "hiringTeam": [],
            },
        )
        self.note("jobs", self.staff.code(job) or job["title"])
        self._announce("jobCreate", job)
        return _one(job)

    def _set_status(self, body: Row) -> Row:
        job = self._row("job", body.get("jobId"))
        if body.get("status") not in ("Draft", "Open", "Closed", "Archived"):
            raise Declined("invalid_input")
        job["status"] = body["status"]
        self.records.touch("job", job["id"])
        if job["status"] == "Open":
            job.setdefault("openedAt", self.records.now)
            self.records.tell("opened", job)
        if job["status"] == "Closed":
            job["closedAt"] = self.records.now
            self.note("closed_jobs", self.staff.code(job) or job["title"])
        self._announce("jobUpdate", job)
        return _one(job)

    def _list_jobs(self, body: Row) -> Row:
        wanted = body.get("status", ["Open", "Closed", "Archived"])
        more = {"location": {"id": LOCATION, "name": "Harbor", "isArchived": False}, "openings": []}
        expanded = {name: value for name, value in more.items() if name in body.get("expand", [])}
        return self._list(
            "job", body, lambda row: {**expanded, **row}, lambda row: row["status"] in wanted
        )

    def _search_jobs(self, body: Row) -> Row:
        title = str(body.get("title", "")).lower()
        jobs = self.records.tables["job"].values()
        return {"results": [job for job in jobs if title and title in job["title"].lower()]}

    def _create_candidate(self, body: Row) -> Row:
        if not body.get("name"):
            raise Declined("invalid_input")
        more: Row = {"createdAt": _instant(body.get("createdAt", self.records.now))}
        email, phone = body.get("email"), body.get("phoneNumber")
        return _one(self.records.add_candidate(body["name"], email, phone, more))

    def _search_candidates(self, body: Row) -> Row:
        email, name = str(body.get("email", "")).lower(), str(body.get("name", "")).lower()
        found = [
            row
            for row in self.records.tables["candidate"].values()
            if name in row["name"].lower()
            and (not email or email in {item["value"].lower() for item in row["emailAddresses"]})
        ]
        return {"results": found[:100]}

    def _create_note(self, body: Row) -> Row:
        candidate = self._row("candidate", body.get("candidateId"))
        note = body.get("note", "")
        text = note["value"] if isinstance(note, dict) else note
        name = (candidate["id"], self.world.digest(text))
        row = {"candidateId": candidate["id"], "isPrivate": False, "content": text}
        kept = self.records.insert("note", name, {**row, "author": user("api@ashby.example")})
        self.note("notes", text.rstrip().rsplit("\n", 1)[-1])
        return _one(_note(kept))

    def _list_notes(self, body: Row) -> Row:
        self._row("candidate", body.get("candidateId"))
        return self._list("note", body, _note)

    def _create_application(self, body: Row) -> Row:
        candidate = self._row("candidate", body.get("candidateId"))
        job = self._row("job", body.get("jobId"))
        if self.one_application_a_job:
            for ref in candidate["applicationIds"]:
                if (earlier := self._row("application", ref))["jobId"] == job["id"]:
                    return _one(self._application(earlier))
        stage = STAGE["New Lead"]
        if "interviewStageId" in body:
            stage = self._stage(body["interviewStageId"])
        more: Row = {"createdAt": _instant(body.get("createdAt", self.records.now))}
        if source := next((s for s in self.sources if s["id"] == body.get("sourceId")), None):
            more["source"] = source
        application = self.records.add_application(candidate, job, stage, more)
        email = next((item["value"] for item in candidate["emailAddresses"]), None)
        who = email or candidate["name"]
        self.note("applications", f"{who} {job['title']} {more['createdAt']}")
        return _one(self._application(application))

    def _change_stage(self, body: Row) -> Row:
        application = self._row("application", body.get("applicationId"))
        stage = self._stage(body.get("interviewStageId"))
        reason = next((r for r in self.reasons if r["id"] == body.get("archiveReasonId")), None)
        if stage["type"] == "Archived" and reason is None:
            raise Declined("archive_reason_required")
        rejected = stage["type"] == "Archived"
        self.records.enter(application, stage, reason if rejected else None)
        name = application["id"] if rejected else f"{application['id']} {stage['title']}"
        self.note("rejections" if rejected else "moves", name)
        return _one(self._application(application))

    def _stage(self, ref: Any) -> Row:
        stage = next((stage for stage in STAGES if stage["id"] == ref), None)
        if stage is None:
            raise Declined("interview_stage_not_found")
        return stage

    def _list_stages(self, body: Row) -> Row:
        if body.get("interviewPlanId") != PLAN:
            raise Declined("interview_plan_not_found")
        return {"results": STAGES, "moreDataAvailable": False}

    def _create_schedule(self, body: Row) -> Row:
        application = self._row("application", body.get("applicationId"))
        if application["status"] != "Active" or not body.get("interviewEvents"):
            raise Declined("invalid_input")
        schedule = self.staff.schedule(application, body["interviewEvents"])
        for event in schedule["interviewEvents"]:
            self.note("interviews", f"{application['id']} {self.staff.round(event)}")
        self._announce("interviewScheduleCreate", schedule)
        return _one(schedule)

    def _application_info(self, body: Row) -> Row:
        application = self._row("application", body.get("applicationId"))
        shown = ["applicationHistory"]
        if "applicationFormSubmissions" in body.get("expand", []):
            shown.append("applicationFormSubmissions")
        details = self._application(application) | {name: application[name] for name in shown}
        if self.files.has(application):
            ref = application["id"]
            handle = {"id": fixed(f"file/{ref}"), "name": "resume.pdf", "handle": f"resume {ref}"}
            details["resumeFileHandle"] = handle
        return _one(details)

    def _file_info(self, body: Row) -> Row:
        kind, _, ref = str(body.get("fileHandle", "")).partition(" ")
        if kind != "resume":
            raise Declined("file_handle_not_found")
        return _one({"url": self.files.link(self._host, self._row("application", ref)["id"])})

    def _application(self, row: Row) -> Row:
        candidate = self.records.tables["candidate"][row["candidateId"]]
        job = self.records.tables["job"][row["jobId"]]
        person: Row = {"id": candidate["id"], "name": candidate["name"]}
        if candidate["emailAddresses"]:
            person["primaryEmailAddress"] = candidate["emailAddresses"][0]
        if candidate["phoneNumbers"]:
            person["primaryPhoneNumber"] = candidate["phoneNumbers"][0]
        return {
            **_without(row, INTERNAL),
            "candidate": person,
            "currentInterviewStage": row["stage"],
            "job": {"id": job["id"], "title": job["title"], "locationId": job["locationId"]},
        }


def _one(row: Row) -> Row:
    return {"results": row}


def _without(row: Row, names: set[str]) -> Row:
    return {name: value for name, value in row.items() if name not in names}


def _note(row: Row) -> Row:
    author = {name: row["author"][name] for name in ("id", "firstName", "lastName", "email")}
    return {**_without(row, {"candidateId", "updatedAt"}), "author": author}


def _feedback(row: Row) -> Row:
    return _without(row, {"createdAt", "updatedAt"})


def _instant(text: str) -> str:
    try:
        return stamp(datetime.fromisoformat(text))
    except ValueError:
        raise Declined("invalid_input") from None


def _failure(code: str) -> Mapping[str, Any]:
    info = {"code": code, "message": code.replace("_", " "), "requestId": "01SANDBOX"}
    return {"success": False, "errors": [code], "errorInfo": info}


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    return at.account(
        "sandbox-ashby",
        "ashby",
        {"webhook": "sandbox-ashby-webhook"},
        team_id=TEAM,
        location_id=LOCATION,
        interview_plan_id=PLAN,
    )


SERVED = Served(
    "ashby",
    account,
    lambda scene: Ashby(scene.world, scene.people, scene.requisitions),
    TRACKER,
)
