"""SmartRecruiters, as documented: https://developers.smartrecruiters.com.

The company's ids (industry, function, level, the user of the API) are the same in every world;
interviewers become users when they are first asked for. Who came through the careers page is in
`received["applied"]`.
"""

import base64
import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from deployments.sandbox.ashby import REASONS, SOURCES
from deployments.sandbox.ashby_records import STAGE, Row
from deployments.sandbox.files import LETTER, Files
from deployments.sandbox.people import People
from deployments.sandbox.served import TRACKER, Served
from deployments.sandbox.server import (
    FAULTS,
    UNLISTED_SECONDS,
    Answer,
    Request,
    Route,
    StandIn,
)
from deployments.sandbox.smartrecruiters_records import (
    SETTINGS,
    SOURCE_TYPES,
    Records,
    fixed,
    stage_of,
)
from deployments.sandbox.tracker_people import Staff
from deployments.sandbox.world import World

MOST, USUAL = 100, 10
EDITED = 3
CANDIDATE = frozenset(
    {
        "firstName",
        "lastName",
        "email",
        "phoneNumber",
        "location",
        "web",
        "tags",
        "education",
        "experience",
        "sourceDetails",
        "internal",
    }
)
WEBHOOKS = {
    "applicationSubmit": "application.created",
    "candidateStageChange": "application.status.updated",
    "jobCreate": "job.created",
    "jobUpdate": "job.status.updated",
}


