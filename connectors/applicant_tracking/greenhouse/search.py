"""What Greenhouse already has: what a write needs to know before, and what proves it after."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from connectors.applicant_tracking.greenhouse.lists import Lists
from connectors.applicant_tracking.greenhouse.rows import has_email, meaning, names, slug
from connectors.applicant_tracking.greenhouse.shapes import (
    NAME,
    ApplicationRow,
    CandidateRow,
    JobRow,
    Made,
    Named,
    NoteRow,
    PlanStage,
    Reason,
    Stay,
)
from connectors.errors import Misconfigured, Refused
from connectors.records import AddApplication, OpenJob, Receipt, RejectApplication, TrackerStage

T = TypeVar("T")
AN_INSTANT = timedelta(seconds=1)  # Greenhouse keeps milliseconds


class Search:
    """One client's Greenhouse, looked up. Every method raises Unavailable and Unreadable."""

    def __init__(self, lists: Lists, options: Mapping[str, str]) -> None:
        self.lists, self._options = lists, options
        self.stages = _meanings(options)

    def job(self, ref: str) -> JobRow:
        """One job; raises Refused."""
        return self._one("/jobs", JobRow, ref)

    def application(self, ref: str) -> ApplicationRow:
        """One application; raises Refused."""
        return self._one("/applications", ApplicationRow, ref)

    def job_of(self, request: OpenJob) -> Receipt | None:
        """The job of a requisition; `requisition_id` is free text, so the name has to fit too."""
        rows = self.lists.all("/jobs", JobRow, requisition_id=request.requisition)
        ours = [job.id for job in rows if job.name == request.title and not job.is_template]
        return Receipt(external_id=str(min(ours))) if ours else None

    def open_jobs(self) -> list[JobRow]:
        """Every job that is open, and no template."""
        rows = self.lists.all("/jobs", JobRow, status="open")
        return [row for row in rows if not row.is_template]

    def open_openings(self, job: int | None) -> list[Made]:
        """The openings of a job that nobody has filled or closed."""
        return self.lists.all("/openings", Made, job_ids=str(job), open="true")

    def made_by_us(self, request: AddApplication) -> Receipt | None:
        """The application of this person for this job that was made at the instant of applying."""
        first, last = request.applied_at - AN_INSTANT, request.applied_at + AN_INSTANT
        then = f"gte|{first.isoformat()}|lte|{last.isoformat()}"
        path, job = "/applications", request.job_ref
        rows = self.lists.all(path, ApplicationRow, job_ids=job, created_at=then)
        by_candidate = {row.candidate_id: row.id for row in rows}
        for person in self.lists.of("/candidates", CandidateRow, "ids", by_candidate):
            if _is_theirs(person, request):
                return receipt(by_candidate[person.id], person.id)
        return None

    def applied_since(self, request: AddApplication) -> Receipt | None:
        """The first application for this job that whoever has this e-mail made since they applied.

        It stands for ours where Greenhouse says itself when it was made, and keeps nothing of us.
        """
        then = f"gte|{(request.applied_at - AN_INSTANT).isoformat()}"
        people = self.candidates(request)
        return self._first(people, job_ids=request.job_ref, created_at=then)

    def candidates(self, request: AddApplication) -> list[CandidateRow]:
        """Everybody who has this e-mail address, the oldest first."""
        if not request.email:
            return []
        rows = self.lists.all("/candidates", CandidateRow, email=request.email)
        same = [row for row in rows if has_email(row, request.email)]
        return sorted(same, key=lambda row: row.created_at)

    def open_application(self, candidates: Sequence[CandidateRow], job_ref: str) -> Receipt | None:
        """An application of one of these for a job that is in process."""
        return self._first(candidates, job_ids=job_ref, status="active")

    def _first(self, candidates: Sequence[CandidateRow], **filters: str) -> Receipt | None:
        """The oldest application of theirs."""
        path, ids = "/applications", [row.id for row in candidates]
        rows = self.lists.of(path, ApplicationRow, "candidate_ids", ids, **filters)
        first = min(rows, key=lambda row: row.created_at, default=None)
        return receipt(first.id, first.candidate_id) if first else None

    def has_been_at(self, ref: str, stage: TrackerStage) -> bool:
        """Whether an application is, or ever was, in a stage of this meaning."""
        if stage is TrackerStage.HIRED:
            return self.application(ref).status == "hired"
        stays = self.lists.all("/application_stages", Stay, application_ids=ref)
        stages = {stay.job_interview_stage_id for stay in stays}
        plan = self.lists.of("/job_interview_stages", Named, "ids", stages)
        return any(meaning(each.name, self.stages) is stage for each in plan)

    def note(self, candidate_ref: str, last_line: str) -> Receipt | None:
        """A candidate's note that ends with this line."""
        for note in self.lists.all("/notes", NoteRow, candidate_ids=candidate_ref):
            if (note.body or "").rstrip().endswith(last_line):
                return Receipt(external_id=str(note.id))
        return None

    def interview(self, key: str) -> Receipt | None:
        """The interview that was recorded with this key."""
        rows = self.lists.all("/interviews", Made, external_event_id=key)
        return Receipt(external_id=str(rows[0].id)) if rows else None

    def source(self, title: str) -> int | None:
        """The source of this name."""
        rows = self.lists.all("/sources", Named)
        return next((row.id for row in rows if slug(row.name) == slug(title)), None)

    def reason(self, request: RejectApplication) -> int:
        """The rejection reason that our reason code means; raises Misconfigured."""
        name = self._options.get(f"reason:{request.reason}", request.reason)
        for row in self.lists.all("/rejection_reasons", Reason, include_defaults="true"):
            by_candidate = row.type.key == "THEY_REJECTED_US"
            if by_candidate == request.by_candidate and slug(row.name) == slug(name):
                return row.id
        raise Misconfigured(NAME, f"no rejection reason means {request.reason!r}: add an option")

    def stage(self, job: int | None, wanted: TrackerStage) -> int:
        """The first stage of a job's interview plan with a meaning; raises Misconfigured."""
        asked = {"job_ids": str(job), "active": "true"}
        rows = self.lists.all("/job_interview_stages", PlanStage, **asked)
        for row in sorted(rows, key=lambda row: row.sort_order):
            if meaning(row.name, self.stages) is wanted:
                return row.id
        raise Misconfigured(NAME, f"no stage of the job's interview plan means {wanted}")

    def slot(self, job: int | None, round_name: str) -> int:
        """The interview of a job's plan that is called like a round; raises Misconfigured."""
        for row in self.lists.all("/job_interviews", Named, job_ids=str(job), active="true"):
            if slug(row.name) == slug(round_name):
                return row.id
        told = (
            f"no interview of the job's plan is called {round_name!r}: add it, also to the template"
        )
        raise Misconfigured(NAME, told)

    def _one(self, path: str, kind: type[T], ref: str) -> T:
        rows = self.lists.all(path, kind, ids=ref)
        if not rows:
            raise Refused(NAME, f"GET {path}: not there, or not for our user to see")
        return rows[0]


def receipt(application: int, candidate: int) -> Receipt:
    """What proves that an application was made."""
    return Receipt(external_id=str(application), others={"candidate": str(candidate)})


def _meanings(options: Mapping[str, str]) -> dict[str, TrackerStage]:
    """What the client says its stages mean, by slug; raises Misconfigured."""
    told = {name: value for name, value in options.items() if name.startswith("stage:")}
    for name, value in told.items():
        if value not in set(TrackerStage):
            raise Misconfigured(NAME, f"the option {name!r} is none of {', '.join(TrackerStage)}")
    return {slug(name.removeprefix("stage:")): TrackerStage(value) for name, value in told.items()}


def _is_theirs(person: CandidateRow, request: AddApplication) -> bool:
    """Tell whether a candidate is the asked one: by e-mail, or by name if there is none."""
    if request.email:
        return has_email(person, request.email)
    return (person.first_name, person.last_name) == names(request.name)
