"""Greenhouse, Harvest v3.

Docs: https://harvestdocs.greenhouse.io
Auth: OAuth 2.0 client credentials (key: the client's secret; option `client_id`); the option
`user_id` names the Greenhouse user in whose name we act, who must be a Site Admin: no other sees
all rows. Option `auth_url`: who gives the tokens, if not https://auth.greenhouse.io.
Paging: `cursor`, alone in its request, of the `Link` to the next page; changes by `updated_at`.
Limits: windows of 30 seconds, told by X-RateLimit-*; we stay below them by our own count.
Options: `template_job_id` for new jobs; `stage:<name>` gives the meaning of a stage whose name does
not tell it; `reason:<code>` the name of the rejection reason which our reason code means, where it
is not the same words.
Where the option `board` names the client's job board, people enter through it: see `board.py`.
Secrets: `webhook` signs webhooks; `board_key` is the job board's.

Quirks
- No object can be asked for by its id: a list is asked for those `ids`.
- There are no idempotency keys. A job carries the requisition's code as `requisition_id`, an
  application the instant of applying as `created_at`, a note our key in its last line, an interview
  our key as `external_event_id`. What is moved shows in `/application_stages`.
- Stages have no type: their names give their meaning. A list of what was deleted does not exist:
  who is missing when all are read is gone.
- Why an application was rejected it tells itself, or else only `/rejection_details` does.
- `stage_id` is an application's own row for a stage, and what `from_stage_id` of a move must be;
  `to_stage_id` is a stage of the job's plan.
- A move may make Greenhouse write to the candidate, if the client has set up such rules; a
  rejection does so only on request, which we never make.
- The link of an attachment ends after seven days.
- An interview is recorded, not put on anybody's calendar.
"""

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from requests.auth import HTTPBasicAuth

