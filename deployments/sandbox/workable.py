"""Workable, SPI v3, as documented: https://workable.readme.io/reference.

The API is below `/workable/spi/v3`. As nobody can open a job or schedule an event through it,
people do so here: when the jobs are first asked for, somebody has published one for each
requisition, and who comes to the stage for interviews gets an event for each round a day later.
Lists come in the order in which things were made, in pages that are smaller than they may be. Who
came through the careers page is in `received["applied"]`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from deployments.sandbox.ashby import REASONS, SOURCES
from deployments.sandbox.ashby_records import STAGE, Row, stamp
from deployments.sandbox.files import Files
from deployments.sandbox.greenhouse import EDITED, Window
from deployments.sandbox.people import People
from deployments.sandbox.served import TRACKER, Served
from deployments.sandbox.server import FAULTS, Answer, Request, Route, StandIn
from deployments.sandbox.tracker_people import Staff
from deployments.sandbox.workable_records import (
    MEMBER,
    PIPELINE,
    TEAM,
    Records,
    as_listed,
    fixed,
    stage_by_slug,
)
from deployments.sandbox.world import World

PAGE = 50
MOST_PER_PAGE = 100
ROOT = "/spi/v3"
REF = r"(?P<ref>\w+)"
PERSON = {
    "name",
    "firstname",
    "lastname",
    "email",
    "phone",
    "domain",
    "headline",
    "summary",
    "tags",
}
WEBHOOKS = {"applicationSubmit": "candidate_created", "candidateStageChange": "candidate_moved"}
SEATS = {"admin", "recruiting_admin", "hiring_manager", "simple", "reviewer", "recruiter"}


class Declined(Exception):
    """What Workable says no to."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class Workable(StandIn):
    """One client's Workable. Tests may take scopes away, end the token and tighten the quota.

    `takes_twice`: whether one e-mail address may be on a job twice; else its candidate comes back.
    """

    prefix = "/workable"
    spoils = (*FAULTS, "edit")

    def __init__(
        self,
        world: World,
        people: People,
        requisitions_dir: Path | None = None,
        key: str = "sandbox-workable",
    ) -> None:
        super().__init__(world)
        self.key = self.webhook_secret = key
        self.reasons = [
            {"id": fixed("reason", text), "text": text, "reasonType": kind}
            for kind, texts in REASONS.items()
            for text in texts
        ]
        sources = [{"title": title} for title in SOURCES]
        self.records = Records(world)
        self.records.announce = self._announce
        self.staff = Staff(self.records, people, requisitions_dir, self.reasons, sources)
        self.records.when["applied"] = lambda row: self.note("applied", row["id"])
        self.files = Files(self.prefix, self.staff)
        self.records.when["moved"] = self._moved
        self.page, self.window, self.takes_twice = PAGE, Window(seconds=10), True
        self.scopes = {"r_jobs", "r_candidates", "w_candidates"}
        self._looked = False

    @property
    def routes(self) -> dict[tuple[str, str], Route]:
        """Every operation, behind the scope it needs."""
        candidate = f"/candidates/{REF}"
        operations: dict[tuple[str, str], tuple[str, Callable[..., Answer]]] = {
            ("GET", "/jobs"): ("r_jobs", self._jobs),
            ("GET", f"/jobs/{REF}"): ("r_jobs", self._job),
            ("GET", f"/jobs/{REF}/stages"): ("r_jobs", self._stages),
            ("GET", f"/jobs/{REF}/candidates"): ("r_candidates", self._of_job),
            ("POST", f"/jobs/{REF}/candidates"): ("w_candidates", self._create),
            ("GET", "/candidates"): ("r_candidates", self._candidates),
            ("GET", candidate): ("r_candidates", self._candidate),
            ("GET", f"{candidate}/activities"): ("r_candidates", self._activities),
            ("POST", f"{candidate}/move"): ("w_candidates", self._move),
            ("POST", f"{candidate}/disqualify"): ("w_candidates", self._disqualify),
            ("POST", f"{candidate}/comments"): ("w_candidates", self._comment),
            ("GET", "/events"): ("r_jobs", self._events),
            ("GET", "/members"): ("r_jobs", self._members),
            ("GET", "/disqualification_reasons"): ("r_jobs", self._reasons),
            ("GET", "/subscriptions"): ("r_candidates", self._subscriptions),
        }
        api = {
            (method, ROOT + path): partial(self._serve, scope, act)
            for (method, path), (scope, act) in operations.items()
        }
        return {("GET", f"/files/{REF}"): self.files.get, **api}

    def handle(self, request: Request) -> Answer:
        """Count every request, and tell with every answer to a read how much is left."""
        if not request.path.startswith(ROOT):
            return super().handle(request)
        if not self.world.replaying and not self.window.take():
            return self.too_many(self.window.left())
        answer = super().handle(request)
        told = self._quota() if request.method == "GET" else {}
        name = {"x-request-id": self.world.uuid("request", self.window.taken)}
        return replace(answer, headers={**told, **name, **answer.headers})

    def too_many(self, seconds: int = 1) -> Answer:
        """Say 429; when the next window begins is in the usual headers alone."""
        reset = {"X-Rate-Limit-Reset": str(int(self.world.now.timestamp()) + seconds)}
        return Answer(429, {"error": "Rate limit exceeded"}, {**self._quota(), **reset})

    def stands(self) -> list[str]:
        """Every candidate's way through the stages, in the order in which they were moved."""
        return sorted(self.records.way(row) for row in self.records.tables["application"].values())

    def lie(self) -> Any:
        """An error of Workable's own."""
        return {"error": "Internal error"}

    def expire(self) -> None:
        """Let the token end: somebody has revoked it."""
        self.key = ""

    def edit(self) -> None:
        """Somebody saves again what has not changed for longest."""
        for table in ("candidate", "application"):
            for _, row in self.records.changed_since(table, 0)[:EDITED]:
                self.records.touch(table, row["id"])

    def publish(self, code: str, title: str) -> Row:
        """Somebody creates a job and publishes it."""
        row = {"title": f"{title} ({code})", "name": title, "code": code, "status": "Open"}
        job = self.records.insert("job", (code,), row)
        self.records.tell("opened", job)
        return job

    def close(self, job_ref: str) -> None:
        """Somebody closes a job."""
        self.records.tables["job"][job_ref]["status"] = "Closed"
        self.records.touch("job", job_ref)

    def arrange(self, application: Row) -> None:
        """Somebody schedules an event for each round of the requisition, two days from now on."""
        if application["stage"] is not STAGE["Interview"]:
            return
        code = self.staff.code(self.records.tables["job"][application["jobId"]])
        rounds = self.staff.requisitions.get(code or "", {}).get("rounds", [])
        for number, planned in enumerate(rounds):
            start = self.world.now + timedelta(days=2, hours=number)
            people = planned.get("interviewers", [])
            event = {
                "startTime": stamp(start),
                "endTime": stamp(start + timedelta(minutes=planned.get("minutes", 60))),
                "interviewers": [{"email": person["email"]} for person in people],
                "extraData": {"round": planned["name"]},
            }
            self.staff.schedule(application, [event])

    def _subscriptions(self, request: Request) -> Answer:
        limits = {"valid_until": None, "stage_slug": None, "job_shortcode": None}
        made = {"created_at": "2026-01-05T10:00:00.273Z", "target": self.subscribed, **limits}
        events = sorted(WEBHOOKS.values()) if self.subscribed else []
        found = [{"id": 104693 + n, "event": event, **made} for n, event in enumerate(events)]
        return Answer(200, {"subscriptions": found})

    def _moved(self, application: Row) -> None:
        self.staff.moved(application)
        if application["stage"] is STAGE["Interview"]:
            tomorrow = self.world.now + timedelta(days=1)
            name = f"workable arrange {application['id']}"
            self.world.plan(tomorrow, name, partial(self.arrange, application))

    def _quota(self) -> dict[str, str]:
        told = self.window.headers(self.world.now)
        return {name.replace("RateLimit", "Rate-Limit"): value for name, value in told.items()}

    def _serve(
        self, scope: str, act: Callable[..., Answer], request: Request, ref: str = ""
    ) -> Answer:
        if not self.key or request.headers.get("authorization") != f"Bearer {self.key}":
            return Answer(401, {"error": "Not authorized"})
        if scope not in self.scopes:
            return Answer(403, {"error": "Forbidden"})
        try:
            return act(request, ref) if ref else act(request)
        except Declined as no:
            return Answer(no.status, {"error": no.error})

    def _jobs(self, request: Request) -> Answer:
        opened = not self._looked
        if opened:
            self._looked = True
            for code, requisition in self.staff.requisitions.items():
                self.publish(code, requisition.get("title", code))
        rows = [self.records.job(row) for row in self.records.tables["job"].values()]
        state = request.query.get("state")
        shown = [row for row in rows if state in (None, row["state"])]
        return replace(self._page(request, "jobs", shown), changed=opened)

    def _job(self, request: Request, ref: str) -> Answer:
        return Answer(body=self.records.job(self._row("job", ref)))

    def _stages(self, request: Request, ref: str) -> Answer:
        self._row("job", ref)
        return Answer(body={"stages": self.records.stages()})

    def _of_job(self, request: Request, ref: str) -> Answer:
        return self._candidates(replace(request, query={**request.query, "shortcode": ref}))

    def _candidates(self, request: Request) -> Answer:
        asked = request.query
        rows = [row for row in self.records.candidates() if _is_asked_for(row, asked)]
        return self._page(request, "candidates", [as_listed(row) for row in rows])

    def _candidate(self, request: Request, ref: str) -> Answer:
        row = self._row("application", ref)
        host = request.headers["host"]
        resume = {"resume_url": self.files.link(host, ref)} if self.files.has(row) else {}
        return Answer(body={"candidate": {**self.records.candidate(row), **resume}})

    def _activities(self, request: Request, ref: str) -> Answer:
        rows = self.records.activities(self._row("application", ref))
        wanted = request.query.get("actions", "").split(",")
        shown = [row for row in rows if wanted == [""] or row["action"] in wanted]
        return self._page(request, "activities", shown)

    def _events(self, request: Request) -> Answer:
        asked = request.query
        shown = [
            row
            for row in self.records.events()
            if (asked.get("include_cancelled") == "true" or not row["cancelled"])
            and asked.get("candidate_id") in (None, row["candidate"]["id"])
            and _at(row["starts_at"]) >= _at(asked.get("start_date", "2000-01-01T00:00:00Z"))
        ]
        return self._page(request, "events", shown)

    def _members(self, request: Request) -> Answer:
        return self._page(request, "members", self.records.members())

    def _reasons(self, request: Request) -> Answer:
        told = [
            {
                "id": reason["id"],
                "description": reason["text"],
                "candidate_withdrew": reason["reasonType"] == "RejectedByCandidate",
                "position": place,
            }
            for place, reason in enumerate(self.reasons, start=1)
        ]
        return Answer(body=told)

    def _page(self, request: Request, name: str, rows: Sequence[Row]) -> Answer:
        """One page of a list; the next begins with the object whose id its address names.

        A list of a job's candidates goes on at another path, as has been seen.
        """
        asked = dict(request.query)
        limit = asked.get("limit", "50")
        if not limit.isdecimal() or not 1 <= int(limit) <= MOST_PER_PAGE:
            raise Declined(422, "limit must be between 1 and 100")
        ids = [row["id"] for row in rows]
        first = ids.index(asked["since_id"]) if asked.get("since_id") in ids else 0
        size = min(int(limit), self.page)
        body: Row = {name: list(rows[first : first + size])}
        if rest := ids[first + size :]:
            path = request.path
            if name == "candidates" and (job := asked.pop("shortcode", None)):
                path = f"{ROOT}/jobs/{job}/candidates"
            query = urlencode({**asked, "since_id": rest[0]})
            host = request.headers["host"]
            body["paging"] = {"next": f"http://{host}{self.prefix}{path}?{query}"}
        return Answer(body=body)

    def _row(self, table: str, ref: str) -> Row:
        row = self.records.tables[table].get(ref)
        if row is None:
            raise Declined(404, "Not found")
        return row

    def _create(self, request: Request, ref: str) -> Answer:
        job, asked = self._row("job", ref), request.json
        person = asked.get("candidate", {})
        name = person.get("name") or f"{person.get('firstname')} {person.get('lastname')}"
        stage = stage_by_slug(request.query.get("stage", "sourced"))
        if not person.get("email") or person.keys() - PERSON or stage is None:
            raise Declined(422, "Validation failed")
        if job["status"] != "Open":
            raise Declined(422, "The job does not accept candidates")
        if (there := self._on(job, person["email"])) and not self.takes_twice:
            return Answer(body={"status": "created", "candidate": self.records.candidate(there)})
        if asked.get("sourced") is False:
            self.note("thank_you_mails", person["email"])
        candidate = self.records.add_candidate(name, person["email"], person.get("phone"), {})
        more = {"domain": person.get("domain")}
        application = self.records.add_application(candidate, job, stage, more)
        self.note("applications", f"{person['email']} {job['title']}")
        shown = self.records.candidate(application)
        return Answer(body={"status": "created", "candidate": shown}, changed=True)

    def _on(self, job: Row, email: str) -> Row | None:
        for row in self.records.tables["application"].values():
            person = self.records.tables["candidate"][row["candidateId"]]
            emails = {each["value"].lower() for each in person["emailAddresses"]}
            if row["jobId"] == job["id"] and email.lower() in emails:
                return row
        return None

    def _move(self, request: Request, ref: str) -> Answer:
        application, asked = self._acted_on(request, ref)
        stage = stage_by_slug(asked.get("target_stage"))
        if stage is None:
            raise Declined(422, "Validation failed")
        self.records.enter(application, stage)
        self.note("moves", f"{ref} {stage['title']}")
        return _blank()

    def _disqualify(self, request: Request, ref: str) -> Answer:
        application, asked = self._acted_on(request, ref)
        wanted = asked.get("disqualify_reason_id")
        reason = next((each for each in self.reasons if each["id"] == wanted), None)
        withdrew = reason and reason["reasonType"] == "RejectedByCandidate"
        if reason is None or withdrew != asked.get("withdrew", False):
            raise Declined(422, "Validation failed")
        self.records.enter(application, STAGE["Archived"], reason)
        self.note("rejections", ref)
        return _blank()

    def _comment(self, request: Request, ref: str) -> Answer:
        application, asked = self._acted_on(request, ref)
        told = asked.get("comment", {})
        text, policy = told.get("body"), told.get("policy", TEAM)
        if not text or set(policy) - SEATS:
            raise Declined(422, "Validation failed")
        row = {"candidateId": application["id"], "content": text, "policy": policy}
        kept = self.records.insert("note", (ref, self.world.digest(text)), row)
        self.note("notes", text.rstrip().rsplit("\n", 1)[-1])
        return Answer(body={"id": self.records.ref("activity", kept["id"])}, changed=True)

    def _acted_on(self, request: Request, ref: str) -> tuple[Row, Row]:
        """The candidate, and what is asked in the name of a member we know."""
        application, asked = self._row("application", ref), request.json
        if asked.get("member_id") not in {row["id"] for row in self.records.members()}:
            raise Declined(404, "Member not found")
        return application, asked

    def _announce(self, action: str, row: Row) -> None:
        """Tell by webhook what there are events for: who comes, and who is moved."""
        if action in WEBHOOKS and row["stage"]["title"] in PIPELINE:
            self.tell(WEBHOOKS[action], self.records.candidate(row))


def _is_asked_for(row: Row, asked: Any) -> bool:
    since = _at(asked.get("updated_after", "2000-01-01T00:00:00Z"))
    return (
        asked.get("shortcode") in (None, (row["job"] or {}).get("shortcode"))
        and asked.get("email", row["email"] or "").lower() == (row["email"] or "").lower()
        and _at(row["updated_at"]) >= since.replace(microsecond=0)
    )


def _at(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Declined(422, "Validation failed") from None


def _blank() -> Answer:
    """A blank text, which is all that some writes are answered with."""
    return Answer(body=b" ", headers={"Content-Type": "text/plain; charset=utf-8"}, changed=True)


SERVED = Served(
    "workable",
    lambda at: at.account("sandbox-workable", "workable/spi/v3", member_id=MEMBER),
    lambda scene: Workable(scene.world, scene.people, scene.requisitions),
    {
        effect: noted
        for effect, noted in TRACKER.items()
        if effect not in ("tracker.open_job", "tracker.close_job", "tracker.interview")
    },
)
