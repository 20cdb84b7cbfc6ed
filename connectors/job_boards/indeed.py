"""Indeed: the XML job feed, and applications as Indeed Apply delivers them.

Docs: https://docs.indeed.com/indeed-apply/ and https://docs.indeed.com/job-sync/ (XML feed)
Auth: the feed is public and fetched by Indeed; a delivery is signed with the partner's secret.
Access: `base_url` is the public folder of the job pages (`<base_url>/<reference>.html`);
  `options["api_token"]` and `options["apply_url"]` are the partner's Indeed Apply token and the
  address applications are delivered to; `options["feed"]` is the feed's name in the document store.
Paging, limits: none; one file holds all jobs.

Quirks
- What is not in the file is closed, so the file is always complete. It is read once or more a day.
- One node per posting and place; a reference number must never change.
- Values are CDATA with literal characters. `h1` and scripts are not allowed in a description.
- The feed has no element for benefits, so they end the description.
- Our `indeed-apply-jobId` is the posting's reference, and comes back as `Application.job_ref`.
- `X-Indeed-Signature` is base64 of HMAC-SHA1 over the raw body; not hex, not SHA-256.
- A delivery may come twice, and after the job has closed; its `id` is the same for ever.
- An applicant's e-mail is often an alias at indeedemail.com, and may be missing.
- Answers to the voluntary self-identification are dropped here: they never join an application.

Not verified against Indeed itself: the legacy shape of `questionsAndAnswers`, and the types
of answers other than text, one option and several options. Screener questions are not offered yet.
"""

import base64
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from connectors import feed, incomplete
from connectors.access import Access
from connectors.errors import Unreadable, Unsupported
from connectors.health import Check
from connectors.http import segment
from connectors.incomplete import Incomplete
from connectors.payload import Payload, items
from connectors.ports import DocumentStore, JobBoard
from connectors.records import (
    Answer,
    Application,
    EmploymentType,
    Observed,
    Page,
    Pay,
    Posting,
    PublishPostings,
    Receipt,
    Request,
)
from connectors.shrinking import MAY_LOSE
from connectors.vendor import Setting, Vendor

