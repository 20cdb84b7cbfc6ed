"""Lever, as documented: https://hire.lever.co/developer/documentation.

The account has one user for the API, whose id is the same in every world; interviewers become users
when they are first asked for. Lists come newest first. Lever counts requests a second, so 429 comes
from faults only, and says nothing of when to come back. Who came through the careers page is in
`received["applied"]`.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from deployments.sandbox.ashby import REASONS, SOURCES
from deployments.sandbox.ashby_records import STAGE, Row, stamp
from deployments.sandbox.files import Files
from deployments.sandbox.lever_records import (
    STAGES,
    TEAM,
    TEMPLATE,
    TITLES,
    USER,
    Records,
    fixed,
    instant,
    milliseconds,
)
from deployments.sandbox.people import People
from deployments.sandbox.served import TRACKER, Place, Served
from deployments.sandbox.server import FAULTS, Answer, Request, Route, StandIn
from deployments.sandbox.tracker_people import Staff
from deployments.sandbox.world import World

MOST = 100
EDITED = 3
WEBHOOKS = {
    "applicationSubmit": "applicationCreated",
    "candidateStageChange": "candidateStageChange",
}


class Declined(Exception):
    """What Lever says with a status of 4xx."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.answer = Answer(status, {"code": code, "message": message})


class Lever(StandIn):
    """One client's Lever. Tests may revoke the key and take scopes away.

    `expands`: whether applications are shown in full when that is asked for. `redirects`: whether a
    file is elsewhere.
    """

    prefix = "/lever"
    spoils = (*FAULTS, "edit")

    def __init__(self, world: World, people: People, requisitions_dir: Path | None = None) -> None:
        super().__init__(world)
        self.keys = {"sandbox-lever"}
        self.webhook_secret = "sandbox-lever-webhook"
        self.records = Records(world)
        self.records.announce = self._announce
        # `reasonType` is for those who act here; Lever itself only tells hires from the rest.
        self.reasons: list[Row] = [
            {"id": fixed(f"reason/{text}"), "text": text, "reasonType": kind}
            for kind, texts in {**REASONS, "Hired": ["Hired"]}.items()
            for text in texts
        ]
        sources: list[Row] = [{"id": fixed(title), "title": title} for title in SOURCES]
        self.staff = Staff(self.records, people, requisitions_dir, self.reasons, sources)
        self.records.when["applied"] = lambda row: self.note("applied", row["id"])
        self.files = Files(self.prefix, self.staff)
        self.page, self.expands, self.redirects = 50, True, False
        self.scopes = {
            f"{what}:{how}"
            for what in ("opportunities", "postings", "notes", "panels", "feedback", "uploads")
            for how in ("read", "write")
        } | {"users:read", "stages:read", "archive_reasons:read", "resumes:read"}

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """Every operation, with the scope that it needs."""
        one = r"/opportunities/(?P<ref>[^/]+)"
        calls: dict[tuple[str, str], tuple[str, Callable[..., Answer]]] = {
            ("GET", "/v1/postings"): ("postings:read", self._postings),
            ("POST", "/v1/postings"): ("postings:write", self._create_posting),
            ("GET", r"/v1/postings/(?P<ref>[^/]+)"): ("postings:read", self._posting),
            ("POST", r"/v1/postings/(?P<ref>[^/]+)"): ("postings:write", self._change_posting),
            ("GET", "/v1/opportunities"): ("opportunities:read", self._opportunities),
            ("GET", "/v1/opportunities/deleted"): ("opportunities:read", self._deleted),
            ("POST", "/v1/opportunities"): ("opportunities:write", self._create),
            ("GET", f"/v1{one}"): ("opportunities:read", self._opportunity),
            ("GET", f"/v1{one}/applications"): ("opportunities:read", self._applications),
            ("PUT", f"/v1{one}/stage"): ("opportunities:write", self._move),
            ("PUT", f"/v1{one}/archived"): ("opportunities:write", self._archive),
            ("GET", f"/v1{one}/notes"): ("notes:read", self._notes),
            ("POST", f"/v1{one}/notes"): ("notes:write", self._create_note),
            ("GET", f"/v1{one}/panels"): ("panels:read", self._panels),
            ("POST", f"/v1{one}/panels"): ("panels:write", self._create_panel),
            ("GET", f"/v1{one}/feedback"): ("feedback:read", self._feedback),
            ("GET", f"/v1{one}/resumes"): ("resumes:read", self._resumes),
            ("GET", f"/v1{one}/resumes/(?P<file>[^/]+)/download"): (
                "resumes:read",
                self._download,
            ),
            ("GET", "/v1/users"): ("users:read", self._users),
            ("GET", r"/v1/users/(?P<ref>[^/]+)"): ("users:read", self._user),
            ("GET", "/v1/stages"): ("stages:read", self._stages),
            ("GET", "/v1/archive_reasons"): ("archive_reasons:read", self._reasons),
            ("GET", r"/v1/archive_reasons/(?P<ref>[^/]+)"): ("archive_reasons:read", self._reason),
        }
        api = {asked: partial(self._serve, *call) for asked, call in calls.items()}
        return {("GET", r"/files/(?P<ref>[\w-]+)"): self.files.get, **api}

    def too_many(self, seconds: int = 1) -> Answer:
        """Say 429 without a word of when to come back."""
        return Answer(429, {"code": "TooManyRequests", "message": "Rate limit exceeded"})

    def stands(self) -> list[str]:
        """Every application's way through its stages, in the order in which it was moved."""
        return sorted(self.records.way(row) for row in self.records.tables["application"].values())

    def lie(self) -> Any:
        """An error of Lever's own."""
        return {"code": "InternalServerError", "message": "Something went wrong"}

    def edit(self) -> None:
        """Somebody saves again what has not changed for longest."""
        for table in ("candidate", "application"):
            for _, row in self.records.changed_since(table, 0)[:EDITED]:
                self.records.touch(table, row["id"])

    def _serve(
        self, scope: str, act: Callable[..., Answer], request: Request, **named: str
    ) -> Answer:
        if request.basic_user not in self.keys:
            return Answer(401, {"code": "Unauthorized", "message": "Invalid API key"})
        if scope not in self.scopes:
            return Answer(403, {"code": "Forbidden", "message": "The key lacks a permission"})
        try:
            if request.method != "GET":
                self._performer(request)
            return act(request, **named)
        except Declined as no:
            return no.answer

    def _performer(self, request: Request) -> None:
        if request.query.get("perform_as") not in self.records.users:
            raise Declined(400, "BadRequest", "perform_as is not a user")

    def _row(self, table: str, ref: Any) -> Row:
        row = self.records.tables[table].get(str(ref))
        if row is None:
            raise Declined(404, "ResourceNotFound", f"{table} was not found")
        return row

    def _list(self, request: Request, rows: Iterable[Row]) -> Answer:
        """A page of a list; the offset names the last object shown."""
        sort = sorted(rows, key=lambda row: (-row.get("createdAt", 0), row.get("id", "")))
        limit = request.query.get("limit", str(MOST))
        if not limit.isdecimal() or not 1 <= int(limit) <= MOST:
            raise Declined(400, "BadRequest", "limit is out of range")
        size = min(self.page, int(limit))
        if at := request.query.get("offset"):
            after = _offset(at)
            sort = [r for r in sort if (-r.get("createdAt", 0), r.get("id", "")) > after]
        body: Row = {"data": sort[:size], "hasNext": len(sort) > size}
        if body["hasNext"]:
            last = sort[size - 1]
            text = json.dumps([-last.get("createdAt", 0), last.get("id", "")])
            body["next"] = base64.urlsafe_b64encode(text.encode()).decode()
        return Answer(body=body)

    def _postings(self, request: Request) -> Answer:
        rows = self.records.tables["job"].values()
        return self._list(request, [self.records.posting(row) for row in rows])

    def _posting(self, request: Request, ref: str) -> Answer:
        return _one(self.records.posting(self._row("job", ref)))

    def _create_posting(self, request: Request) -> Answer:
        asked = request.json
        if not asked.get("text") or asked.get("state") not in ("published", "draft", "internal"):
            raise Declined(400, "BadRequest", "text and state are required")
        codes = [tag.rpartition(" ")[2] for tag in asked.get("tags", [])]
        name = asked["text"]
        title = f"{name} ({codes[0]})" if codes else name  # as those who act here know it
        job = self.records.insert(
            "job",
            (title,),
            {
                "title": title,
                "name": name,
                "status": "Open" if asked["state"] == "published" else "Draft",
                "categories": asked.get("categories", {}),
                "tags": asked.get("tags", []),
            },
        )
        self.note("jobs", self.staff.code(job) or title)
        if job["status"] == "Open":
            self.records.tell("opened", job)
        return _one(self.records.posting(job), 201)

    def _change_posting(self, request: Request, ref: str) -> Answer:
        job, state = self._row("job", ref), request.json.get("state")
        if state not in ("published", "closed", "draft"):
            raise Declined(400, "BadRequest", "state has a value that is not permitted")
        job["status"] = {"published": "Open", "closed": "Closed", "draft": "Draft"}[state]
        self.records.touch("job", ref)
        if state == "closed":
            self.note("closed_jobs", self.staff.code(job) or job["title"])
        return _one(self.records.posting(job), changed=True)

    def _opportunities(self, request: Request) -> Answer:
        asked = request.query
        in_full = asked.get("expand") == "applications" and self.expands
        since = int(asked.get("updated_at_start", 0))
        shown = []
        for row in self.records.tables["application"].values():
            told = self.records.opportunity(row, in_full=in_full)
            tests = [
                self.records.updated(row) >= since,
                asked.get("tag") is None or asked["tag"] in told["tags"],
                asked.get("email") is None or _has(told, asked["email"]),
                asked.get("archived") is None
                or (asked["archived"] == "true") == bool(told["archived"]),
                asked.get("stage_id") is None or told["stage"] == asked["stage_id"],
            ]
            if all(tests):
                shown.append(told)
        return self._list(request, shown)

    def _deleted(self, request: Request) -> Answer:
        since = int(request.query.get("deleted_at_start", 0))
        rows = [{"id": ref, "deletedAt": milliseconds(at)} for ref, at in self.records.deleted]
        return self._list(request, [row for row in rows if int(str(row["deletedAt"])) >= since])

    def _opportunity(self, request: Request, ref: str) -> Answer:
        row = self._row("application", ref)
        in_full = request.query.get("expand") == "applications" and self.expands
        return _one(self.records.opportunity(row, in_full=in_full))

    def _applications(self, request: Request, ref: str) -> Answer:
        return self._list(request, [self.records.application(self._row("application", ref))])

    def _create(self, request: Request) -> Answer:
        asked = request.json
        postings = asked.get("postings", [])
        if len(postings) > 1:
            raise Declined(400, "BadRequest", "an opportunity has at most one posting")
        job = self._row("job", postings[0]) if postings else None
        stage = TITLES.get(asked.get("stage", "lead-new"))
        if stage is None or job is None:
            raise Declined(400, "BadRequest", "the stage or the posting does not exist")
        at = asked.get("createdAt", milliseconds(self.records.now))
        if instant(at) > self.world.now:
            raise Declined(400, "BadRequest", "createdAt is in the future")
        emails = asked.get("emails", [])
        person = self._person(emails)
        if deduped := person is not None:
            candidate = person
        else:
            phones = [each["value"] for each in asked.get("phones", [])]
            candidate = self.records.add_candidate(
                asked.get("name", ""),
                emails[0] if emails else None,
                phones[0] if phones else None,
                {"createdAt": stamp(instant(at))},
            )
        more: Row = {"createdAt": stamp(instant(at)), "tags": asked.get("tags", [])}
        if sources := asked.get("sources"):
            more["source"] = {"title": sources[0]}
        row = self.records.add_application(candidate, job, STAGE[stage], more)
        who = emails[0] if emails else candidate["name"]
        self.note("applications", f"{who} {job['title']} {more['createdAt']}")
        body = {"deduped": deduped, "data": self.records.opportunity(row)}
        return Answer(201, body, changed=True)

    def _person(self, emails: list[str]) -> Row | None:
        """The contact who has one of these addresses: nobody is created twice."""
        wanted = {email.lower() for email in emails}
        for row in self.records.tables["candidate"].values():
            if wanted & {each["value"].lower() for each in row["emailAddresses"]}:
                return row
        return None

    def _move(self, request: Request, ref: str) -> Answer:
        """Move an opportunity; one that is archived is moved, and stays archived."""
        row, title = self._row("application", ref), TITLES.get(request.json.get("stage"))
        if title is None:
            raise Declined(400, "BadRequest", "the stage does not exist")
        if row["status"] in ("Archived", "Hired"):
            names = ("archiveReason", "archivedAt", "stage", "status")
            before = {name: row[name] for name in names}
            self.records.enter(row, STAGE[title])
            row.update(before)
        else:
            self.records.enter(row, STAGE[title])
        self.note("moves", f"{ref} {title}")
        return _one(self.records.opportunity(row), changed=True)

    def _archive(self, request: Request, ref: str) -> Answer:
        row, wanted = self._row("application", ref), request.json.get("reason")
        reason = next((each for each in self.reasons if each["id"] == wanted), None)
        if reason is None:
            raise Declined(400, "BadRequest", "the archive reason does not exist")
        is_hired = reason["reasonType"] == "Hired"
        self.records.enter(row, STAGE["Hired" if is_hired else "Archived"], reason)
        self.note("moves" if is_hired else "rejections", f"{ref} Hired" if is_hired else ref)
        return _one(self.records.opportunity(row), changed=True)

    def _notes(self, request: Request, ref: str) -> Answer:
        rows = self.records.tables["note"].values()
        notes = [self.records.note(row) for row in rows if row["candidateId"] == ref]
        return self._list(request, notes)

    def _create_note(self, request: Request, ref: str) -> Answer:
        text = request.json.get("value")
        if not text:
            raise Declined(400, "BadRequest", "value is required")
        self._row("application", ref)
        kept = {"candidateId": ref, "content": text}
        row = self.records.insert("note", (ref, self.world.digest(text)), kept)
        self.note("notes", text.rstrip().rsplit("\n", 1)[-1])
        return _one({**self.records.note(row), "noteId": row["id"]}, 201)

    def _panels(self, request: Request, ref: str) -> Answer:
        rows = self.records.tables["schedule"].values()
        panels = [self.records.panel(row) for row in rows if row["applicationId"] == ref]
        return self._list(request, panels)

    def _create_panel(self, request: Request, ref: str) -> Answer:
        row, asked = self._row("application", ref), request.json.get("interviews", [])
        users, people = self.records.users, [p for each in asked for p in each["interviewers"]]
        if not asked or "timezone" not in request.json or any(p["id"] not in users for p in people):
            raise Declined(400, "BadRequest", "interviews of users in a timezone are required")
        if any(each.get("feedbackTemplate") != TEMPLATE for each in asked):
            raise Declined(400, "BadRequest", "feedbackTemplate does not exist")
        events = [
            {
                "startTime": instant(each["date"]).isoformat(),
                "endTime": instant(each["date"] + each["duration"] * 60_000).isoformat(),
                "interviewers": [{"email": users[p["id"]]} for p in each["interviewers"]],
                "extraData": {"round": each["subject"], "note": each.get("note")},
            }
            for each in asked
        ]
        schedule = self.staff.schedule(row, events)
        for each in asked:
            self.note("interviews", f"{ref} {each['subject']}")
        return _one(self.records.panel(schedule), 201)

    def _feedback(self, request: Request, ref: str) -> Answer:
        self._row("application", ref)
        return self._list(request, self.records.forms(ref))

    def _resumes(self, request: Request, ref: str) -> Answer:
        row = self._row("application", ref)
        at = milliseconds(row["createdAt"])
        shown = {"file": {"name": "resume.pdf", "status": "ready"}, "parsedData": {}}
        times = (at - 1, at) if self.files.has(row) else ()
        told = [{"id": fixed(f"resume/{ref}/{time}"), "createdAt": time} for time in times]
        return self._list(request, [{**shown, **each} for each in told])

    def _download(self, request: Request, ref: str, file: str) -> Answer:
        row = self._row("application", ref)
        newest = fixed(f"resume/{ref}/{milliseconds(row['createdAt'])}")
        if not self.files.has(row) or file != newest:
            raise Declined(404, "ResourceNotFound", "the resume was not found")
        if self.redirects:
            return Answer(302, headers={"Location": self.files.link(request.headers["host"], ref)})
        return Answer(body=self.files.of(row))

    def _users(self, request: Request) -> Answer:
        """Users; whoever is asked for by an address of the client's becomes one."""
        email = request.query.get("email")
        known = len(self.records.users)
        if email and email.endswith(".example"):
            self.records.user(email)
        users = [_user(ref, each) for ref, each in self.records.users.items()]
        answer = self._list(request, [u for u in users if email in (None, u["email"])])
        return replace(answer, changed=len(users) > known)

    def _user(self, request: Request, ref: str) -> Answer:
        if ref not in self.records.users:
            raise Declined(404, "ResourceNotFound", "the user was not found")
        return _one(_user(ref, self.records.users[ref]))

    def _stages(self, request: Request) -> Answer:
        rows = [{"id": ref, "text": text} for ref, text in STAGES.values()]
        return Answer(body={"data": rows, "hasNext": False})

    def _reasons(self, request: Request) -> Answer:
        return self._list(request, [_reason(each) for each in self.reasons])

    def _reason(self, request: Request, ref: str) -> Answer:
        for each in self.reasons:
            if each["id"] == ref:
                return _one(_reason(each))
        raise Declined(404, "ResourceNotFound", "the archive reason was not found")

    def _announce(self, action: str, row: Row) -> None:
        """Tell by webhook what happened to an opportunity."""
        if action not in WEBHOOKS:
            return
        kind = WEBHOOKS[action]
        if row["status"] in ("Archived", "Hired"):
            kind = "candidateHired" if row["status"] == "Hired" else "candidateArchiveChange"
        shown = self.records.opportunity(row)
        about = {"candidateId": row["id"], "contactId": row["candidateId"]}
        ends = {"toStageId": shown["stage"], "toArchived": shown["archived"]}
        self.tell(kind, {**about, "opportunityId": row["id"], **ends})


