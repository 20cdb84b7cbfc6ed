"""SmartRecruiters.

Docs: https://developers.smartrecruiters.com
Auth: the header X-SmartToken with an API key, which may do what the user who made it may: an
administrator, as nobody else reads messages.
Paging: `pageId` of the page before; changes by `updatedAfter`.
Limits: 10 requests a second for each operation, and one list of candidates at a time; X-RateLimit-*
tells what is left, but not until when (we wait a second), nor does a 429. A read may take two
minutes.
Settings: `industry`, `function`, `experience_level`: ids for new jobs; `organizer_id`: the user in
whose name interviews are arranged; `interview_type`; `submitted_sub_status`: see below;
`reason:<code>` gives the label of the reason which our reason code means.
Secrets: `webhook` is the key that signs webhooks.

Quirks
- An application has no id: it is a candidate and a job, and we call it "CANDIDATE:JOB". Nobody can
  apply twice for one job, other than as another candidate.
- Statuses are fixed; what is below them is the client's own text. IN_REVIEW is the recruiter's
  part, but for one sub-status, in which the hiring manager decides.
- The list of candidates has neither phone numbers nor what became of secondary applications: each
  candidate of a job is read, and each application's history and screening answers.
- Screening answers also tell of origin and disability: only those to questions that are named as
  ours (`licence`) are kept.
- There are no idempotency keys. A job carries the requisition's code as `refNumber`, a candidate
  our key as a tag, a note our key in its last line. A message that is found has no id: it is known
  by our key. Candidates of the same e-mail address may be merged by SmartRecruiters.
- Interviews are not listed by candidate and job, so those that we have made are read one by one,
  and one whose answer was lost is not found.
- Attachments hang on the candidate; each says at which address it is.
- Reviews have no fields: a first line names the round, lines like `licence: met` are answers.

Unverified against the real SmartRecruiters: what `docs/connectors/smartrecruiters.md` lists.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

from connectors import health, resume, watched
from connectors.access import Access
from connectors.applicant_tracking.smartrecruiters import webhooks
from connectors.applicant_tracking.smartrecruiters.calls import Calls
from connectors.applicant_tracking.smartrecruiters.rows import (
    ENDS,
    NAME,
    STATUS_OF,
    Row,
    application_ref,
    assignments,
    kept,
    meaning,
    our_answers,
    parts,
    read_application,
    read_interview,
    read_job,
    read_review,
    slug,
)
from connectors.applicant_tracking.smartrecruiters.search import (
    INTERVIEWS,
    SUBMITTED,
    Search,
    id_of,
    path_of,
    receipt_of,
    status_of,
    tag_of,
)
from connectors.errors import OutcomeUnknown, Refused, Unreadable
from connectors.health import Check
from connectors.http import Api, RefusedReply, segment
from connectors.payload import Payload
from connectors.ports import ApplicantTracker, DocumentStore
from connectors.records import (
    AddApplication,
    AddNote,
    Application,
    CloseJob,
    Interview,
    KeepResume,
    Listed,
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

READ_SECONDS = 130.0
AT_ONCE = 4  # of the eight requests that may be under way
OVERLAP = timedelta(minutes=10)  # by which a search may be behind
REVIEWS = "/reviews"  # unverified: as other clients ask for them
CLOSED = ("FILLED", "CANCELLED")
NOT_THERE = 404
LONGEST_NOTE = 10_000
_ONE_A_JOB = (
    "their earlier application for the job, which has ended, came back:"
    " have it reopened there, then retry"
)


def connect(
    access: Access,
    vault: DocumentStore | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> ApplicantTracker:
    """Open one client's SmartRecruiters."""
    headers = {"X-SmartToken": access.key}
    api = Api(NAME, access.base_url, headers=headers, read_seconds=READ_SECONDS, sleep=sleep)
    return SmartRecruiters(Calls(api), access.options, vault)


