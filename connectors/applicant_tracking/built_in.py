"""The built-in tracker, for a client that has none: in our own ledger, not over HTTP.

Docs: docs/connectors/built_in.md, and connectors/ledger/tracker.py for what it holds.
Auth: none, and no account: it is the client's own ledger.
Paging: by the number of the change; numbers are in the order of commits.

Quirks
- People decide with `fullcycle application …` or the deployments of the same names; each decision
  leaves an act. What was decided is read like any other tracker's.
- Every write is done once by its key, in one transaction with the key: `find` is certain.
- A job's id is the requisition's code, an application's our own key.
- A candidate is known by e-mail address; one without is new with each application.
- An archive stands: nobody is moved out of it, and a second reason does not take its place.
"""

from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection

from connectors import resume
from connectors.access import Access
from connectors.errors import Unsupported
from connectors.health import Check
from connectors.ledger import tracker
from connectors.ledger.store import Ledger
from connectors.ledger.tracker import NAME
from connectors.ports import ApplicantTracker
from connectors.records import (
    AddApplication,
    AddNote,
    CloseJob,
    KeepResume,
    MoveApplication,
    OpenJob,
    Page,
    Receipt,
    RejectApplication,
    Request,
    ScheduleInterview,
    TrackerStage,
)
from connectors.vendor import Vendor

PAGE = 500


def connect(access: Access, ledger: Ledger) -> ApplicantTracker:
    """Open the tracker in a client's ledger."""
    return BuiltIn(ledger)


class BuiltIn:
    """The client's tracker in our ledger."""

    resources: tuple[str, ...] = ("applications", "scorecards", "interviews")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._client = ledger, ledger.client

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield what changed, each page read in a transaction of its own."""
        if resource == "open_jobs":
            with self._ledger.transaction() as connection:
                yield Page(records=tuple(tracker.open_jobs(connection, self._client)))
            return
        if resource not in self.resources:
            raise Unsupported(NAME, f"no resource {resource!r}")
        after = int(cursor or 0)
        while True:
            with self._ledger.transaction() as connection:
                found, after = tracker.changed(connection, self._client, resource, after, PAGE)
            yield Page(records=tuple(found), cursor=str(after))
            if len(found) < PAGE:
                return

    def find(self, request: Request, key: str) -> Receipt | None:
        """What an earlier attempt with this key gave back."""
        with self._ledger.transaction() as connection:
            tracker.alone(connection, self._client)
            return tracker.receipt(connection, self._client, key)

    def check(self) -> Iterator[Check]:
        """Nothing: there is no account, and stages and reasons are our own words."""
        return iter(())

    def open_job(self, request: OpenJob, key: str) -> Receipt:
        """Open a job."""
        return self._once(key, lambda c: tracker.open_job(c, self._client, request))

    def close_job(self, request: CloseJob, key: str) -> Receipt:
        """Close a job."""
        return self._once(key, lambda c: tracker.close_job(c, self._client, request.job_ref))

    def add_application(self, request: AddApplication, key: str) -> Receipt:
        """Add an application, of a known candidate or a new one."""
        return self._once(key, lambda c: tracker.add(c, self._client, request))

    def move(self, request: MoveApplication, key: str) -> Receipt:
        """Move an application to another stage."""
        if request.to is TrackerStage.ARCHIVED:
            raise Unsupported(NAME, "nobody is archived without a reason: reject them")
        ref = request.application_ref
        return self._once(key, lambda c: tracker.move(c, self._client, ref, request.to))

    def reject(self, request: RejectApplication, key: str) -> Receipt:
        """Archive an application with a reason, unless it is archived already."""
        ref = request.application_ref

        def archive(connection: Connection) -> Receipt:
            tracker.reject(
                connection, self._client, ref, request.reason, by_candidate=request.by_candidate
            )
            return Receipt(external_id=ref)

        return self._once(key, archive)

    def add_note(self, request: AddNote, key: str) -> Receipt:
        """Write a note on a candidate."""
        return self._once(key, lambda c: tracker.note(c, self._client, request))

    def schedule_interview(self, request: ScheduleInterview, key: str) -> Receipt:
        """Put an interview into the calendar; people say what became of it."""
        return self._once(key, lambda c: tracker.schedule(c, self._client, request))

    def keep_resume(self, request: KeepResume, key: str) -> Receipt:
        """Nothing: this tracker has no files."""
        return resume.NONE

    def _once(self, key: str, write: Callable[[Connection], Receipt]) -> Receipt:
        """Write something and its key in one transaction, unless this key has been written."""
        with self._ledger.transaction() as connection:
            tracker.alone(connection, self._client)
            given = tracker.receipt(connection, self._client, key)
            if given is None:
                given = write(connection)
                tracker.keep_receipt(connection, self._client, key, given)
        return given


VENDOR = Vendor(
    kind="applicant_tracking",
    name=NAME,
    title="The built-in tracker",
    documents="",
    reads=(
        "applications with their candidates, scorecards, interviews: what changed since a number;"
        " open jobs"
    ),
    writes=(
        "jobs (open, close), candidates and applications, stage moves, archiving, notes, interviews"
    ),
    connect=connect,
    addresses={"sandbox": "", "production": ""},
    needs=("ledger",),
    has_account=False,
)
