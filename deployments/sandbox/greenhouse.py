"""Greenhouse, Harvest v3, as documented: https://harvestdocs.greenhouse.io.

The API is below `/greenhouse/v3`, the token endpoint is `/greenhouse/auth/token`, the job board is
`board`. The organisation has one template job, whose id and interview plan are the same in every
world. Lists come newest first, in pages that are smaller than they may be. Who came through the
careers page is in `received["applied"]`.
"""

import base64
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

from deployments.sandbox import greenhouse_board
from deployments.sandbox.ashby import REASONS, SOURCES
from deployments.sandbox.ashby_records import STAGE, Row
from deployments.sandbox.files import LETTER, Files
from deployments.sandbox.greenhouse_board import Board
from deployments.sandbox.greenhouse_bodies import Body, Declined, checked
from deployments.sandbox.greenhouse_lists import FILTERS, page
from deployments.sandbox.greenhouse_records import (
    TEMPLATE,
    Records,
    number,
    reason_of,
    stage_of,
    stamp,
)
from deployments.sandbox.people import People
from deployments.sandbox.served import TRACKER, Place, Served
from deployments.sandbox.server import (
    FAULTS,
    UNLISTED_SECONDS,
    Answer,
    Request,
    Route,
    StandIn,
)
from deployments.sandbox.tracker_people import Staff
from deployments.sandbox.world import World

CLIENT_ID, CLIENT_SECRET = "sandbox-greenhouse-client", "sandbox-greenhouse"
USER = "4100"  # a Site Admin
LIFE = timedelta(hours=1)
PAGE = 50
EDITED = 3
WEBHOOKS = {
    "applicationSubmit": "new_candidate_application",
    "candidateStageChange": "candidate_stage_change",
    "applicationUpdate": "application_updated",
    "candidateHire": "hire_candidate",
    "jobCreate": "job_created",
    "jobUpdate": "job_updated",
}