def _one(row: Row, status: int = 200, *, changed: bool = False) -> Answer:
    return Answer(status, {"data": row}, changed=changed or status == 201)


def _offset(text: str) -> tuple[int, str]:
    try:
        at, ref = json.loads(base64.urlsafe_b64decode(text))
    except (ValueError, binascii.Error):
        raise Declined(400, "BadRequest", "offset is not valid") from None
    return int(at), str(ref)


def _has(opportunity: Row, email: str) -> bool:
    return email.lower() in {each.lower() for each in opportunity["emails"]}


def _user(ref: str, email: str) -> Row:
    name = email.partition("@")[0]
    roles = {"accessRole": "interviewer", "deactivatedAt": None}
    return {"id": ref, "name": name, "username": name, "email": email, "createdAt": 0, **roles}


def _reason(row: Row) -> Row:
    kind = row.get("type", "hired" if row["reasonType"] == "Hired" else "non-hired")
    return {"id": row["id"], "text": row["text"], "status": "active", "type": kind}


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    return at.account(
        "sandbox-lever",
        "lever/v1",
        {"webhook": "sandbox-lever-webhook"},
        user_id=USER,
        team=TEAM,
        feedback_template_id=TEMPLATE,
    )


SERVED = Served(
    "lever",
    account,
    lambda scene: Lever(scene.world, scene.people, scene.requisitions),
    TRACKER,
)
