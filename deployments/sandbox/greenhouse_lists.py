"""How the stand-in of Greenhouse answers a list: filters, and pages by cursors that stand alone."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from deployments.sandbox.ashby_records import Row
from deployments.sandbox.greenhouse_bodies import Declined
from deployments.sandbox.greenhouse_records import BUILT_IN

MOST_PER_PAGE, MOST_IDS = 500, 50
RANGES = {"created_at", "updated_at", "last_activity_at"}
FILTERS: dict[str, set[str]] = {
    "candidates": {"email"},
    "applications": {"candidate_ids", "job_ids", "status", "stage_name", "prospect"},
    "application_stages": {"application_ids", "job_interview_stage_ids", "current"},
    "jobs": {"requisition_id", "status"},
    "openings": {"job_ids", "open"},
    "notes": {"candidate_ids", "type"},
    "job_interview_stages": {"job_ids", "active"},
    "job_interviews": {"job_ids", "job_interview_stage_ids", "active"},
    "interview_kits": {"job_ids", "job_interview_ids"},
    "interviews": {"job_ids", "application_ids", "external_event_id", "status"},
    "interviewers": {"interview_ids", "user_ids", "scorecard_ids"},
    "scorecards": {"application_ids", "interview_kit_ids", "status"},
    "scorecard_questions": {"interview_kit_ids", "active"},
    "scorecard_question_answers": {"scorecard_ids", "scorecard_question_ids"},
    "scorecard_question_options": {"scorecard_question_ids", "active"},
    "scorecard_question_answer_options": {
        "scorecard_question_option_ids",
        "scorecard_question_answer_ids",
    },
    "attachments": {"application_ids", "candidate_ids", "type"},
    "users": {"primary_email"},
    "sources": set(),
    "offices": set(),
    "rejection_reasons": {"include_defaults"},
    "rejection_details": {"application_ids"},
}


def page(
    name: str, rows: Sequence[Row], query: Mapping[str, str], most: int
) -> tuple[list[Row], str | None]:
    """One page of a list, newest first, and the cursor of the next; raises Declined.

    A cursor names the list's filters and the last object that was shown.
    """
    asked, after = dict(query), None
    if at := asked.pop("cursor", None):
        if asked:
            raise Declined("cursor must be the only parameter")
        asked, after = _opened(at)
    found = sorted(filtered(name, rows, asked), key=_place, reverse=True)
    if after:
        found = [row for row in found if _place(row) < after]
    size = min(_whole(asked.get("per_page", "100"), MOST_PER_PAGE), most)
    shown = found[:size]
    return shown, _closed(asked, _place(shown[-1])) if found[size:] else None


def filtered(name: str, rows: Sequence[Row], query: Mapping[str, str]) -> list[Row]:
    """Those rows that a query asks for; raises Declined."""
    if name == "rejection_reasons" and query.get("include_defaults") != "true":
        rows = [row for row in rows if row["name"] not in BUILT_IN]
    if {"created_at", "updated_at"} <= {key.partition("[")[0] for key in query}:
        raise Declined("created_at and updated_at cannot be combined")
    for key, value in query.items():
        base, _, operator = key.rstrip("]").partition("[")
        if base in RANGES:
            told = f"{operator}|{value}" if operator else value
            rows = [row for row in rows if _within(row[base], told)]
        elif key == "ids" or (key in FILTERS[name] and key.endswith("_ids")):
            wanted = _ids(value)
            rows = [row for row in rows if row[key.removesuffix("s")] in wanted]
        elif key in FILTERS[name]:
            rows = [row for row in rows if _fits(row, key, value)]
        elif key != "per_page":
            raise Declined(f"{key} is not a permitted parameter")
    return list(rows)


def _place(row: Row) -> tuple[str, int]:
    return row["created_at"], row["id"]


def _closed(query: Mapping[str, str], last: tuple[str, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps([dict(query), last]).encode()).decode().rstrip("=")


def _opened(cursor: str) -> tuple[dict[str, str], tuple[str, int]]:
    try:
        query, (created_at, ref) = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    except ValueError:
        raise Declined("cursor is invalid") from None
    return query, (created_at, ref)


def _whole(text: str, most: int) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise Declined(f"per_page must be between 1 and {most}")
    return int(text)


def _ids(text: str) -> set[int]:
    ids = text.split(",")
    if len(ids) > MOST_IDS or not all(each.isdecimal() for each in ids):
        raise Declined(f"at most {MOST_IDS} ids, which are numbers")
    return {int(each) for each in ids}


def _within(value: str, told: str) -> bool:
    """Tell whether an instant is within bounds such as `gte|A|lt|B`."""
    at, parts = datetime.fromisoformat(value), told.split("|")
    bounds = dict(zip(parts[::2], parts[1::2], strict=True))
    try:
        limits = {name: datetime.fromisoformat(text) for name, text in bounds.items()}
    except ValueError:
        raise Declined("a bound is no instant") from None
    holds: dict[str, Callable[[datetime], bool]] = {
        "gte": lambda limit: at >= limit,
        "gt": lambda limit: at > limit,
        "lte": lambda limit: at <= limit,
        "lt": lambda limit: at < limit,
    }
    if not limits or limits.keys() - holds.keys():
        raise Declined("a bound has no operator that we know")
    return all(holds[name](limit) for name, limit in limits.items())


def _fits(row: Row, key: str, value: str) -> bool:
    match key:
        case "email":
            return value.lower() in {each["value"].lower() for each in row["email_addresses"]}
        case "status" if "prospect" in row:  # of applications the filter has words of its own
            return bool(row["status"] == {"active": "in_process"}.get(value, value))
        case "include_defaults":
            return True
    shown = row[key]
    return (str(shown).lower() if isinstance(shown, bool) else str(shown)) == value