@dataclass
class Window:
    """So many requests in each of the windows of 30 seconds, counted by a clock of their own."""

    limit: int = 100_000
    seconds: int = 30
    clock: Callable[[], float] = time.monotonic
    number: int = 0
    used: int = 0
    taken: int = 0
    refused: int = 0

    def take(self) -> bool:
        """Count a request, unless it is one too many."""
        current = int(self.clock() // self.seconds)
        if current != self.number:
            self.number, self.used = current, 0
        if self.used >= self.limit:
            self.refused += 1
            return False
        self.used += 1
        self.taken += 1
        return True

    def left(self) -> int:
        """Whole seconds until the next window."""
        return ceil(self.seconds - self.clock() % self.seconds)

    def headers(self, now: datetime) -> dict[str, str]:
        """What every answer tells of it."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.limit - self.used),
            "X-RateLimit-Reset": str(int(now.timestamp()) + self.left()),
        }


class Greenhouse(StandIn):
    """One client's Greenhouse. Tests may take scopes away, end tokens and tighten the quota."""

    prefix = "/greenhouse"
    spoils = (*FAULTS, "expire", "edit")

    def __init__(self, world: World, people: People, requisitions_dir: Path | None = None) -> None:
        super().__init__(world)
        self.webhook_secret = "sandbox-greenhouse-webhook"
        reasons = [
            {"text": text, "reasonType": kind} for kind, texts in REASONS.items() for text in texts
        ]
        sources = [{"title": title} for title in SOURCES]
        self.reasons, self.sources = reasons, sources
        self.records = Records(world, reasons, sources)
        self.records.announce = self._announce
        self.staff = Staff(self.records, people, requisitions_dir, reasons, sources)
        self.records.when["applied"] = lambda row: self.note("applied", row["id"])
        self.files = Files(self.prefix, self.staff)
        self.records.rounds = sorted(
            {
                planned["name"]
                for requisition in self.staff.requisitions.values()
                for planned in requisition.get("rounds", [])
            }
        )
        self.board = Board(self.records, self.note)
        self.page, self.window = PAGE, Window()
        self.clock: Callable[[], float] = time.monotonic
        self._behind: tuple[float, set[int]] = (0.0, set())
        self.tokens: dict[str, datetime] = {}
        self.given = 0
        self.scopes = {f"harvest:{name}:list" for name in FILTERS} | {
            f"harvest:{scope}"
            for scope in (
                "candidates:create",
                "applications:create",
                "applications:move",
                "applications:reject",
                "applications:hire",
                "jobs:create",
                "openings:update",
                "notes:create",
                "interviews:create",
            )
        }

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """The token endpoint, every list, and what changes something."""
        writes: dict[tuple[str, str], tuple[str, Callable[..., Answer]]] = {
            ("POST", "/candidates"): ("candidates:create", self._create_candidate),
            ("POST", "/applications"): ("applications:create", self._create_application),
            ("POST", r"/applications/(?P<ref>\d+)/move"): ("applications:move", self._move),
            ("POST", r"/applications/(?P<ref>\d+)/reject"): ("applications:reject", self._reject),
            ("POST", r"/applications/(?P<ref>\d+)/hire"): ("applications:hire", self._hire),
            ("POST", "/jobs"): ("jobs:create", self._create_job),
            ("PATCH", r"/openings/(?P<ref>\d+)"): ("openings:update", self._change_opening),
            ("POST", "/notes"): ("notes:create", self._create_note),
            ("POST", "/interviews"): ("interviews:create", self._create_interview),
        }
        lists = {
            ("GET", f"/v3/{name}"): partial(
                self._serve, f"{name}:list", partial(self._list, name=name)
            )
            for name in FILTERS
        }
        return {
            ("POST", "/auth/token"): self._token,
            ("GET", r"/files/(?P<ref>\d+)"): self.files.get,
            **self.board.routes,
            **lists,
            **{
                (method, f"/v3{path}"): partial(self._serve, scope, act)
                for (method, path), (scope, act) in writes.items()
            },
        }

    def handle(self, request: Request) -> Answer:
        """Tell with every answer how much of the quota is left."""
        if not request.path.startswith("/v3/"):
            return super().handle(request)
        if not self.world.replaying and not self.window.take():
            return self.too_many(self.window.left())
        answer = super().handle(request)
        return replace(answer, headers={**self.window.headers(self.world.now), **answer.headers})

    def too_many(self, seconds: int = 1) -> Answer:
        """Say 429, and when the next window begins."""
        told = {"Retry-After": str(seconds)}
        body = {"message": "Rate limit exceeded"}
        return Answer(429, body, {**self.window.headers(self.world.now), **told})

    def stands(self) -> list[str]:
        """Every application's way through its stages, in the order in which it was moved."""
        return sorted(self.records.way(row) for row in self.records.tables["application"].values())

    def lie(self) -> Any:
        """An error of Greenhouse's own."""
        return {"message": "Internal error", "errors": ["Internal error"]}

    def expire(self) -> None:
        """Let all access tokens end."""
        self.tokens.clear()

    def fall_behind(self) -> None:
        """Let the list of candidates show for a while only whom it shows now."""
        known = {row["id"] for row in self.records.rows("candidates")}
        self._behind = (self.clock() + UNLISTED_SECONDS, known)

    def edit(self) -> None:
        """Somebody saves again what has not changed for longest."""
        for table in ("candidate", "application"):
            for _, row in self.records.changed_since(table, 0)[:EDITED]:
                self.records.touch(table, row["id"])

    def _token(self, request: Request) -> Answer:
        """Give a token for an id and a secret, by HTTP Basic."""
        secret = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {secret}":
            return Answer(401, {"error": "invalid_client"})
        told = {**request.query, **dict(re.findall(r"(\w+)=([^&]*)", request.raw.decode()))}
        if told.get("grant_type") != "client_credentials" or not self.scopes:
            return Answer(400, {"error": "invalid_request"})
        token = self.world.digest("greenhouse token", self.given)
        self.given += 1
        self.tokens[token] = self.world.now + LIFE
        body = {"access_token": token, "token_type": "Bearer"}
        return Answer(200, {**body, "expires_in": int(LIFE.total_seconds())}, changed=True)

    def _serve(
        self, scope: str, act: Callable[..., Answer], request: Request, ref: str = ""
    ) -> Answer:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, self.world.now) <= self.world.now:
            return Answer(401, {"message": "Unauthorized"})
        if f"harvest:{scope}" not in self.scopes:
            return Answer(403, {"message": "Forbidden"})
        try:
            return act(request, ref) if ref else act(request)
        except Declined as no:
            return Answer(422, {"message": "Validation error", "errors": [str(no)]})

    def _list(self, request: Request, name: str) -> Answer:
        rows, (until, known) = self.records.rows(name), self._behind
        if name == "candidates" and self.clock() < until:
            rows = [row for row in rows if row["id"] in known]
        shown, cursor = page(name, rows, request.query, self.page)
        host = request.headers["host"]
        if name == "attachments":
            shown = [{**row, "url": self._url(host, row)} for row in shown]
        if cursor is None:
            return Answer(body=shown)
        link = f'<http://{host}{self.prefix}/v3/{name}?cursor={cursor}>; rel="next"'
        return Answer(body=shown, headers={"Link": link})

    def _url(self, host: str, attachment: Row) -> str:
        if attachment["type"] != "resume":
            return LETTER
        return self.files.link(host, str(attachment["application_id"]))

    def _row(self, table: str, ref: Any) -> Row:
        row = self.records.tables[table].get(str(ref))
        if row is None:
            raise Declined(f"{table} not found")
        return row

    def _create_candidate(self, request: Request) -> Answer:
        told = checked("candidate", request.json)
        asked = checked("candidate's application", told.get("application", {}))
        job = self._row("job", asked["job_id"])
        emails = [each["value"] for each in told.get("email_addresses", [])]
        phones = [each["value"] for each in told.get("phone_numbers", [])]
        first, last = told["first_name"], told["last_name"]
        if not first or not last:
            raise Declined("first_name and last_name cannot be blank")
        candidate = self.records.add_candidate(
            f"{first} {last}",
            emails[0] if emails else None,
            phones[0] if phones else None,
            {"first_name": first, "last_name": last},
        )
        application = self._apply(candidate, job, asked)
        shown = next(
            row for row in self.records.rows("candidates") if row["id"] == int(candidate["id"])
        )
        both = {"candidate": shown, "application": self.records.application(application)}
        return Answer(201, both, changed=True)

    def _create_application(self, request: Request) -> Answer:
        asked = checked("application", request.json)
        candidate = self._row("candidate", asked["candidate_id"])
        job = self._row("job", asked["job_id"])
        application = self._apply(candidate, job, asked)
        return Answer(201, self.records.application(application), changed=True)

    def _apply(self, candidate: Row, job: Row, asked: Row) -> Row:
        if job["status"] != "Open":
            raise Declined("the job is not open")
        more: Row = {"createdAt": stamp(asked.get("created_at", self.records.now))}
        for source in self.sources:
            if number("source", source["title"]) == asked.get("source_id"):
                more["source"] = source
        first = STAGE["Application Review"]
        application = self.records.add_application(candidate, job, first, more)
        email = next((item["value"] for item in candidate["emailAddresses"]), None)
        who = email or candidate["name"]
        self.note("applications", f"{who} {job['title']} {more['createdAt']}")
        return application

    def _move(self, request: Request, ref: str) -> Answer:
        asked, application = checked("move", request.json), self._open(ref)
        if asked["from_stage_id"] != int(self.records.stage_of(application)["id"]):
            raise Declined("from_stage_id is not the current stage")
        stage = stage_of(asked.get("to_stage_id"), int(application["jobId"]))
        if stage is None:
            raise Declined("to_stage_id is no stage of the job")
        self.records.enter(application, stage)
        self.note("moves", f"{ref} {stage['title']}")
        return Answer(204, changed=True)

    def _reject(self, request: Request, ref: str) -> Answer:
        asked, application = checked("reject", request.json), self._open(ref)
        reason = reason_of(asked["rejection_reason_id"], self.reasons)
        if reason is None:
            raise Declined("rejection_reason_id is not a reason")
        self.records.enter(application, STAGE["Archived"], reason)
        self.note("rejections", ref)
        if "rejection_email" in asked:
            self.note("rejection_emails", ref)
        return Answer(204, changed=True)

    def _hire(self, request: Request, ref: str) -> Answer:
        asked, application = checked("hire", request.json), self._open(ref)
        free = self._free(application["jobId"])
        chosen = [row for row in free if int(row["id"]) == asked.get("opening_id")]
        if not chosen and (len(free) != 1 or "opening_id" in asked):
            raise Declined("opening_id is not an open opening of the job")
        self.records.enter(application, STAGE["Hired"])
        self.note("moves", f"{ref} Hired")
        self._close((chosen or free)[0], application)
        return Answer(204, changed=True)

    def _open(self, ref: str) -> Row:
        application = self._row("application", ref)
        if application["status"] != "Active":
            raise Declined("the application is not in process")
        return application

    def _free(self, job_ref: str) -> list[Row]:
        rows = self.records.tables["opening"].values()
        return [row for row in rows if row["jobId"] == job_ref and "closedAt" not in row]

    def _create_job(self, request: Request) -> Answer:
        asked = checked("job", request.json)
        if asked["template_job_id"] != TEMPLATE:
            raise Declined("template_job_id is not a template")
        name, code = asked.get("job_name", "Template"), asked.get("requisition_id")
        row = {"title": f"{name} ({code})", "name": name, "requisition_id": code}
        more = {"status": "Open", "openedAt": self.records.now}
        job = self.records.insert("job", (name, code), {**row, **more})
        for order in range(asked["number_of_openings"]):
            opening = {"jobId": job["id"], "order": order}
            self.records.insert("opening", (job["id"], order), opening)
        self.note("jobs", self.staff.code(job) or name)
        self._announce("jobCreate", job)
        self.records.tell("opened", job)
        return Answer(201, self.records.job(job), changed=True)

    def _change_opening(self, request: Request, ref: str) -> Answer:
        asked, opening = checked("opening", request.json), self._row("opening", ref)
        if asked.get("status") == "closed" and "closedAt" not in opening:
            self._close(opening)
        elif "close_reason_id" in asked:
            raise Declined("close_reason_id is for closed openings")
        return Answer(200, self.records.opening(opening), changed=True)

    def _close(self, opening: Row, hired: Row | None = None) -> None:
        """Close an opening; with the last of them its job closes."""
        opening["closedAt"] = self.records.now
        if hired:
            opening["applicationId"] = int(hired["id"])
        self.records.touch("opening", opening["id"])
        job = self._row("job", opening["jobId"])
        if not self._free(job["id"]):
            job.update(status="Closed", closedAt=self.records.now)
            self.records.touch("job", job["id"])
            self.note("closed_jobs", self.staff.code(job) or job["title"])
            self._announce("jobUpdate", job)

    def _create_note(self, request: Request) -> Answer:
        asked = checked("note", request.json)
        visible = {
            "public": "publicly_visible",
            "private": "privately_visible",
            "admin_only": "admin_only_visible",
        }
        if asked["visibility"] not in visible or asked["note_type"] not in ("NOTE", "ACTIVITY"):
            raise Declined("visibility or note_type has a value that is not permitted")
        candidate = self._row("candidate", asked["candidate_id"])
        text = asked["body"]
        row = {"candidateId": candidate["id"], "content": text}
        kept = self.records.insert(
            "note",
            (candidate["id"], self.world.digest(text)),
            {**row, "visibility": visible[asked["visibility"]]},
        )
        self.note("notes", text.rstrip().rsplit("\n", 1)[-1])
        return Answer(201, self.records.written(kept), changed=True)

    def _create_interview(self, request: Request) -> Answer:
        asked = checked("interview", request.json)
        application = self._open(str(asked["application_id"]))
        job = int(application["jobId"])
        names = [
            n for n in self.records.rounds if number("slot", job, n) == asked["job_interview_id"]
        ]
        if not names or not asked["interviewers"]:
            raise Declined("job_interview_id is no interview of the job, or nobody holds it")
        for person in asked["interviewers"]:
            Body(frozenset({"email", "response_status"})).check(person)
        event = {
            "startTime": asked["starts_at"],
            "endTime": asked["ends_at"],
            "interviewers": asked["interviewers"],
            "extraData": {"round": names[0], "external_event_id": asked["external_event_id"]},
        }
        schedule = self.staff.schedule(application, [event])
        self.note("interviews", f"{application['id']} {names[0]}")
        ref = int(schedule["interviewEvents"][0]["id"])
        shown = next(row for row in self.records.rows("interviews") if row["id"] == ref)
        return Answer(201, shown, changed=True)

    def _announce(self, action: str, row: Row) -> None:
        """Tell by webhook what the people at Greenhouse's customers are told by it."""
        if action not in WEBHOOKS:
            return
        kind = WEBHOOKS[action]
        if action.startswith("job"):
            self.tell(kind, {"job": self.records.job(row)})
            return
        if kind == "candidate_stage_change" and row["status"] == "Archived":
            kind = "reject_candidate"
        self.tell(kind, {"application": self._told(row)})

    def _told(self, row: Row) -> Row:
        """An application as webhooks show it, which is as version 1 of the API did."""
        shown = self.records.application(row)
        candidate = self.records.tables["candidate"][row["candidateId"]]
        job = self.records.tables["job"][row["jobId"]]
        first, _, last = candidate["name"].rpartition(" ")
        return {
            "id": shown["id"],
            "rejected_at": shown["rejected_at"],
            "prospect": shown["prospect"],
            "status": row["status"].lower(),
            "applied_at": shown["created_at"],
            "last_activity_at": shown["last_activity_at"],
            "current_stage": {"id": shown["stage_id"], "name": shown["stage_name"]},
            "candidate": {"id": shown["candidate_id"], "first_name": first, "last_name": last},
            "jobs": [{"id": int(job["id"]), "name": job["name"]}],
        }


def account(at: Place) -> dict[str, Any]:
    """A client's account here."""
    return at.account(
        "sandbox-greenhouse",
        "greenhouse/v3",
        {"webhook": "sandbox-greenhouse-webhook", "board_key": greenhouse_board.KEY},
        client_id=CLIENT_ID,
        user_id=USER,
        auth_url=f"{at.vendors}/greenhouse/auth",
        template_job_id=str(TEMPLATE),
        board_url=f"{at.vendors}/greenhouse/boards-api/v1",
    )


SERVED = Served(
    "greenhouse",
    account,
    lambda scene: Greenhouse(scene.world, scene.people, scene.requisitions),
    TRACKER,
)
