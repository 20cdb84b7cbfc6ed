"""What the stand-in of Greenhouse keeps, and how Harvest v3 shows it.

It is kept as Ashby's is, so that the same people can live in it; here it is turned into v3's lists.
An object may hold fields in `shown` that its list then shows instead: so a test spoils it.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from deployments.sandbox import ashby_records
from deployments.sandbox.ashby_records import STAGE, Row
from deployments.sandbox.world import World

PLAN = ["Application Review", "Recruiter Screen", "Hiring Manager Review", "Interview", "Offer"]
SCREEN = "Recruiter screen"
STATUSES = {"Archived": "rejected", "Hired": "hired"}
INTERVIEWS = {
    "Scheduled": "scheduled",
    "WaitingOnFeedback": "awaiting_feedback",
    "Complete": "complete",
    "Cancelled": "skipped",
}
RATINGS = {"1": "strong_no", "2": "no", "3": "yes", "4": "strong_yes"}
REASON_TYPES = {
    "RejectedByOrg": (1, "WE_REJECTED_THEM", "We rejected them"),
    "RejectedByCandidate": (2, "THEY_REJECTED_US", "They rejected us"),
    "Other": (3, "NONE_SPECIFIED", "None specified"),
}
BUILT_IN = {"Other", "Position closed"}  # not listed unless asked for
START = "2026-01-01T00:00:00.000Z"  # when the organisation was set up


def number(*name: object) -> int:
    """Give the id of what has this name."""
    text = "\x1f".join(str(part) for part in name)
    return int(hashlib.sha256(text.encode()).hexdigest()[:12], 16)


TEMPLATE = number("job", "template")


class Records(ashby_records.Records):
    """One organisation's Greenhouse; ids are numbers. `rounds` are the interviews of every plan."""

    system = "greenhouse"

    def __init__(self, world: World, reasons: list[Row], sources: list[Row]) -> None:
        super().__init__(world)
        self.tables["opening"] = {}
        self.rounds: list[str] = []
        self._reasons, self._sources = reasons, sources
        self.untold: set[str] = set()  # fields that this account's applications do not show
        self.lists: dict[str, Callable[[], Iterator[Row]]] = {
            "candidates": self._candidates,
            "applications": self._applications,
            "application_stages": self._application_stages,
            "jobs": self._jobs,
            "openings": self._openings,
            "offices": self._offices,
            "notes": self._notes,
            "job_interview_stages": self._job_interview_stages,
            "job_interviews": self._job_interviews,
            "interview_kits": self._interview_kits,
            "interviews": self._interviews,
            "interviewers": self._interviewers,
            "scorecards": self._scorecards,
            "scorecard_questions": self._questions,
            "scorecard_question_answers": self._answers,
            "scorecard_question_options": self._options,
            "scorecard_question_answer_options": self._chosen,
            "attachments": self._attachments,
            "users": self._users,
            "sources": self._all_sources,
            "rejection_reasons": self._all_reasons,
            "rejection_details": self._rejections,
        }

    def ref(self, *name: object) -> str:
        """A number for what has this name."""
        return str(number(self.world.seed, *name))

    def rows(self, name: str) -> list[Row]:
        """Every object of one of v3's lists."""
        return list(self.lists[name]())

    def stage_of(self, application: Row) -> Row:
        """An application's entry for the stage in which it is."""
        entry: Row = application["applicationHistory"][-1]
        return entry

    def _candidates(self) -> Iterator[Row]:
        for row in self.tables["candidate"].values():
            first, _, last = row["name"].rpartition(" ")
            activity = {"last_activity_at": row["updatedAt"]}
            yield {
                **_kept(row),
                "first_name": row.get("first_name", first or last),
                "last_name": row.get("last_name", last if first else ""),
                "preferred_name": None,
                "company": None,
                "title": None,
                **activity,
                "private": False,
                "can_email": True,
                "time_zone": None,
                "tags": row["tags"],
                "linked_user_ids": [],
                "phone_numbers": _typed(row["phoneNumbers"], "mobile"),
                "addresses": _places(row),
                "email_addresses": _typed(row["emailAddresses"], "personal"),
                "website_addresses": [
                    {"value": link["url"], "type": "personal"} for link in row["socialLinks"]
                ],
                "social_media_addresses": [],
                "custom_fields": {},
                **row.get("shown", {}),
            }

    def _attachments(self) -> Iterator[Row]:
        """What came through the careers page: a letter and a résumé, whose links are told later."""
        for row in self.tables["application"].values():
            for kind in ("cover_letter", "resume") if row["applicationFormSubmissions"] else ():
                yield {
                    "id": number("attachment", row["id"], kind),
                    "created_at": row["createdAt"],
                    "updated_at": row["createdAt"],
                    "application_id": int(row["id"]),
                    "candidate_id": int(row["candidateId"]),
                    "type": kind,
                    "filename": f"{kind}.pdf",
                }

    def _applications(self) -> Iterator[Row]:
        for row in self.tables["application"].values():
            shown = self.application(row)
            yield {name: shown[name] for name in shown if name not in self.untold}

    def application(self, row: Row) -> Row:
        """An application as v3 shows it."""
        is_prospect = row["status"] == "Lead"
        is_open = row["status"] == "Active"
        job, entry = int(row["jobId"]), self.stage_of(row)
        reason = row.get("archiveReason")
        source = row.get("source")
        return {
            **_kept(row),
            "agency_note_id": None,
            "candidate_id": int(row["candidateId"]),
            "coordinator_id": None,
            "job_id": None if is_prospect else job,
            "job_post_id": None,
            "recruiter_id": None,
            "referrer_id": None,
            "rejection_reason_id": number("reason", reason["text"]) if reason else None,
            "source_id": number("source", source["title"]) if source else None,
            "stage_id": int(entry["id"]) if is_open else None,
            "job_interview_stage_id": number("stage", job, entry["title"]) if is_open else None,
            "stage_name": entry["title"] if is_open else None,
            "status": STATUSES.get(row["status"], "in_process"),
            "needs_decision": None,
            "prospect": is_prospect,
            "rejected_at": row.get("archivedAt"),
            "last_activity_at": row["updatedAt"],
            "location_address": None,
            "answers": [
                {"question": path, "answer": value}
                for form in row["applicationFormSubmissions"]
                for path, value in form["submittedValues"].items()
                if not path.startswith("_")
            ],
            "prospective_job_ids": [job] if is_prospect else [],
            "custom_fields": {},
            **row.get("shown", {}),
        }

    def _application_stages(self) -> Iterator[Row]:
        for row in self.tables["application"].values():
            for entry in row["applicationHistory"]:
                if entry["title"] in PLAN:
                    left = entry.get("leftStageAt")
                    yield {
                        "id": int(entry["id"]),
                        "created_at": entry["enteredStageAt"],
                        "updated_at": left or entry["enteredStageAt"],
                        "application_id": int(row["id"]),
                        "job_interview_stage_id": number(
                            "stage", int(row["jobId"]), entry["title"]
                        ),
                        "entered_at": entry["enteredStageAt"],
                        "exited_at": left,
                        "days_in_stage": 0,
                        "current": left is None and row["status"] == "Active",
                    }

    def _jobs(self) -> Iterator[Row]:
        template = {"title": "Template", "name": "Template", "status": "Open", "is_template": True}
        kept = {"id": str(TEMPLATE), "createdAt": START, "updatedAt": START}
        for row in [{**template, **kept}, *self.tables["job"].values()]:
            yield self.job(row)

    def job(self, row: Row) -> Row:
        """A job as v3 shows it."""
        return {
            **_kept(row),
            "name": row["name"],
            "requisition_id": row.get("requisition_id"),
            "notes": None,
            "confidential": False,
            "status": row["status"].lower(),
            "opened_at": row.get("openedAt", row["createdAt"]),
            "closed_at": row.get("closedAt"),
            "is_template": row.get("is_template", False),
            "copied_from_id": None if row.get("is_template") else TEMPLATE,
            "department_id": None,
            "office_ids": [number("office")],
            "custom_fields": {},
            **row.get("shown", {}),
        }

    def _offices(self) -> Iterator[Row]:
        yield {
            **_standing("office"),
            "name": "Headquarters",
            "parent_id": None,
            "external_id": None,
            "location": "Oakland, CA",
            "primary_in_house_contact_user_id": None,
        }

    def _openings(self) -> Iterator[Row]:
        for row in self.tables["opening"].values():
            yield self.opening(row)

    def opening(self, row: Row) -> Row:
        """An opening as v3 shows it."""
        return {
            **_kept(row),
            "job_id": int(row["jobId"]),
            "opened_at": row["createdAt"],
            "closed_at": row.get("closedAt"),
            "sort_order": row["order"],
            "opening_id": None,
            "application_id": row.get("applicationId"),
            "close_reason_id": None,
            "target_start_on": None,
            "open": "closedAt" not in row,
            "custom_fields": {},
        }

    def _notes(self) -> Iterator[Row]:
        for row in self.tables["note"].values():
            yield self.written(row)

    def written(self, row: Row) -> Row:
        """A note as v3 shows it."""
        return {
            **_kept(row),
            "candidate_id": int(row["candidateId"]),
            "application_id": None,
            "body": row["content"],
            "subject": None,
            "type": "NOTE",
            "user_id": number("user", "api"),
            "email_from": None,
            "email_to": None,
            "email_cc": None,
            "import_hash": None,
            "body_with_tags": row["content"],
            "visibility": row["visibility"],
            "email_attachment_file_names": None,
        }

    def _jobs_with_plans(self) -> list[int]:
        return [TEMPLATE, *(int(ref) for ref in self.tables["job"])]

    def _job_interview_stages(self) -> Iterator[Row]:
        for job in self._jobs_with_plans():
            for order, name in enumerate(PLAN):
                row = {"job_id": job, "sort_order": order, "name": name, "active": True}
                yield {**_standing("stage", job, name), **row}

    def _job_interviews(self) -> Iterator[Row]:
        for job in self._jobs_with_plans():
            for order, name in enumerate([SCREEN, *self.rounds]):
                stage = "Recruiter Screen" if name == SCREEN else "Interview"
                yield {
                    **_standing("slot", job, name),
                    "job_interview_stage_id": number("stage", job, stage),
                    "job_id": job,
                    "sort_order": order,
                    "scheduling_type": "needs_scheduling",
                    "duration": 60,
                    "summary": None,
                    "instructions": None,
                    "name": name,
                    "active": True,
                    "require_scorecard": True,
                }

    def _interview_kits(self) -> Iterator[Row]:
        for job in self._jobs_with_plans():
            for name in [SCREEN, *self.rounds]:
                row = {"job_id": job, "job_interview_id": number("slot", job, name)}
                yield {**_standing("kit", job, name), **row, "exercises": None}

    def _events(self) -> Iterator[tuple[Row, Row, int, str]]:
        """Every interview with its schedule, its job and its round."""
        for schedule in self.tables["schedule"].values():
            job = int(self.tables["application"][schedule["applicationId"]]["jobId"])
            for event in schedule["interviewEvents"]:
                yield schedule, event, job, event["extraData"]["round"]

    def _interviews(self) -> Iterator[Row]:
        for schedule, event, job, name in self._events():
            yield {
                "id": int(event["id"]),
                "created_at": event["createdAt"],
                "updated_at": max(event["updatedAt"], schedule["updatedAt"]),
                "job_id": job,
                "application_id": int(schedule["applicationId"]),
                "job_interview_id": number("slot", job, name),
                "starts_at": event["startTime"],
                "ends_at": event["endTime"],
                "location": None,
                "status": INTERVIEWS[schedule["status"]],
                "organizer_id": None,
                "scheduled_at": event["createdAt"],
                "all_day_start_on": None,
                "all_day_end_on": None,
                "external_event_id": event["extraData"]["external_event_id"],
                "video_conferencing_url": None,
                "availability_received_at": None,
                **schedule.get("shown", {}),
            }

    def _interviewers(self) -> Iterator[Row]:
        for _, event, _, _ in self._events():
            for person in event["interviewers"]:
                yield {
                    "id": number("interviewer", event["id"], person["email"]),
                    "created_at": event["createdAt"],
                    "updated_at": event["updatedAt"],
                    "interview_id": int(event["id"]),
                    "user_id": number("user", person["email"]),
                    "scorecard_id": number("scorecard", event["id"], person["email"]),
                    "email": person["email"],
                    "response_status": "needs_action",
                }

    def _scorecards(self) -> Iterator[Row]:
        """Those handed in, and a draft for everybody who has yet to hand one in."""
        handed_in = set()
        for row in self.tables["feedback"].values():
            handed_in.add(self._card(row))
            yield self._scorecard(row)
        for schedule, event, job, name in self._events():
            for person in event["interviewers"]:
                ref = number("scorecard", event["id"], person["email"])
                if ref not in handed_in:
                    yield _draft(ref, schedule, event, job, name, person["email"])

    def _card(self, feedback: Row) -> int:
        author = feedback["submittedByUser"]["email"]
        return number("scorecard", feedback.get("interviewEventId", feedback["id"]), author)

    def _scorecard(self, row: Row) -> Row:
        job = int(self.tables["application"][row["applicationId"]]["jobId"])
        user = number("user", row["submittedByUser"]["email"])
        notes = row["submittedValues"].get("notes")
        rating = row["submittedValues"].get("overall_recommendation")
        return {
            "id": self._card(row),
            "created_at": row["createdAt"],
            "updated_at": row["updatedAt"],
            "interview_kit_id": number("kit", job, _title(row)),
            "interviewer_id": user,
            "interviewed_at": row["submittedAt"],
            "notes": notes,
            "notes_with_tags": notes,
            "submitter_id": user,
            "candidate_rating": RATINGS[rating] if rating else "no_decision",
            "private_notes": None,
            "private_notes_with_tags": None,
            "status": "complete",
            "public_notes": None,
            "public_notes_with_tags": None,
            "application_id": int(row["applicationId"]),
            "submitted_at": row["submittedAt"],
            **row.get("shown", {}),
        }

    def _asked(self) -> Iterator[tuple[Row, int, str, object]]:
        """Every answer with its scorecard's feedback, its kit and its question."""
        for row in self.tables["feedback"].values():
            job = int(self.tables["application"][row["applicationId"]]["jobId"])
            for question, answer in row["submittedValues"].items():
                if question not in ("notes", "overall_recommendation"):
                    yield row, number("kit", job, _title(row)), question, answer

    def _questions(self) -> Iterator[Row]:
        asked = {(kit, question) for _, kit, question, _ in self._asked()}
        for order, (kit, question) in enumerate(sorted(asked)):
            yield {
                **_standing("question", kit, question),
                "interview_kit_id": kit,
                "question": question,
                "sort_order": order,
                "active": True,
                "answer_type": _kind(question),
                "required": False,
            }

    def _answers(self) -> Iterator[Row]:
        for row, kit, question, answer in self._asked():
            text = str(answer) if _kind(question) == "text" else None
            yield {
                "id": number("answer", row["id"], question),
                "created_at": row["createdAt"],
                "updated_at": row["updatedAt"],
                "scorecard_id": self._card(row),
                "scorecard_question_id": number("question", kit, question),
                "answer": text,
                "answer_with_tags": text,
                "boolean_value": answer == "yes" if _kind(question) == "yes_no" else None,
            }

    def _options(self) -> Iterator[Row]:
        told = {(k, q, str(a)) for _, k, q, a in self._asked() if _kind(q) == "single_select"}
        for order, (kit, question, option) in enumerate(sorted(told)):
            yield {
                **_standing("option", kit, question, option),
                "scorecard_question_id": number("question", kit, question),
                "name": option,
                "sort_order": order,
                "active": True,
            }

    def _chosen(self) -> Iterator[Row]:
        for row, kit, question, answer in self._asked():
            if _kind(question) == "single_select":
                yield {
                    **_standing("choice", row["id"], question),
                    "scorecard_question_option_id": number("option", kit, question, str(answer)),
                    "scorecard_question_answer_id": number("answer", row["id"], question),
                }

    def _users(self) -> Iterator[Row]:
        emails = {row["submittedByUser"]["email"] for row in self.tables["feedback"].values()}
        for _, event, _, _ in self._events():
            emails |= {person["email"] for person in event["interviewers"]}
        for email in sorted(emails):
            yield {
                **_standing("user", email),
                "first_name": None,
                "last_name": None,
                "primary_email": email,
                "job_title": None,
                "agency_id": None,
                "name": None,
                "deactivated": False,
                "site_admin": False,
                "employee_id": None,
                "linked_candidate_ids": [],
                "office_ids": [],
                "department_ids": [],
                "interviewer_tags": [],
                "emails": [email],
                "custom_fields": {},
            }

    def _all_sources(self) -> Iterator[Row]:
        for source in self._sources:
            title = source["title"]
            board = {"id": 1, "name": "Third-party boards"}
            yield {**_standing("source", title), "name": title, "type": board}

    def _rejections(self) -> Iterator[Row]:
        for row in self.tables["application"].values():
            if reason := row.get("archiveReason"):
                yield {
                    "id": int(row["id"]),
                    "created_at": row["archivedAt"],
                    "updated_at": row["archivedAt"],
                    "application_id": int(row["id"]),
                    "rejected_by_id": None,
                    "rejection_note_id": None,
                    "rejection_reason_id": number("reason", reason["text"]),
                    "rejected_at": row["archivedAt"],
                    "question_custom_fields": {},
                }

    def _all_reasons(self) -> Iterator[Row]:
        for reason in self._reasons:
            ref, key, name = REASON_TYPES[reason["reasonType"]]
            kind = {"id": ref, "key": key, "name": name}
            yield {**_standing("reason", reason["text"]), "name": reason["text"], "type": kind}


