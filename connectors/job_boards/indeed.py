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
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import escape
from urllib.parse import urlencode

import nh3
from lxml import etree

from connectors.access import Access
from connectors.errors import Refused, Unreadable, Unsupported
from connectors.health import Check
from connectors.http import segment
from connectors.payload import Payload, items
from connectors.ports import DocumentStore, JobBoard
from connectors.records import (
    Answer,
    Application,
    EmploymentType,
    Observed,
    Page,
    Pay,
    Place,
    Posting,
    PublishPostings,
    Receipt,
    Request,
)
from connectors.shrinking import MAY_SHRINK, refuse_loss
from connectors.vendor import Setting, Vendor

NAME = "indeed"
FEED = "indeed/feed.xml"
PUBLISHER = "Fullcycle"
TAGS = {"p", "br", "ul", "ol", "li", "strong", "em", "b", "i", "h2", "h3"}
JOB_TYPES = {
    EmploymentType.FULL_TIME: "fulltime",
    EmploymentType.PART_TIME: "parttime",
    EmploymentType.CONTRACT: "contract",
    EmploymentType.TEMPORARY: "temporary",
    EmploymentType.INTERN: "internship",
}
OPTIONAL = {"postalcode", "streetaddress", "salary", "remotetype", "expirationdate"}
SYMBOLS = {"USD": "$", "CAD": "CA$", "EUR": "€", "GBP": "£"}
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
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
        self._documents, self._site = documents, access.base_url.rstrip("/")
        self._options = access.options
        self._feed_name = access.options.get("feed", FEED)
        self._token, self._apply_url = access.options["api_token"], access.options["apply_url"]

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield the postings of the published feed as `all_postings`, by reference; else nothing.

        Applications are delivered, see `read_application`. Nobody needs the postings' time.
        """
        feed = self._stored() if resource == "all_postings" else None
        if feed:
            found = _references(feed)
            yield Page(records=tuple(Observed(external_id=r, updated_at=EPOCH) for r in found))

    def publish(self, request: PublishPostings, key: str) -> Receipt:
        """Write the whole feed; Indeed opens what is in it and closes what is not."""
        jobs = self._jobs(request)
        refuse_loss(NAME, self._live(), [job["referencenumber"] for job in jobs], self._options)
        self._documents.put(self._feed_name, self._feed(jobs, request.as_of), "application/xml")
        return _receipt(jobs)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Compare the stored feed with what this request would write, byte by byte."""
        match request:
            case PublishPostings():
                jobs = self._jobs(request)
                same = self._stored() == self._feed(jobs, request.as_of)
                return _receipt(jobs) if same else None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def check(self) -> Iterator[Check]:
        """Nothing of its own: the feed is kept in the document store."""
        return iter(())

    def _live(self) -> list[str]:
        """The references in the stored feed; none in one that is torn, which is written anew."""
        feed = self._stored()
        try:
            return _references(feed) if feed else []
        except Unreadable:
            return []

    def _stored(self) -> bytes | None:
        try:
            return self._documents.get(self._feed_name)
        except Refused:
            return None

    def _jobs(self, request: PublishPostings) -> list[dict[str, str]]:
        jobs = {posting.reference: self._job(posting) for posting in request.postings}
        if len(jobs) < len(request.postings):
            raise Refused(NAME, "two postings have the same reference")
        return [jobs[reference] for reference in sorted(jobs)]

    def _feed(self, jobs: list[dict[str, str]], as_of: datetime) -> bytes:
        source = etree.Element("source")
        about = {"publisher": PUBLISHER, "publisherurl": self._site, "lastBuildDate": _time(as_of)}
        _fill(source, about)
        for job in jobs:
            _fill(etree.SubElement(source, "job"), job)
        return etree.tostring(source, xml_declaration=True, encoding="utf-8", pretty_print=True)

    def _job(self, posting: Posting) -> dict[str, str]:
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
            "state": _state(place),
            "country": place.country,
            "postalcode": place.postal_code,
            "streetaddress": place.street,
            "description": _description(posting),
            "salary": _salary(posting.pay) if posting.pay else "",
            "jobtype": JOB_TYPES[posting.employment_type],
            "remotetype": "Fully remote" if place.remote else "",
            "expirationdate": posting.closes_on.isoformat() if posting.closes_on else "",
            "indeed-apply-data": self._apply_data(posting),
        }
        lacking = [name for name, value in job.items() if not value.strip()]
        if missing := [name for name in lacking if name not in OPTIONAL]:
            raise Refused(NAME, f"posting {posting.reference} lacks {', '.join(missing)}")
        return {name: value for name, value in job.items() if value}

    def _apply_data(self, posting: Posting) -> str:
        values = {
            "apiToken": self._token,
            "jobId": posting.reference,
            "jobTitle": posting.title,
            "jobCompanyName": posting.company,
            "jobLocation": f"{posting.place.city}, {_state(posting.place)}",
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


def _references(feed: bytes) -> list[str]:
    try:
        return [node.text or "" for node in etree.fromstring(feed).iter("referencenumber")]
    except etree.XMLSyntaxError:
        raise Unreadable(NAME, "the published feed is not XML") from None


def _receipt(jobs: list[dict[str, str]]) -> Receipt:
    digest = sha256(json.dumps(jobs, sort_keys=True).encode())
    return Receipt(external_id=digest.hexdigest())


def _fill(parent: etree._Element, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        text = NOT_XML.sub("", value).replace("]]>", "]] >")
        etree.SubElement(parent, name).text = etree.CDATA(text)


def _time(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def _state(place: Place) -> str:
    """The state as written, else as the place's code has it (US-NY-NYC: NY)."""
    return place.region or "".join(place.code.split("-")[1:2])


def _description(posting: Posting) -> str:
    benefits = f"<p>Benefits: {escape(posting.benefits)}</p>" if posting.benefits else ""
    return nh3.clean(posting.description_html + benefits, tags=TAGS, attributes={})


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
        MAY_SHRINK,
    ),
)
