"""ZipRecruiter, LinkedIn, Talent.com, Jooble and Adzuna: one XML feed each, of the same postings.

Each board is a table of its elements. What the boards demand is told to partners only, but by
Adzuna, which describes its format; the other tables are from what others write and say they read.
Everything here is unverified, and a board says at its first reading what it misses.

Access: `base_url` is the public folder of the job pages (`<base_url>/<reference>.html`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from connectors import feed, incomplete
from connectors.access import Access
from connectors.errors import Unsupported
from connectors.health import Check
from connectors.http import segment
from connectors.incomplete import Incomplete
from connectors.ports import DocumentStore, JobBoard
from connectors.records import (
    EmploymentType,
    Observed,
    Page,
    PayUnit,
    Posting,
    PublishPostings,
    Receipt,
    Request,
)
from connectors.shrinking import MAY_LOSE
from connectors.vendor import Setting, Vendor

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JOB_TYPES = {
    EmploymentType.FULL_TIME: "FULL_TIME",
    EmploymentType.PART_TIME: "PART_TIME",
    EmploymentType.CONTRACT: "CONTRACT",
    EmploymentType.TEMPORARY: "TEMPORARY",
    EmploymentType.INTERN: "INTERNSHIP",
}
CONTRACT_TIMES = {
    EmploymentType.FULL_TIME: "full_time",
    EmploymentType.PART_TIME: "part_time",
}
FOR_A_TIME = (EmploymentType.CONTRACT, EmploymentType.TEMPORARY)
PERIODS = {PayUnit.HOUR: "HOURLY", PayUnit.DAY: "DAILY", PayUnit.YEAR: "YEARLY"}
Value = Callable[[Posting, str], str]
"""What an element says of a posting, whose page is at this address."""


def _reference(posting: Posting, _: str) -> str:
    return posting.reference


def _title(posting: Posting, _: str) -> str:
    return posting.title


def _company(posting: Posting, _: str) -> str:
    return posting.company


def _description(posting: Posting, _: str) -> str:
    return feed.description(posting)


def _description_with_place(posting: Posting, _: str) -> str:
    return feed.description(posting, remote=True)


def _page(_: Posting, page: str) -> str:
    return page


def _city(posting: Posting, _: str) -> str:
    return posting.place.city


def _state(posting: Posting, _: str) -> str:
    return feed.state(posting.place)


def _country(posting: Posting, _: str) -> str:
    return posting.place.country


def _postal_code(posting: Posting, _: str) -> str:
    return posting.place.postal_code


def _location(posting: Posting, _: str) -> str:
    place = posting.place
    return ", ".join(part for part in (place.city, feed.state(place), place.country) if part)


def _workplace(posting: Posting, _: str) -> str:
    return "Remote" if posting.place.remote else "On-site"


def _is_remote(posting: Posting, _: str) -> str:
    return "yes" if posting.place.remote else "no"


def _job_type(posting: Posting, _: str) -> str:
    return JOB_TYPES[posting.employment_type]


def _contract_time(posting: Posting, _: str) -> str:
    return CONTRACT_TIMES.get(posting.employment_type, "")


def _contract_type(posting: Posting, _: str) -> str:
    return "contract" if posting.employment_type in FOR_A_TIME else ""


def _posted_on(posting: Posting, _: str) -> str:
    return posting.posted_at.astimezone(UTC).date().isoformat()


def _closes_on(posting: Posting, _: str) -> str:
    return posting.closes_on.isoformat() if posting.closes_on else ""


def _posted_on_dotted(posting: Posting, _: str) -> str:
    return f"{posting.posted_at.astimezone(UTC):%d.%m.%Y}"


def _closes_on_dotted(posting: Posting, _: str) -> str:
    return f"{posting.closes_on:%d.%m.%Y}" if posting.closes_on else ""


def _lowest(posting: Posting, _: str) -> str:
    return f"{posting.pay.min_cents / 100:.2f}" if posting.pay else ""


def _highest(posting: Posting, _: str) -> str:
    return f"{posting.pay.max_cents / 100:.2f}" if posting.pay else ""


def _currency(posting: Posting, _: str) -> str:
    return posting.pay.currency if posting.pay else ""


def _unit(posting: Posting, _: str) -> str:
    return posting.pay.unit.value if posting.pay else ""


def _period(posting: Posting, _: str) -> str:
    return PERIODS[posting.pay.unit] if posting.pay else ""


def _kind_of_pay(posting: Posting, _: str) -> str:
    return "BASE_SALARY" if posting.pay else ""


def _pay(posting: Posting, page: str) -> str:
    if not posting.pay:
        return ""
    range_ = f"{_lowest(posting, page)} - {_highest(posting, page)}"
    return f"{range_} {posting.pay.currency} per {posting.pay.unit}"


@dataclass(frozen=True)
class Board:
    """One board's feed: its elements, those without which a posting is refused, its root."""

    name: str
    title: str
    documents: str
    reference: str
    elements: Mapping[str, Value]
    required: Sequence[str]
    root: str = "source"


