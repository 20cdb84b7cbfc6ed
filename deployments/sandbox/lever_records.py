"""What the stand-in of Lever keeps, and how the Data API shows it.

It is kept as Ashby's is, so that the same people can live in it; here it is turned into Lever's
objects. An object may hold fields in `shown` that Lever then shows instead: so a test spoils it.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from deployments.sandbox import ashby_records
from deployments.sandbox.ashby_records import Row
from deployments.sandbox.world import World

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SCREEN_FORM = "Recruiter screen"


def fixed(name: str) -> str:
    """Give the id of something in the account's set-up; the same in every world."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"sandbox/lever/{name}"))


USER, TEMPLATE, TEAM = fixed("user/api@lever.example"), fixed("form/interview"), "Operations"
# Lever's id and text of each stage, by what Ashby's stand-in calls it.
STAGES = {
    "New Lead": ("lead-new", "New lead"),
    "Application Review": ("applicant-new", "New applicant"),
    "Recruiter Screen": (fixed("stage/screen"), "Recruiter screen"),
    "Hiring Manager Review": (fixed("stage/review"), "Hiring manager review"),
    "Interview": (fixed("stage/on-site"), "On-site interview"),
    "Offer": ("offer", "Offer"),
}
TITLES = {ref: title for title, (ref, _) in STAGES.items()}
STATES = {"Open": "published", "Draft": "draft", "Closed": "closed"}
SCORES = {"1": "1 - Strong No Hire", "2": "2 - No Hire", "3": "3 - Hire", "4": "4 - Strong Hire"}


