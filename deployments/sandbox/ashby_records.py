"""What the stand-in of Ashby keeps: its tables, and which rows changed since a token."""

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from deployments.sandbox.world import World

Row = dict[str, Any]


def fixed(name: str) -> str:
    """Give the id of something in the organisation's set-up; the same in every world."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"sandbox/ashby/{name}"))


TEAM, LOCATION, PLAN = fixed("team"), fixed("location"), fixed("plan")
STAGES: list[Row] = [
    {
        "id": fixed(f"stage/{title}"),
        "title": title,
        "type": kind,
        "orderInInterviewPlan": order,
        "interviewPlanId": PLAN,
    }
    for order, (title, kind) in enumerate(
        [
            ("New Lead", "Lead"),
            ("Application Review", "PreInterviewScreen"),
            ("Recruiter Screen", "PreInterviewScreen"),
            ("Hiring Manager Review", "Active"),
            ("Interview", "Active"),
            ("Offer", "Offer"),
            ("Hired", "Hired"),
            ("Archived", "Archived"),
        ]
    )
]
STAGE = {stage["title"]: stage for stage in STAGES}
STATUS_OF_TYPE = {"Lead": "Lead", "Hired": "Hired", "Archived": "Archived"}


class Records:
    """One organisation's Ashby. `when` holds what people do at an event of this kind.

    `announce` is told what a webhook tells: an action, and the row it is about.
    """

    system = "ashby"

    def __init__(self, world: World) -> None:
        self.world = world
        self.tables: dict[str, dict[str, Row]] = {
            name: {} for name in ("job", "candidate", "application", "schedule", "feedback", "note")
        }
        self.when: dict[str, Callable[[Row], None]] = {}
        self.announce: Callable[[str, Row], None] = lambda action, row: None
        self.sequence = 0
        self._changed: dict[str, int] = {}
        self._made: Counter[tuple[object, ...]] = Counter()

    @property
    def now(self) -> str:
        """The time as Ashby writes it."""
        return stamp(self.world.now)

    def ref(self, *name: object) -> str:
        """The id of what has this name."""
        return self.world.uuid(self.system, *name)

    def changed_since(self, table: str, sequence: int) -> list[tuple[int, Row]]:
        """Return the rows that changed after a point, the oldest change first."""
        found = [(self._changed[ref], row) for ref, row in self.tables[table].items()]
        return sorted((c for c in found if c[0] > sequence), key=lambda change: change[0])

    def insert(self, table: str, name: tuple[object, ...], row: Row) -> Row:
        """Keep a new row; a second one of the same name is a second row, with another id."""
        times = self._made[table, *name]
        self._made[table, *name] += 1
        ref = self.ref(table, *name, *([times] if times else []))
        self.tables[table][ref] = {"id": ref, "createdAt": self.now, **row}
        return self.touch(table, ref)

    def touch(self, table: str, ref: str) -> Row:
        """Mark a row as changed now."""
        self.sequence += 1
        self._changed[ref] = self.sequence
        row = self.tables[table][ref]
        row["updatedAt"] = self.now
        return row

    def add_candidate(self, name: str, email: str | None, phone: str | None, more: Row) -> Row:
        """Add a candidate, whether or not there is one with this e-mail already."""
        at = more.get("createdAt", self.now)
        row = {
            "name": name,
            "emailAddresses": contacts(email),
            "phoneNumbers": contacts(phone),
            "socialLinks": [],
            "tags": [],
            "applicationIds": [],
            "fileHandles": [],
            "profileUrl": "https://app.ashbyhq.com/candidates",
        }
        return self.insert("candidate", (name, email, at), {**row, **more})

    def add_application(self, candidate: Row, job: Row, stage: Row, more: Row) -> Row:
        """Add an application standing in a stage."""
        row = {
            "candidateId": candidate["id"],
            "jobId": job["id"],
            "hiringTeam": [],
            "customFields": [],
            "applicationHistory": [],
            "applicationFormSubmissions": [],
        }
        application = self.insert("application", (candidate["id"], job["id"]), {**row, **more})
        candidate["applicationIds"].append(application["id"])
        self.touch("candidate", candidate["id"])
        return self.enter(application, stage)

    def enter(self, application: Row, stage: Row, reason: Row | None = None) -> Row:
        """Let an application enter a stage, with an archive reason if that is the last one."""
        history = application["applicationHistory"]
        if history:
            history[-1]["leftStageAt"] = self.now
        ref = self.ref("history", application["id"], len(history))
        history.append(
            {
                "id": ref,
                "stageId": stage["id"],
                "title": stage["title"],
                "enteredStageAt": self.now,
                "stageNumber": len(history),
                "allowedActions": ["none"],
            }
        )
        application["stage"] = stage
        application["status"] = STATUS_OF_TYPE.get(stage["type"], "Active")
        for name in ("archiveReason", "archivedAt"):
            application.pop(name, None)
        if reason:
            application.update(archiveReason={**reason, "customFields": []}, archivedAt=self.now)
        self.touch("application", application["id"])
        for action in _entering(stage) if len(history) > 1 else ["applicationSubmit"]:
            self.announce(action, application)
        self.tell("moved", application)
        return application

    def way(self, application: Row) -> str:
        """Who applied for what, each stage since then, and why it was archived."""
        candidate = self.tables["candidate"][application["candidateId"]]
        stages = " > ".join(entered["title"] for entered in application["applicationHistory"])
        reason = application.get("archiveReason", {}).get("text", "")
        job = self.tables["job"][application["jobId"]]
        return f"{candidate['name']}, {job['title']}: {stages} {reason}".strip()

    def add_feedback(self, application: Row, author: str, title: str, values: Row) -> Row:
        """Submit a feedback form; `values` is by path, one field each."""
        row = {
            "applicationId": application["id"],
            "formDefinition": form(title, list(values)),
            "submittedValues": values,
            "submittedByUser": user(author),
            "submittedAt": self.now,
        }
        return self.insert("feedback", (application["id"], title, author), row)

    def tell(self, event: str, row: Row) -> None:
        """Let people learn of what happened."""
        if event in self.when:
            self.when[event](row)


def _entering(stage: Row) -> list[str]:
    """Return the actions that one move into a stage fans out to."""
    hired = ["candidateHire"] if stage["type"] == "Hired" else []
    return [*hired, "candidateStageChange", "applicationUpdate"]


def stamp(at: datetime) -> str:
    """Write an instant as Ashby does."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(email: str) -> Row:
    """Return a user of the organisation."""
    first, _, last = email.partition("@")[0].replace("_", ".").partition(".")
    return {
        "id": fixed(f"user/{email.lower()}"),
        "firstName": first.title(),
        "lastName": last.title(),
        "email": email,
        "globalRole": "Limited Access",
        "isEnabled": True,
        "updatedAt": "2026-01-01T00:00:00.000Z",
    }


def contacts(value: str | None) -> list[Row]:
    """Write an e-mail or phone number as Ashby's list of them."""
    return [{"value": value, "type": "Personal", "isPrimary": True}] if value else []


def form(title: str, paths: list[str]) -> Row:
    """Describe a form of text fields."""
    fields = [
        {
            "isRequired": False,
            "field": {
                "id": fixed(f"field/{title}/{path}"),
                "type": "String",
                "path": path,
                "humanReadablePath": path,
                "title": path,
                "isNullable": True,
            },
        }
        for path in paths
    ]
    return {"sections": [{"title": title, "fields": fields}]}
