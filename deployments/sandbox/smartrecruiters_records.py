"""What the stand-in of SmartRecruiters keeps, and how its APIs show it.

It is kept as Ashby's is, so that the same people can live in it; here it is turned into
SmartRecruiters' objects. An object may hold fields in `shown` that are then shown instead, and an
application in `assigned`: so a test spoils it.
"""

import uuid
from typing import Any

from deployments.sandbox import ashby_records
from deployments.sandbox.ashby_records import STAGE, Row
from deployments.sandbox.world import World

SUBMITTED = "Hiring Manager Review"
# Status and sub-status of each stage, by what Ashby's stand-in calls it.
STATUSES = {
    "New Lead": ("LEAD", None),
    "Application Review": ("NEW", None),
    "Recruiter Screen": ("IN_REVIEW", "Phone Screen"),
    "Hiring Manager Review": ("IN_REVIEW", SUBMITTED),
    "Interview": ("INTERVIEW", None),
    "Offer": ("OFFERED", None),
    "Hired": ("HIRED", None),
}
ENDS = {"RejectedByCandidate": "WITHDRAWN"}  # all others are rejections
STARS = {"1": 1, "2": 2, "3": 4, "4": 5}
NO_LINES = {"notes", "overall_recommendation"}
SOURCE_TYPES = {"Indeed": "JOBBOARD", "LinkedIn": "JOBBOARD", "Referral": "REF"}
API = "https://api.smartrecruiters.com"


