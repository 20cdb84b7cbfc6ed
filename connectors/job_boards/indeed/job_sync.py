"""Postings by the Job Sync API: each is created, changed and expired by a call of its own.

Indeed knows a posting by our source name and its reference: told again, it is the same posting, so
a call whose answer was lost is made again. It is expired by the id that its creation gave back and
that nothing else tells, so these ids are kept in the document store. What is about to be told is
written there first: one whose answer was lost and that has closed meanwhile is told once more, for
its id, and expired.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError

from connectors import feed, incomplete
from connectors.errors import Refused, Unreadable
from connectors.incomplete import Incomplete, demand
from connectors.job_boards.indeed.calls import NOT_FOUND, Calls, Objection
from connectors.job_boards.indeed.names import NAME, page_of
from connectors.job_boards.indeed.questions import Questions
from connectors.payload import Payload
from connectors.ports import DocumentStore
from connectors.records import (
    EmploymentType,
    Observed,
    Page,
    Pay,
    PayUnit,
    Posting,
    PublishPostings,
    Receipt,
    Record,
)
from connectors.shrinking import refuse_loss

REGISTER = "indeed/job_sync.json"
AT_ONCE = 50  # jobs whose status is asked
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JOB_TYPES = {
    EmploymentType.FULL_TIME: "Full-time",
    EmploymentType.PART_TIME: "Part-time",
    EmploymentType.CONTRACT: "Contract",
    EmploymentType.TEMPORARY: "Temporary",
    EmploymentType.INTERN: "Internship",
}
PERIODS = {PayUnit.HOUR: "HOUR", PayUnit.DAY: "DAY", PayUnit.YEAR: "YEAR"}
IS_LIVE = {"ACTIVE": True, "PENDING": True, "EXPIRED": False, "DELETED": False}  # unverified
CREATE = """
mutation CreateSourcedJobPostings($input: CreateSourcedJobPostingsInput) {
  jobsIngest { createSourcedJobPostings(input: $input) {
    results { jobPosting { sourcedPostingId employerJobId } } } }
}
"""
EXPIRE = """
mutation ExpireSourcedJobs($input: ExpireSourcedJobsBySourcedPostingIdInput!) {
  jobsIngest { expireSourcedJobsBySourcedPostingId(input: $input) { results { trackingKey } } }
}
"""
STATUS = """
query JobStatus($ids: [ID!]!) {
  nodes(ids: $ids) { ... on EmployerJob { seatsConnection { seats { jobPost {
    status { globalStatus { lifecycleStatus } } } } } } }
}
"""
Input = dict[str, Any]


class Row(Record):
    """One posting at Indeed: of which source, its ids, and what it says there, by its hash.

    `asked`: what was told last, as long as no answer to it is known.
    """

    source: str
    posting_id: str = ""
    job_id: str = ""
    digest: str = ""
    asked: Input = Field(default_factory=dict)

    def says(self, wanted: Input) -> bool:
        """Whether this is known to be what Indeed has."""
        return not self.asked and self.digest == _digest(wanted)


Rows = dict[str, Row]
ROWS = TypeAdapter(Rows)


class JobSync:
    """One client's postings. `site` is the public folder of the job pages."""

    def __init__(
        self,
        calls: Calls,
        documents: DocumentStore,
        site: str,
        options: Mapping[str, str],
        questions: Questions,
    ) -> None:
        self._calls, self._documents, self._site = calls, documents, site
        self._options, self._questions = options, questions
        self._name = options.get("job_register") or REGISTER

    def live(self) -> Iterator[Page]:
        """Yield by reference the postings that Indeed has not closed."""
        rows = self._rows()
        told = [(reference, row.job_id) for reference, row in rows.items() if row.job_id]
        found = [reference for reference, row in rows.items() if not row.job_id]
        strange: dict[str, str] = {}
        for start in range(0, len(told), AT_ONCE):
            some = told[start : start + AT_ONCE]
            for (reference, _), status in zip(some, self._statuses(some), strict=True):
                if status is not None and status not in IS_LIVE:
                    strange[reference] = "its lifecycleStatus has a value we do not know"
                elif status is None or IS_LIVE[status]:
                    found.append(reference)
        if rows:
            records = tuple(Observed(external_id=r, updated_at=EPOCH) for r in sorted(found))
            yield Page(records=records, unreadable=strange)

    def publish(self, request: PublishPostings) -> Receipt:
        """Expire what is gone, then create and change what is new.

        Raises Refused when that is done, if postings had to be left out.
        """
        wanted, lacking = self._wanted(request)
        rows = self._rows()
        refuse_loss(NAME, rows, request, self._options)
        self._questions.publish(request.postings)
        steps = [
            *(partial(self._expire, rows, each) for each in sorted(_gone(rows, wanted))),
            *(partial(self._tell, rows, posting, told) for posting, told in wanted.values()),
        ]
        refused: list[Refused] = [*lacking]
        for step in steps:
            try:
                step()
            except Refused as why:
                refused.append(why)
        incomplete.tell(NAME, refused)
        return _receipt(wanted)

    def find(self, request: PublishPostings) -> Receipt | None:
        """Compare what Indeed has answered with what this request would tell it."""
        wanted, refused = self._wanted(request)
        rows = self._rows()
        same = (
            not refused
            and rows.keys() == wanted.keys()
            and all(rows[reference].says(told) for reference, (_, told) in wanted.items())
            and self._questions.are_there(request.postings)
        )
        return _receipt(wanted) if same else None

    def ask(self) -> None:
        """Ask for nothing; raises what keeps us from asking."""
        self._statuses([])

    def _tell(self, rows: Rows, posting: Posting, told: Input) -> None:
        """Create or change one posting, unless Indeed has it so; raises Incomplete."""
        before = rows.get(posting.reference)
        if before and before.says(told):
            return
        known = before or Row(source=_source(told))
        rows[posting.reference] = known.model_copy(update={"asked": told})
        self._save(rows)
        try:
            rows[posting.reference] = self._create(told)
        except Refused as refusal:
            if before is None or (before.asked == told and not before.posting_id):
                del rows[posting.reference]  # it was never there
            else:
                rows[posting.reference] = before
            self._save(rows)
            raise Incomplete(NAME, posting, f"is refused by Indeed: {refusal.what}") from None
        self._save(rows)

    def _expire(self, rows: Rows, reference: str) -> None:
        """Expire one posting; raises Refused if Indeed does not."""
        try:
            if not rows[reference].posting_id:
                rows[reference] = self._create(rows[reference].asked)
        except Refused:
            pass  # it was never there
        else:
            self._save(rows)
            self._expire_known(rows[reference].posting_id, reference)
        del rows[reference]
        self._save(rows)

    def _expire_known(self, posting_id: str, reference: str) -> None:
        try:
            asked = {"input": {"jobs": [{"sourcedPostingId": posting_id}]}}
            self._calls.write(EXPIRE, asked, _read_expired)
        except Objection as objection:
            if objection.code != NOT_FOUND:
                told = f"{reference}, which has ended: expire it at Indeed ({objection.code})"
                raise Refused(NAME, told) from None

    def _create(self, told: Input) -> Row:
        asked = {"input": {"jobPostings": [told]}}
        posting_id, job_id = self._calls.write(CREATE, asked, _read_created)
        digest = _digest(told)
        return Row(source=_source(told), posting_id=posting_id, job_id=job_id, digest=digest)

    def _statuses(self, jobs: Sequence[tuple[str, str]]) -> list[str | None]:
        """The state of each job; None: Indeed does not say, as it does at first."""
        data = self._calls.read(STATUS, {"ids": [job_id for _, job_id in jobs]})
        nodes = data.take("nodes", list)
        if len(nodes) != len(jobs):
            raise Unreadable(NAME, f"asked for {len(jobs)} jobs, got {len(nodes)}")
        return [_status(node) for node in nodes]

    def _wanted(
        self, request: PublishPostings
    ) -> tuple[dict[str, tuple[Posting, Input]], list[Incomplete]]:
        whole, refused = incomplete.sort_out(feed.once(NAME, request), self._told)
        return {posting.reference: (posting, told) for posting, told in whole}, refused

    def _told(self, posting: Posting) -> tuple[Posting, Input]:
        place = posting.place
        known = {
            "title": posting.title,
            "description": feed.description(posting, remote=True),
            "city": place.city,
            "country": place.country,
            "company": posting.company,
        }
        demand(NAME, posting, known, known)
        where = f"{place.city}, {feed.state(place)} {place.postal_code}".rstrip(", ")
        told: Input = {
            "body": {
                "title": posting.title,
                "description": known["description"],
                "descriptionFormatting": "RICH_FORMATTING",
                "location": {"country": place.country, "cityRegionPostal": where},
                "benefits": [posting.benefits] if posting.benefits else [],
            },
            "metadata": {
                "jobSource": {
                    "companyName": posting.company,
                    "sourceName": self._options.get("source_name") or posting.company,
                    "sourceType": "Employer",
                },
                "jobPostingId": posting.reference,
                "jobRequisitionId": posting.requisition,
                "jobTypes": [JOB_TYPES[posting.employment_type]],
                "datePublished": posting.posted_at.astimezone(UTC).isoformat(),
                "url": page_of(self._site, posting),
            },
            "applyMethod": {"indeedApply": self._apply(posting)},
        }
        if posting.pay:
            told["body"]["salary"] = _salary(posting.pay)
        if posting.closes_on:
            told["metadata"]["expirationDate"] = posting.closes_on.isoformat()
        return posting, told

    def _apply(self, posting: Posting) -> Input:
        told = {
            "apiToken": self._options["api_token"],
            "postUrl": self._options["apply_url"],
            "phoneRequired": "OPTIONAL",
            "coverLetterRequired": "OPTIONAL",
            "resumeRequired": "YES",
        }
        questions = self._questions.address(posting)
        return {**told, "applyQuestions": questions} if questions else told

    def _rows(self) -> Rows:
        """What is kept; raises Unreadable if somebody has spoilt it, as nothing else knows the ids.

        It is put right, or taken away: then all is told anew, and what has ended is left to a
        person to expire.
        """
        try:
            kept = self._documents.get(self._name)
        except Refused:
            return {}
        try:
            return ROWS.validate_json(kept)
        except ValidationError:
            raise Unreadable(NAME, f"{self._name} in the document store is spoilt") from None

    def _save(self, rows: Rows) -> None:
        self._documents.put(self._name, ROWS.dump_json(rows), "application/json")