def milliseconds(text: str) -> int:
    """Write an instant as Lever does."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)


def instant(told: int) -> datetime:
    """Read an instant in milliseconds."""
    return EPOCH + timedelta(milliseconds=told)


class Records(ashby_records.Records):
    """One account's Lever. `deleted`: which opportunities, and when; `users`: addresses by id."""

    system = "lever"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.deleted: list[tuple[str, str]] = []
        self.users: dict[str, str] = {USER: "api@lever.example"}

    def user(self, email: str) -> str:
        """The id of the user who has this address."""
        ref = fixed(f"user/{email.lower()}")
        self.users.setdefault(ref, email)
        return ref

    def delete(self, opportunity: str) -> None:
        """Let somebody delete an opportunity."""
        self.tables["application"].pop(opportunity)
        self.deleted.append((opportunity, self.now))

    def posting(self, row: Row) -> Row:
        """A posting."""
        return {
            "id": row["id"],
            "text": row["name"],
            "state": STATES[row["status"]],
            "distributionChannels": ["public"],
            "user": USER,
            "owner": USER,
            "hiringManager": None,
            "categories": row["categories"],
            "tags": row["tags"],
            "content": {"description": "", "lists": [], "closing": ""},
            "country": "US",
            "requisitionCodes": [],
            "confidentiality": "non-confidential",
            "createdAt": milliseconds(row["createdAt"]),
            "updatedAt": milliseconds(row["updatedAt"]),
            "workplaceType": "unspecified",
            **row.get("shown", {}),
        }

    def opportunity(self, row: Row, *, in_full: bool = False) -> Row:
        """An opportunity, with its application in full or by its id."""
        person = self.tables["candidate"][row["candidateId"]]
        entered = [step for step in row["applicationHistory"] if step["title"] in STAGES]
        at = milliseconds(entered[-1]["enteredStageAt"])
        archived = row.get("archiveReason")
        application = self.application(row)
        ended = milliseconds(row["archivedAt"]) if archived else None
        return {
            "id": row["id"],
            "name": person["name"],
            "contact": person["id"],
            "headline": "",
            "stage": STAGES[entered[-1]["title"]][0],
            "confidentiality": "non-confidential",
            "location": person.get("location", {}).get("locationSummary", ""),
            "phones": [{"type": "mobile", "value": p["value"]} for p in person["phoneNumbers"]],
            "emails": [each["value"] for each in person["emailAddresses"]],
            "links": [each["url"] for each in person["socialLinks"]],
            "archived": {"reason": archived["id"], "archivedAt": ended} if archived else None,
            "tags": row.get("tags", []),
            "sources": [row["source"]["title"]] if "source" in row else [],
            "stageChanges": [
                {
                    "toStageId": STAGES[step["title"]][0],
                    "toStageIndex": list(STAGES).index(step["title"]),
                    "updatedAt": milliseconds(step["enteredStageAt"]),
                    "userId": USER,
                }
                for step in entered
            ],
            "origin": "applied",
            "sourcedBy": None,
            "owner": USER,
            "followers": [USER],
            "applications": [application if in_full else application["id"]],
            "createdAt": milliseconds(row["createdAt"]),
            "updatedAt": self.updated(row),
            "lastInteractionAt": at,
            "lastAdvancedAt": at,
            "snoozedUntil": None,
            "urls": {"list": "https://hire.lever.co/candidates"},
            "isAnonymized": False,
            "dataProtection": None,
            **row.get("shown", {}),
        }

    def updated(self, row: Row) -> int:
        """When an opportunity or its person last changed."""
        person = self.tables["candidate"][row["candidateId"]]
        return milliseconds(max(row["updatedAt"], person["updatedAt"]))

    def application(self, row: Row) -> Row:
        """The application of an opportunity."""
        return {
            "id": self.ref("application of", row["id"]),
            "type": "posting" if row["applicationFormSubmissions"] else "user",
            "candidateId": row["id"],
            "opportunityId": row["id"],
            "posting": row["jobId"],
            "postingHiringManager": None,
            "postingOwner": USER,
            "name": None,
            "company": None,
            "phone": None,
            "email": None,
            "links": [],
            "comments": None,
            "user": USER,
            "customQuestions": [
                {
                    "id": form["id"],
                    "text": "Application",
                    "fields": [
                        {"type": "text", "text": path, "value": value}
                        for path, value in form["submittedValues"].items()
                        if not path.startswith("_")
                    ],
                }
                for form in row["applicationFormSubmissions"]
            ],
            "createdAt": milliseconds(row["createdAt"]),
            "archived": None,
            "requisitionForHire": None,
            "ipAddress": "203.0.113.7" if row["applicationFormSubmissions"] else None,
            "userAgent": None,
        }

    def note(self, row: Row) -> Row:
        """A note, whose text is in its one field."""
        at = milliseconds(row["createdAt"])
        field = {"createdAt": at, "score": None, "stage": None, "text": "Comment", "type": "note"}
        return {
            "id": row["id"],
            "text": "Note",
            "fields": [{**field, "user": USER, "value": row["content"]}],
            "user": USER,
            "secret": False,
            "completedAt": at,
            "deletedAt": None,
            "createdAt": at,
        }

    def panel(self, schedule: Row) -> Row:
        """A panel with its interviews."""
        interviews = [self._interview(event) for event in schedule["interviewEvents"]]
        ends = [each["date"] + each["duration"] * 60_000 for each in interviews]
        cancelled = schedule["status"] == "Cancelled"
        return {
            "id": schedule["id"],
            "applications": [self.ref("application of", schedule["applicationId"])],
            "canceledAt": milliseconds(schedule["updatedAt"]) if cancelled else None,
            "createdAt": milliseconds(schedule["createdAt"]),
            "start": min(each["date"] for each in interviews),
            "end": max(ends),
            "externallyManaged": True,
            "externalUrl": None,
            "feedbackReminder": "daily",
            "interviews": interviews,
            "note": None,
            "stage": STAGES["Interview"][0],
            "timezone": "UTC",
            "user": USER,
            **schedule.get("shown", {}),
        }

    def _interview(self, event: Row) -> Row:
        start, end = milliseconds(event["startTime"]), milliseconds(event["endTime"])
        people = [
            {
                "id": self.user(person["email"]),
                "email": person["email"],
                "name": person["email"].partition("@")[0],
                "responseStatus": "needsAction",
                "feedbackTemplate": TEMPLATE,
            }
            for person in event["interviewers"]
        ]
        return {
            "id": event["id"],
            "date": start,
            "duration": (end - start) // 60_000,
            "feedbackReminder": "daily",
            "feedbackTemplate": TEMPLATE,
            "interviewers": people,
            "location": None,
            "note": event["extraData"].get("note"),
            "subject": event["extraData"]["round"],
        }

    def forms(self, opportunity: str) -> list[Row]:
        """Every feedback form about an opportunity: those handed in, and those still empty."""
        rows = [r for r in self.tables["feedback"].values() if r["applicationId"] == opportunity]
        handed_in = [self._form(row) for row in rows]
        return [*handed_in, {**_EMPTY, "id": self.ref("empty form", opportunity)}]

    def _form(self, row: Row) -> Row:
        at = milliseconds(row["submittedAt"])
        interview = row.get("interviewEventId")
        return {
            "id": row["id"],
            "type": "interview",
            "text": "Interview" if interview else SCREEN_FORM,
            "instructions": "",
            "fields": [_field(path, value) for path, value in row["submittedValues"].items()],
            "baseTemplateId": TEMPLATE,
            "interview": interview,
            "panel": None,
            "user": self.user(row["submittedByUser"]["email"]),
            "createdAt": at,
            "completedAt": at,
            "updatedAt": None,
            "deletedAt": None,
            **row.get("shown", {}),
        }


_EMPTY: Row = {
    "type": "interview",
    "text": "Interview",
    "instructions": "",
    "fields": [],
    "baseTemplateId": TEMPLATE,
    "interview": None,
    "panel": None,
    "user": USER,
    "createdAt": 0,
    "completedAt": None,
    "updatedAt": None,
    "deletedAt": None,
}


def _field(path: str, value: Any) -> Row:
    if path == "overall_recommendation":
        options = [{"text": text} for text in reversed(SCORES.values())]
        kept = {"text": "Overall rating", "type": "score-system", "value": SCORES[str(value)]}
        return {**kept, "options": options, "required": True}
    return {"text": path, "type": "text", "value": value, "required": False}