def fixed(name: str) -> str:
    """Give the id of something in the company's set-up; the same in every world."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"sandbox/smartrecruiters/{name}"))


ORGANIZER = fixed("user/api@smartrecruiters.example")
SETTINGS = {
    "industry": "hospital_and_health_care",
    "function": "health_care_provider",
    "experience_level": "mid_senior_level",
    "organizer_id": ORGANIZER,
    "interview_type": "Onsite interview",
}


def stage_of(status: str, below: str | None) -> Row | None:
    """The stage with a status; without a sub-status, the first one of it."""
    for title, (known, sub) in STATUSES.items():
        if known == status and below in (None, sub):
            return STAGE[title]
    return None


class Records(ashby_records.Records):
    """One company's SmartRecruiters. `users`: addresses by id."""

    system = "smartrecruiters"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.users: dict[str, str] = {ORGANIZER: "api@smartrecruiters.example"}

    def user(self, email: str) -> str:
        """The id of the user who has this address."""
        ref = fixed(f"user/{email.lower()}")
        self.users.setdefault(ref, email)
        return ref

    def delete(self, candidate: str) -> None:
        """Let somebody delete a candidate with all applications."""
        for row in self.applications(self.tables["candidate"].pop(candidate)):
            self.tables["application"].pop(row["id"])

    def applications(self, candidate: Row) -> list[Row]:
        """A candidate's applications, the first one first."""
        known = self.tables["application"]
        return [known[ref] for ref in candidate["applicationIds"] if ref in known]

    def application(self, candidate: str, job: str) -> Row | None:
        """The one application of a candidate for a job."""
        rows = self.tables["application"].values()
        same = (row for row in rows if (row["candidateId"], row["jobId"]) == (candidate, job))
        return next(same, None)

    def job(self, row: Row) -> Row:
        """A job as a list shows it."""
        return {
            "id": row["id"],
            "title": row["name"],
            "refNumber": row["refNumber"],
            "createdOn": row["createdAt"],
            "updatedOn": row["updatedAt"],
            "lastActivityOn": row["updatedAt"],
            "department": None,
            "location": row["location"],
            "status": row["shown_status"],
            "postingStatus": "NOT_PUBLISHED",
            "language": {"code": "en", "label": "English", "labelNative": "English"},
            "actions": _actions(f"/jobs/{row['id']}", "details"),
            **row.get("shown", {}),
        }

    def updated(self, candidate: Row) -> str:
        """When a candidate or any of their applications last changed."""
        rows = [candidate, *self.applications(candidate)]
        return max(str(row["updatedAt"]) for row in rows)

    def listed(self, row: Row) -> Row:
        """A candidate as a list shows it: without phone numbers, and little of each job."""
        primary, *others = [self.assignment(each) for each in self.applications(row)] or [{}]
        short = ("job", "status", "subStatus")
        return {
            **self._person(row),
            "consent": {"status": "ACQUIRED"},
            "primaryAssignment": {n: primary[n] for n in short if n in primary},
            "secondaryAssignments": [{"job": each["job"]} for each in others],
            **row.get("shown", {}),
        }

    def details(self, row: Row) -> Row:
        """A candidate in full."""
        primary, *others = [self.assignment(each) for each in self.applications(row)] or [{}]
        return {
            **self._person(row),
            "phoneNumber": next((each["value"] for each in row["phoneNumbers"]), None),
            "web": {"website": next((each["url"] for each in row["socialLinks"]), None)},
            "education": [],
            "experience": [],
            "primaryAssignment": primary,
            "secondaryAssignments": others,
            **row.get("shown", {}),
        }

    def _person(self, row: Row) -> Row:
        first, _, last = row["name"].rpartition(" ")
        country, _, region = row.get("location", {}).get("locationSummary", "").partition("-")
        ref = row["id"]
        return {
            "id": ref,
            "internal": False,
            "firstName": row.get("firstName", first or last),
            "lastName": row.get("lastName", last if first else ""),
            "email": next((each["value"] for each in row["emailAddresses"]), None),
            "createdOn": row["createdAt"],
            "updatedOn": self.updated(row),
            "location": {"countryCode": country.lower(), "regionCode": region, "city": None},
            "averageRating": 0.0,
            "tags": row["tags"],
            "actions": _actions(f"/candidates/{ref}", "details", "properties", "attachments"),
        }

    def assignment(self, row: Row) -> Row:
        """An application as its candidate shows it."""
        job, reason = self.tables["job"][row["jobId"]], row.get("archiveReason")
        status, below = self._status(row, row["applicationHistory"][-1])
        shown = {
            "job": {"id": job["id"], "title": job["name"]},
            "status": status,
            "source": row.get("source", {}).get("title", "API"),
            "actions": _actions(f"/candidates/{row['candidateId']}", "sourceDetails"),
        }
        if below:
            shown["subStatus"] = below
        if reason:
            kind = "Withdrawal" if status == "WITHDRAWN" else "Rejection"
            shown[f"reasonOf{kind}"] = {"id": reason["id"], "label": reason["text"]}
        return {**shown, **row.get("assigned", {})}

    def history(self, row: Row) -> list[Row]:
        """The statuses an application has had, the newest first."""
        told = []
        for step in reversed(row["applicationHistory"]):
            status, below = self._status(row, step)
            entry = {"changedOn": step["enteredStageAt"], "status": status, "actions": {}}
            told.append({**entry, "subStatus": below} if below else entry)
        return told

    def _status(self, row: Row, step: Row) -> tuple[str, str | None]:
        if step["title"] in STATUSES:
            return STATUSES[step["title"]]
        return ENDS.get(row.get("archiveReason", {}).get("reasonType", ""), "REJECTED"), None

    def answers(self, row: Row) -> list[Row]:
        """The screening answers of an application, among them one that is nobody's business."""
        asked = [
            (fixed(f"question/{name}"), name, value)
            for form in row["applicationFormSubmissions"]
            for name, value in form["submittedValues"].items()
            if not name.startswith("_")
        ]
        private = [("veteranStatus", "Veteran status", "I prefer not to say")] if asked else []
        return [
            {
                "id": fixed(f"answer/{category}"),
                "type": "SINGLE_SELECT",
                "category": category,
                "name": name,
                "label": f"{name}?",
                "records": [{"fields": [_field(value)]}],
            }
            for category, name, value in [*asked, *private]
        ]

    def reviews(self, row: Row) -> list[Row]:
        """What interviewers and the recruiter wrote about an application."""
        feedback = self.tables["feedback"].values()
        return [self._review(row, each) for each in feedback if each["applicationId"] == row["id"]]

    def _review(self, application: Row, row: Row) -> Row:
        values = row["submittedValues"]
        title = row["formDefinition"]["sections"][0]["title"]
        lines = [title, *(f"{k}: {v}" for k, v in values.items() if k not in NO_LINES)]
        lines += [values["notes"]] if "notes" in values else []
        return {
            "id": row["id"],
            "candidateId": application["candidateId"],
            "jobId": application["jobId"],
            "reviewerId": self.user(row["submittedByUser"]["email"]),
            "overallRating": STARS.get(values.get("overall_recommendation", ""), 0),
            "comment": "\n".join(lines),
            "createdOn": row["submittedAt"],
            "updatedOn": row["updatedAt"],
            **row.get("shown", {}),
        }

    def interview(self, row: Row) -> Row:
        """An interview, which is a schedule of one event."""
        application = self.tables["application"][row["applicationId"]]
        (event,) = row["interviewEvents"]
        answer = "declined" if row["status"] == "Cancelled" else "accepted"
        people = [self.user(person["email"]) for person in event["interviewers"]]
        return {
            "id": row["id"],
            "candidate": {"id": application["candidateId"], "status": answer},
            "jobId": application["jobId"],
            "location": None,
            "organizerId": ORGANIZER,
            "timezone": "UTC",
            "timeslots": [
                {
                    "id": event["id"],
                    "interviewType": SETTINGS["interview_type"],
                    "title": event["extraData"]["round"],
                    "place": None,
                    "startsOn": event["startTime"],
                    "endsOn": event["endTime"],
                    "interviewers": [{"id": ref, "status": "accepted"} for ref in people],
                }
            ],
            "createdOn": row["createdAt"],
            "refUrl": None,
            **row.get("shown", {}),
        }


def _actions(path: str, *names: str) -> Row:
    return {name: {"url": f"{API}{path}/{name}", "method": "GET"} for name in names}


def _field(value: Any) -> Row:
    return {"id": "value", "label": None, "values": [{"id": None, "label": str(value)}]}
