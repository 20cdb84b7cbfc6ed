"""Workable, SPI v3.

Docs: https://workable.readme.io/reference
Auth: Bearer, an account token with the scopes below, or an OAuth token. The option `member_id` is
the member in whose name we write.
Paging: `paging.next` is the whole address of the next page; changes by `updated_after`.
Limits: 10 requests in 10 seconds for an account token, 50 for others, told by X-Rate-Limit-*; we
stay below them by our own count.
Options: `stage:<name>` gives the meaning of a stage whose kind does not tell it; `reason:<code>`
the text of the disqualification reason which our code means, where it is not the same words.
Secrets: `webhook` signs webhooks, if the token is one of an OAuth application: its client secret.

Quirks
- Nobody can create, publish or close a job or schedule an event through this API. So a person does
  it in Workable, and we look for it: a job by its code, an event by the round in its title.
- A candidate belongs to one job: who applies for two is two candidates. Moved to another job, they
  are a new one.
- Disqualified is a flag beside the stage, which stays what it was.
- A created candidate is `sourced` unless we say otherwise, and one that is not is written to by
  Workable. So we create them sourced, in the stage for those who have applied.
- Moves and disqualifications are answered with a blank text.
- A list's rows are shorter than a candidate read alone; a single job has no envelope.
- `resume_url` is another link whenever a candidate is read; it ends.
- Events have no time of change, and none says whether it was held.
- Evaluations are among a candidate's activities, read for those alone who are waited for.
- There are no idempotency keys. A candidate is found by job and e-mail address, a comment by our
  key in its last line, a move among the candidate's activities.

Unverified against the real Workable: a second candidate of one e-mail address for a job (its help
pages speak of one profile); that a candidate may be created in a stage; that `updated_at` moves
with every change of a candidate, and pages keep `updated_after`; the kind `shortlisted`, the event
type MeetingEvent, the scores of evaluations and their shape; how a comment comes back; that
disqualifying writes to nobody; the id of a webhook's event.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connectors import health, resume, watched, webhook
from connectors.access import Access
from connectors.applicant_tracking.workable.directory import Directory
from connectors.applicant_tracking.workable.rows import (
    JOB_IS_OVER,
    NAME,
    Row,
    document,
    is_at,
    is_in_a_job,
    is_this_application,
    needs_details,
    read_application,
    read_interviews,
    read_job,
    read_scorecard,
    round_of,
    slug,
)
from connectors.applicant_tracking.workable.spi import Spi
from connectors.errors import Refused, Unreadable, Unsupported
from connectors.health import Check
from connectors.http import Api, segment
from connectors.oauth import Bearer
from connectors.payload import Payload
from connectors.ports import ApplicantTracker, DocumentStore
from connectors.records import (
    AddApplication,
    AddNote,
    Application,
    CloseJob,
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

MOST_CANDIDATES = "100"  # on one page
LATE = timedelta(days=30)  # so long after it an event may still be cancelled
# Who sees a comment: the whole hiring team, but for external recruiters and reviewers.
HIRING_TEAM = ["simple", "hiring_manager", "recruiting_admin", "admin"]
_ONE_A_JOB = "their disqualified candidate came back: revert that in Workable, then retry"
WEBHOOK_REFS = [("data", "id"), ("data", "job", "shortcode")]


def connect(
    access: Access,
    vault: DocumentStore | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> ApplicantTracker:
    """Open one client's Workable."""
    api = Api(NAME, access.base_url, Bearer(access.key), sleep=sleep)
    return Workable(Spi(api), access.options, vault)


