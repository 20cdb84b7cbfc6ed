"""Odoo 19 Recruitment (module hr_recruitment), open source; run for real in the tests.

Documents, auth, errors and once only: connectors/json2.py.
Options: `stage:<name>` gives the meaning of a stage that Odoo did not come with (it comes with none
for those shown to the manager: add one named Submitted); `reason:<code>` names the refuse reason
that our code means; `database`.
Paging: by id, within what was written since an instant. Limits: none are published.

Quirks
- The instant of a change is that of its transaction's start, and read in whole seconds: as many
  objects as one call makes share it. So a page goes on by id, and each sync reads the last minutes
  of the one before again.
- What is archived or refused is left out of a search that does not ask for it.
- Archiving a job archives all its applicants, those who were hired too. A job is closed by taking
  it off the careers site and wanting nobody any more.
- There are applicants, and no candidates: a note is written on the applicant.
- A stage may have an e-mail for whoever is moved to it, as New has from the beginning. Whom we add
  or move gets none: a move says so in its context.
- Refusing is what Odoo's own assistant does: a reason, archived; its e-mail is left to us.
- Odoo knows neither scorecards nor whether an interview was held.
- What is deleted is gone without a word. Webhooks are not signed, so there are none.

Unverified: Odoo Online (the same software); other versions than 19.0.
"""

import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from html import escape
from typing import Any

from connectors import health, resume, watched
from connectors.access import Access
from connectors.applicant_tracking.odoo.rows import (
    APPLICANT,
    EVENT,
    JOB,
    NAME,
    REASONS,
    RESUMES,
    meanings,
    normalized,
    read_application,
    read_interview,
    read_job,
    slug,
)
from connectors.errors import Misconfigured, Refused, Unreadable, Unsupported
from connectors.health import Check
from connectors.http import LARGEST_FILE
from connectors.json2 import ALWAYS, DATABASE, DOCUMENTS, Odoo, Row, instant, opened, written
from connectors.payload import Payload
from connectors.ports import ApplicantTracker, DocumentStore
from connectors.records import (
    AddApplication,
    AddNote,
    CloseJob,
    KeepResume,
    MoveApplication,
    OpenJob,
    Page,
    Receipt,
    RejectApplication,
    Request,
    ScheduleInterview,
    TrackerStage,
)
from connectors.vendor import Setting, Vendor

PAGE_SIZE = 200
OVERLAP = timedelta(minutes=5)  # more than a transaction of Odoo's may take
BEGINNING = "1970-01-01 00:00:00"


