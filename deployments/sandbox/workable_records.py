"""What the stand-in of Workable keeps, and how SPI v3 shows it.

It is kept as Ashby's is, so that the same people can live in it; here it is turned into v3's
objects. A candidate is one for a single job: an application with its person. An object may hold
fields in `shown` that are then shown instead: so a test spoils it.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from deployments.sandbox import ashby_records
from deployments.sandbox.ashby_records import STAGE, Row

ACCOUNT = {"subdomain": "harbor", "name": "Harbor Works"}
BACKEND = "https://harbor.workable.com/backend"
# our people's word for a stage → its name, slug and kind here
PIPELINE = {
    "New Lead": ("Sourced", "sourced", "sourced"),
    "Application Review": ("Applied", "applied", "applied"),
    "Recruiter Screen": ("Phone Screen", "phone-screen", "phone-screen"),
    "Hiring Manager Review": ("Hiring Manager Review", "hiring-manager-review", "shortlisted"),
    "Interview": ("Interview", "interview", "interview"),
    "Offer": ("Offer", "offer", "offer"),
    "Hired": ("Hired", "hired", "hired"),
}
SCORES = {"1": "negative", "2": "negative", "3": "positive", "4": "definite"}
TEAM = ["simple", "hiring_manager", "recruiting_admin", "admin"]


def fixed(*name: object) -> str:
    """Give the id of what has this name; the same in every world."""
    text = "\x1f".join(str(part) for part in name)
    return hashlib.sha256(text.encode()).hexdigest()[:6]


MEMBER = fixed("member", "api@workable.example")


def stage_by_slug(slug: object) -> Row | None:
    """The stage that is called so in every pipeline."""
    return next((STAGE[title] for title, told in PIPELINE.items() if told[1] == slug), None)


def seconds(text: str) -> str:
    """Write an instant as Workable does for candidates, in whole seconds."""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Records(ashby_records.Records):
    """One account's Workable; ids are short hex numbers."""

    system = "workable"

    def ref(self, *name: object) -> str:
        """A short hex number for what has this name."""
        return self.world.digest(self.system, *name)[:8]

    def candidates(self) -> list[Row]:
        """Every candidate, those who came first first."""
        return [self.candidate(row) for row in self.tables["application"].values()]

    def candidate(self, application: Row) -> Row:
        """A candidate as it is shown alone."""
        person = self.tables["candidate"][application["candidateId"]]
        job = self.tables["job"][application["jobId"]]
        entered = application["applicationHistory"]
        title = next(each["title"] for each in reversed(entered) if each["title"] in PIPELINE)
        name, _, kind = PIPELINE[title]
        reason = application.get("archiveReason")
        first, _, last = person["name"].rpartition(" ")
        email, phone = (
            next((each["value"] for each in person[field]), None)
            for field in ("emailAddresses", "phoneNumbers")
        )
        place = person.get("location", {}).get("locationSummary")
        source = application.get("source", {}).get("title")
        applied = "appliedViaJobPostingId" in application
        return {
            "id": application["id"],
            "name": person["name"],
            "firstname": first or last,
            "lastname": last if first else "",
            "headline": None,
            "image_url": None,
            "account": ACCOUNT,
            "job": {"shortcode": job["id"], "title": job["name"]},
            "stage": name,
            "stage_kind": kind,
            "disqualified": reason is not None,
            "disqualified_at": application.get("archivedAt"),
            "withdrew": bool(reason and reason["reasonType"] == "RejectedByCandidate"),
            "anonymized": False,
            "disqualification_reason": reason["text"] if reason else None,
            "hired_at": _entered_at(application, "Hired"),
            "moved_to_offer_at": _entered_at(application, "Offer"),
            "sourced": not applied,
            "profile_url": f"{BACKEND}/jobs/1/candidates/{application['id']}",
            "address": None,
            "phone": phone,
            "email": email,
            "outbound_mailbox": f"{application['id']}.{self.sequence}@candidates.example",
            "domain": application.get("domain", "careers.harbor.example" if applied else None),
            "outlet": None if applied else "SPI",
            "common_source": source or "Unknown",
            "common_source_category": "Company marketing" if applied else "Other",
            "uploader_id": None,
            "created_at": seconds(application["createdAt"]),
            "updated_at": seconds(max(application["updatedAt"], person["updatedAt"])),
            "cover_letter": None,
            "summary": None,
            "education_entries": [],
            "experience_entries": [],
            "skills": [],
            "answers": list(_answers(application)),
            "resume_url": None,
            "social_profiles": [
                {"type": "website", "name": "website", "url": link["url"]}
                for link in person["socialLinks"]
            ],
            "tags": [],
            "location": {"location_str": place, "country": None, "country_code": None},
            "originating_candidate_id": None,
            **application.get("shown", {}),
        }

    def job(self, row: Row) -> Row:
        """A job as lists show it."""
        return {
            "id": fixed("job", row["id"]),
            "title": row["name"],
            "full_title": row["title"],
            "shortcode": row["id"],
            "code": row["code"],
            "state": {"Open": "published"}.get(row["status"], row["status"].lower()),
            "sample": False,
            "confidential": False,
            "department": None,
            "department_hierarchy": [],
            "url": f"{BACKEND}/jobs/1",
            "workplace_type": "on_site",
            "location": {
                "location_str": "Oakland, California, United States",
                "country_code": "US",
                "telecommuting": False,
            },
            "locations": [],
            "created_at": seconds(row["createdAt"]),
            "updated_at": seconds(row["updatedAt"]),
            "keywords": None,
            **row.get("shown", {}),
        }

    def stages(self) -> list[Row]:
        """The stages of every job's pipeline."""
        return [
            {
                "id": int(fixed("stage", slug), 16),
                "identifier": fixed("stage", slug),
                "slug": slug,
                "name": name,
                "kind": kind,
                "position": place,
            }
            for place, (name, slug, kind) in enumerate(PIPELINE.values(), start=1)
        ]

    def activities(self, application: Row) -> list[Row]:
        """What happened to a candidate, the oldest first."""
        found = [
            *self._moves(application),
            *self._comments(application),
            *self._ratings(application),
        ]
        return sorted(found, key=lambda row: (row["created_at"], row["id"]))

    def events(self) -> list[Row]:
        """Every event that was scheduled, those first that were scheduled first."""
        return [
            self._event(schedule, event)
            for schedule in self.tables["schedule"].values()
            for event in schedule["interviewEvents"]
        ]

    def members(self) -> list[Row]:
        """Everybody on a hiring team, and the one in whose name this API writes."""
        emails = {"api@workable.example"}
        for row in self.tables["feedback"].values():
            emails.add(row["submittedByUser"]["email"])
        for schedule in self.tables["schedule"].values():
            for event in schedule["interviewEvents"]:
                emails |= {person["email"] for person in event["interviewers"]}
        return [
            {
                "id": fixed("member", email),
                "name": _name(email),
                "headline": None,
                "email": email,
                "role": "admin",
                "type": "Member",
                "roles": ["ats.admin"],
                "active": True,
                "collaboration_rules": [],
            }
            for email in sorted(emails)
        ]

    def _moves(self, application: Row) -> Iterator[Row]:
        before: Row | None = None
        for number, entry in enumerate(application["applicationHistory"]):
            here = _stage(entry["title"]) if entry["title"] in PIPELINE else None
            first = "applied" if "appliedViaJobPostingId" in application else "uploaded"
            action = here["slug"] if here and number else first if here else "disqualified"
            yield {
                **self._activity(application, entry["id"], action, entry["enteredStageAt"]),
                "stage_name": (before or here or {}).get("name"),
                "action_stage": before or here,
                "target_stage": here if number else None,
            }
            before = here or before

    def _comments(self, application: Row) -> Iterator[Row]:
        for note in self.tables["note"].values():
            if note["candidateId"] == application["id"]:
                told = self._activity(application, note["id"], "comment", note["createdAt"])
                shown = {"body": note["content"], "visibility_roles": note["policy"]}
                yield {**told, **shown, "member": _member("api@workable.example")}

    def _ratings(self, application: Row) -> Iterator[Row]:
        """Evaluations: a recruiter's screen is written into the comment, line by line."""
        for row in self.tables["feedback"].values():
            if row["applicationId"] == application["id"]:
                values, author = row["submittedValues"], row["submittedByUser"]["email"]
                score = SCORES[values.get("overall_recommendation", "3")]
                lines = [f"{name}: {told}" for name, told in values.items()]
                at = row["submittedAt"]
                yield {
                    **self._activity(application, row["id"], "rating", at),
                    "body": values.get("notes", "\n".join(lines)),
                    "rating": {"score": score},
                    "visibility_roles": TEAM,
                    "member": _member(author),
                    **row.get("shown", {}),
                }

    def _activity(self, application: Row, name: str, action: str, at: str) -> Row:
        entered = [
            entry
            for entry in application["applicationHistory"]
            if entry["title"] in PIPELINE and entry["enteredStageAt"] <= at
        ]
        stage = _stage(entered[-1]["title"]) if entered else None
        return {
            "id": self.ref("activity", name),
            "action": action,
            "stage_name": stage["name"] if stage else None,
            "action_stage": stage,
            "target_stage": None,
            "created_at": at,
            "updated_at": at,
            "body": None,
        }

    def _event(self, schedule: Row, event: Row) -> Row:
        application = self.tables["application"][schedule["applicationId"]]
        candidate = self.candidate(application)
        return {
            "id": event["id"],
            "title": f"Interview with {candidate['name']} [{event['extraData']['round']}]",
            "description": None,
            "type": "InterviewEvent",
            "starts_at": event["startTime"],
            "ends_at": event["endTime"],
            "cancelled": schedule["status"] == "Cancelled",
            "job": candidate["job"],
            "members": [
                {**_member(person["email"]), "status": "accepted"}
                for person in event["interviewers"]
            ],
            "candidate": {"id": candidate["id"], "name": candidate["name"]},
            **schedule.get("shown", {}),
        }


