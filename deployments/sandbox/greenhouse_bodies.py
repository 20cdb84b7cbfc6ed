"""What the stand-in of Greenhouse lets itself be told: the fields of each write, and no others."""

from dataclasses import dataclass, field
from typing import Any

from deployments.sandbox.ashby_records import Row


class Declined(Exception):
    """What Greenhouse says with 422."""


@dataclass(frozen=True)
class Body:
    """The fields that a write takes: those it must have, and those it may."""

    must: frozenset[str]
    may: frozenset[str] = field(default_factory=frozenset)

    def check(self, told: Row) -> None:
        """Refuse what has other fields."""
        if missing := sorted(self.must - told.keys()):
            raise Declined(f"{missing[0]} is missing")
        if unknown := sorted(told.keys() - self.must - self.may):
            raise Declined(f"{unknown[0]} is not a permitted key")


def _body(must: str, may: str = "") -> Body:
    return Body(frozenset(must.split()), frozenset(may.split()))


APPLICATION = "job_id initial_stage_id source_id referrer_id recruiter_id coordinator_id created_at"
BODIES = {
    "candidate": _body(
        "first_name last_name",
        "company title can_email phone_numbers addresses email_addresses website_addresses"
        " social_media_addresses tags linked_user_ids custom_fields application",
    ),
    "candidate's application": _body("job_id", f"{APPLICATION} custom_fields"),
    "application": _body("candidate_id job_id", f"{APPLICATION} custom_fields"),
    "move": _body("from_stage_id", "to_stage_id to_job_id email_from_user_id"),
    "reject": _body("rejection_reason_id", "notes rejection_email custom_fields"),
    "hire": _body("", "start_date opening_id close_reason_id"),
    "job": _body(
        "template_job_id number_of_openings",
        "job_name job_post_name notes department_id external_department_id office_ids"
        " external_office_ids requisition_id opening_ids custom_fields",
    ),
    "opening": _body("", "status close_reason_id opening_id target_start_on custom_fields"),
    "note": _body("candidate_id body visibility note_type", "subject user_id application_id"),
    "interview": _body(
        "application_id job_interview_id interviewers starts_at ends_at external_event_id",
        "location video_conferencing_url",
    ),
}


def checked(name: str, told: Any) -> Row:
    """The body of a write, if it has the fields it may have; raises Declined."""
    if not isinstance(told, dict):
        raise Declined("an object is expected")
    BODIES[name].check(told)
    return told