from connectors import health, resume, watched, webhook
from connectors.access import Access
from connectors.applicant_tracking.greenhouse.board import BOARD_URL, GIVEN, Board
from connectors.applicant_tracking.greenhouse.lists import Lists
from connectors.applicant_tracking.greenhouse.related import Related, Row
from connectors.applicant_tracking.greenhouse.rows import (
    meaning,
    names,
    read_application,
    read_candidate,
    read_interview,
    read_job,
    read_scorecard,
)
from connectors.applicant_tracking.greenhouse.search import Search, receipt
from connectors.applicant_tracking.greenhouse.shapes import (
    NAME,
    ApplicationRow,
    Attachment,
    Made,
    MadeBoth,
    made,
    report_drift,
)
from connectors.errors import Misconfigured, Refused, Unavailable, Unreadable
from connectors.health import Check
from connectors.http import Api, RefusedReply
from connectors.oauth import ClientCredentials
from connectors.payload import Payload
from connectors.ports import ApplicantTracker, DocumentStore
from connectors.records import (
    AddApplication,
    AddNote,
    Application,
    Candidate,
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

T = TypeVar("T")
Body = dict[str, Any]
AUTH_URL = "https://auth.greenhouse.io"
LISTED = (
    "candidates",
    "applications",
    "application_stages",
    "jobs",
    "openings",
    "notes",
    "job_interview_stages",
    "job_interviews",
    "interview_kits",
    "interviews",
    "interviewers",
    "scorecards",
    "scorecard_questions",
    "scorecard_question_answers",
    "scorecard_question_options",
    "scorecard_question_answer_options",
    "users",
    "sources",
    "rejection_reasons",
    "rejection_details",
    "offices",
)
WEBHOOK_REFS = [  # applications and jobs
    ("payload", "application", "id"),
    ("payload", "application", "jobs", 0, "id"),
    ("payload", "application", "job_id"),
    ("payload", "offer", "application_id"),
    ("payload", "application_id"),
    ("payload", "interview", "application_id"),
    ("payload", "scorecard", "application_id"),
    ("payload", "job", "id"),
    ("payload", "job_id"),
]


def connect(
    access: Access,
    vault: DocumentStore | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> ApplicantTracker:
    """Open one client's Greenhouse."""
    client = HTTPBasicAuth(access.options.get("client_id", ""), access.key)
    auth = Api(NAME, access.options.get("auth_url", AUTH_URL), client, sleep=sleep)
    token = partial(_token, auth, access.options["user_id"])
    api = Api(NAME, access.base_url, ClientCredentials(token), sleep=sleep)
    search = Search(Lists(api), access.options)
    return Greenhouse(api, access.options, search, Board.of(access, search, sleep), vault)


def _token(auth: Api, user_id: str) -> str:
    """Ask for an access token; it lasts about an hour. Raises Misconfigured, Unavailable."""
    asked = {"grant_type": "client_credentials", "sub": user_id}
    try:
        body = auth.read("POST", "/token", params=asked).body
    except (Misconfigured, RefusedReply) as refusal:
        told = "no token: check the account's key and 'client_id', 'user_id', the client's scopes"
        raise Misconfigured(NAME, told, status=refusal.status) from None
    return Payload(NAME, body).take("access_token", str)


def verify_webhook(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Tell whether a webhook's raw body was signed with our secret."""
    sent = next((v for k, v in headers.items() if k.lower() == "signature"), "")
    ours = "sha256 " + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(sent.encode(), ours.encode())


def read_webhook(raw: bytes) -> webhook.Event:
    """Read which application or job an event is about; raises Unreadable.

    It is known by the hash of its body: the id in `Greenhouse-Event-ID` is not signed.
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
    title="Greenhouse",
    documents="https://harvestdocs.greenhouse.io",
    reads="candidates, applications, scorecards with their answers, interviews; open jobs",
    writes=(
        "jobs (from a template; closed with their openings), candidates and applications"
        " (on request through the client's job board), stage moves, hires, rejections, notes,"
        " interviews; the vault gets résumés"
    ),
    connect=connect,
    needs=("vault",),
    addresses={"production": "https://harvest.greenhouse.io/v3"},
    domain="greenhouse.io",
    key="the secret of an OAuth client (*client credentials*)",
    settings=(
        Setting("client_id", "the OAuth client's id", required=True),
        Setting("user_id", "in whose name we act: the id of a Site Admin", required=True),
        Setting("template_job_id", "the job that new ones are copied from", required=True),
        Setting("auth_url", f"who gives the tokens, if not `{AUTH_URL}`"),
        Setting("stage:", "the meaning of a stage whose name does not tell it"),
        Setting("reason:", "the name of the rejection reason that our code means"),
        Setting("webhook", "the secret key of the webhook", secret=True),
        Setting("board", "the token of the job board through which people are to enter, if any"),
        Setting("board_key", "the job board's API key", secret=True),
        Setting("board_url", f"where job boards are, if not `{BOARD_URL}`"),
        Setting(
            "board_consent",
            f"`{GIVEN}` if whoever applies has consented to all that the board's posts ask",
        ),
        Setting("source:", "the token (`gh_src`) of the board's tracking link for a source"),
    ),
    scopes=(
        *(f"{name}: list" for name in LISTED),
        *(f"{name}: create" for name in ("candidates", "jobs", "notes", "interviews")),
        "applications: create, move, reject, hire",
        "openings: update",
        "attachments: list, with a vault",
    ),
    webhooks=Sender(verify_webhook, read_webhook),
)


class Greenhouse:
    """The client's Greenhouse, in our records."""

    resources: tuple[str, ...] = ("candidates", "applications", "scorecards", "interviews")

    def __init__(
        self,
        api: Api,
        options: Mapping[str, str],
        search: Search,
        board: Board | None,
        vault: DocumentStore | None,
    ) -> None:
        self._api, self._lists, self._options = api, search.lists, options
        self._search, self._board, self._vault = search, board, vault

    @property
    def search_lag(self) -> int:
        """Harvest may be behind the job board; how far is not documented."""
        return 5 if self._board else 1

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield what changed; starts over by itself when Greenhouse refuses a cursor of old."""
        read = {
            "candidates": self._candidates,
            "applications": self._applications,
            "scorecards": self._scorecards,
            "interviews": self._interviews,
            "open_jobs": self._open_jobs,
        }[resource]
        try:
            yield from read(cursor)
        except Refused:
            if cursor is None:
                raise
            yield from read(None)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for what an earlier attempt with this key did."""
        match request:
            case OpenJob():
                return self._search.job_of(request)
            case CloseJob(job_ref=ref):
                is_closed = self._search.job(ref).status == "closed"
                return Receipt(external_id=ref) if is_closed else None
            case AddApplication():
                return self._added(request)
            case MoveApplication(application_ref=ref):
                was_there = self._search.has_been_at(ref, request.to)
                return Receipt(external_id=ref) if was_there else None
            case RejectApplication(application_ref=ref):
                is_rejected = self._search.application(ref).status == "rejected"
                return Receipt(external_id=ref) if is_rejected else None
            case AddNote():
                return self._search.note(request.candidate_ref, _mark(key))
            case ScheduleInterview():
                return self._search.interview(key)
        return resume.looked_for(NAME, request)

    def open_job(self, request: OpenJob, key: str) -> Receipt:
        """Copy the template; where the client's approvals are missing, the job stays a draft."""
        if found := self._search.job_of(request):
            return found
        body = {
            "template_job_id": self._template(),
            "number_of_openings": request.headcount,
            "job_name": request.title,
            "job_post_name": request.title,
            "requisition_id": request.requisition,
        }
        return self._make("/jobs", body)

    def close_job(self, request: CloseJob, key: str) -> Receipt:
        """Close what openings are left: with the last of them Greenhouse closes the job."""
        job = self._search.job(request.job_ref)
        for opening in self._search.open_openings(job.id):
            closed = {"status": "closed"}
            self._write("PATCH", f"/openings/{opening.id}", closed, partial(made, Made))
        return Receipt(external_id=request.job_ref)

    def add_application(self, request: AddApplication, key: str) -> Receipt:
        """Create candidate and application in one, or the application of one who is there already.

        A rejected application is not reused: who applies again gets another one. If there is a job
        board that takes them, it does.
        """
        if ours := self._added(request):
            return ours
        candidates = self._search.candidates(request)
        if theirs := self._search.open_application(candidates, request.job_ref):
            return theirs
        if self._board and (entered := self._board.add(request)):
            return entered
        application = _told(
            job_id=int(request.job_ref),
            source_id=self._search.source(request.source),
            created_at=request.applied_at.isoformat(),
        )
        if not candidates:
            return self._write("POST", "/candidates", _person(request, application), _both)
        candidate = candidates[0].id
        new = self._make("/applications", {"candidate_id": candidate, **application})
        return Receipt(external_id=new.external_id, others={"candidate": str(candidate)})

    def move(self, request: MoveApplication, key: str) -> Receipt:
        """Move an application to the first stage of its job's plan that has the asked meaning.

        Raises Unavailable if somebody else moves it in the same moment.
        """
        application = self._search.application(request.application_ref)
        if request.to is TrackerStage.HIRED:
            self._hire(application)
        elif meaning(application.stage_name or "", self._search.stages) is not request.to:
            self._advance(application, request.to)
        return Receipt(external_id=request.application_ref)

    def reject(self, request: RejectApplication, key: str) -> Receipt:
        """Reject an application for the reason whose name our reason code means, without a mail."""
        reason = self._search.reason(request)
        application = self._search.application(request.application_ref)
        if application.status != "rejected":
            self._act(application, "reject", {"rejection_reason_id": reason})
        return Receipt(external_id=request.application_ref)

    def add_note(self, request: AddNote, key: str) -> Receipt:
        """Write a note for the whole hiring team, whose last line is our key."""
        body = {
            "candidate_id": int(request.candidate_ref),
            "body": f"{request.text}\n\n{_mark(key)}",
            "visibility": "public",
            "note_type": "NOTE",
        }
        return self._make("/notes", body)

    def schedule_interview(self, request: ScheduleInterview, key: str) -> Receipt:
        """Record one round in the slot of the job's plan that is called like it."""
        application = self._search.application(request.application_ref)
        panel = [
            {"email": email, "response_status": "needs_action"} for email in request.interviewers
        ]
        body = {
            "application_id": application.id,
            "job_interview_id": self._search.slot(application.job_id, request.round),
            "interviewers": panel,
            "starts_at": request.starts_at.isoformat(),
            "ends_at": request.ends_at.isoformat(),
            "external_event_id": key,
        }
        return self._make("/interviews", body)

    def keep_resume(self, request: KeepResume, key: str) -> Receipt:
        """Copy the application's résumé; a newer one makes an earlier one of its kind `other`."""

        def given() -> bytes | None:
            ref = request.application_ref
            for row in self._lists.all("/attachments", Attachment, application_ids=ref):
                if row.type == "resume" and str(row.application_id) == ref:
                    return self._api.linked(row.url, resume.read)
            return None

        return resume.keep(NAME, self._vault, request.name, given)

    def check(self) -> Iterator[Check]:
        """Whether the template has every stage and each reason a name; also what the board has."""
        yield from health.stages(partial(self._search.stage, self._template()))
        yield from health.reasons(self._search.reason)
        if self._board:
            yield from self._board.check(self._search.open_jobs())
        yield from self._api.health()

    def _added(self, request: AddApplication) -> Receipt | None:
        """The application that this request made, through the board or not."""
        if self._board and request.email:
            return self._search.applied_since(request)
        return self._search.made_by_us(request)

    def _candidates(self, cursor: str | None) -> Iterator[Page]:
        for rows, after in self._pages("/candidates", cursor):
            yield Page(listed=Listed(Candidate, rows, read_candidate), cursor=after)

    def _applications(self, cursor: str | None) -> Iterator[Page]:
        related = Related(self._lists)
        for rows, after in self._pages("/applications", cursor):
            reasons, sources = (related.reasons, related.sources) if rows else ({}, {})
            read = partial(
                read_application,
                reasons=reasons,
                sources=sources,
                stages=self._search.stages,
                rejections=related.rejections(rows),
            )
            yield Page(listed=Listed(Application, rows, read), cursor=after)

    def _scorecards(self, cursor: str | None) -> Iterator[Page]:
        related = Related(self._lists)
        for rows, after in self._pages("/scorecards", cursor):
            full = related.scorecards(rows)
            yield Page(listed=Listed(Scorecard, full, read_scorecard), cursor=after)

    def _interviews(self, cursor: str | None) -> Iterator[Page]:
        related = Related(self._lists)
        for rows, after in self._pages("/interviews", cursor):
            full = related.interviews(rows)
            yield Page(listed=Listed(Interview, full, read_interview), cursor=after)

    def _open_jobs(self, cursor: str | None) -> Iterator[Page]:
        related = Related(self._lists)
        read = partial(read_job, wanted=related.wanted, offices=related.offices)
        rows: list[Body] = self._lists.all("/jobs", dict, status="open")
        yield watched.page(rows, read, None)

    def _pages(self, path: str, cursor: str | None) -> Iterator[tuple[list[Row], str]]:
        for rows, after in self._lists.pages(path, cursor):
            report_drift(path, rows)
            yield rows, after

    def _advance(self, application: ApplicationRow, to: TrackerStage) -> None:
        wanted = self._search.stage(application.job_id, to)
        body = {"from_stage_id": application.stage_id, "to_stage_id": wanted}
        try:
            self._act(application, "move", body)
        except RefusedReply:
            if self._search.application(str(application.id)).stage_id == application.stage_id:
                raise
            raise Unavailable(NAME, "somebody else has just moved an application") from None

    def _hire(self, application: ApplicationRow) -> None:
        if application.status == "hired":
            return
        openings = self._search.open_openings(application.job_id)
        if not openings:
            raise Refused(NAME, "the job has no opening left: open one there, then retry")
        try:
            self._act(application, "hire", {"opening_id": openings[0].id})
        except RefusedReply:
            if openings[0] in self._search.open_openings(application.job_id):
                raise
            raise Unavailable(NAME, "somebody else has just filled an opening") from None

    def _act(self, application: ApplicationRow, verb: str, body: Body) -> None:
        self._write("POST", f"/applications/{application.id}/{verb}", body, _nothing)

    def _make(self, path: str, body: Body) -> Receipt:
        new = self._write("POST", path, body, partial(made, Made))
        return Receipt(external_id=str(new.id))

    def _write(self, method: str, path: str, body: Body, reading: Callable[[Any], T]) -> T:
        return self._api.write(method, path, reading=reading, json=body)

    def _template(self) -> int:
        told = self._options.get("template_job_id", "")
        if not told.isdecimal():
            raise Misconfigured(NAME, "the option 'template_job_id' is missing, or no number")
        return int(told)


def _mark(key: str) -> str:
    return f"[fullcycle {key}]"


def _told(**body: Any) -> Body:
    """Leave out what we have nothing to say about."""
    return {name: value for name, value in body.items() if value is not None}


def _person(request: AddApplication, application: Body) -> Body:
    first, last = names(request.name)
    return {
        "first_name": first,
        "last_name": last,
        "email_addresses": _contacts(request.email, "personal"),
        "phone_numbers": _contacts(request.phone, "mobile"),
        "application": application,
    }


def _contacts(value: str | None, kind: str) -> list[Body]:
    return [{"value": value, "type": kind}] if value else []


def _both(body: Any) -> Receipt:
    """Read ids of a candidate and an application that were made at once."""
    both = made(MadeBoth, body)
    return receipt(both.application.id, both.candidate.id)


def _nothing(body: Any) -> None:
    """Read the answer to an act on an application, which is empty (204)."""
    if body is not None:
        raise Unreadable(NAME, "an answer that should be empty is not")