class Declined(Exception):
    """What SmartRecruiters says with a status of 4xx."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        told = {"code": code, "message": code.replace("_", " ").lower()}
        self.answer = Answer(status, {"message": told["message"], "errors": [told]})


class SmartRecruiters(StandIn):
    """One client's SmartRecruiters. Tests may revoke the key and take away what its user may do.

    `limit`: requests a second for one operation, by `clock`. `merges`: whether a candidate who has
    the e-mail address of another becomes the same. `forgets_pages`: no `pageId` is known any more.
    `elsewhere`: whether files have links.
    """

    prefix = "/smartrecruiters"
    spoils = (*FAULTS, "edit")

    def __init__(self, world: World, people: People, requisitions_dir: Path | None = None) -> None:
        super().__init__(world)
        self.keys = {"sandbox-smartrecruiters"}
        self.webhook_secret = "sandbox-smartrecruiters-webhook"
        self.records = Records(world)
        self.records.announce = self._announce
        self.reasons: list[Row] = [
            {"id": fixed(f"reason/{text}"), "text": text, "reasonType": kind}
            for kind, texts in REASONS.items()
            for text in texts
        ]
        self.sources: list[Row] = [{"id": fixed(title), "title": title} for title in SOURCES]
        self.staff = Staff(self.records, people, requisitions_dir, self.reasons, self.sources)
        self.records.when["applied"] = lambda row: self.note("applied", row["id"])
        self.files = Files(self.prefix, self.staff)
        self.page, self.limit, self.clock = 50, 100_000, time.monotonic
        self.merges = self.forgets_pages = self.elsewhere = False
        self._used: dict[tuple[str, int], int] = {}
        self._behind: tuple[float, set[str]] = (0.0, set())
        self.rights = {
            *(f"{what}_read" for what in ("jobs", "candidates", "messages", "interviews")),
            *("reviews_read", "users_read", "configuration_read"),
            *("jobs_manage", "candidates_create", "candidates_manage"),
            *("messages_write", "interviews_write", "webhooks_read"),
        }

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """Every operation, with the right that it needs."""
        job, one = r"/jobs/(?P<ref>[^/]+)", r"/candidates/(?P<ref>[^/]+)"
        application = rf"{one}/jobs/(?P<job>[^/]+)"
        interviews, users = "/interviews-api/v201904/interviews", "/user-api/v201804/users"
        calls: dict[tuple[str, str], tuple[str, Callable[..., Answer]]] = {
            ("GET", "/jobs"): ("jobs_read", self._jobs),
            ("POST", "/jobs"): ("jobs_manage", self._create_job),
            ("GET", job): ("jobs_read", self._job),
            ("PUT", f"{job}/status"): ("jobs_manage", self._set_job_status),
            ("POST", f"{job}/candidates"): ("candidates_create", self._create_candidate),
            ("GET", "/candidates"): ("candidates_read", self._candidates),
            ("GET", one): ("candidates_read", self._candidate),
            ("GET", f"{one}/attachments"): ("candidates_read", self._attachments),
            ("GET", r"/candidates/attachments/(?P<ref>[^/]+)"): (
                "candidates_read",
                self._attachment,
            ),
            ("GET", application): ("candidates_read", self._application),
            ("PUT", f"{application}/status"): ("candidates_manage", self._set_status),
            ("GET", f"{application}/status/history"): ("candidates_read", self._history),
            ("GET", f"{application}/screening-answers"): ("candidates_read", self._answers),
            ("GET", "/messages"): ("messages_read", self._messages),
            ("POST", "/messages/shares"): ("messages_write", self._create_message),
            ("GET", "/interviews-api/v201904/interview-types"): ("interviews_read", self._types),
            ("POST", interviews): ("interviews_write", self._create_interview),
            ("GET", rf"{interviews}/(?P<ref>[^/]+)"): ("interviews_read", self._interview),
            ("GET", "/reviews"): ("reviews_read", self._reviews),
            ("GET", users): ("users_read", self._users),
            ("GET", "/webhooks-api/v201907/subscriptions"): ("webhooks_read", self._subscriptions),
            ("GET", rf"{users}/(?P<ref>[^/]+)"): ("users_read", self._user),
            ("GET", "/configuration/sources"): ("configuration_read", self._source_types),
            ("GET", r"/configuration/sources/(?P<ref>[^/]+)/values"): (
                "configuration_read",
                self._source_values,
            ),
            ("GET", r"/configuration/(?P<kind>rejection|withdrawal)-reasons"): (
                "configuration_read",
                self._reasons,
            ),
        }
        api = {asked: partial(self._serve, *call) for asked, call in calls.items()}
        return {("GET", r"/files/(?P<ref>[\w-]+)"): self.files.get, **api}

    def handle(self, request: Request) -> Answer:
        """Tell with every answer how many requests of this second are left."""
        operation = f"{request.method} {re.sub('[0-9a-f-]{36}', '*', request.path)}"
        second = (operation, int(self.clock()))
        used = self._used.get(second, 0)
        if not self.world.replaying and used >= self.limit:
            return self.too_many()
        self._used = {second: used + 1} | {
            known: count
            for known, count in self._used.items()
            if known[1] == second[1] and known != second
        }
        answer = super().handle(request)
        return replace(answer, headers={**self._told(self.limit - used - 1), **answer.headers})

    def too_many(self, seconds: int = 1) -> Answer:
        """Say 429, and how little is left, but not until when."""
        return Answer(429, {"message": "Too many requests"}, self._told(0))

    def stands(self) -> list[str]:
        """Every application's way through its stages, in the order in which it was moved."""
        return sorted(self.records.way(row) for row in self.records.tables["application"].values())

    def lie(self) -> Any:
        """An error of SmartRecruiters' own."""
        error = {"code": "INTERNAL_ERROR", "message": "something went wrong"}
        return {"message": "something went wrong", "errors": [error]}

    def expire(self) -> None:
        """Let somebody revoke the key."""
        self.keys.clear()

    def fall_behind(self) -> None:
        """Let the search for candidates show for a while only whom it knows now."""
        known = set(self.records.tables["candidate"])
        self._behind = (self.clock() + UNLISTED_SECONDS, known)

    def edit(self) -> None:
        """Somebody saves again what has not changed for longest."""
        for table in ("candidate", "application"):
            for _, row in self.records.changed_since(table, 0)[:EDITED]:
                self.records.touch(table, row["id"])

    def _told(self, left: int) -> dict[str, str]:
        told = {"Limit": self.limit, "Remaining": left}
        concurrent = {"Concurrent-Limit": 8, "Concurrent-Remaining": 7}
        return {f"X-RateLimit-{name}": str(n) for name, n in {**told, **concurrent}.items()}

    def _serve(
        self, right: str, act: Callable[..., Answer], request: Request, **named: str
    ) -> Answer:
        if request.headers.get("x-smarttoken") not in self.keys:
            return Answer(401, {"message": "Unauthorized"})
        if right not in self.rights:
            return Answer(403, {"message": "Access denied"})
        try:
            return act(request, **named)
        except Declined as no:
            return no.answer

    def _row(self, table: str, ref: Any) -> Row:
        row = self.records.tables[table].get(str(ref))
        if row is None:
            raise Declined(404, f"{table.upper()}_NOT_FOUND")
        return row

    def _list(self, request: Request, rows: Iterable[Row]) -> Answer:
        """A page of a list, oldest first; a `pageId` names the last object shown."""
        found = list(rows)
        asked = request.query.get("limit", str(USUAL))
        if not asked.isdecimal() or not 1 <= int(asked) <= MOST:
            raise Declined(400, "LIMIT_INVALID")
        size, total = min(self.page, int(asked)), len(found)
        if at := request.query.get("pageId"):
            names = [str(row.get("id")) for row in found]
            last = _last_of(at)
            if self.forgets_pages or last not in names:
                raise Declined(400, "PAGE_ID_INVALID")
            found = found[names.index(last) + 1 :]
        body: Row = {"limit": size, "totalFound": total, "content": found[:size]}
        if len(found) > size:
            body["nextPageId"] = _page_id(str(found[size - 1].get("id")))
        return Answer(body=body)

    def _counted(self, request: Request, rows: list[Row]) -> Answer:
        """A page of a list that knows no page ids."""
        size, start = int(request.query.get("limit", USUAL)), int(request.query.get("offset", 0))
        told = {"limit": size, "offset": start, "totalFound": len(rows)}
        return Answer(body={**told, "content": rows[start : start + min(size, self.page)]})

    def _jobs(self, request: Request) -> Answer:
        words = request.query.get("q", "").lower()
        rows = [self.records.job(row) for row in self.records.tables["job"].values()]
        return self._list(request, [row for row in rows if words in row["title"].lower()])

    def _job(self, request: Request, ref: str) -> Answer:
        return Answer(body=self.records.job(self._row("job", ref)))

    def _create_job(self, request: Request) -> Answer:
        asked = request.json
        place = asked.get("location", {})
        ids = {
            "industry": asked.get("industry", {}).get("id"),
            "function": asked.get("function", {}).get("id"),
            "experience_level": asked.get("experienceLevel", {}).get("id"),
        }
        if not asked.get("title") or not place.get("countryCode") or not place.get("city"):
            raise Declined(400, "JOB_INVALID")
        if wrong := [name for name, value in ids.items() if value != SETTINGS[name]]:
            raise Declined(400, f"{wrong[0].upper()}_INVALID")
        name, code = asked["title"], asked.get("refNumber", "")
        title = f"{name} ({code})" if code else name  # as those who act here know it
        row = {"title": title, "name": name, "refNumber": code, "location": place}
        more = {"status": "Draft", "shown_status": "CREATED"}
        job = self.records.insert("job", (title,), {**row, **more})
        self.note("jobs", self.staff.code(job) or title)
        self._announce("jobCreate", job)
        return Answer(201, self.records.job(job), changed=True)

    def _set_job_status(self, request: Request, ref: str) -> Answer:
        job, status = self._row("job", ref), request.json.get("status")
        known = {"CREATED": "Draft", "FILLED": "Closed", "CANCELLED": "Closed", "ON_HOLD": "Draft"}
        if status not in {*known, "SOURCING", "INTERVIEW", "OFFER"}:
            raise Declined(400, "STATUS_INVALID")
        job.update(status=known.get(status, "Open"), shown_status=status)
        self.records.touch("job", job["id"])
        if job["status"] == "Open":
            self.records.tell("opened", job)
        if job["status"] == "Closed":
            self.note("closed_jobs", self.staff.code(job) or job["title"])
        self._announce("jobUpdate", job)
        return Answer(204, changed=True)

    def _candidates(self, request: Request) -> Answer:
        until, known = self._behind
        rows = self.records.tables["candidate"].values()
        found = [row for row in rows if self.clock() >= until or row["id"] in known]
        return self._list(
            request, [self.records.listed(row) for row in found if self._is_meant(row, request)]
        )

    def _is_meant(self, row: Row, request: Request) -> bool:
        asked, applications = request.query, self.records.applications(row)
        words = " ".join([row["name"], *(each["value"] for each in row["emailAddresses"])])
        statuses = {self.records.assignment(each)["status"] for each in applications}
        return (
            asked.get("q", "").lower() in words.lower()
            and asked.get("jobId") in {None, *(each["jobId"] for each in applications)}
            and asked.get("status") in {None, *statuses}
            and asked.get("tag", "").lower() in {"", *(tag.lower() for tag in row["tags"])}
            and self.records.updated(row) > asked.get("updatedAfter", "")
        )

    def _candidate(self, request: Request, ref: str) -> Answer:
        return Answer(body=self.records.details(self._row("candidate", ref)))

    def _attachments(self, request: Request, ref: str) -> Answer:
        """What came with a candidate's applications; each says where it is."""
        host, shown = request.headers["host"], []
        for row in self.records.applications(self._row("candidate", ref)):
            if self.files.has(row):
                here = f"http://{host}{self.prefix}/candidates/attachments/{row['id']}"
                url = self.files.link(host, row["id"]) if self.elsewhere else here
                shown += [_attachment("COVER_LETTER", LETTER), _attachment("RESUME", url)]
        return Answer(body={"totalFound": len(shown), "content": shown})

    def _attachment(self, request: Request, ref: str) -> Answer:
        return Answer(body=self.files.of(self._row("application", ref)))

    def _create_candidate(self, request: Request, ref: str) -> Answer:
        asked, job = request.json, self._row("job", ref)
        if unknown := sorted(asked.keys() - CANDIDATE):
            raise Declined(400, f"{unknown[0].upper()}_UNKNOWN")
        if not all(asked.get(name) for name in ("firstName", "lastName", "email")):
            raise Declined(400, "CANDIDATE_INVALID")
        source = self._source(asked.get("sourceDetails"))
        candidate = self._same(asked["email"]) if self.merges else None
        if candidate is None:
            names = {name: asked[name] for name in ("firstName", "lastName")}
            more = {**names, "tags": list(asked.get("tags", []))}
            name = f"{asked['firstName']} {asked['lastName']}"
            phone = asked.get("phoneNumber")
            candidate = self.records.add_candidate(name, asked["email"], phone, more)
        if self.records.application(candidate["id"], ref) is None:
            first = STAGE["Application Review"]
            self.records.add_application(candidate, job, first, source)
            self.note("applications", f"{asked['email']} {job['title']} {self.records.now}")
        return Answer(201, self.records.details(candidate), changed=True)

    def _source(self, told: Row | None) -> Row:
        if told is None:
            return {}
        for source in self.sources:
            if source["id"] == told.get("sourceId"):
                return {"source": source}
        raise Declined(400, "SOURCE_INVALID")

    def _same(self, email: str) -> Row | None:
        for row in self.records.tables["candidate"].values():
            if email.lower() in {each["value"].lower() for each in row["emailAddresses"]}:
                return row
        return None

    def _found(self, candidate: str, job: str) -> Row:
        row = self.records.application(candidate, job)
        if row is None:
            raise Declined(404, "APPLICATION_NOT_FOUND")
        return row

    def _application(self, request: Request, ref: str, job: str) -> Answer:
        shown = self.records.assignment(self._found(ref, job))
        url = f"https://www.smartrecruiters.com/app/people/{ref}"
        return Answer(body={**{k: v for k, v in shown.items() if k != "job"}, "url": url})

    def _set_status(self, request: Request, ref: str, job: str) -> Answer:
        application, asked = self._found(ref, job), request.json
        status, reason = asked.get("status"), None
        stage = stage_of(str(status), asked.get("subStatus"))
        if status in ("REJECTED", "WITHDRAWN"):
            stage = STAGE["Archived"]
            reason = next((r for r in self.reasons if r["id"] == asked.get("reason")), None)
            kind = reason["reasonType"] if reason else None
            if kind is None or (kind == "RejectedByCandidate") != (status == "WITHDRAWN"):
                raise Declined(400, "REASON_INVALID")
        if stage is None:
            raise Declined(400, "STATUS_INVALID")
        self.records.enter(application, stage, reason)
        self.note("rejections" if reason else "moves", f"{ref}:{job} {status}")
        return Answer(204, changed=True)

    def _history(self, request: Request, ref: str, job: str) -> Answer:
        rows = self.records.history(self._found(ref, job))
        return Answer(body={"totalFound": len(rows), "content": rows})

    def _answers(self, request: Request, ref: str, job: str) -> Answer:
        rows = self.records.answers(self._found(ref, job))
        return Answer(body={"totalFound": len(rows), "content": rows})

    def _messages(self, request: Request) -> Answer:
        candidate = self._row("candidate", request.query.get("candidateId"))["id"]
        kept = self.records.tables["note"].values()
        page = self._list(request, [row for row in kept if row["candidateId"] == candidate])
        page.body["content"] = [_message(row) for row in page.body["content"]]
        return page

    def _create_message(self, request: Request) -> Answer:
        text = request.json.get("content", "")
        tagged = re.findall(r"#\[CANDIDATE:([^\]]+)\]", text)
        if not tagged or not 1 <= len(text) <= 10_000:
            raise Declined(400, "CONTENT_INVALID")
        candidate = self._row("candidate", tagged[0])
        row = {"candidateId": candidate["id"], "content": text}
        kept = self.records.insert("note", (candidate["id"], self.world.digest(text)), row)
        self.note("notes", text.rstrip().rsplit("\n", 1)[-1])
        return Answer(201, {"id": kept["id"], "shareRequired": False}, changed=True)

    def _create_interview(self, request: Request) -> Answer:
        asked = request.json
        candidate, job = asked.get("candidate", {}).get("id"), asked.get("jobId")
        application = self._found(str(candidate), str(job))
        slots = asked.get("timeslots", [])
        users = [who["id"] for slot in slots for who in slot.get("interviewers", [])]
        if application["status"] != "Active" or len(slots) != 1 or not users:
            raise Declined(400, "INTERVIEW_INVALID")
        if asked.get("organizerId") not in self.records.users:
            raise Declined(400, "ORGANIZER_NOT_FOUND")
        if slots[0].get("interviewType") != SETTINGS["interview_type"]:
            raise Declined(400, "INTERVIEW_TYPE_NOT_FOUND")
        event = {
            "startTime": slots[0]["startsOn"],
            "endTime": slots[0]["endsOn"],
            "interviewers": [{"email": self.records.users[user]} for user in users],
            "extraData": {"round": slots[0]["title"]},
        }
        schedule = self.staff.schedule(application, [event])
        self.note("interviews", f"{candidate}:{job} {slots[0]['title']}")
        return Answer(201, self.records.interview(schedule), changed=True)

    def _subscriptions(self, request: Request) -> Answer:
        events = [{"name": name, "version": "v201910"} for name in sorted(WEBHOOKS.values())]
        told = {"id": fixed("subscription"), "callbackUrl": self.subscribed, "events": events}
        active, lapsed = {**told, "status": "active"}, {**told, "status": "inactive"}
        found = [active] if self.subscribed else [{**lapsed, "callbackUrl": "http://old.example"}]
        return Answer(body=found)

    def _types(self, request: Request) -> Answer:
        return Answer(body=["Phone interview", SETTINGS["interview_type"]])

    def _interview(self, request: Request, ref: str) -> Answer:
        return Answer(body=self.records.interview(self._row("schedule", ref)))

    def _reviews(self, request: Request) -> Answer:
        asked = request.query
        row = self._found(asked.get("candidateId", ""), asked.get("jobId", ""))
        return Answer(body=self.records.reviews(row))

    def _users(self, request: Request) -> Answer:
        words, known = request.query.get("q", ""), len(self.records.users)
        if "@" in words:
            self.records.user(words)
        rows = [self._shown_user(ref) for ref in self.records.users]
        page = self._list(request, [row for row in rows if words.lower() in row["email"].lower()])
        return replace(page, changed=len(self.records.users) > known)

    def _user(self, request: Request, ref: str) -> Answer:
        if ref not in self.records.users:
            raise Declined(404, "USER_NOT_FOUND")
        return Answer(body=self._shown_user(ref))

    def _shown_user(self, ref: str) -> Row:
        email = self.records.users[ref]
        return {"id": ref, "email": email, "firstName": email[:1], "lastName": "", "active": True}

    def _source_types(self, request: Request) -> Answer:
        kinds = sorted({SOURCE_TYPES.get(each, "OTHER") for each in SOURCES})
        rows = [{"id": kind, "label": kind.title(), "subtypes": []} for kind in kinds]
        return Answer(body={"totalFound": len(rows), "content": rows})

    def _source_values(self, request: Request, ref: str) -> Answer:
        rows = [
            {"id": each["id"], "label": each["title"], "sourceSubType": None}
            for each in self.sources
            if SOURCE_TYPES.get(each["title"], "OTHER") == ref
        ]
        return self._counted(request, rows)

    def _reasons(self, request: Request, kind: str) -> Answer:
        by_candidate = kind == "withdrawal"
        rows = [
            {"id": each["id"], "label": each["text"]}
            for each in self.reasons
            if (each["reasonType"] == "RejectedByCandidate") == by_candidate
        ]
        return Answer(body={"totalFound": len(rows), "content": rows})

    def _announce(self, action: str, row: Row) -> None:
        """Tell by webhook which objects something happened to."""
        if action in WEBHOOKS:
            is_job = action.startswith("job")
            about = {"job_id": row["id"] if is_job else row["jobId"]}
            if not is_job:
                about |= {"candidate_id": row["candidateId"], "application_id": row["id"]}
            self.tell(WEBHOOKS[action], about)


def _attachment(kind: str, url: str) -> Row:
    download = {"url": url, "method": "GET"}
    told = {"id": fixed(url), "name": "file.pdf", "type": kind, "contentType": "application/pdf"}
    return {**told, "actions": {"download": download}}


def _message(row: Row) -> Row:
    """A message as a list shows it: without an id."""
    return {
        "content": row["content"],
        "createdOn": row["createdAt"],
        "visibility": "OPEN",
        "authorId": SETTINGS["organizer_id"],
        "context": {"applications": []},
    }


def _page_id(last: str) -> str:
    return base64.urlsafe_b64encode(json.dumps({"after": last}).encode()).decode()


def _last_of(page_id: str) -> str:
    try:
        return str(json.loads(base64.urlsafe_b64decode(page_id))["after"])
    except (ValueError, KeyError, TypeError):
        raise Declined(400, "PAGE_ID_INVALID") from None


SERVED = Served(
    "smartrecruiters",
    lambda at: at.account(
        "sandbox-smartrecruiters",
        "smartrecruiters",
        {"webhook": "sandbox-smartrecruiters-webhook"},
        **SETTINGS,
    ),
    lambda scene: SmartRecruiters(scene.world, scene.people, scene.requisitions),
    TRACKER,
)
