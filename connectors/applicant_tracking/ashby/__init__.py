"""Ashby.

Docs: https://developers.ashbyhq.com/reference
Auth: HTTP basic, the API key as user name and no password; keys carry permissions per module.
Paging: `cursor` within a list, `syncToken` from its last page to get only changes next time.
Options: `team_id`, `location_id`, `interview_plan_id` for new jobs; `reason:<code>` gives the text
of the archive reason which our reason code means, where it is not the same words.
Secrets: `webhook` is the secret token that signs webhooks.

Quirks
- Every call is a POST, reads too, and an error is HTTP 200 with `"success": false`.
- An incremental sync may be refused (token or cursor expired, too many changes); a full one helps.
- application.list has only the primary e-mail: candidate.list, with its own token, has the rest.
- Form answers come from application.info alone, one call an application. So they are read only for
  those who applied through a posting, and in a full sync only while the application is open.
- There are no idempotency keys and candidates are not deduplicated. A job carries the requisition's
  code in its title, a candidate is found by e-mail (without one: by name and exactly the instant of
  application, which we set as `createdAt`), a note ends with our key, and an event's `extraData`
  holds it with our name of the round.
- An application created without a stage becomes a Lead: somebody to be asked, who has not applied.
- applicationFeedback.list takes `applicationId`, but does not need it in the official OpenAPI.
- A file has a handle, for which `file.info` gives a link that ends.
- A note, once edited in Ashby, may lose our key.

Unverified against the real Ashby: a second application of a candidate for one job whose first is
archived (its OpenAPI neither allows nor forbids it; if the first comes back, a person is asked);
feedback for the whole organisation with a syncToken, and
`overall_recommendation` as the path of the recommendation with the values "1" to "4".
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial

from requests.auth import HTTPBasicAuth

from connectors import health, resume, watched, webhook
from connectors.access import Access
from connectors.applicant_tracking.ashby.calls import Calls, OutOfSync, objection, told
from connectors.applicant_tracking.ashby.rows import (
    NAME,
    Row,
    event_receipt,
    has_email,
    is_open,
    is_the_one_we_made,
    is_this_application,
    made_job,
    made_ref,
    made_schedule,
    meaning,
    read_application,
    read_interviews,
    read_job,
    read_scorecard,
    round_of,
    slug,
    strict,
)
from connectors.errors import Misconfigured, Refused
from connectors.health import Check
from connectors.http import Api
from connectors.payload import Payload
from connectors.ports import ApplicantTracker, DocumentStore
from connectors.records import (
    AddApplication,
    AddNote,
    Application,
    CloseJob,
    KeepResume,
    MoveApplication,
    OpenJob,
    Page,
    Receipt,
    RejectApplication,
    Request,
    ScheduleInterview,
    Scorecard,
    TrackerStage,
)
from connectors.vendor import Sender, Setting, Vendor

WEBHOOK_REFS = [  # applications and jobs
    ("data", "application", "id"),
    ("data", "application", "job", "id"),
    ("data", "interviewSchedule", "applicationId"),
    ("data", "offer", "applicationId"),
    ("data", "applicationId"),
    ("data", "job", "id"),
    ("data", "jobPosting", "jobId"),
    ("data", "jobId"),
]
_ONE_A_JOB = "their archived application came back: have them added to the job anew, then retry"


def connect(
    access: Access,
    vault: DocumentStore | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> ApplicantTracker:
    """Open one client's Ashby."""
    headers = {"Accept": "application/json; version=1"}
    auth = HTTPBasicAuth(access.key, "")
    api = Api(NAME, access.base_url, auth, headers=headers, objection=objection, sleep=sleep)
    return Ashby(Calls(api), access.options, vault)


