"""What SmartRecruiters already has: what a write needs to know before, and what proves it after."""

from collections.abc import Mapping
from functools import cache, cached_property

from connectors.applicant_tracking.smartrecruiters.calls import Calls
from connectors.applicant_tracking.smartrecruiters.rows import (
    ENDS,
    NAME,
    Row,
    application_ref,
    assignments,
    meaning,
    parts,
    slug,
)
from connectors.errors import Misconfigured, Refused
from connectors.http import segment
from connectors.payload import Payload
from connectors.records import AddApplication, OpenJob, Receipt, RejectApplication, TrackerStage

USERS = "/user-api/v201804/users"
INTERVIEWS = "/interviews-api/v201904"
SUBMITTED = "Hiring Manager Review"


class Search:
    """One client's SmartRecruiters, looked up. Every method raises Unavailable and Unreadable.

    `submitted`: the sub-status of IN_REVIEW in which the hiring manager decides.
    """

    def __init__(self, calls: Calls, options: Mapping[str, str]) -> None:
        self._calls, self.options = calls, options
        self.submitted = options.get("submitted_sub_status", SUBMITTED)
        self.email = cache(self._email_of)

    def job(self, ref: str) -> Row:
        """One job; raises Refused."""
        return self._calls.one(f"/jobs/{segment(ref)}")

    def job_of(self, request: OpenJob) -> Row | None:
        """The job of a requisition, by its reference number."""
        for row in self._calls.all("/jobs", q=request.title):
            if row.get("refNumber") == request.requisition and not row.get("template"):
                return row
        return None

    def application(self, ref: str) -> Row:
        """Where an application stands; raises Refused."""
        return self._calls.one(path_of(ref))

    def history(self, path: str) -> list[Row]:
        """The statuses that an application has had, by its path."""
        return self._calls.all(f"{path}/status/history")

    def has_been_at(self, ref: str, stage: TrackerStage) -> bool:
        """Whether an application is, or ever was, in a status of this meaning."""
        steps = [self.application(ref), *self.history(path_of(ref))]
        return any(meaning(step, self.submitted) is stage for step in steps)

    def added(self, request: AddApplication, key: str) -> Receipt | None:
        """The application that we have made, or the open one of who has this e-mail address."""
        tag = tag_of(key)
        for row in self._calls.all("/candidates", tag=tag):
            tags = [str(each).casefold() for each in row.get("tags") or []]
            if tag.casefold() in tags and request.job_ref in assignments(row):
                return receipt_of(id_of(row), request.job_ref)
        return self._open_one(request)

    def note(self, candidate: str, mark: str) -> Receipt | None:
        """A candidate's note with this mark; only an administrator's key sees it."""
        for message in self._calls.all("/messages", candidateId=candidate):
            if mark in (Payload(NAME, message).maybe("content", str) or ""):
                return Receipt(external_id=mark)
        return None

    @cached_property
    def sources(self) -> dict[str, Row]:
        """How a source is named in a candidate, by its label."""
        return {
            slug(Payload(NAME, value).take("label", str)): {
                "sourceTypeId": id_of(kind),
                "sourceId": id_of(value),
            }
            for kind in self._calls.all("/configuration/sources")
            for value in self._calls.all(f"/configuration/sources/{segment(id_of(kind))}/values")
        }

    def reason(self, request: RejectApplication) -> str:
        """The reason that our code means; raises Misconfigured."""
        label = self.options.get(f"reason:{request.reason}", request.reason)
        kind = "withdrawal" if request.by_candidate else "rejection"
        for row in self._calls.all(f"/configuration/{kind}-reasons"):
            if slug(Payload(NAME, row).take("label", str)) == slug(label):
                return id_of(row)
        raise Misconfigured(NAME, f"no {kind} reason means {request.reason!r}: add an option")

    def user(self, email: str) -> str:
        """The user who has this e-mail address; raises Refused."""
        for row in self._calls.all(USERS, q=email):
            if (Payload(NAME, row).maybe("email", str) or "").casefold() == email.casefold():
                return id_of(row)
        raise Refused(NAME, "an interviewer is no user there: add them, then retry")

    def organizer(self) -> Row:
        """The user who arranges interviews; raises Misconfigured and Refused."""
        return self._calls.one(f"{USERS}/{segment(self.options['organizer_id'])}")

    def interview_type(self) -> str:
        """The type of interviews, if the client has it; raises Misconfigured."""
        name = self.options["interview_type"]
        if name not in self._calls.words(f"{INTERVIEWS}/interview-types"):
            raise Misconfigured(NAME, f"no type of interviews is called {name!r}")
        return name

    def sees_messages(self) -> None:
        """Ask for anybody's messages; raises Misconfigured if only others may see them."""
        rows, _, _ = self._calls.page("/candidates", {"limit": 1})
        for row in rows:
            self._calls.page("/messages", {"candidateId": id_of(row), "limit": 1})

    def _open_one(self, request: AddApplication) -> Receipt | None:
        email, job = (request.email or "").casefold(), request.job_ref
        rows = self._calls.all("/candidates", q=email, jobId=job) if email else []
        for row in rows:
            has_email = (Payload(NAME, row).maybe("email", str) or "").casefold() == email
            if has_email and job in assignments(row):
                application = self.application(application_ref(id_of(row), job))
                if status_of(application) not in ENDS:
                    return receipt_of(id_of(row), job)
        return None

    def _email_of(self, user: str) -> str:
        row = self._calls.one(f"{USERS}/{segment(user)}")
        return Payload(NAME, row).maybe("email", str) or user


def id_of(row: Row) -> str:
    """The id of an object; raises Unreadable."""
    return Payload(NAME, row).take("id", str)


def status_of(row: Row) -> str:
    """The status of a job or an application; raises Unreadable."""
    return Payload(NAME, row).take("status", str)


def path_of(ref: str) -> str:
    """Where an application is asked for; raises Refused."""
    candidate, job = parts(ref)
    return f"/candidates/{segment(candidate)}/jobs/{segment(job)}"


def receipt_of(candidate: str, job: str) -> Receipt:
    """What proves that somebody was added to a job."""
    made = application_ref(candidate, job)
    return Receipt(external_id=made, others={"candidate": candidate})


def tag_of(key: str) -> str:
    """The tag that a candidate whom we add carries."""
    return f"fullcycle {key}"