def verify_webhook(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Tell whether a webhook's raw body was signed with our token, or our application's secret."""
    sent = next((v for k, v in headers.items() if k.lower() == "x-workable-signature"), "")
    ours = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(sent.encode(), ours.encode())


def read_webhook(raw: bytes) -> webhook.Event:
    """Read which candidate and job an event is about; raises Unreadable.

    One without an id of its own is known by the hash of its body.
    """
    told = webhook.document(NAME, raw)
    own = told.get("id")
    return webhook.Event(
        id=webhook.identifier(NAME, own) if own else hashlib.sha256(raw).hexdigest(),
        kind=webhook.identifier(NAME, told.get("event_type")),
        refs=webhook.refs(told, WEBHOOK_REFS),
        at=Payload(NAME, told).maybe_time("fired_at"),
    )


VENDOR = Vendor(
    kind="applicant_tracking",
    name=NAME,
    title="Workable",
    documents="https://workable.readme.io/reference",
    reads="candidates as applications, with their answers; evaluations; interviews; open jobs",
    writes="candidates, stage moves, disqualifications, comments; the vault gets résumés",
    connect=connect,
    needs=("vault",),
    domain="workable.com",
    address="the account's own, `https://SUBDOMAIN.workable.com/spi/v3`",
    key="an account's API access token, or an OAuth access token",
    settings=(
        Setting(
            "member_id",
            "in whose name we write: the id of an active member, as `GET /members` tells it",
            required=True,
        ),
        Setting("stage:", "the meaning of a stage whose kind does not tell it"),
        Setting("reason:", "the text of the disqualification reason that our code means"),
        Setting("webhook", "the OAuth application's secret, if its token is the key", secret=True),
    ),
    scopes=("r_jobs", "r_candidates", "w_candidates"),
    webhooks=Sender(verify_webhook, read_webhook, signs_with_key=True),
)


class Workable:
    """The client's Workable, in our records."""

    resources: tuple[str, ...] = ("applications", "scorecards", "interviews")

    def __init__(self, spi: Spi, options: Mapping[str, str], vault: DocumentStore | None) -> None:
        self._spi, self._directory, self._vault = spi, Directory(spi, options), vault

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield what changed; starts over by itself when Workable refuses to go on."""
        if resource == "scorecards":
            yield from watched.each(watching, self._evaluations)
            return
        read = {
            "applications": self._applications,
            "interviews": self._interviews,
            "open_jobs": self._open_jobs,
        }[resource]
        state: Row = json.loads(cursor) if cursor else {}
        try:
            yield from read(state)
        except Refused:
            if not state:
                raise
            yield from read({})

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for what an earlier attempt with this key did, or somebody in Workable for us."""
        match request:
            case OpenJob():
                return self._job(request)
            case CloseJob(job_ref=ref):
                return Receipt(external_id=ref) if self._is_over(ref) else None
            case AddApplication():
                return self._application_of(request)
            case MoveApplication(application_ref=ref):
                return Receipt(external_id=ref) if self._has_been_at(ref, request.to) else None
            case RejectApplication(application_ref=ref):
                is_out = _is_out(self._candidate(ref))
                return Receipt(external_id=ref) if is_out else None
            case AddNote():
                return self._comment(request, key)
            case ScheduleInterview():
                return self._event(request)
        return resume.looked_for(NAME, request)

    def open_job(self, request: OpenJob, key: str) -> Receipt:
        """Find the job that somebody has published with the requisition's code."""
        if found := self._job(request):
            return found
        told = f"create and publish it there with the code {request.requisition!r}, then retry"
        raise Unsupported(NAME, f"no job can be created through its API: {told}")

    def close_job(self, request: CloseJob, key: str) -> Receipt:
        """Find that somebody has closed or archived the job."""
        if self._is_over(request.job_ref):
            return Receipt(external_id=request.job_ref)
        told = f"close {request.job_ref} there, then retry"
        raise Unsupported(NAME, f"no job can be closed through its API: {told}")

    def add_application(self, request: AddApplication, key: str) -> Receipt:
        """Create a candidate for the job, without a letter from Workable, unless there is one.

        One that was disqualified before this application is not reused.
        """
        if existing := self._application_of(request):
            return existing
        if not request.email:
            raise Unsupported(NAME, "takes nobody without an e-mail address: add one, or waive it")
        person = {
            "name": request.name,
            "email": request.email,
            "phone": request.phone,
            "domain": request.source,
        }
        told = {name: value for name, value in person.items() if value is not None}
        return self._spi.write(
            f"/jobs/{segment(request.job_ref)}/candidates",
            {"sourced": True, "candidate": told},
            _created,
            stage=self._directory.stage(request.job_ref, TrackerStage.NEW),
        )

    def move(self, request: MoveApplication, key: str) -> Receipt:
        """Move a candidate to the first stage of their job's pipeline with the asked meaning."""
        candidate = self._candidate(request.application_ref)
        if not is_at(candidate, request.to, self._directory.meanings):
            stage = self._directory.stage(_job_of(candidate), request.to)
            self._act(request.application_ref, "move", {"target_stage": stage})
        return Receipt(external_id=request.application_ref)

    def reject(self, request: RejectApplication, key: str) -> Receipt:
        """Disqualify a candidate for the reason whose text our reason code means."""
        reason = self._directory.reason(request)
        if not _is_out(self._candidate(request.application_ref)):
            body = {"disqualify_reason_id": reason, "withdrew": request.by_candidate}
            self._act(request.application_ref, "disqualify", body)
        return Receipt(external_id=request.application_ref)

    def add_note(self, request: AddNote, key: str) -> Receipt:
        """Write a comment for the whole hiring team, whose last line is our key."""
        comment = {"body": f"{request.text}\n\n{_mark(key)}", "policy": HIRING_TEAM}
        body = {"member_id": self._directory.options["member_id"], "comment": comment}
        return self._spi.write(f"{_path(request.candidate_ref)}/comments", body, _commented)

    def schedule_interview(self, request: ScheduleInterview, key: str) -> Receipt:
        """Find the event that somebody has scheduled for the round."""
        if found := self._event(request):
            return found
        told = f"schedule it there with [{request.round}] at the end of its title, then retry"
        raise Unsupported(NAME, f"no event can be scheduled through its API: {told}")

    def keep_resume(self, request: KeepResume, key: str) -> Receipt:
        """Copy the candidate's résumé, whose link is another whenever they are read."""

        def given() -> bytes | None:
            candidate = Payload(NAME, self._candidate(request.application_ref))
            url = candidate.maybe("resume_url", str)
            return self._spi.linked(url, resume.read) if url else None

        return resume.keep(NAME, self._vault, request.name, given)

    def check(self) -> Iterator[Check]:
        """Whether the member is there, and a reason for each of ours; the clock and our quota.

        Stages are those of a job, which a person makes there.
        """
        remedy = "set 'member_id' to the id of the member in whose name we act"
        yield health.tried("member", remedy, self._directory.member)
        yield from health.reasons(self._directory.reason)
        yield from self._spi.health()

    def subscribed(self) -> list[str]:
        """The addresses of the subscriptions."""
        rows = self._spi.all("/subscriptions", "subscriptions")
        return [Payload(NAME, row).take("target", str) for row in rows]

    def _applications(self, state: Row) -> Iterator[Page]:
        filters = {"updated_after": state["since"]} if "since" in state else {}
        read = partial(read_application, ours=self._directory.meanings)
        asked = {"limit": MOST_CANDIDATES, **filters}
        for sheet, after in self._spi.changes("/candidates", "candidates", state, **asked):
            rows, refused, unreadable = [], {}, {}
            for row in filter(is_in_a_job, sheet.rows):
                ref = str(row.get("id", ""))
                try:
                    rows.append((ref, document(self._whole(ref, row))))
                except Refused as refusal:
                    refused[ref] = str(refusal)
                except Unreadable as failure:
                    unreadable[ref] = str(failure)
            listed = Listed(Application, rows, read)
            yield Page(listed=listed, refused=refused, unreadable=unreadable, cursor=after)

    def _whole(self, ref: str, row: Row) -> Row:
        """A candidate of a list with what the list leaves out, if we need it."""
        if row.get("disqualified"):
            row = {**self._directory.ended_by(row.get("disqualification_reason")), **row}
        return self._candidate(ref) if needs_details(row) else row

    def _interviews(self, state: Row) -> Iterator[Page]:
        filters = {"include_cancelled": "true"}
        if "since" in state:
            start = datetime.fromisoformat(state["since"]) - LATE
            filters["start_date"] = start.isoformat()
        for sheet, after in self._spi.changes("/events", "events", state, **filters):
            members = self._directory.members() if sheet.rows else {}
            read = partial(read_interviews, now=sheet.told_at, members=members)
            yield watched.page(sheet.rows, read, after)

    def _evaluations(self, ref: str) -> list[Scorecard]:
        given = self._activities(ref, "rating")
        events = self._events(ref) if given else []
        return [read_scorecard(each, ref, events, self._directory.members()) for each in given]

    def _open_jobs(self, state: Row) -> Iterator[Page]:
        rows = self._spi.all("/jobs", "jobs", state="published")
        named = [{**row, "id": row.get("shortcode")} for row in rows]
        yield watched.page(named, read_job, None)

    def _job(self, request: OpenJob) -> Receipt | None:
        for row in self._spi.all("/jobs", "jobs", state="published"):
            job = Payload(NAME, row)
            is_open = job.take("state", str) == "published"
            if is_open and job.maybe("code", str) == request.requisition:
                return Receipt(external_id=job.take("shortcode", str))
        return None

    def _is_over(self, job_ref: str) -> bool:
        job = Payload(NAME, self._spi.one(f"/jobs/{segment(job_ref)}"))
        return job.choice("state", JOB_IS_OVER)

    def _candidate(self, ref: str) -> Row:
        told: Row = Payload(NAME, self._spi.one(_path(ref))).take("candidate", dict)
        return told

    def _application_of(self, request: AddApplication) -> Receipt | None:
        if not request.email:
            return None
        asked = {"email": request.email, "shortcode": request.job_ref}
        found = self._spi.all("/candidates", "candidates", **asked)
        return next((_receipt(row) for row in found if is_this_application(row, request)), None)

    def _has_been_at(self, ref: str, stage: TrackerStage) -> bool:
        candidate = self._candidate(ref)
        if is_at(candidate, stage, self._directory.meanings):
            return True
        pipeline = self._directory.pipeline(_job_of(candidate))
        meant = {each for each, means in pipeline if means is stage}
        activities = self._spi.all(f"{_path(ref)}/activities", "activities")
        targets = (each.get("target_stage") or {} for each in activities)
        return any(target.get("slug") in meant for target in targets)

    def _comment(self, request: AddNote, key: str) -> Receipt | None:
        for row in self._activities(request.candidate_ref, "comment"):
            activity = Payload(NAME, row)
            if _mark(key) in (activity.maybe("body", str) or ""):
                return Receipt(external_id=activity.take("id", str))
        return None

    def _event(self, request: ScheduleInterview) -> Receipt | None:
        for row in self._events(request.application_ref):
            event = Payload(NAME, row)
            if round_of(row) == slug(request.round) and not event.take("cancelled", bool):
                return Receipt(external_id=event.take("id", str))
        return None

    def _events(self, ref: str) -> list[Row]:
        """A candidate's events that were not cancelled; a filter that is ignored does no harm."""
        events = self._spi.all("/events", "events", candidate_id=ref)
        return [row for row in events if (row.get("candidate") or {}).get("id") == ref]

    def _activities(self, ref: str, action: str) -> list[Row]:
        told = self._spi.all(f"{_path(ref)}/activities", "activities", actions=action)
        return [row for row in told if row.get("action") == action]

    def _act(self, ref: str, verb: str, body: Row) -> None:
        said = {"member_id": self._directory.options["member_id"], **body}
        self._spi.write(f"{_path(ref)}/{verb}", said, _nothing)


def _path(candidate_ref: str) -> str:
    return f"/candidates/{segment(candidate_ref)}"


def _mark(key: str) -> str:
    return f"[fullcycle {key}]"


def _job_of(candidate: Row) -> str:
    return Payload(NAME, candidate).inner("job").take("shortcode", str)


def _is_out(candidate: Row) -> bool:
    return Payload(NAME, candidate).take("disqualified", bool)


def _receipt(candidate: Row) -> Receipt:
    """What proves that there is an application: it and its candidate are one."""
    ref = Payload(NAME, candidate).take("id", str)
    return Receipt(external_id=ref, others={"candidate": ref})


def _created(body: Any) -> Receipt:
    """Read the candidate that was created; raises Refused if it is one who was disqualified."""
    told = Payload(NAME, body)
    candidate, status = told.take("candidate", dict), told.take("status", str)
    if status != "created":
        raise Unreadable(NAME, "a candidate was not created")
    if _is_out(candidate):
        raise Refused(NAME, _ONE_A_JOB)
    return _receipt(candidate)


def _commented(body: Any) -> Receipt:
    """Read the id of a comment that was written."""
    return Receipt(external_id=Payload(NAME, body).take("id", str))


def _nothing(body: Any) -> None:
    """Read the answer to an act on a candidate, which is blank."""
    if body is not None:
        raise Unreadable(NAME, "an answer that should be blank is not")