NAME = "indeed"
FEED = "indeed/feed.xml"
PUBLISHER = "Fullcycle"
JOB_TYPES = {
    EmploymentType.FULL_TIME: "fulltime",
    EmploymentType.PART_TIME: "parttime",
    EmploymentType.CONTRACT: "contract",
    EmploymentType.TEMPORARY: "temporary",
    EmploymentType.INTERN: "internship",
}
OPTIONAL = {"postalcode", "streetaddress", "salary", "remotetype", "expirationdate"}
SYMBOLS = {"USD": "$", "CAD": "CA$", "EUR": "€", "GBP": "£"}
SELF_IDENTIFICATION = ("demographicQuestionsAndAnswers", "eeo")
UNUSED = frozenset({"locale", "analytics", *SELF_IDENTIFICATION})  # read, understood, not needed
UNUSED_OF_APPLICANT = frozenset({"firstName", "lastName", "coverletter", "verified"})
UNUSED_OF_RESUME = frozenset({"html", "hrXml"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def connect(access: Access, documents: DocumentStore) -> JobBoard:
    """Open one client's feed."""
    return Indeed(access, documents)


class Indeed:
    """One client's jobs on Indeed."""

    resources: tuple[str, ...] = ()

    def __init__(self, access: Access, documents: DocumentStore) -> None:
        self._site = access.base_url.rstrip("/")
        name = access.options.get("feed", FEED)
        self._feed = feed.Feed(NAME, documents, name, access.options)
        self._token, self._apply_url = access.options["api_token"], access.options["apply_url"]

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield the postings of the published feed as `all_postings`, by reference; else nothing.

        Applications are delivered, see `read_application`. Nobody needs the postings' time.
        """
        if resource == "all_postings" and (found := self._feed.references()):
            yield Page(records=tuple(Observed(external_id=r, updated_at=EPOCH) for r in found))

    def publish(self, request: PublishPostings, key: str) -> Receipt:
        """Write the whole feed; Indeed opens what is in it and closes what is not.

        Raises Refused when that is done, if postings had to be left out.
        """
        jobs, refused = self._jobs(request)
        content = self._written(jobs, request.as_of)
        self._feed.publish(content, [job["referencenumber"] for job in jobs])
        incomplete.tell(NAME, refused)
        return feed.receipt(jobs)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Compare the stored feed with what this request would write, byte by byte."""
        match request:
            case PublishPostings():
                jobs, refused = self._jobs(request)
                same = not refused and self._feed.holds(self._written(jobs, request.as_of))
                return feed.receipt(jobs) if same else None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def check(self) -> Iterator[Check]:
        """Nothing of its own: the feed is kept in the document store."""
        return iter(())

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
            "url": self._url(posting),
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
            "jobUrl": self._url(posting),
            "postUrl": self._apply_url,
            "resume": "required",
            "phone": "optional",
            "coverletter": "optional",
            "name": "firstlastname",
        }
        return urlencode({f"indeed-apply-{name}": value for name, value in values.items()})

    def _url(self, posting: Posting) -> str:
        # The file's name is quoted once as a name and once more as part of an address.
        return f"{self._site}/{segment(segment(posting.reference))}.html"


def verify(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Whether a delivery was signed with our secret; compared in constant time."""
    told = next((v for name, v in headers.items() if name.lower() == "x-indeed-signature"), "")
    ours = base64.b64encode(hmac.digest(secret.encode(), raw, "sha1"))
    return hmac.compare_digest(ours, told.encode())


def without_self_identification(raw: bytes) -> tuple[str, dict[str, str]]:
    """Take the voluntary self-identification out of a delivery: the rest, and what was taken out.

    Raises Unreadable if the delivery is not a JSON object.
    """
    try:
        told = json.loads(raw)
        taken = {name: json.dumps(told.pop(name)) for name in SELF_IDENTIFICATION if name in told}
    except (ValueError, AttributeError):
        raise Unreadable(NAME, "a delivery is not a JSON object") from None
    return json.dumps(told, ensure_ascii=False), taken


def read_application(raw: bytes) -> Application:
    """Read one Indeed Apply delivery; raises Unreadable if it is not one.

    `external_id` is Indeed's apply id, `job_ref` the posting's reference.
    """
    try:
        told = json.loads(raw)
    except ValueError:
        raise Unreadable(NAME, "a delivery is not JSON") from None
    row = Payload(NAME, told)
    kept = {name: value for name, value in told.items() if name not in SELF_IDENTIFICATION}
    try:
        document = json.dumps(kept, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Unreadable(NAME, "a delivery holds half a character") from None
    return _application(row, document)


def _application(row: Payload, document: bytes) -> Application:
    applied_at = _applied_at(row)
    applicant, job = row.inner("applicant"), row.inner("job")
    email, phone = applicant.maybe("email", str), applicant.maybe("phoneNumber", str)
    resume = applicant.maybe_inner("resume") or Payload(NAME, {})
    profile = resume.maybe("json", dict)
    link = (profile or {}).get("publicProfileUrl")
    application = Application(
        external_id=row.take("id", str),
        updated_at=applied_at,
        document=document,
        job_ref=job.take("jobId", str),
        name=applicant.take("fullName", str),
        emails=(email,) if email else (),
        phones=(phone,) if phone else (),
        links=(link,) if isinstance(link, str) else (),
        source="Indeed",
        applied_at=applied_at,
        answers=(
            *_answers(row, "screenerQuestionsAndAnswers"),
            *_answers(row, "questionsAndAnswers"),
        ),
        resume_text=_resume_text(resume),
        resume_json=profile,
        consent_at=applied_at,
    )
    resume.close(ignoring=UNUSED_OF_RESUME)
    applicant.close(ignoring=UNUSED_OF_APPLICANT)
    row.close(ignoring=UNUSED)
    return application


def _applied_at(row: Payload) -> datetime:
    try:
        return EPOCH + timedelta(milliseconds=row.take("appliedOnMillis", int))
    except OverflowError:
        raise Unreadable(NAME, "'appliedOnMillis' is not a time") from None


def _answers(row: Payload, key: str) -> list[Answer]:
    """Read the answers below a key: an object that holds the list, or (legacy) the list itself."""
    told = row.maybe(key, object)
    if told is None:
        return []
    rows = told if isinstance(told, list) else Payload(NAME, told).take("questionsAndAnswers", list)
    answers = [_answer(row) for row in items(NAME, rows)]
    return [answer for answer in answers if answer]


def _answer(row: Payload) -> Answer | None:
    question, said = row.inner("question"), row.maybe("answer", object)
    row.close()
    return Answer(question=question.take("id", str), value=_said(said)) if said else None


def _said(answer: object) -> str:
    match answer:
        case str():
            return answer
        case {"value": str(value)}:
            return value
        case list():
            return ", ".join(_said(each) for each in answer)
    raise Unreadable(NAME, f"an answer is {type(answer).__name__} of a shape we do not know")


def _resume_text(resume: Payload) -> str:
    text, file = resume.maybe("text", str), resume.maybe_inner("file")
    if text or file is None or not file.take("contentType", str).startswith("text/plain"):
        return text or ""
    try:
        return base64.b64decode(file.take("data", str), validate=True).decode(errors="replace")
    except ValueError:
        raise Unreadable(NAME, "the résumé file is not base64") from None


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def _salary(pay: Pay) -> str:
    symbol = SYMBOLS.get(pay.currency, f"{pay.currency} ")
    low, high = (
        f"{symbol}{cents / 100:,.{2 if cents % 100 else 0}f}"
        for cents in (pay.min_cents, pay.max_cents)
    )
    return f"{low if low == high else f'{low} - {high}'} per {pay.unit}"


VENDOR = Vendor(
    kind="job_boards",
    name=NAME,
    title="Indeed",
    documents="https://docs.indeed.com/indeed-apply/",
    reads="applications, as Indeed Apply delivers them to the receiver (`/indeed/CLIENT/apply`)",
    writes="the XML feed with all live postings, into the client's document store",
    connect=connect,
    needs=("documents",),
    address="the public folder of the job pages",
    key="the partner's secret, which signs deliveries",
    settings=(
        Setting("api_token", "the partner's Indeed Apply token", required=True),
        Setting("apply_url", "where Indeed delivers applications to", required=True),
        Setting("feed", f"the feed's name in the document store, if not `{FEED}`"),
        MAY_LOSE,
    ),
)