def reason_of(ref: object, reasons: list[Row]) -> Row | None:
    """The rejection reason of this id."""
    return next((reason for reason in reasons if number("reason", reason["text"]) == ref), None)


def stage_of(ref: object, job: int) -> Row | None:
    """The stage of a job's plan of this id."""
    return next((STAGE[name] for name in PLAN if number("stage", job, name) == ref), None)


def stamp(text: str) -> str:
    """Write an instant that a client has written as Greenhouse writes it."""
    return ashby_records.stamp(datetime.fromisoformat(text))


def _kept(row: Row) -> Row:
    return {"id": int(row["id"]), "created_at": row["createdAt"], "updated_at": row["updatedAt"]}


def _standing(*name: object) -> Row:
    return {"id": number(*name), "created_at": START, "updated_at": START}


def _typed(contacts: list[Row], kind: str) -> list[Row]:
    return [{"value": each["value"], "type": kind} for each in contacts]


def _places(candidate: Row) -> list[Row]:
    place = candidate.get("location")
    return [{"value": place["locationSummary"], "type": "home"}] if place else []


def _kind(question: str) -> str:
    """How a question of a scorecard is answered."""
    if question.startswith("must_have:"):
        return "single_select"
    return "yes_no" if question == "interested" else "text"


def _title(feedback: Row) -> Any:
    return feedback["formDefinition"]["sections"][0]["title"]


def _draft(ref: int, schedule: Row, event: Row, job: int, name: str, email: str) -> Row:
    notes = ("notes", "private_notes", "public_notes")
    return {
        "id": ref,
        "created_at": event["createdAt"],
        "updated_at": event["createdAt"],
        "interview_kit_id": number("kit", job, name),
        "interviewer_id": number("user", email),
        "interviewed_at": event["startTime"],
        **{each: None for name in notes for each in (name, f"{name}_with_tags")},
        "submitter_id": number("user", email),
        "candidate_rating": None,
        "status": "draft",
        "application_id": int(schedule["applicationId"]),
        "submitted_at": None,
    }
