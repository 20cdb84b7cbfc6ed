"""Lever, Data API v1.

Docs: https://hire.lever.co/developer/documentation
Auth: HTTP basic, the API key as user name and no password.
Paging: `hasNext` and `next`, an opaque value for `offset`; changes by `updated_at_start`, in ms.
Limits: 10 requests a second for a key; 429 says nothing of when to come back, so we wait a little
longer each time.
Errors: a status of 4xx with `code` and `message`; each good answer holds `data`.
Options: `user_id`, in whose name we write; `team` of new postings; `feedback_template_id`, the form
that interviewers fill in; `stage:<text>`, `kind:<text>`, `reason:<code>`, `hired_reason`: below.
Secrets: `webhook`, the signature tokens, separated by commas: each webhook has one of its own.

Quirks
- An opportunity is one person's way towards one job; what other vendors call a candidate is the
  same object, with the same id. The posting is in its application (`expand=applications`).
- Hired and rejected are both "archived": the type of the archive reason tells which. A move of what
  is archived is done, and leaves it archived; so we refuse to ask for one.
- What is deleted is in a list of its own. A deleted interview is in none.
- Stages have an id and a text: the text gives the meaning, `stage:<text>` where it does not. Who
  ended an opportunity only the text of the reason tells; `kind:<text>` says so where it does not.
- What was never changed has no `updatedAt`: it is of when it was created.
- An interview has no status but `canceledAt`: it took place if a form about it was handed in.
- There are no idempotency keys. A posting carries the requisition's code as a tag, an opportunity
  and an interview's note carry our key, and a note ends with it. A person with the same e-mail
  address is not created again, but gets another opportunity.
- A webhook signs its time and a token, never what it says: it is a hint to look.

Unverified against the real Lever: creating a posting (other clients do it); the shape of
`/opportunities/deleted` beyond `id`, and of `customQuestions`; that a score is a number or begins
with one; that `expand=applications` is honoured in lists (if not, each is asked for); how soon a
new opportunity is found by its tag; whether panels and forms change `updatedAt`, so those of people
in talks are always read.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from requests.auth import HTTPBasicAuth

from connectors import health, resume, watched, webhook
from connectors.access import Access
from connectors.applicant_tracking.lever.calls import Calls, objection
from connectors.applicant_tracking.lever.rows import (
    NAME,
    Meanings,
    Row,
    each_interview,
    id_of,
    is_archived,
    kept,
    made_ref,
    mark,
    milliseconds,
    read_feedback,
    read_interview,
    read_opportunity,
    read_posting,
    receipt,
    slug,
    tag_of,
)
from connectors.applicant_tracking.lever.search import WITH_APPLICATIONS, Search
from connectors.errors import Refused, Unreadable
from connectors.health import Check
from connectors.http import Api, segment
from connectors.payload import Payload
from connectors.ports import ApplicantTracker, DocumentStore
from connectors.records import (
    AddApplication,
    AddNote,
    Application,
    CloseJob,
    Gone,
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

IN_TALKS = (TrackerStage.SCREEN, TrackerStage.SUBMITTED, TrackerStage.INTERVIEW)
WEBHOOK_REFS = [("data", "opportunityId"), ("data", "candidateId"), ("data", "interviewId")]


def connect(
    access: Access,
    vault: DocumentStore | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> ApplicantTracker:
    """Open one client's Lever."""
    auth = HTTPBasicAuth(access.key, "")
    api = Api(NAME, access.base_url, auth, objection=objection, sleep=sleep)
    return Lever(Calls(api, access.options.get("user_id", "")), access.options, vault)