VENDOR = Vendor(
    kind="applicant_tracking",
    name=NAME,
    title="SmartRecruiters",
    documents="https://developers.smartrecruiters.com",
    reads=(
        "applications with their candidates, their history and our screening questions;"
        " reviews (as scorecards) and interviews of those under way; open jobs"
    ),
    writes=(
        "jobs (opened; closed as filled or cancelled), candidates with their application,"
        " status changes, rejections and withdrawals, notes, interviews; the vault gets résumés"
    ),
    connect=connect,
    needs=("vault",),
    addresses={
        "production": "https://api.smartrecruiters.com",
        "sandbox": "https://api.sandbox.smartrecruiters.com",
    },
    domain="smartrecruiters.com",
    key="an API key (*X-SmartToken*) made by an administrator",
    settings=(
        Setting("industry", "the id of the industry of new jobs", required=True),
        Setting("function", "the id of the function of new jobs", required=True),
        Setting("experience_level", "the id of the experience level of new jobs", required=True),
        Setting("organizer_id", "the id of the user who arranges interviews", required=True),
        Setting("interview_type", "the name of the type of interviews", required=True),
        Setting(
            "submitted_sub_status",
            f"the step of *In review* in which the hiring manager decides, if not *{SUBMITTED}*",
        ),
        Setting("reason:", "the label of the rejection or withdrawal reason that our code means"),
        Setting("webhook", "the secret key of the webhook subscription", secret=True),
    ),
    webhooks=Sender(webhooks.verify, webhooks.read, reads_headers=True, echo="X-Hook-Secret"),
)


