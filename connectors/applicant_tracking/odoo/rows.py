"""What Odoo's recruiting objects mean in our records: categories, and a strict reader each."""

import json
import re
from collections.abc import Mapping
from datetime import datetime

from connectors.errors import Misconfigured, Unreadable
from connectors.json2 import Row, instant, link
from connectors.payload import Payload
from connectors.records import (
    Application,
    ArchiveKind,
    Interview,
    InterviewStatus,
    Job,
    TrackerStage,
)

NAME = "odoo"
APPLICANT = (
    "id",
    "partner_name",
    "email_from",
    "partner_phone",
    "linkedin_profile",
    "job_id",
    "stage_id",
    "application_status",
    "refuse_reason_id",
    "source_id",
    "active",
    "create_date",
    "write_date",
)
JOB = ("id", "name", "no_of_recruitment", "address_id", "write_date")
EVENT = ("id", "name", "start", "stop", "applicant_id", "partner_ids", "active", "write_date")

RESUMES = (  # Odoo tells a file's kind by its bytes
    "application/pdf",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/rtf",
    "text/rtf",
    "text/plain",
)

STAGES = {  # Odoo's own, and what a client would call the one that Odoo lacks
    "new": TrackerStage.NEW,
    "qualification": TrackerStage.SCREEN,
    "submitted": TrackerStage.SUBMITTED,
    "first_interview": TrackerStage.INTERVIEW,
    "second_interview": TrackerStage.INTERVIEW,
    "contract_proposal": TrackerStage.OFFER,
}
STATUSES = {
    "ongoing": None,
    "hired": TrackerStage.HIRED,
    "refused": TrackerStage.ARCHIVED,
    "archived": TrackerStage.ARCHIVED,
}
REASONS = {
    "not_qualified": "Does not fit the job requirements",
    "not_selected": "Does not fit the job requirements",
    "background": "Does not fit the job requirements",
    "position_closed": "Job already fulfilled",
    "duplicate": "Duplicate",
    "withdrew": "Refused by applicant: job fit",
}
KINDS = {
    "does_not_fit_the_job_requirements": ArchiveKind.BY_EMPLOYER,
    "job_already_fulfilled": ArchiveKind.BY_EMPLOYER,
    "duplicate": ArchiveKind.BY_EMPLOYER,
    "spam": ArchiveKind.BY_EMPLOYER,
    "refused_by_applicant_job_fit": ArchiveKind.BY_CANDIDATE,
    "refused_by_applicant_salary": ArchiveKind.BY_CANDIDATE,
}


def slug(text: str) -> str:
    """Write a name as one lower-case word."""
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def meanings(options: Mapping[str, str]) -> dict[str, TrackerStage]:
    """The meaning of stages by name: Odoo's own, and what the options `stage:<name>` say."""
    told = {slug(n.removeprefix("stage:")): v for n, v in options.items() if n.startswith("stage:")}
    try:
        return STAGES | {name: TrackerStage(value) for name, value in told.items()}
    except ValueError:
        known = ", ".join(TrackerStage)
        raise Misconfigured(NAME, f"a setting 'stage:…' is none of {known}") from None


def normalized(email: str | None) -> str | None:
    """Write an e-mail address as Odoo compares it."""
    return (email or "").strip().lower() or None


def read_application(data: Row, stages: Mapping[str, TrackerStage]) -> tuple[Application, ...]:
    """Read an applicant; one without a job has not applied for any."""
    row = Payload(NAME, data)
    job, stage = link(row, "job_id"), link(row, "stage_id")
    reason, source = link(row, "refuse_reason_id"), link(row, "source_id")
    ref = str(row.take("id", int))
    if job is None:
        return ()
    email, phone = row.maybe("email_from", str), row.maybe("partner_phone", str)
    profile = row.maybe("linkedin_profile", str)
    ended = row.choice("application_status", STATUSES)
    application = Application(
        external_id=ref,
        updated_at=instant(row, "write_date"),
        ordered=True,
        document=json.dumps(data).encode(),
        job_ref=job[0],
        candidate_ref=ref,
        name=row.take("partner_name", str),
        emails=(email,) if email else (),
        phones=(phone,) if phone else (),
        links=(profile,) if profile else (),
        source=source[1] if source else "",
        applied_at=instant(row, "create_date"),
        stage=ended or _meaning(stage, stages),
        archive_kind=_kind(reason) if ended is TrackerStage.ARCHIVED else None,
        archive_reason=reason[1] if reason else "",
    )
    return (application,)


def read_job(data: Row) -> tuple[Job, ...]:
    """Read a job that is not archived: it is open if it wants anybody, or is shown on the site."""
    row = Payload(NAME, data)
    wanted, shown = row.take("no_of_recruitment", int), row.maybe("website_published", bool)
    if not wanted and not shown:
        return ()
    place = link(row, "address_id")
    job = Job(
        external_id=str(row.take("id", int)),
        updated_at=instant(row, "write_date"),
        ordered=True,
        title=row.take("name", str),
        place=place[1] if place else "",
        headcount=wanted or None,
    )
    return (job,)


def read_interview(data: Row, emails: Mapping[int, str], now: datetime) -> tuple[Interview, ...]:
    """Read an interview; Odoo does not say whether it was held: one that has ended counts as such.

    now: when Odoo told it. Somebody's interview that bears only their name is of no round.
    """
    row = Payload(NAME, data)
    applicant = link(row, "applicant_id")
    if applicant is None:
        return ()
    title, ends_at, changed = (
        row.take("name", str),
        instant(row, "stop"),
        instant(row, "write_date"),
    )
    held = ends_at <= now
    status = InterviewStatus.COMPLETED if held else InterviewStatus.SCHEDULED
    if not row.take("active", bool):
        status = InterviewStatus.CANCELLED
    interview = Interview(
        external_id=str(row.take("id", int)),
        updated_at=max(changed, ends_at) if held else changed,
        ordered=True,
        document=json.dumps({**data, "name": ""}).encode(),
        application_ref=applicant[0],
        round="" if title == applicant[1] else title,
        starts_at=instant(row, "start"),
        ends_at=ends_at,
        status=status,
        interviewers=tuple(emails.get(id, str(id)) for id in row.take("partner_ids", list)),
    )
    return (interview,)


def _meaning(stage: tuple[str, str] | None, stages: Mapping[str, TrackerStage]) -> TrackerStage:
    name = slug(stage[1]) if stage else ""
    if name not in stages:
        raise Unreadable(NAME, f"no meaning of a stage is known: add the setting 'stage:{name}'")
    return stages[name]


def _kind(reason: tuple[str, str] | None) -> ArchiveKind:
    return KINDS.get(slug(reason[1]), ArchiveKind.OTHER) if reason else ArchiveKind.OTHER