def verify_webhook(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Tell whether a webhook's raw body was signed with our secret."""
    sent = next((v for k, v in headers.items() if k.lower() == "ashby-signature"), "")
    ours = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(sent.encode(), ours.encode())


def read_webhook(raw: bytes) -> webhook.Event:
    """Read which application or job an event is about; raises Unreadable.

    Ashby gives an event neither an id nor a time: it is known by the hash of its body.
    """
    told = webhook.document(NAME, raw)
    return webhook.Event(
        id=hashlib.sha256(raw).hexdigest(),
        kind=webhook.identifier(NAME, told.get("action")),
        refs=webhook.refs(told, WEBHOOK_REFS),
    )


VENDOR = Vendor(
    kind="applicant_tracking",
    name=NAME,
    title="Ashby",
    documents="https://developers.ashbyhq.com/reference",
    reads="applications with their candidates and answers, feedback, interviews; open jobs",
    writes=(
        "jobs (open, close), candidates and applications, stage moves, archiving, notes,"
        " interviews; the vault gets résumés"
    ),
    connect=connect,
    needs=("vault",),
    addresses={"production": "https://api.ashbyhq.com"},
    domain="ashbyhq.com",
    key="an API key",
    settings=(
        Setting("team_id", "the id of the team that new jobs belong to", required=True),
        Setting("location_id", "the id of the location of new jobs", required=True),
        Setting("interview_plan_id", "the id of the plan that new jobs follow", required=True),
        Setting("reason:", "the text of the archive reason that our code means"),
        Setting("webhook", "the secret token given to `webhook.create`", secret=True),
    ),
    scopes=(
        "candidates: read, write",
        "jobs: read, write",
        "interviews: read, write",
        "hiring process metadata: read",
    ),
    webhooks=Sender(verify_webhook, read_webhook),
)


class Ashby:
    """The client's Ashby, in our records."""

    resources: tuple[str, ...] = ("applications", "scorecards", "interviews")

    def __init__(
        self, calls: Calls, options: Mapping[str, str], vault: DocumentStore | None
    ) -> None:
        self._calls, self._options, self._vault = calls, options, vault

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield what changed; starts over by itself when Ashby refuses to go on."""
        read = {
            "applications": self._applications,
            "scorecards": self._scorecards,
            "interviews": self._interviews,
            "open_jobs": self._open_jobs,
        }[resource]
        state = json.loads(cursor) if cursor else {}
        try:
            yield from read(state)
        except OutOfSync:
            if not state:
                raise
            yield from read({})

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for what an earlier attempt with this key did."""
        match request:
            case OpenJob():
                job = self._job(request)
                return Receipt(external_id=job["id"]) if job and job["status"] != "Draft" else None
            case CloseJob(job_ref=ref):
                status = self._calls.one("job.info", {"id": ref})["status"]
                return Receipt(external_id=ref) if status in ("Closed", "Archived") else None
            case AddApplication():
                return self._application_of(request, self._candidate(request))
            case MoveApplication(application_ref=ref):
                return Receipt(external_id=ref) if self._has_been_at(ref, request.to) else None
            case RejectApplication(application_ref=ref):
                archived = self._info(ref)["status"] == "Archived"
                return Receipt(external_id=ref) if archived else None
            case AddNote():
                return self._note(request, key)
            case ScheduleInterview():
                return self._event(request, key)
        return resume.looked_for(NAME, request)

    def open_job(self, request: OpenJob, key: str) -> Receipt:
        """Create and open a job, going on with a draft that an earlier attempt left."""
        job = self._job(request) or self._calls.write(
            "job.create",
            {
                "title": _title(request),
                "teamId": self._options["team_id"],
                "locationId": self._options["location_id"],
                "defaultInterviewPlanId": self._options["interview_plan_id"],
            },
            made_job,
        )
        if job["status"] == "Draft":
            self._set_status(job["id"], "Open")
        return Receipt(external_id=job["id"])

    def close_job(self, request: CloseJob, key: str) -> Receipt:
        """Close a job; its postings are unlisted by Ashby."""
        self._set_status(request.job_ref, "Closed")
        return Receipt(external_id=request.job_ref)

    def add_application(self, request: AddApplication, key: str) -> Receipt:
        """Create candidate and application, reusing whichever of them is already there.

        An archived application is not reused: who applies again gets another one.
        """
        found = self._candidate(request)
        if existing := self._application_of(request, found):
            return existing
        plan = self._calls.one("job.info", {"id": request.job_ref})["defaultInterviewPlanId"]
        stage, source = self._stage(plan, TrackerStage.NEW), self._source(request.source)
        person = told(_person(request) | {"sourceId": source})
        candidate = (
            found["id"] if found else self._calls.write("candidate.create", person, made_ref)
        )
        body = {
            "candidateId": candidate,
            "jobId": request.job_ref,
            "interviewPlanId": plan,
            "interviewStageId": stage,
            "sourceId": source,
            "createdAt": request.applied_at.isoformat(),
        }
        application = self._calls.write("application.create", told(body), made_ref)
        if found and application in found["applicationIds"]:
            raise Refused(NAME, _ONE_A_JOB)
        return Receipt(external_id=application, others={"candidate": candidate})

    def move(self, request: MoveApplication, key: str) -> Receipt:
        """Move an application to the first stage of its plan that has the asked meaning."""
        stage = self._stage(_plan(self._info(request.application_ref)), request.to)
        return self._change_stage(request.application_ref, stage)

    def reject(self, request: RejectApplication, key: str) -> Receipt:
        """Archive an application with the reason whose text our reason code means."""
        reason = self._archive_reason(request)
        plan = _plan(self._info(request.application_ref))
        stage = self._stage(plan, TrackerStage.ARCHIVED)
        return self._change_stage(request.application_ref, stage, archiveReasonId=reason)

    def add_note(self, request: AddNote, key: str) -> Receipt:
        """Write a note whose last line is our key."""
        note = self._calls.write(
            "candidate.createNote",
            {
                "candidateId": request.candidate_ref,
                "note": {"type": "text/plain", "value": f"{request.text}\n\n{_mark(key)}"},
            },
            made_ref,
        )
        return Receipt(external_id=note)

    def schedule_interview(self, request: ScheduleInterview, key: str) -> Receipt:
        """Schedule one round as one event; the receipt's id is the event's."""
        event = {
            "startTime": request.starts_at.isoformat(),
            "endTime": request.ends_at.isoformat(),
            "interviewers": [
                {"email": email, "feedbackRequired": True} for email in request.interviewers
            ],
            "extraData": {"fullcycle_round": request.round, "fullcycle_key": key},
        }
        return self._calls.write(
            "interviewSchedule.create",
            {"applicationId": request.application_ref, "interviewEvents": [event]},
            made_schedule,
        )

    def keep_resume(self, request: KeepResume, key: str) -> Receipt:
        """Copy the application's résumé, or else its candidate's."""

        def given() -> bytes | None:
            row = self._info(request.application_ref)
            person = {"id": row["candidate"]["id"]}
            if not row.get("resumeFileHandle"):
                row = self._calls.one("candidate.info", person)
            file = row.get("resumeFileHandle")
            if not file:
                return None
            url = self._calls.one("file.info", {"fileHandle": file["handle"]})["url"]
            return self._calls.linked(url, resume.read)

        return resume.keep(NAME, self._vault, request.name, given)

    def _applications(self, state: Row) -> Iterator[Page]:
        known: Row = state.get("candidates", {})
        people: dict[str, Row] = {}
        known_after: Row = {}
        for rows, point in self._calls.pages("candidate.list", known):
            people.update({Payload(NAME, row).take("id", str): row for row in rows})
            known_after = point
        since: Row = state.get("applications", {})
        seen: set[str] = set()
        for rows, after in self._calls.pages("application.list", since):
            seen.update(Payload(NAME, row).take("id", str) for row in rows)
            if known and "cursor" not in after:
                others = sorted(_applications_of(people) - seen)
                rows = rows + [strict({"id": ref}) for ref in others]
            mark = {
                "applications": after,
                "candidates": known if "cursor" in after else known_after,
            }
            read = partial(self._application, people=people, full="syncToken" not in since)
            yield watched.page(rows, read, json.dumps(mark))

    def _application(
        self, row: Row, people: Mapping[str, Row], full: bool
    ) -> tuple[Application, ...]:
        """Read one application; of a row that is nothing but its id, all is asked for."""
        if "status" not in row or (
            row.get("appliedViaJobPostingId") and (is_open(row) or not full)
        ):
            row = strict(row | self._info(row["id"]))
        ref = row["candidate"]["id"]
        person = people.get(ref) or self._calls.one("candidate.info", {"id": ref})
        return (read_application(row, person),)

    def _scorecards(self, state: Row) -> Iterator[Page]:
        rounds = cache(self._rounds)

        def read(row: Row) -> tuple[Scorecard, ...]:
            named = rounds(row["applicationId"]) if row.get("interviewEventId") else {}
            return (read_scorecard(row, named),)

        for rows, after in self._calls.pages("applicationFeedback.list", state):
            submitted = [row for row in rows if row.get("submittedAt")]
            yield watched.page(submitted, read, json.dumps(after))

    def check(self) -> Iterator[Check]:
        """Whether the plan has a stage of each meaning, and each of our reasons has its text."""
        yield from health.stages(partial(self._stage, self._options["interview_plan_id"]))
        yield from health.reasons(self._archive_reason)
        yield from self._calls.health()

    def _rounds(self, application_ref: str) -> dict[str, str]:
        """Name the round of every event of an application."""
        return {
            event["id"]: round_of(event)
            for schedule in self._calls.all("interviewSchedule.list", applicationId=application_ref)
            for event in schedule.get("interviewEvents", [])
        }

    def _interviews(self, state: Row) -> Iterator[Page]:
        for rows, after in self._calls.pages("interviewSchedule.list", state):
            yield watched.page(rows, read_interviews, json.dumps(after))

    def _open_jobs(self, state: Row) -> Iterator[Page]:
        asked = {"status": ["Open"], "expand": ["location", "openings"]}
        for rows, _ in self._calls.pages("job.list", state, **asked):
            yield watched.page(rows, read_job, None)

    def _job(self, request: OpenJob) -> Row | None:
        title = _title(request)
        found = self._calls.rows("job.search", {"title": title})
        return next((job for job in found if job["title"] == title), None)

    def _candidate(self, request: AddApplication) -> Row | None:
        if request.email:
            found = self._calls.rows("candidate.search", {"email": request.email})
            same = [row for row in found if has_email(row, request.email)]
        else:
            found = self._calls.rows("candidate.search", {"name": request.name})
            same = [row for row in found if is_the_one_we_made(row, request)]
        return min(same, key=lambda row: row.get("createdAt", ""), default=None)

    def _application_of(self, request: AddApplication, candidate: Row | None) -> Receipt | None:
        for ref in candidate["applicationIds"] if candidate else ():
            if candidate and is_this_application(self._info(ref), request):
                return Receipt(external_id=ref, others={"candidate": candidate["id"]})
        return None

    def _has_been_at(self, application_ref: str, stage: TrackerStage) -> bool:
        application = self._info(application_ref)
        meant = {row["id"] for row in self._stages(_plan(application)) if meaning(row) is stage}
        return any(step["stageId"] in meant for step in application["applicationHistory"])

    def _note(self, request: AddNote, key: str) -> Receipt | None:
        for note in self._calls.all("candidate.listNotes", candidateId=request.candidate_ref):
            if note.get("content", "").rstrip().endswith(_mark(key)):
                return Receipt(external_id=note["id"])
        return None

    def _event(self, request: ScheduleInterview, key: str) -> Receipt | None:
        wanted = request.application_ref
        for schedule in self._calls.all("interviewSchedule.list", applicationId=wanted):
            for event in schedule.get("interviewEvents", []):
                if (event.get("extraData") or {}).get("fullcycle_key") == key:
                    return event_receipt(schedule, event)
        return None

    def _source(self, title: str) -> str | None:
        rows = self._calls.rows("source.list", {})
        return next((row["id"] for row in rows if slug(row["title"]) == slug(title)), None)

    def _archive_reason(self, request: RejectApplication) -> str:
        text = self._options.get(f"reason:{request.reason}", request.reason)
        for row in self._calls.rows("archiveReason.list", {}):
            by_candidate = row["reasonType"] == "RejectedByCandidate"
            if by_candidate == request.by_candidate and slug(row["text"]) == slug(text):
                return str(row["id"])
        raise Misconfigured(NAME, f"no archive reason means {request.reason!r}: add an option")

    def _stages(self, plan: str) -> list[Row]:
        rows = self._calls.rows("interviewStage.list", {"interviewPlanId": plan})
        return sorted(rows, key=lambda row: int(row["orderInInterviewPlan"]))

    def _stage(self, plan: str, wanted: TrackerStage) -> str:
        for row in self._stages(plan):
            if meaning(row) is wanted:
                return str(row["id"])
        raise Misconfigured(NAME, f"no stage of the interview plan means {wanted}")

    def _change_stage(self, application_ref: str, stage: str, **more: str) -> Receipt:
        body = {"applicationId": application_ref, "interviewStageId": stage, **more}
        self._calls.write("application.changeStage", body, made_ref)
        return Receipt(external_id=application_ref)

    def _set_status(self, job_ref: str, status: str) -> None:
        self._calls.write("job.setStatus", {"jobId": job_ref, "status": status}, made_ref)

    def _info(self, application_ref: str) -> Row:
        body = {"applicationId": application_ref, "expand": ["applicationFormSubmissions"]}
        return self._calls.one("application.info", body)


def _title(request: OpenJob) -> str:
    return f"{request.title} ({request.requisition})"


def _mark(key: str) -> str:
    return f"[fullcycle {key}]"


def _person(request: AddApplication) -> Row:
    return {
        "name": request.name,
        "email": request.email,
        "phoneNumber": request.phone,
        "createdAt": request.applied_at.isoformat(),
    }


def _applications_of(people: Mapping[str, Row]) -> set[str]:
    return {ref for person in people.values() for ref in person["applicationIds"]}


def _plan(application: Row) -> str:
    return Payload(NAME, application).inner("currentInterviewStage").take("interviewPlanId", str)