BOARDS = (
    Board(
        "ziprecruiter",
        "ZipRecruiter",
        "https://www.ziprecruiter.com/partner/documentation/",
        "referencenumber",
        {
            "referencenumber": _reference,
            "title": _title,
            "description": _description_with_place,
            "country": _country,
            "city": _city,
            "state": _state,
            "postalcode": _postal_code,
            "company": _company,
            "date": _posted_on,
            "url": _page,
            "jobtype": _job_type,
            "compensation_min": _lowest,
            "compensation_max": _highest,
            "compensation_interval": _unit,
            "compensation_currency": _currency,
        },
        ("title", "description", "country", "city", "state", "company"),
    ),
    Board(
        "linkedin",
        "LinkedIn",
        "https://learn.microsoft.com/en-us/linkedin/talent/",
        "partnerJobId",
        {
            "partnerJobId": _reference,
            "company": _company,
            "title": _title,
            "description": _description,
            "applyUrl": _page,
            "location": _location,
            "city": _city,
            "state": _state,
            "country": _country,
            "postalCode": _postal_code,
            "jobtype": _job_type,
            "workplaceTypes": _workplace,
            "salaries/salary/highEnd/amount": _highest,
            "salaries/salary/highEnd/currencyCode": _currency,
            "salaries/salary/lowEnd/amount": _lowest,
            "salaries/salary/lowEnd/currencyCode": _currency,
            "salaries/salary/period": _period,
            "salaries/salary/type": _kind_of_pay,
            "listDate": _posted_on,
            "expirationDate": _closes_on,
        },
        ("company", "title", "description", "location"),
    ),
    Board(
        "talent",
        "Talent.com",
        "https://www.talent.com",
        "referencenumber",
        {
            "referencenumber": _reference,
            "title": _title,
            "company": _company,
            "city": _city,
            "state": _state,
            "country": _country,
            "dateposted": _posted_on,
            "url": _page,
            "description": _description,
            "expirationdate": _closes_on,
            "jobtype": _job_type,
            "isremote": _is_remote,
            "salary/min": _lowest,
            "salary/max": _highest,
            "salary/currency": _currency,
            "salary/period": _unit,
        },
        ("title", "company", "city", "country", "description"),
    ),
    Board(
        "jooble",
        "Jooble",
        "https://jooble.org",
        "@id",
        {
            "@id": _reference,
            "link": _page,
            "name": _title,
            "region": _location,
            "description": _description_with_place,
            "pubdate": _posted_on_dotted,
            "updated": _posted_on_dotted,
            "salary": _pay,
            "company": _company,
            "expire": _closes_on_dotted,
            "jobtype": _job_type,
        },
        ("name", "region", "description", "company"),
        root="jobs",
    ),
    Board(
        "adzuna_feed",
        "Adzuna, job feed",
        "https://www.adzuna.co.uk/jobs/xml-specification.html",
        "id",
        {
            "id": _reference,
            "title": _title,
            "description": _description_with_place,
            "url": _page,
            "location": _location,
            "postcode": _postal_code,
            "country": _country,
            "salary": _pay,
            "salary_min": _lowest,
            "salary_max": _highest,
            "salary_frequency": _unit,
            "salary_currency": _currency,
            "company": _company,
            "contract_type": _contract_type,
            "contract_time": _contract_time,
            "date": _posted_on,
        },
        ("title", "description", "location", "country", "company"),
        root="jobs",
    ),
)


class BoardFeed:
    """One client's jobs on one board."""

    resources: tuple[str, ...] = ()

    def __init__(self, board: Board, access: Access, documents: DocumentStore) -> None:
        self._board, self._site = board, access.base_url.rstrip("/")
        name = access.options.get("feed") or f"{board.name}/feed.xml"
        self._feed = feed.Feed(board.name, documents, name, access.options, board.reference)

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield the postings of the published feed as `all_postings`, by reference."""
        if resource == "all_postings" and (found := self._feed.references()):
            yield Page(records=tuple(Observed(external_id=r, updated_at=EPOCH) for r in found))

    def publish(self, request: PublishPostings, key: str) -> Receipt:
        """Write the whole feed; the board opens what is in it and closes what is not.

        Raises Refused when that is done, if postings had to be left out.
        """
        jobs, refused = self._jobs(request)
        content = self._written(jobs, request.as_of)
        self._feed.publish(content, request)
        incomplete.tell(self._board.name, refused)
        return feed.receipt(jobs)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Compare the stored feed with what this request would write, byte by byte."""
        if not isinstance(request, PublishPostings):
            raise Unsupported(self._board.name, f"cannot look for {type(request).__name__}")
        jobs, refused = self._jobs(request)
        same = not refused and self._feed.holds(self._written(jobs, request.as_of))
        return feed.receipt(jobs) if same else None

    def check(self) -> Iterator[Check]:
        """Nothing of its own: the feed is kept in the document store."""
        return iter(())

    def _jobs(self, request: PublishPostings) -> tuple[list[feed.Job], list[Incomplete]]:
        return incomplete.sort_out(feed.once(self._board.name, request), self._job)

    def _job(self, posting: Posting) -> feed.Job:
        # The file's name is quoted once as a name and once more as part of an address.
        page = f"{self._site}/{segment(segment(posting.reference))}.html"
        job = {name: value(posting, page) for name, value in self._board.elements.items()}
        return feed.complete(self._board.name, posting, job, self._board.required)

    def _written(self, jobs: list[feed.Job], as_of: datetime) -> bytes:
        about = {"publisher": "Fullcycle", "lastBuildDate": as_of.astimezone(UTC).isoformat()}
        of_it = about if self._board.root == "source" else {}
        return feed.written(of_it, jobs, self._board.root)


def connect(board: Board, access: Access, documents: DocumentStore) -> JobBoard:
    """Open one client's feed at a board."""
    return BoardFeed(board, access, documents)


def _vendor(board: Board) -> Vendor:
    return Vendor(
        kind="job_boards",
        name=board.name,
        title=board.title,
        documents=board.documents,
        writes="an XML feed with all live postings, into the client's document store",
        connect=partial(connect, board),
        needs=("documents",),
        address="the public folder of the job pages",
        settings=(
            Setting("feed", f"its name in the document store, if not `{board.name}/feed.xml`"),
            MAY_LOSE,
        ),
    )


VENDORS = tuple(_vendor(board) for board in BOARDS)