def connect(
    access: Access,
    vault: DocumentStore | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> ApplicantTracker:
    """Open one client's Odoo; raises Misconfigured for a stage without a meaning."""
    return OdooRecruitment(opened(NAME, access, sleep), access.options, vault)


VENDOR = Vendor(
    kind="applicant_tracking",
    name=NAME,
    title="Odoo Recruitment",
    documents=DOCUMENTS,
    reads="applicants, interviews; open jobs",
    writes=(
        "jobs (opened, shown on the careers site, closed), applicants, stage moves, refusals,"
        " notes, interviews; the vault gets résumés"
    ),
    connect=connect,
    needs=("vault",),
    address="the client's own Odoo, as in `https://acme.odoo.com`",
    key="an API key of a user who is Recruitment: Administrator",
    settings=(
        DATABASE,
        Setting("stage:", "the meaning of a stage that is none of Odoo's own"),
        Setting("reason:", "the name of the refuse reason that our code means"),
    ),
    scopes=("Recruitment: Administrator", "Website: Editor, if jobs are shown there"),
)


class OdooRecruitment:
    """The client's applicants in Odoo, in our records."""

    resources: tuple[str, ...] = ("applications", "interviews")

    def __init__(self, odoo: Odoo, options: Mapping[str, str], vault: DocumentStore | None) -> None:
        self._odoo, self._options, self._vault = odoo, options, vault
        self._meanings = meanings(options)

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield what was written since; the last minutes are read twice."""
        state: Row = json.loads(cursor) if cursor else {}
        match resource:
            case "applications":
                yield from self._applications(state)
            case "interviews":
                yield from self._interviews(state)
            case "open_jobs":
                jobs = self._odoo.rows("hr.job", [], (*JOB, *self._shown))
                yield watched.page(jobs, read_job, None)
            case _:
                raise Unsupported(NAME, f"has no {resource}")

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look for what an earlier attempt with this key did.

        What was made under our own name and is not found, for instance as somebody moved an
        applicant to another job, may be made again: Odoo then gives the one there is.
        """
        match request:
            case OpenJob():
                job = self._odoo.named("hr.job", _job_name(request), [])
                return Receipt(external_id=job) if job else None
            case AddApplication():
                ref = self._is_there(request)
                return Receipt(external_id=ref, others={"candidate": ref}) if ref else None
            case ScheduleInterview(application_ref=ref):
                mine = [("applicant_id", "=", self._odoo.number(ref))]
                event = self._odoo.named("calendar.event", _event_name(key), mine)
                return Receipt(external_id=event) if event else None
            case CloseJob(job_ref=ref):
                wanted = ("no_of_recruitment", *self._shown)
                told = self._odoo.one("hr.job", ref, wanted)
                is_open = any(told[name] for name in wanted)
                return None if is_open else Receipt(external_id=ref)
            case MoveApplication(application_ref=ref):
                return Receipt(external_id=ref) if self._has_been_at(ref, request.to) else None
            case RejectApplication(application_ref=ref):
                ended = self._applicant(ref)["application_status"] in ("refused", "archived")
                return Receipt(external_id=ref) if ended else None
            case AddNote():
                return self._note(request, key)
        return resume.looked_for(NAME, request)

    def open_job(self, request: OpenJob, key: str) -> Receipt:
        """Create a job, and show it on the careers site if there is one."""
        values = {
            "name": f"{request.title} ({request.requisition})",
            "no_of_recruitment": str(request.headcount),
            **dict.fromkeys(self._shown, "1"),
        }
        return Receipt(external_id=self._odoo.make("hr.job", _job_name(request), values))

    def close_job(self, request: CloseJob, key: str) -> Receipt:
        """Take a job off the careers site and want nobody any more; its applicants stay."""
        values: Row = {"no_of_recruitment": 0, **dict.fromkeys(self._shown, False)}
        self._odoo.change("hr.job", request.job_ref, values)
        return Receipt(external_id=request.job_ref)

    def add_application(self, request: AddApplication, key: str) -> Receipt:
        """Create an applicant in the first stage, unless they are one of this job already."""
        ref = self._is_there(request) or self._odoo.make(
            "hr.applicant",
            _applicant_name(request),
            {
                "partner_name": request.name,
                "email_from": request.email or "",
                "partner_phone": request.phone or "",
                "job_id/.id": request.job_ref,
                "source_id/.id": self._source(request.source),
            },
        )
        return Receipt(external_id=ref, others={"candidate": ref})

    def move(self, request: MoveApplication, key: str) -> Receipt:
        """Move an applicant to the first stage of their job that has the asked meaning."""
        applicant = self._applicant(request.application_ref)
        stage = self._stage(request.to, applicant["job_id"])
        self._odoo.change(
            "hr.applicant", request.application_ref, {"stage_id": stage}, just_moved=True
        )
        return Receipt(external_id=request.application_ref)

    def reject(self, request: RejectApplication, key: str) -> Receipt:
        """Refuse an applicant with the reason that our code means."""
        self._applicant(request.application_ref)
        values: Row = {
            "refuse_reason_id": self._reason(request),
            "active": False,
            "refuse_date": written(self._odoo.told_at),
        }
        self._odoo.change("hr.applicant", request.application_ref, values)
        return Receipt(external_id=request.application_ref)

    def add_note(self, request: AddNote, key: str) -> Receipt:
        """Write a note on the applicant whose last line is our key."""
        lines = [*request.text.splitlines(), _mark(key)]
        html = f"<p>{'<br>'.join(escape(line) for line in lines)}</p>"
        note = self._odoo.post_note("hr.applicant", request.candidate_ref, html)
        return Receipt(external_id=note)

    def schedule_interview(self, request: ScheduleInterview, key: str) -> Receipt:
        """Put one round into the calendar of the interviewers, who must be known to Odoo."""
        self._applicant(request.application_ref)
        values = {
            "name": request.round,
            "start": written(request.starts_at),
            "stop": written(request.ends_at),
            "applicant_id/.id": request.application_ref,
            "partner_ids/.id": ",".join(self._contacts(request.interviewers)),
        }
        event = self._odoo.make("calendar.event", _event_name(key), values)
        return Receipt(external_id=event)

    def keep_resume(self, request: KeepResume, key: str) -> Receipt:
        """Copy the applicant's oldest file of a kind that résumés have: it came with them."""
        mine = [
            ("res_model", "=", "hr.applicant"),
            ("res_id", "=", self._odoo.number(request.application_ref)),
            ("type", "=", "binary"),
            ("mimetype", "in", RESUMES),
        ]

        def given() -> bytes | None:
            rows = self._odoo.rows("ir.attachment", mine, ("file_size",), limit=1)
            if not rows:
                return None
            if rows[0]["file_size"] > LARGEST_FILE:
                raise Refused(NAME, f"a file is larger than {LARGEST_FILE >> 20} MB")
            same = [*mine, ("id", "=", rows[0]["id"])]
            return _content(self._odoo.rows("ir.attachment", same, ("datas",)))

        return resume.keep(NAME, self._vault, request.name, given)

    def check(self) -> Iterator[Check]:
        """Whether there is a stage of each meaning, a refuse reason for each of ours; the clock."""
        yield from health.stages(lambda stage: self._stage(stage, None))
        yield from health.reasons(self._reason)
        yield from self._odoo.health()

    def _applications(self, state: Row) -> Iterator[Page]:
        names = {slug(row["name"]) for row in self._stages if row["hired_stage"]}
        stages = self._meanings | dict.fromkeys(names, TrackerStage.HIRED)
        read = partial(read_application, stages=stages)
        for rows, mark in self._written("hr.applicant", APPLICANT, state):
            yield watched.page(rows, read, mark)

    def _interviews(self, state: Row) -> Iterator[Page]:
        """Read also those that have ended since: nothing was written then."""
        for rows, mark in self._written("calendar.event", EVENT, state, ends=True):
            ids = sorted({id for row in rows for id in row["partner_ids"] or []})
            read = partial(read_interview, emails=self._emails(ids), now=self._odoo.told_at)
            yield watched.page(rows, read, mark)

    def _written(
        self, model: str, fields: Sequence[str], state: Row, ends: bool = False
    ) -> Iterator[tuple[list[Row], str]]:
        """Yield pages of what was written since, by id, each with the cursor after it.

        What changes meanwhile is later than `until`, and so in the next sync.
        """
        since = state.get("since", BEGINNING)
        latest = self._latest(model, since)
        until = state.get("until") or latest
        after = state.get("after", 0)
        while True:
            domain = [ALWAYS, ("id", ">", after), *_since(since, self._odoo.told_at, ends)]
            rows = self._odoo.rows(model, domain, fields, limit=PAGE_SIZE)
            if len(rows) < PAGE_SIZE:
                yield rows, json.dumps({"since": max(since, _before(until))})
                return
            after = rows[-1]["id"]
            yield rows, json.dumps({"since": since, "until": until, "after": after})

    def _latest(self, model: str, since: str) -> str:
        rows = self._odoo.rows(model, [ALWAYS], ("write_date",), order="write_date desc", limit=1)
        return written(instant(Payload(NAME, rows[0]), "write_date")) if rows else since

    def _applicant(self, ref: str) -> Row:
        fields = ("job_id", "stage_id", "application_status", "duration_tracking")
        return self._odoo.one("hr.applicant", ref, fields)

    def _is_there(self, request: AddApplication) -> str | None:
        """Find whom we added; else who applies for this job with this e-mail address now."""
        of_this_job = ("job_id", "=", self._odoo.number(request.job_ref))
        added = self._odoo.named("hr.applicant", _applicant_name(request), [of_this_job])
        email = normalized(request.email)
        if added or email is None:
            return added
        domain = [of_this_job, ("email_normalized", "=", email)]
        rows = self._odoo.rows("hr.applicant", domain, ("application_status",))
        ongoing = [str(row["id"]) for row in rows if row["application_status"] == "ongoing"]
        return ongoing[0] if ongoing else None

    def _has_been_at(self, ref: str, stage: TrackerStage) -> bool:
        """Tell by the seconds that Odoo counts for each stage an applicant was in."""
        counted: Row = self._applicant(ref)["duration_tracking"] or {}
        meant = {str(row["id"]) for row in self._stages if self._means(row) is stage}
        return bool(meant & counted.keys())

    def _note(self, request: AddNote, key: str) -> Receipt | None:
        domain = [
            ("model", "=", "hr.applicant"),
            ("res_id", "=", self._odoo.number(request.candidate_ref)),
        ]
        mark = escape(_mark(key))
        for row in self._odoo.rows("mail.message", domain, ("body",)):
            if mark in (row["body"] or ""):
                return Receipt(external_id=str(row["id"]))
        return None

    def _source(self, title: str) -> str:
        rows = self._odoo.rows("utm.source", [], ("name",))
        return next((str(row["id"]) for row in rows if slug(row["name"]) == slug(title)), "")

    def _contacts(self, emails: Sequence[str]) -> list[str]:
        wanted = [normalized(email) for email in emails]
        rows = self._odoo.rows(
            "res.partner", [("email_normalized", "in", wanted)], ("email_normalized",)
        )
        found = {row["email_normalized"]: str(row["id"]) for row in reversed(rows)}
        missing = [email for email in wanted if email not in found]
        if missing:
            raise Refused(
                NAME, f"{len(missing)} interviewers are no contacts: add them to Odoo, then retry"
            )
        return [found[email] for email in wanted]

    def _emails(self, ids: Sequence[int]) -> dict[int, str]:
        domain = [("id", "in", ids), ALWAYS]
        rows = self._odoo.rows("res.partner", domain, ("email",)) if ids else []
        return {row["id"]: row["email"] for row in rows if row["email"]}

    def _reason(self, request: RejectApplication) -> int:
        text = self._options.get(f"reason:{request.reason}", REASONS.get(request.reason, ""))
        for row in self._odoo.rows("hr.applicant.refuse.reason", [], ("name",)):
            if slug(row["name"]) == slug(text):
                return int(row["id"])
        raise Misconfigured(NAME, f"no refuse reason means {request.reason!r}: add an option")

    @cached_property
    def _shown(self) -> tuple[str, ...]:
        """The field that shows a job on the careers site, if Odoo has one."""
        return tuple({"website_published"} & self._odoo.fields("hr.job"))

    @property
    def _stages(self) -> list[Row]:
        fields = ("name", "hired_stage", "job_ids")
        rows = self._odoo.rows("hr.recruitment.stage", [], fields, order="sequence, id")
        for row in rows:
            Payload(NAME, row).take("hired_stage", bool)  # anything else would count as one
        return rows

    def _means(self, stage: Row) -> TrackerStage | None:
        if stage["hired_stage"]:
            return TrackerStage.HIRED
        return self._meanings.get(slug(stage["name"]))

    def _stage(self, wanted: TrackerStage, job: list[Any] | None) -> int:
        """Find the first stage of a meaning, of all jobs or of this one."""
        for row in self._stages:
            here = not row["job_ids"] or (job and job[0] in row["job_ids"])
            if here and self._means(row) is wanted:
                return int(row["id"])
        raise Misconfigured(NAME, f"no stage means {wanted}: add one, or a setting 'stage:<name>'")


def _content(rows: Sequence[Row]) -> bytes:
    """The bytes of a file, unless it was deleted a moment ago."""
    try:
        return b64decode(rows[0]["datas"], validate=True)
    except (IndexError, TypeError, ValueError):
        raise Unreadable(NAME, "a file cannot be read: was it deleted a moment ago?") from None


def _since(since: str, now: datetime, ends: bool) -> list[Any]:
    if not ends:
        return [("write_date", ">=", since)]
    ended = ["&", ("stop", ">=", since), ("stop", "<=", written(now))]
    return [("applicant_id", "!=", False), "|", ("write_date", ">=", since), *ended]


def _before(until: str) -> str:
    at = datetime.fromisoformat(until).replace(tzinfo=UTC)
    return written(max(at - OVERLAP, datetime.fromisoformat(BEGINNING).replace(tzinfo=UTC)))


def _job_name(request: OpenJob) -> str:
    return f"job_{request.requisition}"


def _applicant_name(request: AddApplication) -> str:
    return f"application_{_word(request.application_key)}"


def _event_name(key: str) -> str:
    return f"interview_{_word(key)}"


def _word(key: str) -> str:
    """Write our key as an external id, which has no blanks."""
    return "_".join(key.split())


def _mark(key: str) -> str:
    return f"[fullcycle {key}]"
