"""What there is at Lever: stages, reasons and users by what they mean, and what we have made."""

from collections.abc import Mapping

from connectors.applicant_tracking.lever.calls import Calls
from connectors.applicant_tracking.lever.rows import (
    HIRED,
    NAME,
    Meanings,
    Row,
    each_interview,
    ends_with,
    has_email,
    has_tag,
    id_of,
    is_archived,
    is_for,
    is_handed_in,
    mark,
    receipt,
    slug,
    tag_of,
)
from connectors.errors import Misconfigured, Refused
from connectors.http import segment
from connectors.payload import Payload
from connectors.records import (
    AddApplication,
    ArchiveKind,
    OpenJob,
    Receipt,
    RejectApplication,
    TrackerStage,
)

WITH_APPLICATIONS = {"expand": "applications"}


class Search:
    """Looks things up; nothing is kept, as a client may change any of it meanwhile."""

    def __init__(self, calls: Calls, options: Mapping[str, str], meanings: Meanings) -> None:
        self._calls, self._options, self._meanings = calls, options, meanings

    def stages(self) -> dict[str, str]:
        """The text of every stage by its id, in the order of the pipeline."""
        rows = [Payload(NAME, row) for row in self._calls.all("/stages")]
        return {row.take("id", str): row.take("text", str) for row in rows}

    def stage(self, wanted: TrackerStage) -> str:
        """The first stage with this meaning; raises Misconfigured."""
        for ref, text in self.stages().items():
            if self._meanings.stage(ref, text) is wanted:
                return ref
        raise Misconfigured(NAME, f"no stage means {wanted}: add an option")

    def rejection_reason(self, request: RejectApplication) -> str:
        """The reason whose text our reason code means; raises Misconfigured."""
        text = self._options.get(f"reason:{request.reason}", request.reason)
        for ref, each in self._reasons(is_hired=False):
            by_candidate = self._meanings.kind(each) is ArchiveKind.BY_CANDIDATE
            if by_candidate == request.by_candidate and slug(each) == slug(text):
                return ref
        raise Misconfigured(NAME, f"no archive reason means {request.reason!r}: add an option")

    def hired_reason(self) -> str:
        """The reason that means a hire; raises Misconfigured."""
        reasons = self._reasons(is_hired=True)
        text = self._options.get("hired_reason", "Hired")
        named = [ref for ref, each in reasons if slug(each) == slug(text)]
        if named or len(reasons) == 1:
            return (named or [reasons[0][0]])[0]
        raise Misconfigured(NAME, "which archive reason is a hire? Add the option 'hired_reason'")

    def _reasons(self, is_hired: bool) -> list[tuple[str, str]]:
        """The id and the text of each reason in use that means a hire, or none."""
        rows = [Payload(NAME, row) for row in self._calls.all("/archive_reasons")]
        return [
            (row.take("id", str), row.take("text", str))
            for row in rows
            if row.take("status", str) == "active" and row.choice("type", HIRED) is is_hired
        ]

    def reason(self, ref: str) -> Row:
        """An archive reason."""
        return self._calls.one(f"/archive_reasons/{segment(ref)}")

    def user(self, email: str) -> str:
        """The user who has this e-mail address; raises Refused."""
        for row in self._calls.all("/users", email=email):
            told = Payload(NAME, row)
            if (told.maybe("email", str) or "").casefold() == email.casefold():
                return told.take("id", str)
        raise Refused(NAME, "an interviewer is no user of Lever: add them there, then retry")

    def email(self, user: str) -> str:
        """A user's e-mail address, or what is known of them."""
        told = Payload(NAME, self._calls.one(f"/users/{segment(user)}"))
        return told.maybe("email", str) or user

    def posting(self, ref: str) -> Payload:
        """A posting."""
        return Payload(NAME, self._calls.one(f"/postings/{segment(ref)}"))

    def posting_of(self, request: OpenJob) -> Receipt | None:
        """The posting of a requisition, by its tag."""
        tag = tag_of(request.requisition)
        for row in self._calls.all("/postings"):
            if has_tag(row, tag):
                return Receipt(external_id=id_of(row))
        return None

    def opportunity(self, ref: str) -> Row:
        """An opportunity."""
        return self._calls.one(f"/opportunities/{segment(ref)}")

    def expanded(self, row: Row) -> Row:
        """An opportunity with its applications, whether or not the list has expanded them."""
        told = Payload(NAME, row).take("applications", list)
        if all(isinstance(each, dict) for each in told):
            return row
        applications = self._calls.all(f"/opportunities/{segment(id_of(row))}/applications")
        return {**row, "applications": applications}

    def made_by_us(self, key: str) -> Receipt | None:
        """The opportunity that was made for a request."""
        tag = mark(key)
        for row in self._calls.all("/opportunities", tag=tag):
            if has_tag(row, tag):
                return receipt(id_of(row))
        return None

    def open_one(self, request: AddApplication) -> Receipt | None:
        """The open opportunity that a person already has for a posting."""
        if not request.email:
            return None
        asked = {"email": request.email, "archived": "false", **WITH_APPLICATIONS}
        for row in self._calls.all("/opportunities", **asked):
            if (
                has_email(row, request.email)
                and not is_archived(row)
                and is_for(self.expanded(row), request.job_ref)
            ):
                return receipt(id_of(row))
        return None

    def is_hired(self, opportunity: Row) -> bool | None:
        """Whether what was archived is a hire; None: it is not archived."""
        archived = Payload(NAME, opportunity).maybe_inner("archived")
        if archived is None:
            return None
        reason = archived.maybe("reason", str)
        return bool(reason) and Payload(NAME, self.reason(reason or "")).choice("type", HIRED)

    def has_been_at(self, ref: str, stage: TrackerStage) -> bool:
        """Whether an opportunity is or was in a stage with this meaning."""
        opportunity = self.opportunity(ref)
        if stage is TrackerStage.HIRED:
            return self.is_hired(opportunity) is True
        stages = self.stages()
        steps = Payload(NAME, opportunity).items("stageChanges")
        been = [step.take("toStageId", str) for step in steps]
        return any(self._meanings.stage(each, stages.get(each, "")) is stage for each in been)

    def panels(self, ref: str) -> list[Row]:
        """The panels of an opportunity."""
        return self._calls.all(f"/opportunities/{segment(ref)}/panels")

    def interview(self, ref: str, note: str) -> Receipt | None:
        """The interview with this note."""
        for panel, each in each_interview(self.panels(ref)):
            if note in str(each.get("note")):
                return Receipt(external_id=id_of(each), others={"panel": id_of(panel)})
        return None

    def forms(self, ref: str) -> list[Row]:
        """The feedback that was handed in about an opportunity."""
        rows = self._calls.all(f"/opportunities/{segment(ref)}/feedback")
        return [row for row in rows if is_handed_in(row)]

    def note(self, ref: str, last_line: str) -> Receipt | None:
        """The note that ends with this line."""
        for note in self._calls.all(f"/opportunities/{segment(ref)}/notes"):
            if ends_with(note, last_line):
                return Receipt(external_id=id_of(note))
        return None
