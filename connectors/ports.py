"""What each kind of system can do, one Protocol a kind.

Every system is read through `changes`: it yields pages of observed records since a cursor
(None: from the beginning). A page's cursor is stored together with its records. `watching` are
the vendor's ids of objects we wait for, for vendors that cannot be asked "what is new?". A single
object that is refused or makes no sense is named on its page, and keeps no other from being read.

Every write takes a request and a `key`, the same for every attempt. `find` looks whether the
vendor already has what a request asked for, after an answer was lost; None means it provably has
not. Where a vendor cannot tell, `find` raises `OutcomeUnknown` and a person decides. Where its
search is behind its writes, the connector says so in `search_lag`: how many times longer than
elsewhere it takes until "not found" counts.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from connectors.health import Check
from connectors.links import Question
from connectors.records import (
    AddApplication,
    AddNote,
    AskReference,
    CancelBackgroundCheck,
    CancelOffer,
    CloseJob,
    CorrectHire,
    CreateHire,
    FormAnswer,
    KeepResume,
    KeepSigned,
    MoveApplication,
    OpenJob,
    OrderBackgroundCheck,
    Page,
    PublishPostings,
    Receipt,
    RejectApplication,
    Request,
    ScheduleInterview,
    SendMessage,
    SendOffer,
    StartAdverseAction,
    TellBoard,
)


class System(Protocol):
    """What is common to all kinds: reading what changed, and finding a lost write."""

    resources: tuple[str, ...]

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield what changed in one resource since a cursor, in pages."""

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether an earlier attempt with this key went through."""

    def check(self) -> Iterator[Check]:
        """Look whether the account can do its work, beyond reading its `resources`; harmless.

        Raises ConnectorError if nothing can be looked at.
        """


class Subscribing(System, Protocol):
    """A system that says where its webhooks go; most do not, or not with the rights we ask for."""

    def subscribed(self) -> Sequence[str]:
        """The addresses that its webhooks go to, as far as the account may see them."""


class JobBoard(System, Protocol):
    """Somewhere postings are advertised."""

    def publish(self, request: PublishPostings, key: str) -> Receipt:
        """Make exactly these postings live."""


class InformedBoard(JobBoard, Protocol):
    """A job board that wants to know what becomes of its applicants; most cannot be told."""

    def tell(self, request: TellBoard, key: str) -> Receipt:
        """Tell it one state that one of them has reached."""


class ApplicantTracker(System, Protocol):
    """The client's applicant tracking system.

    Beside its `resources` it answers `changes("open_jobs", None, ())` with every job that is open.
    """

    def open_job(self, request: OpenJob, key: str) -> Receipt:
        """Create and open a job; the receipt's id is the job's."""

    def close_job(self, request: CloseJob, key: str) -> Receipt:
        """Close a job."""

    def add_application(self, request: AddApplication, key: str) -> Receipt:
        """Create candidate and application; others["candidate"] is the candidate's id."""

    def move(self, request: MoveApplication, key: str) -> Receipt:
        """Move an application to another stage."""

    def reject(self, request: RejectApplication, key: str) -> Receipt:
        """Archive an application with a reason."""

    def add_note(self, request: AddNote, key: str) -> Receipt:
        """Write a note on a candidate."""

    def schedule_interview(self, request: ScheduleInterview, key: str) -> Receipt:
        """Schedule one interview round."""

    def keep_resume(self, request: KeepResume, key: str) -> Receipt:
        """Copy an application's résumé into the client's vault; the receipt's id is its address.

        It is `resume.NONE` if there is no résumé. `find` says None, as of a signed offer.
        """


class BackgroundScreener(System, Protocol):
    """A consumer reporting agency."""

    def order(self, request: OrderBackgroundCheck, key: str) -> Receipt:
        """Order a background check; the receipt's id is the order's."""

    def start_adverse_action(self, request: StartAdverseAction, key: str) -> Receipt:
        """Send the pre-adverse notice and schedule the final one."""

    def call_off(self, request: CancelBackgroundCheck, key: str) -> Receipt:
        """Cancel an order; raises Refused if the candidate has given what the check needs.

        One that came to nothing by itself needs no cancelling: `find` has it, too.
        """


FILLED_IN = (
    "the candidate has filled in the form: the check is under way. Have it cancelled there, if that"
    " is possible, and let nobody read it; then waive this"
)
"""Why an order is not called off any more, and what a person does then."""


class ReferenceChecker(System, Protocol):
    """Whoever asks referees."""

    def ask(self, request: AskReference, key: str) -> Receipt:
        """Ask or remind one referee."""


class SignatureProvider(System, Protocol):
    """Electronic signatures."""

    def send(self, request: SendOffer, key: str) -> Receipt:
        """Send an offer for signature; the receipt's id is the signature request's."""

    def cancel(self, request: CancelOffer, key: str) -> Receipt:
        """Withdraw an open signature request."""

    def keep_signed(self, request: KeepSigned, key: str) -> Receipt:
        """Copy what was signed into the client's vault; the receipt's id is its address there.

        Again it is the same copy under the same name, so `find` says that there is none.
        """


class Payroll(System, Protocol):
    """The system that pays."""

    def create_hire(self, request: CreateHire, key: str) -> Receipt:
        """Create the new hire; the receipt's id is what `changes` can be asked to watch."""

    def correct_hire(self, request: CorrectHire, key: str) -> Receipt:
        """Set an employee's terms back to the signed ones."""


class PaySurvey(System, Protocol):
    """Somewhere to read what the market pays; nothing is written there.

    The one resource is `market_pay`; `watching` are the questions, each a PayQuestion as JSON.
    """


class Messenger(System, Protocol):
    """Messages to people, as the client."""

    def send(self, request: SendMessage, key: str) -> Receipt:
        """Send one message."""


class DocumentStore(Protocol):
    """Where files are kept. Writing the same bytes to the same name twice is harmless."""

    def put(self, name: str, content: bytes, content_type: str) -> str:
        """Store a file under a name and return its address."""

    def get(self, name: str) -> bytes:
        """Read a file; raises Refused if there is none."""

    def delete(self, name: str) -> None:
        """Remove a file; removing what is not there is harmless."""

    def names(self, prefix: str) -> Sequence[str]:
        """List the names below a prefix, sorted."""

    def check(self) -> Iterator[Check]:
        """Look whether the account may write, read and remove there; leaves nothing behind."""


Answers = Callable[[Question], Sequence[FormAnswer]]
"""What was answered to one of our own questions so far, the oldest answer first."""