def _salary(pay: Pay) -> Input:
    return {
        "currency": pay.currency,
        "minimumMinor": pay.min_cents,
        "maximumMinor": pay.max_cents,
        "period": PERIODS[pay.unit],
    }


def _gone(rows: Rows, wanted: Mapping[str, tuple[Posting, Input]]) -> set[str]:
    """What is no longer wanted; a posting of another source is another posting."""
    kept = {r for r in rows.keys() & wanted.keys() if rows[r].source == _source(wanted[r][1])}
    return rows.keys() - kept


def _source(told: Input) -> str:
    name: str = told["metadata"]["jobSource"]["sourceName"]
    return name


def _digest(told: Input) -> str:
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _receipt(wanted: Mapping[str, tuple[Posting, Input]]) -> Receipt:
    told = [told for _, told in wanted.values()]
    return Receipt(external_id=sha256(json.dumps(told, sort_keys=True).encode()).hexdigest())


def _read_created(data: Payload) -> tuple[str, str]:
    created = data.inner("jobsIngest").inner("createSourcedJobPostings").items("results")
    if len(created) != 1:
        raise Unreadable(NAME, f"one job was told, {len(created)} answered")
    posting = created[0].inner("jobPosting")
    return posting.take("sourcedPostingId", str), posting.maybe("employerJobId", str) or ""


def _read_expired(data: Payload) -> None:
    expired = data.inner("jobsIngest").inner("expireSourcedJobsBySourcedPostingId").items("results")
    if len(expired) != 1:
        raise Unreadable(NAME, f"one job was to be expired, {len(expired)} answered")


def _status(node: Any) -> str | None:
    """The state of a job's only seat."""
    if node is None:
        return None
    connection = Payload(NAME, node).maybe_inner("seatsConnection")
    seats = connection.items("seats") if connection else []
    inner = seats[0] if seats else None
    for name in ("jobPost", "status", "globalStatus"):
        inner = inner.maybe_inner(name) if inner else None
    return inner.maybe("lifecycleStatus", str) if inner else None