def as_listed(candidate: Row) -> Row:
    """A candidate as lists show it, which is shorter."""
    details = (
        "image_url disqualified_at withdrew outbound_mailbox uploader_id cover_letter summary"
        " education_entries experience_entries skills answers resume_url social_profiles tags"
        " location originating_candidate_id"
    )
    hidden = set(details.split())
    return {name: told for name, told in candidate.items() if name not in hidden}


def _answers(application: Row) -> Iterator[Row]:
    for form in application["applicationFormSubmissions"]:
        for path, told in form["submittedValues"].items():
            if not path.startswith("_"):
                yes_or_no = {"yes": True, "no": False}.get(str(told).lower())
                answer: Any = {"body": told} if yes_or_no is None else {"checked": yes_or_no}
                yield {"question": {"body": path}, "answer": answer}


def _entered_at(application: Row, title: str) -> str | None:
    found = [
        entry["enteredStageAt"]
        for entry in application["applicationHistory"]
        if entry["title"] == title
    ]
    return found[-1] if found else None


def _stage(title: str) -> Row:
    name, slug, _ = PIPELINE[title]
    ref = fixed("stage", slug)
    return {"id": int(ref, 16), "identifier": ref, "name": name, "slug": slug}


def _member(email: str) -> Row:
    return {"id": fixed("member", email), "name": _name(email), "type": "Member"}


def _name(email: str) -> str:
    return email.partition("@")[0].replace(".", " ").replace("_", " ").title()