class SmartRecruiters:
    """The client's SmartRecruiters, in our records."""

    resources: tuple[str, ...] = ("applications", "scorecards", "interviews")
    search_lag = 5  # the list of candidates is a search; how far behind is not documented

    def __init__(
        self, calls: Calls, options: Mapping[str, str], vault: DocumentStore | None
    ) -> None:
        self._vault = vault
        self._calls, self._search = calls, Search(calls, options)

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield what changed; of what is not listed, what is watched."""
        match resource:
            case "scorecards":
                yield from watched.each(watching, self._scorecards)
            case "interviews":
                yield from watched.each(watching, self._interview)
            case "open_jobs":
                yield watched.page(self._calls.all("/jobs"), read_job, None)
            case _:
                yield from self._applications(json.loads(cursor) if cursor else {})

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for what an earlier attempt with this key did."""
        match request:
            case OpenJob():
                job = self._search.job_of(request)
                is_open = job is not None and status_of(job) != "CREATED"
                return Receipt(external_id=id_of(job)) if job and is_open else None
            case CloseJob(job_ref=ref):
                is_closed = status_of(self._search.job(ref)) in CLOSED
                return Receipt(external_id=ref) if is_closed else None
            case AddApplication():
                return self._search.added(request, key)
            case MoveApplication(application_ref=ref):
                was_there = self._search.has_been_at(ref, request.to)
                return Receipt(external_id=ref) if was_there else None
            case RejectApplication(application_ref=ref):
                has_ended = status_of(self._search.application(ref)) in ENDS
                return Receipt(external_id=ref) if has_ended else None
            case AddNote():
                return self._search.note(request.candidate_ref, _mark(key))
            case ScheduleInterview():
                raise OutcomeUnknown(NAME, "interviews are not listed: look whether it is there")
        return resume.looked_for(NAME, request)

    def open_job(self, request: OpenJob, key: str) -> Receipt:
        """Create a job and start sourcing, going on with one that an earlier attempt left."""
        job = self._search.job_of(request) or self._create_job(request)
        if status_of(job) == "CREATED":
            self._set_job_status(id_of(job), "SOURCING")
        return Receipt(external_id=id_of(job))

    def close_job(self, request: CloseJob, key: str) -> Receipt:
        """Close a job: as filled if anybody was hired for it, else as cancelled."""
        ref = request.job_ref
        if status_of(self._search.job(ref)) not in CLOSED:
            hired, _, _ = self._calls.page("/candidates", {"jobId": ref, "status": "HIRED"})
            self._set_job_status(ref, "FILLED" if hired else "CANCELLED")
        return Receipt(external_id=ref)

    def add_application(self, request: AddApplication, key: str) -> Receipt:
        """Create a candidate for a job, unless we have, or they are in it already.

        Raises Refused for somebody without an e-mail address: SmartRecruiters takes none.
        """
        if not request.email:
            raise Refused(NAME, "it takes nobody without an e-mail address: ask for theirs")
        if found := self._search.added(request, key):
            return found
        first, last = _names(request.name)
        body = {
            "firstName": first,
            "lastName": last,
            "email": request.email,
            "phoneNumber": request.phone,
            "tags": [tag_of(key)],
            "sourceDetails": self._search.sources.get(slug(request.source)),
        }
        told = {name: value for name, value in body.items() if value is not None}
        path = f"/jobs/{segment(request.job_ref)}/candidates"
        made, stage = self._calls.write("POST", path, told, partial(self._made, request.job_ref))
        if stage is TrackerStage.ARCHIVED:
            raise Refused(NAME, _ONE_A_JOB)
        return made

    def move(self, request: MoveApplication, key: str) -> Receipt:
        """Set the status that means a stage; one that has ended is never brought back."""
        stage = meaning(self._search.application(request.application_ref), self._search.submitted)
        if stage is TrackerStage.ARCHIVED:
            raise Refused(NAME, "the application has ended: have it reopened there, then retry")
        if stage is not request.to:
            body = {"status": STATUS_OF[request.to]}
            if request.to is TrackerStage.SUBMITTED:
                body["subStatus"] = self._search.submitted
            self._set_status(request.application_ref, body)
        return Receipt(external_id=request.application_ref)

    def reject(self, request: RejectApplication, key: str) -> Receipt:
        """End an application with the reason whose label our reason code means."""
        reason = self._search.reason(request)
        if status_of(self._search.application(request.application_ref)) not in ENDS:
            status = "WITHDRAWN" if request.by_candidate else "REJECTED"
            self._set_status(request.application_ref, {"status": status, "reason": reason})
        return Receipt(external_id=request.application_ref)

    def add_note(self, request: AddNote, key: str) -> Receipt:
        """Write a note for all who may see the candidate, whose last line is our key."""
        about = f"#[CANDIDATE:{request.candidate_ref}]"
        content = f"{about}\n{_harmless(request.text)}\n\n{_mark(key)}"
        if len(content) > LONGEST_NOTE:
            raise Refused(NAME, f"a note has at most {LONGEST_NOTE} characters: shorten it")
        body = {"content": content, "shareWith": {"openNote": True}}
        message = self._calls.write("POST", "/messages/shares", body, _made_id)
        return Receipt(external_id=_mark(key), others={"message": message})

    def schedule_interview(self, request: ScheduleInterview, key: str) -> Receipt:
        """Arrange one round as an interview of one time slot."""
        candidate, job = parts(request.application_ref)
        slot = {
            "interviewType": self._search.options["interview_type"],
            "title": request.round,
            "startsOn": _instant(request.starts_at),
            "endsOn": _instant(request.ends_at),
            "interviewers": [
                {"id": self._search.user(email), "status": "pending"}
                for email in request.interviewers
            ],
        }
        body = {
            "candidate": {"id": candidate, "status": "pending"},
            "jobId": job,
            "organizerId": self._search.options["organizer_id"],
            "timezone": "UTC",
            "timeslots": [slot],
        }
        made = self._calls.write("POST", f"{INTERVIEWS}/interviews", body, _made_id)
        return Receipt(external_id=made)

    def keep_resume(self, request: KeepResume, key: str) -> Receipt:
        """Copy the candidate's résumé: it hangs on them, not on one of their applications."""
        candidate, _ = parts(request.application_ref)

        def given() -> bytes | None:
            for row in self._calls.all(f"/candidates/{segment(candidate)}/attachments"):
                if row.get("type") == "RESUME":
                    file = Payload(NAME, row).inner("actions").inner("download")
                    return self._calls.file(file.take("url", str), resume.read)
            return None

        return resume.keep(NAME, self._vault, request.name, given)

    def check(self) -> Iterator[Check]:
        """Whether our reasons are there, jobs, interviews, notes are possible; clock and quota."""
        yield from health.reasons(self._search.reason)
        yield health.tried(
            "organizer", "set 'organizer_id' to the id of a user", self._search.organizer
        )
        yield health.tried(
            "interview type",
            "set 'interview_type' to one of the client's types of interviews",
            self._search.interview_type,
        )
        yield health.tried(
            "messages", "let an administrator make the API key", self._search.sees_messages
        )
        yield from self._calls.health()

    def subscribed(self) -> list[str]:
        """The addresses of the subscriptions that are active."""
        found = self._calls.all("/webhooks-api/v201907/subscriptions")
        rows = [Payload(NAME, row) for row in found]
        active = [row for row in rows if row.take("status", str) == "active"]
        return [row.take("callbackUrl", str) for row in active]

    def _applications(self, state: Row) -> Iterator[Page]:
        """Read candidates that changed; anew from the same instant if a page is refused."""
        try:
            yield from self._changed(state)
        except RefusedReply:
            if "page" not in state:
                raise
            yield from self._changed({"since": state.get("since")})

    def _changed(self, state: Row) -> Iterator[Page]:
        since, began, at = state.get("since"), state.get("began"), state.get("page")
        read = partial(read_application, submitted=self._search.submitted)
        more = True
        while more:
            asked = {"updatedAfter": since, "pageId": at}
            told = {name: value for name, value in asked.items() if value}
            rows, after, now = self._calls.page("/candidates", told)
            if after is not None and after == at:
                raise Unreadable(NAME, "a page of candidates is followed by itself")
            began, at, more = began or _instant(now - OVERLAP), after, after is not None
            mark = {"since": since, "began": began, "page": at} if more else {"since": began}
            page = self._read_together(rows)
            listed = [(each.external_id, each.document) for each in page.records]
            if page.unreadable:
                yield page.model_copy(update={"records": ()})
            yield Page(listed=Listed(Application, listed, read), cursor=json.dumps(mark))

    def _read_together(self, rows: list[Row]) -> Page:
        """Read the applications of a page of candidates, some of them side by side."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            reading = {str(row.get("id")): threads.submit(self._candidate, row) for row in rows}
            return watched.page(rows, lambda row: reading[str(row.get("id"))].result(), None)

    def _candidate(self, row: Row) -> list[Application]:
        """Read every application of a candidate, unless they were deleted a moment ago."""
        if not assignments(row):
            return []
        ref = id_of(row)
        path = f"/candidates/{segment(ref)}"
        try:
            candidate = self._calls.one(path)
            return [
                self._read_one(candidate, job, assignment)
                for job, assignment in assignments(candidate).items()
            ]
        except RefusedReply as refusal:
            if refusal.status == NOT_THERE:
                return []
            raise

    def _read_one(self, candidate: Row, job: str, assignment: Row) -> Application:
        path = path_of(application_ref(id_of(candidate), job))
        answers = our_answers(self._calls.all(f"{path}/screening-answers"))
        raw = kept(candidate, job, assignment, self._search.history(path), answers)
        return read_application(raw, self._search.submitted)

    def _scorecards(self, ref: str) -> list[Scorecard]:
        candidate, job = parts(ref)
        rows = self._calls.all(REVIEWS, candidateId=candidate, jobId=job)
        return [read_review(row, ref, self._search.email) for row in rows]

    def _interview(self, ref: str) -> list[Interview]:
        row, now = self._calls.told(f"{INTERVIEWS}/interviews/{segment(ref)}")
        return [read_interview(row, now, self._search.email)]

    def _create_job(self, request: OpenJob) -> Row:
        place = request.place
        location = {
            "countryCode": place.country,
            "regionCode": place.region,
            "city": place.city,
            "address": place.street,
            "postalCode": place.postal_code,
        }
        body = {
            "title": request.title,
            "refNumber": request.requisition,
            "location": {
                **{name: value for name, value in location.items() if value},
                "remote": place.remote,
            },
            "industry": {"id": self._search.options["industry"]},
            "function": {"id": self._search.options["function"]},
            "experienceLevel": {"id": self._search.options["experience_level"]},
        }
        return self._calls.write("POST", "/jobs", body, _made_job)

    def _set_job_status(self, ref: str, status: str) -> None:
        self._calls.act(f"/jobs/{segment(ref)}/status", {"status": status})

    def _set_status(self, ref: str, body: Row) -> None:
        self._calls.act(f"{path_of(ref)}/status", body)

    def _made(self, job: str, told: Payload) -> tuple[Receipt, TrackerStage]:
        """Read a candidate that we have added to a job, and where their application stands."""
        candidate = told.take("id", str)
        row = {
            "primaryAssignment": told.maybe("primaryAssignment", dict),
            "secondaryAssignments": told.maybe("secondaryAssignments", list),
        }
        if job not in (made := assignments(row)):
            raise Unreadable(NAME, "a candidate is not in the job to which we have added them")
        return receipt_of(candidate, job), meaning(made[job], self._search.submitted)


def _made_id(told: Payload) -> str:
    return told.take("id", str)


def _made_job(told: Payload) -> Row:
    """Read id and status of a job that we have made."""
    return {"id": told.take("id", str), "status": told.take("status", str)}


def _mark(key: str) -> str:
    return f"[fullcycle {key}]"


def _harmless(text: str) -> str:
    """Break what SmartRecruiters would take for a user to write to, or for another candidate."""
    return text.replace("@[", "@ [").replace("#[", "# [")


def _names(name: str) -> tuple[str, str]:
    """First and last name, as SmartRecruiters insists on both."""
    first, _, last = name.strip().rpartition(" ")
    return (first, last) if first else (last, "-")


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