def verify_webhook(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Tell whether one of our webhooks' tokens has signed the time and the token inside."""
    try:
        told = webhook.document(NAME, raw)
    except Unreadable:
        return False
    token, at, sent = told.get("token"), told.get("triggeredAt"), told.get("signature")
    if not isinstance(token, str) or type(at) is not int or not isinstance(sent, str):
        return False
    signed = f"{token}{at}".encode("utf-8", "replace")
    secrets = [each.strip().encode() for each in secret.split(",") if each.strip()]
    ours = (hmac.new(each, signed, hashlib.sha256).hexdigest() for each in secrets)
    return any(hmac.compare_digest(sent.encode("utf-8", "replace"), each.encode()) for each in ours)


def read_webhook(raw: bytes) -> webhook.Event:
    """Read which opportunity an event is about; raises Unreadable.

    It is known by its kind, its time and what it is about: it has no id that stays.
    """
    told = webhook.document(NAME, raw)
    kind = webhook.identifier(NAME, told.get("event"))
    refs = webhook.refs(told, WEBHOOK_REFS)
    at = told.get("triggeredAt")
    if type(at) is not int:
        raise Unreadable(NAME, "a webhook does not say when it happened")
    try:
        happened = datetime.fromtimestamp(at / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        raise Unreadable(NAME, "the time of a webhook is not milliseconds") from None
    known_by = json.dumps([kind, at, refs]).encode()
    return webhook.Event(hashlib.sha256(known_by).hexdigest(), kind, refs, happened)


VENDOR = Vendor(
    kind="applicant_tracking",
    name=NAME,
    title="Lever",
    documents="https://hire.lever.co/developer/documentation",
    reads=(
        "opportunities with their application and its answers (as applications), feedback"
        " forms (as scorecards), interviews; what was deleted; open postings (as jobs)"
    ),
    writes=(
        "postings (published, closed), opportunities, stage moves, hires, rejections, notes,"
        " interviews; the vault gets résumés"
    ),
    connect=connect,
    needs=("vault",),
    addresses={
        "production": "https://api.lever.co/v1",
        "sandbox": "https://api.sandbox.lever.co/v1",
    },
    domain="lever.co",
    address="in the EU `https://api.eu.lever.co/v1`",
    key="an API key",
    settings=(
        Setting("user_id", "in whose name we write: the id of a user", required=True),
        Setting("team", "the team that new postings belong to", required=True),
        Setting(
            "feedback_template_id", "the id of the form that interviewers fill in", required=True
        ),
        Setting("hired_reason", "the text of the archive reason of a hire, if there are several"),
        Setting("stage:", "the meaning of a stage whose text does not tell it"),
        Setting("kind:", "who ends an application with a reason whose text does not tell it"),
        Setting("reason:", "the text of the archive reason that our code means"),
        Setting("webhook", "the webhooks' signature tokens, separated by commas", secret=True),
    ),
    scopes=(
        "opportunities: read, write",
        "postings: read, write",
        "notes: read, write",
        "panels: read, write",
        "feedback: read",
        "users: read",
        "stages: read",
        "archive reasons: read",
        "resumes: read, with a vault",
    ),
    webhooks=Sender(verify_webhook, read_webhook),
)


class Lever:
    """The client's Lever, in our records."""

    resources: tuple[str, ...] = ("applications", "scorecards", "interviews")
    search_lag = 5  # what is ours is found by its tag; how far that is behind is not documented

    def __init__(
        self, calls: Calls, options: Mapping[str, str], vault: DocumentStore | None
    ) -> None:
        self._vault = vault
        self._calls, self._options, self._meanings = calls, options, Meanings(options)
        self._search = Search(calls, options, self._meanings)

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield what changed; reads a list from its start when Lever refuses to go on in it."""
        reads: Mapping[str, Callable[[str | None], Iterator[Page]]] = {
            "applications": self._applications,
            "scorecards": partial(self._in_talks, self._scorecards),
            "interviews": partial(self._in_talks, self._interviews),
            "open_jobs": self._open_jobs,
        }
        read = reads[resource]
        state = json.loads(cursor) if cursor else {}
        try:
            yield from read(cursor)
        except Refused:
            if "at" not in state:
                raise
            since = state["since"]
            yield from read(None if since is None else json.dumps({"since": since}))

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for what an earlier attempt with this key did."""
        match request:
            case OpenJob():
                return self._search.posting_of(request)
            case CloseJob(job_ref=ref):
                is_closed = self._search.posting(ref).take("state", str) == "closed"
                return Receipt(external_id=ref) if is_closed else None
            case AddApplication():
                return self._search.made_by_us(key)
            case MoveApplication(application_ref=ref):
                return (
                    Receipt(external_id=ref) if self._search.has_been_at(ref, request.to) else None
                )
            case RejectApplication(application_ref=ref):
                is_rejected = self._search.is_hired(self._search.opportunity(ref)) is False
                return Receipt(external_id=ref) if is_rejected else None
            case AddNote():
                return self._search.note(request.candidate_ref, mark(key))
            case ScheduleInterview():
                return self._search.interview(request.application_ref, mark(key))
        return resume.looked_for(NAME, request)

    def open_job(self, request: OpenJob, key: str) -> Receipt:
        """Publish a posting; where the client's approvals are missing, Lever refuses it."""
        if found := self._search.posting_of(request):
            return found
        place = ", ".join(part for part in (request.place.city, request.place.region) if part)
        body = {
            "text": request.title,
            "state": "published",
            "categories": {"location": place, "team": self._options["team"]},
            "tags": [tag_of(request.requisition)],
        }
        return self._calls.write("POST", "/postings", body, made_ref)

    def close_job(self, request: CloseJob, key: str) -> Receipt:
        """Close a posting."""

        def closed(made: Payload) -> Receipt:
            if made.take("state", str) != "closed":
                raise Unreadable(NAME, "a posting we have closed is not closed")
            return made_ref(made)

        path = f"/postings/{segment(request.job_ref)}"
        return self._calls.write("POST", path, {"state": "closed"}, closed)

    def add_application(self, request: AddApplication, key: str) -> Receipt:
        """Create an opportunity, or take the open one that this person has for the posting."""
        if found := self._search.made_by_us(key) or self._search.open_one(request):
            return found
        body = {
            "name": request.name,
            "emails": [request.email] if request.email else [],
            "phones": [{"type": "mobile", "value": request.phone}] if request.phone else [],
            "tags": [mark(key)],
            "sources": [request.source],
            "origin": "applied",
            "stage": self._search.stage(TrackerStage.NEW),
            "postings": [request.job_ref],
            "createdAt": milliseconds(request.applied_at),
        }
        made = self._calls.write("POST", "/opportunities", body, made_ref)
        return receipt(made.external_id)

    def move(self, request: MoveApplication, key: str) -> Receipt:
        """Move an opportunity to the first stage with the asked meaning; a hire archives it."""
        ref = request.application_ref
        opportunity = self._search.opportunity(ref)
        if is_archived(opportunity):
            if request.to is TrackerStage.HIRED and self._search.is_hired(opportunity):
                return Receipt(external_id=ref)
            raise Refused(NAME, "the opportunity is archived: bring it back there, then retry")
        if request.to is TrackerStage.HIRED:
            return self._archive(ref, self._search.hired_reason())
        stage = self._search.stage(request.to)
        if Payload(NAME, opportunity).take("stage", str) == stage:
            return Receipt(external_id=ref)

        def moved(made: Payload) -> Receipt:
            if made.take("stage", str) != stage:
                raise Unreadable(NAME, "an opportunity is not in the stage we have moved it to")
            return made_ref(made)

        path = f"/opportunities/{segment(ref)}/stage"
        return self._calls.write("PUT", path, {"stage": stage}, moved)

    def reject(self, request: RejectApplication, key: str) -> Receipt:
        """Archive an opportunity with the reason whose text our reason code means."""
        reason = self._search.rejection_reason(request)
        is_hired = self._search.is_hired(self._search.opportunity(request.application_ref))
        if is_hired:
            raise Refused(NAME, "the opportunity is archived as hired: look at it there")
        if is_hired is False:
            return Receipt(external_id=request.application_ref)
        return self._archive(request.application_ref, reason)

    def add_note(self, request: AddNote, key: str) -> Receipt:
        """Write a note whose last line is our key."""
        path = f"/opportunities/{segment(request.candidate_ref)}/notes"
        body = {"value": f"{request.text}\n\n{mark(key)}"}
        return self._calls.write("POST", path, body, made_ref)

    def schedule_interview(self, request: ScheduleInterview, key: str) -> Receipt:
        """Record one round as a panel of one interview, which is on nobody's calendar."""
        template = self._options["feedback_template_id"]
        interview = {
            "subject": request.round,
            "note": mark(key),
            "interviewers": [
                {"id": self._search.user(email), "feedbackTemplate": template}
                for email in request.interviewers
            ],
            "date": milliseconds(request.starts_at),
            "duration": int((request.ends_at - request.starts_at).total_seconds() // 60),
            "feedbackTemplate": template,
        }
        path = f"/opportunities/{segment(request.application_ref)}/panels"
        body = {"timezone": "UTC", "interviews": [interview]}
        return self._calls.write("POST", path, body, _made_interview)

    def keep_resume(self, request: KeepResume, key: str) -> Receipt:
        """Copy the newest résumé of an opportunity."""
        path = f"/opportunities/{segment(request.application_ref)}/resumes"

        def given() -> bytes | None:
            rows = [Payload(NAME, row) for row in self._calls.all(path)]
            newest = max(rows, key=lambda row: row.take("createdAt", int), default=None)
            if newest is None:
                return None
            file = f"{path}/{segment(newest.take('id', str))}/download"
            return self._calls.file(file, resume.read)

        return resume.keep(NAME, self._vault, request.name, given)

    def check(self) -> Iterator[Check]:
        """Whether there is a stage of each meaning and a reason for each of ours; Lever's clock."""
        yield from health.stages(self._search.stage)
        yield from health.reasons(self._search.rejection_reason)
        yield health.tried(
            "hire", "name a reason in the setting 'hired_reason'", self._search.hired_reason
        )
        yield from self._calls.health()

    def _applications(self, cursor: str | None) -> Iterator[Page]:
        stages, reason = self._search.stages(), cache(self._search.reason)
        read = partial(read_opportunity, meanings=self._meanings, stages=stages, reason=reason)
        for part in self._calls.changed("/opportunities", cursor, **WITH_APPLICATIONS):
            rows = [kept(self._search.expanded(row)) for row in part.rows]
            listed = [(id_of(row), json.dumps(row, sort_keys=True).encode()) for row in rows]
            gone = self._deleted(part.since) if part.is_last and part.since is not None else ()
            yield Page(
                listed=Listed(Application, listed, read),
                gone=Gone(Application, gone),
                cursor=part.after,
            )

    def _deleted(self, since: int) -> list[str]:
        rows = self._calls.all("/opportunities/deleted", deleted_at_start=since)
        return [id_of(row) for row in rows]

    def _in_talks(self, read: Callable[[Row], Sequence[Any]], cursor: str | None) -> Iterator[Page]:
        """Read what belongs to opportunities that changed, or are where people talk.

        Those that are archived when all is read for the first time are left out.
        """
        seen: set[str] = set()
        is_first = cursor is None or json.loads(cursor).get("since") is None
        only = {"archived": "false"} if is_first else {}
        for part in self._calls.changed("/opportunities", cursor, **only):
            rows = part.rows
            seen |= {id_of(row) for row in rows}
            if part.is_last and part.since is not None:
                rows = rows + [row for row in self._being_talked_to() if id_of(row) not in seen]
            yield watched.page(rows, read, part.after)

    def _being_talked_to(self) -> list[Row]:
        return [
            row
            for ref, text in self._search.stages().items()
            if self._meanings.stage(ref, text) in IN_TALKS
            for row in self._calls.all("/opportunities", stage_id=ref, archived="false")
        ]

    def _interviews(self, opportunity: Row) -> list[Interview]:
        ref = id_of(opportunity)
        panels = self._search.panels(ref)
        forms = self._search.forms(ref) if panels else []
        held = {form["interview"] for form in forms if form.get("interview")}
        return [read_interview(each, panel, ref, held) for panel, each in each_interview(panels)]

    def _scorecards(self, opportunity: Row) -> list[Scorecard]:
        ref = id_of(opportunity)
        forms = self._search.forms(ref)
        panels = self._search.panels(ref) if forms else []
        rounds = {
            id_of(each): slug(str(each.get("subject", ""))) for _, each in each_interview(panels)
        }
        return [read_feedback(form, ref, rounds, self._search.email) for form in forms]

    def _open_jobs(self, cursor: str | None) -> Iterator[Page]:
        yield watched.page(self._calls.all("/postings"), read_posting, cursor)

    def _archive(self, ref: str, reason: str) -> Receipt:
        def archived(made: Payload) -> Receipt:
            if made.inner("archived").take("reason", str) != reason:
                raise Unreadable(NAME, "an opportunity is not archived as we have asked")
            return made_ref(made)

        path = f"/opportunities/{segment(ref)}/archived"
        body = {"reason": reason, "cleanInterviews": False}
        return self._calls.write("PUT", path, body, archived)


def _made_interview(panel: Payload) -> Receipt:
    """Read the one interview of a panel we have made."""
    interviews = panel.items("interviews")
    if len(interviews) != 1:
        raise Unreadable(NAME, "a panel has not the one interview we asked for")
    made = interviews[0].take("id", str)
    return Receipt(external_id=made, others={"panel": panel.take("id", str)})
