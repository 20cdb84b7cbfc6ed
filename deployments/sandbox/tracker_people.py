"""The people inside the stand-in of a tracker: applicants, recruiter, hiring manager, interviewers.

Each of them acts on the world's plan, by dice that fall alike for the same name.
"""

import re
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from deployments.sandbox.ashby_records import STAGE, Records, Row, fixed, form, stamp, user
from deployments.sandbox.people import Apply, People, Persona

CODE = re.compile(r"[A-Z][A-Z0-9]{1,11}-[A-Z0-9]{1,12}")
GOOD_ENOUGH, WEAK = 0.35, 2.0
NO_SHOWS = 0.05
INTERVIEW = {
    "id": fixed("interview"),
    "title": "Interview",
    "isArchived": False,
    "isFeedbackRequired": True,
    "isFeedbackRequested": True,
    "feedbackFormDefinitionId": fixed("interview/form"),
}


class Staff:
    """Everybody who uses this tracker other than through its API."""

    def __init__(
        self,
        records: Records,
        people: People,
        requisitions_dir: Path | None,
        reasons: list[Row],
        sources: list[Row],
    ) -> None:
        self.records, self.world, self.people = records, records.world, people
        self._system = records.system
        self.requisitions = _requisitions(requisitions_dir)
        self._reasons = {reason["text"]: reason for reason in reasons}
        self._sources = {source["title"]: source for source in sources}
        self._persona_of: dict[str, Persona] = {}
        self._grades: dict[str, dict[str, int]] = {}
        records.when = {"opened": self.job_opened, "moved": self.moved}

    def code(self, job: Row) -> str | None:
        """Return the requisition's code, which stands last in the job's title."""
        codes = CODE.findall(job["title"])
        return codes[-1] if codes else None

    def round(self, event: Row) -> str:
        """Return the round an interview is, as its invitation says."""
        extra = event.get("extraData", {})
        told = (value for name, value in extra.items() if name.endswith("round"))
        return str(next(told, event["interview"]["title"]))

    def job_opened(self, job: Row) -> None:
        """Let those who use the careers page apply in their time."""
        code, opened = self.code(job), self.world.now
        for persona in self.people.all():
            for number, apply in enumerate(persona.applications):
                if apply.via != "indeed" and apply.requisition == code:  # on the careers page
                    day = opened.date() + timedelta(days=apply.day)
                    at = datetime.combine(day, time(apply.hour), opened.tzinfo)
                    name = f"{self._system} apply {job['id']} {persona.id} {number}"
                    self.world.plan(at, name, partial(self.apply, job, persona, apply))

    def apply(self, job: Row, persona: Persona, apply: Apply) -> None:
        """Apply through the careers page, as messily as people do."""
        if job["status"] != "Open":
            return
        source = {"source": self._sources["Company careers page"]}
        candidate = self.records.add_candidate(
            persona.name, apply.email, apply.phone, source | _profile(persona)
        )
        self._persona_of[candidate["id"]] = persona
        values = {"_systemfield_name": persona.name, **apply.answers}
        submission = {
            "id": self.records.ref("form", candidate["id"]),
            "formDefinition": form("Application", list(values)),
            "submittedValues": values,
        }
        posting = {
            "appliedViaJobPostingId": fixed(f"posting/{job['title']}"),
            "applicationFormSubmissions": [submission],
        }
        application = self.records.add_application(
            candidate, job, STAGE["Application Review"], source | posting
        )
        self.records.tell("applied", application)

    def moved(self, application: Row) -> None:
        """Let whose turn it is learn that an application entered a stage."""
        ref = application["id"]
        match application["stage"]["title"]:
            case "Recruiter Screen":
                self._later(f"screen {ref}", 24, 48, partial(self.screen, application))
            case "Hiring Manager Review":
                self._later(f"review {ref}", 24, 48, partial(self.review, application))
            case "Archived" if self._was_at("Offer", application):
                act = partial(self.debrief, application["jobId"])
                self._later(f"debrief after {ref}", 24, 24, act)

    def screen(self, application: Row) -> None:
        """Let the recruiter call, and write down what was said."""
        persona = self.persona(application)
        silent = persona is not None and persona.behaviour.screen == "silent"
        if silent or application["stage"] is not STAGE["Recruiter Screen"]:
            return
        dice = self.world.dice(f"{self._system} screen", application["id"])
        pay = persona.pay_expectation_cents if persona else None
        values: Row = {
            **self._must_haves(application, persona),
            "interested": "yes" if dice.random() < 0.97 else "no",
            **({"pay_expectation_cents": pay} if pay is not None else {}),
            "notice_days": dice.choice([0, 14, 30]),
            "summary": "Spoke on the phone; see the fields.",
        }
        self.records.add_feedback(
            application, f"recruiter@{self._system}.example", "Recruiter screen", values
        )

    def review(self, application: Row) -> None:
        """Let the hiring manager decide whom to meet."""
        if application["stage"] is not STAGE["Hiring Manager Review"]:
            return
        if self._strength(application) >= GOOD_ENOUGH:
            self.records.enter(application, STAGE["Interview"])
        else:
            self._archive(application, "Not enough relevant experience")

    def schedule(self, application: Row, events: list[Row]) -> Row:
        """Put interviews into the calendar; they take place when their time has passed."""
        name = (application["id"], *(str(event) for event in events))
        schedule = self.records.insert(
            "schedule",
            name,
            {
                "status": "Scheduled",
                "applicationId": application["id"],
                "interviewStageId": application["stage"]["id"],
            },
        )
        schedule["interviewEvents"] = [
            self._event(schedule, number, event) for number, event in enumerate(events)
        ]
        for event in schedule["interviewEvents"]:
            self._plan_meeting(schedule, event)
        return schedule

    def meet(self, schedule: Row, event: Row) -> None:
        """Hold an interview, unless the candidate is gone or does not show up."""
        application = self.records.tables["application"][schedule["applicationId"]]
        if application["status"] != "Active":
            schedule["status"] = "Cancelled"
        elif self._shows_up(event):
            schedule["status"] = "WaitingOnFeedback"
            ended = self.world.now
            for person in event["interviewers"]:
                dice = self.world.dice(f"{self._system} feedback", event["id"], person["email"])
                act = partial(self.give_feedback, application, schedule, event, person["email"])
                at = ended + timedelta(hours=dice.randint(4, 30))
                self.world.plan(at, f"{self._system} feedback {event['id']} {person['email']}", act)
        else:
            self._postpone(schedule, event)
        self.records.touch("schedule", schedule["id"])
        self.records.announce("interviewScheduleUpdate", schedule)

    def give_feedback(self, application: Row, schedule: Row, event: Row, author: str) -> None:
        """Let one interviewer write down what they think."""
        dice = self.world.dice(f"{self._system} opinion", event["id"], author)
        opinion = self._strength(application) + dice.gauss(0, 0.02)
        grade = 1 + sum(opinion >= bar for bar in (0.3, 0.5, 0.75))
        values = {"overall_recommendation": str(grade), "notes": "Discussed the role's work."}
        feedback = self.records.add_feedback(application, author, self.round(event), values)
        feedback.update(interviewEventId=event["id"], interviewId=event["interviewId"])
        grades = self._grades.setdefault(event["id"], {})
        grades[author] = grade
        event["hasSubmittedFeedback"] = True
        if len(grades) == len({person["email"] for person in event["interviewers"]}):
            schedule["status"] = "Complete"
            self._consider(application)
        self.records.touch("schedule", schedule["id"])
        self.records.announce("interviewScheduleUpdate", schedule)

    def debrief(self, job_ref: str) -> None:
        """Let the hiring manager pick the best of those who have been through every round."""
        met = [row for row in self._applications(job_ref, "Interview") if self._met(row)]
        best = sorted(met, key=lambda row: (-self._score(row), row["id"]))
        for application in best:
            if self._score(application) < WEAK:
                self._archive(application, "Another candidate was stronger")
            elif self._open_slots(job_ref) > 0:
                self.records.enter(application, STAGE["Offer"])

    def persona(self, application: Row) -> Persona | None:
        """Return who really applied, if it is one of the simulated people."""
        candidate = self.records.tables["candidate"][application["candidateId"]]
        if known := self._persona_of.get(candidate["id"]):
            return known
        for item in candidate["emailAddresses"]:
            if found := self.people.by_email(item["value"]):
                return found
        return self.people.by_name(candidate["name"])

    def _later(self, name: str, least: int, most: int, act: Any) -> None:
        hours = self.world.dice(self._system, name).randint(least, most)
        self.world.plan(self.world.now + timedelta(hours=hours), f"{self._system} {name}", act)

    def _requisition(self, job_ref: str) -> Row:
        code = self.code(self.records.tables["job"][job_ref])
        return self.requisitions.get(code or "", {})

    def _must_haves(self, application: Row, persona: Persona | None) -> Row:
        requisition = self._requisition(application["jobId"])
        code, strength = requisition.get("code"), self._strength(application)
        truth = persona.truth if persona else {}
        values = {}
        for must in requisition.get("must_haves", []):
            luck = self.world.dice(
                f"{self._system} must-have", application["id"], must["id"]
            ).random()
            met = truth.get(f"{code}:{must['id']}", luck < 0.5 + strength / 2)
            values[f"must_have:{must['id']}"] = "met" if met else "not_met"
        return values

    def _strength(self, application: Row) -> float:
        persona = self.persona(application)
        return persona.behaviour.strength if persona else 0.6

    def _archive(self, application: Row, reason: str) -> None:
        self.records.enter(application, STAGE["Archived"], self._reasons[reason])

    def _was_at(self, title: str, application: Row) -> bool:
        history = application["applicationHistory"]
        return len(history) > 1 and history[-2]["title"] == title

    def _event(self, schedule: Row, number: int, asked: Row) -> Row:
        ref = self.records.ref("event", schedule["id"], number)
        people = [_interviewer(person) for person in asked["interviewers"]]
        return {
            "id": ref,
            "interviewId": INTERVIEW["id"],
            "interviewScheduleId": schedule["id"],
            "interviewerUserIds": [person["id"] for person in people],
            "interviewers": people,
            "createdAt": self.records.now,
            "updatedAt": self.records.now,
            "startTime": stamp(datetime.fromisoformat(asked["startTime"])),
            "endTime": stamp(datetime.fromisoformat(asked["endTime"])),
            "feedbackLink": f"https://app.ashbyhq.com/interview-feedback/{ref}",
            "hasSubmittedFeedback": False,
            "interview": INTERVIEW,
            "extraData": asked.get("extraData", {}),
        }

    def _plan_meeting(self, schedule: Row, event: Row) -> None:
        at = datetime.fromisoformat(event["endTime"])
        name = f"{self._system} meet {event['id']} {event['endTime']}"
        self.world.plan(at, name, partial(self.meet, schedule, event))

    def _shows_up(self, event: Row) -> bool:
        missed = event["createdAt"] != event["updatedAt"]
        return (
            missed or self.world.dice(f"{self._system} no-show", event["id"]).random() >= NO_SHOWS
        )

    def _postpone(self, schedule: Row, event: Row) -> None:
        """Let the coordinator find another time, so that nobody is stuck."""
        days = 2 if self.world.now.weekday() < 3 else 5
        for name in ("startTime", "endTime"):
            event[name] = stamp(datetime.fromisoformat(event[name]) + timedelta(days=days))
        event["updatedAt"] = self.records.now
        self._plan_meeting(schedule, event)

    def _schedules(self, application: Row) -> list[Row]:
        rows = self.records.tables["schedule"].values()
        return [row for row in rows if row["applicationId"] == application["id"]]

    def _met(self, application: Row) -> bool:
        done = [row for row in self._schedules(application) if row["status"] == "Complete"]
        rounds = {self.round(event) for row in done for event in row["interviewEvents"]}
        wanted = self._requisition(application["jobId"]).get("rounds", [])
        return bool(done) and all(planned["name"] in rounds for planned in wanted)

    def _consider(self, application: Row) -> None:
        if self._met(application):
            act = partial(self.debrief, application["jobId"])
            self._later(f"debrief {application['id']}", 48, 48, act)

    def _score(self, application: Row) -> float:
        grades = [
            grade
            for schedule in self._schedules(application)
            for event in schedule["interviewEvents"]
            for grade in self._grades.get(event["id"], {}).values()
        ]
        return sum(grades) / len(grades) if grades else 0.0

    def _applications(self, job_ref: str, *stages: str) -> list[Row]:
        rows = self.records.tables["application"].values()
        return [r for r in rows if r["jobId"] == job_ref and r["stage"]["title"] in stages]

    def _open_slots(self, job_ref: str) -> int:
        headcount = int(self._requisition(job_ref).get("headcount", 1))
        return headcount - len(self._applications(job_ref, "Offer", "Hired"))


def _requisitions(folder: Path | None) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for path in sorted(folder.rglob("*.yaml")) if folder else []:
        row = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(row, dict) and "code" in row and "must_haves" in row:
            found[row["code"]] = row
    return found


def _interviewer(asked: Row) -> Row:
    required = bool(asked.get("feedbackRequired", True))
    more = {"trainingRole": None, "interviewerPool": None, "isFeedbackRequired": required}
    return {**user(asked["email"]), **more}


def _profile(persona: Persona) -> Row:
    place = {
        "id": fixed(f"place/{persona.residence}"),
        "locationSummary": persona.residence,
        "locationComponents": [],
    }
    links = [{"type": "Website", "url": url} for url in persona.links]
    return {"socialLinks": links, **({"location": place} if persona.residence else {})}
