"""Postings by the XML feed: what is in the file is open, what is not is closed."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from connectors import feed, incomplete
from connectors.incomplete import Incomplete
from connectors.job_boards.indeed.names import NAME, page_of
from connectors.job_boards.indeed.questions import Questions
from connectors.ports import DocumentStore
from connectors.records import (
    EmploymentType,
    Observed,
    Page,
    Pay,
    Posting,
    PublishPostings,
    Receipt,
)

FEED = "indeed/feed.xml"
PUBLISHER = "Fullcycle"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JOB_TYPES = {
    EmploymentType.FULL_TIME: "fulltime",
    EmploymentType.PART_TIME: "parttime",
    EmploymentType.CONTRACT: "contract",
    EmploymentType.TEMPORARY: "temporary",
    EmploymentType.INTERN: "internship",
}
OPTIONAL = {"postalcode", "streetaddress", "salary", "remotetype", "expirationdate"}
SYMBOLS = {"USD": "$", "CAD": "CA$", "EUR": "€", "GBP": "£"}


class XmlFeed:
    """One client's feed. `site` is the public folder of the job pages."""

    def __init__(
        self,
        documents: DocumentStore,
        site: str,
        options: Mapping[str, str],
        questions: Questions,
    ) -> None:
        self._feed = feed.Feed(NAME, documents, options.get("feed", FEED), options)
        self._site, self._questions = site, questions
        self._token, self._apply_url = options["api_token"], options["apply_url"]

    def live(self) -> Iterator[Page]:
        """Yield the postings of the published feed by reference. Nobody needs their time."""
        if found := self._feed.references():
            yield Page(records=tuple(Observed(external_id=r, updated_at=EPOCH) for r in found))

    def publish(self, request: PublishPostings) -> Receipt:
        """Write the whole feed; raises Refused when it is, if postings had to be left out."""
        jobs, refused = self._jobs(request)
        content = self._written(jobs, request.as_of)
        self._questions.publish(request.postings)
        self._feed.publish(content, request)
        incomplete.tell(NAME, refused)
        return feed.receipt(jobs)

    def find(self, request: PublishPostings) -> Receipt | None:
        """Compare the stored feed with what this request would write, byte by byte."""
        jobs, refused = self._jobs(request)
        same = (
            not refused
            and self._feed.holds(self._written(jobs, request.as_of))
            and self._questions.are_there(request.postings)
        )
        return feed.receipt(jobs) if same else None

    def _jobs(self, request: PublishPostings) -> tuple[list[feed.Job], list[Incomplete]]:
        return incomplete.sort_out(feed.once(NAME, request), self._job)

    def _written(self, jobs: list[feed.Job], as_of: datetime) -> bytes:
        about = {"publisher": PUBLISHER, "publisherurl": self._site, "lastBuildDate": _time(as_of)}
        return feed.written(about, jobs)

    def _job(self, posting: Posting) -> feed.Job:
        place = posting.place
        job = {
            "title": posting.title,
            "date": _time(posting.posted_at),
            "referencenumber": posting.reference,
            "requisitionid": posting.requisition,
            "url": page_of(self._site, posting),
            "company": posting.company,
            "sourcename": posting.company,
            "city": place.city,
            "state": feed.state(place),
            "country": place.country,
            "postalcode": place.postal_code,
            "streetaddress": place.street,
            "description": feed.description(posting),
            "salary": _salary(posting.pay) if posting.pay else "",
            "jobtype": JOB_TYPES[posting.employment_type],
            "remotetype": "Fully remote" if place.remote else "",
            "expirationdate": posting.closes_on.isoformat() if posting.closes_on else "",
            "indeed-apply-data": self._apply_data(posting),
        }
        return feed.complete(NAME, posting, job, job.keys() - OPTIONAL)

    def _apply_data(self, posting: Posting) -> str:
        values = {
            "apiToken": self._token,
            "jobId": posting.reference,
            "jobTitle": posting.title,
            "jobCompanyName": posting.company,
            "jobLocation": f"{posting.place.city}, {feed.state(posting.place)}",
            "jobUrl": page_of(self._site, posting),
            "postUrl": self._apply_url,
            "questions": self._questions.address(posting),
            "resume": "required",
            "phone": "optional",
            "coverletter": "optional",
            "name": "firstlastname",
        }
        told = {f"indeed-apply-{name}": value for name, value in values.items() if value}
        return urlencode(told)


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def _salary(pay: Pay) -> str:
    symbol = SYMBOLS.get(pay.currency, f"{pay.currency} ")
    low, high = (
        f"{symbol}{cents / 100:,.{2 if cents % 100 else 0}f}"
        for cents in (pay.min_cents, pay.max_cents)
    )
    return f"{low if low == high else f'{low} - {high}'} per {pay.unit}"
