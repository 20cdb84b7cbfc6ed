"""Google for Jobs: one page a posting with schema.org JSON-LD, and a sitemap Google crawls.

Docs: https://developers.google.com/search/docs/appearance/structured-data/job-posting
Auth: none; Google comes and reads. The site must be registered in Search Console by a person.
Access: `base_url` is the public address of the document store's root; `options["prefix"]` the
  client's folder below `jobs/`; `options["apply_url"]` the address to apply at, to which the
  posting's reference is appended.
Limits: 50,000 addresses a sitemap.

Quirks
- The visible page must say what the JSON-LD says; both are made from one set of facts.
- A closed job must vanish: its page is removed, so Google finds a 404.
- `validThrough` is the end of the last day in UTC, the zone Google takes where none is given.
- A fully remote job has no `jobLocation`, but says from where one may apply.
- A sitemap may only name pages of its own folder, so it lies among them. Its `lastmod` is when the
  list was published, also for pages that stayed as they were.
- Benefits go out as `jobBenefits`, which Google does not require and may not show.

Not verified against Google itself: how soon a page is read (days); the Indexing API is not used.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

import jinja2
import nh3

from connectors import incomplete
from connectors.access import Access
from connectors.errors import Refused, Unsupported
from connectors.health import Check
from connectors.http import segment
from connectors.incomplete import Incomplete, demand
from connectors.ports import DocumentStore, JobBoard
from connectors.records import (
    EmploymentType,
    Observed,
    Page,
    Pay,
    PayUnit,
    Place,
    Posting,
    PublishPostings,
    Receipt,
    Request,
)
from connectors.shrinking import MAY_LOSE, refuse_loss
from connectors.vendor import Setting, Vendor

NAME = "google_for_jobs"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TAGS = {"p", "br", "ul", "ol", "li", "strong", "em", "b", "i", "h2", "h3"}
EMPLOYMENT = {
    EmploymentType.FULL_TIME: "FULL_TIME",
    EmploymentType.PART_TIME: "PART_TIME",
    EmploymentType.CONTRACT: "CONTRACTOR",
    EmploymentType.TEMPORARY: "TEMPORARY",
    EmploymentType.INTERN: "INTERN",
}
UNITS = {PayUnit.HOUR: "HOUR", PayUnit.DAY: "DAY", PayUnit.YEAR: "YEAR"}
PAGE = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ posting.title }} – {{ posting.company }}</title>
<link rel="canonical" href="{{ job.url }}">
<script type="application/ld+json">{{ job | tojson }}</script>
</head>
<body>
<main>
<h1>{{ posting.title }}</h1>
<dl>
<dt>Employer</dt><dd>{{ posting.company }}</dd>
<dt>Place</dt><dd>{{ place }}</dd>
<dt>Employment</dt><dd>{{ posting.employment_type.replace("_", " ") }}</dd>
{% if pay %}
<dt>Base pay</dt><dd>{{ pay }}</dd>
{% endif %}
{% if posting.benefits %}
<dt>Benefits</dt><dd>{{ posting.benefits }}</dd>
{% endif %}
<dt>Posted</dt><dd>{{ job.datePosted }}</dd>
{% if posting.closes_on %}
<dt>Apply until</dt><dd>{{ posting.closes_on }}</dd>
{% endif %}
<dt>Reference</dt><dd>{{ posting.reference }}</dd>
</dl>
{{ job.description | safe }}
<p><a href="{{ apply_url }}">Apply</a></p>
</main>
</body>
</html>
"""
)


def connect(access: Access, documents: DocumentStore) -> JobBoard:
    """Open the pages of one client."""
    return GoogleForJobs(access, documents)


class GoogleForJobs:
    """One client's job pages."""

    resources: tuple[str, ...] = ()

    def __init__(self, access: Access, documents: DocumentStore) -> None:
        self._documents, self._options = documents, access.options
        self._site = access.base_url.rstrip("/")
        self._folder = f"jobs/{segment(access.options['prefix'])}/"
        self._apply_url = access.options["apply_url"].rstrip("/")

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield the published pages as `all_postings`, by reference; else nothing.

        Google itself tells us nothing. Nobody needs the postings' time.
        """
        if resource == "all_postings":
            found = self._live()
            yield Page(records=tuple(Observed(external_id=r, updated_at=EPOCH) for r in found))

    def publish(self, request: PublishPostings, key: str) -> Receipt:
        """Write every page and the sitemap, then remove the pages of all other postings.

        Raises Refused when that is done, if postings had to be left out.
        """
        pages, refused = self._pages(request)
        sitemap = self._sitemap(pages, request.as_of)
        refuse_loss(NAME, self._live(), request, self._options)
        for name, content in pages.items():
            self._documents.put(name, content, "text/html; charset=utf-8")
        self._documents.put(self._sitemap_name, sitemap, "application/xml")
        for name in self._published() - pages.keys():
            self._documents.delete(name)
        incomplete.tell(NAME, refused)
        return _receipt(pages)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Compare what is stored with what this request would write, byte by byte."""
        match request:
            case PublishPostings():
                pages, refused = self._pages(request)
                files = {**pages, self._sitemap_name: self._sitemap(pages, request.as_of)}
                same = self._published() == pages.keys() and all(
                    self._stored(name) == content for name, content in files.items()
                )
                return _receipt(pages) if same and not refused else None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def check(self) -> Iterator[Check]:
        """Nothing of its own: pages are kept in the document store."""
        return iter(())

    @property
    def _sitemap_name(self) -> str:
        return f"{self._folder}sitemap.xml"

    def _published(self) -> set[str]:
        return {n for n in self._documents.names(self._folder) if n.endswith(".html")}

    def _live(self) -> list[str]:
        """The references of the postings that have a page."""
        stems = sorted(name.removeprefix(self._folder) for name in self._published())
        return [unquote(stem.removesuffix(".html")) for stem in stems]

    def _stored(self, name: str) -> bytes | None:
        try:
            return self._documents.get(name)
        except Refused:
            return None

    def _pages(self, request: PublishPostings) -> tuple[dict[str, bytes], list[Incomplete]]:
        """The content of each page by its name, and why some postings have none."""
        if len({posting.reference for posting in request.postings}) < len(request.postings):
            raise Refused(NAME, "two postings have the same reference")
        pages, refused = incomplete.sort_out(request.postings, self._page)
        return dict(sorted(pages)), refused

    def _page(self, posting: Posting) -> tuple[str, bytes]:
        known = {
            "title": posting.title,
            "description": posting.description_html,
            "company": posting.company,
        }
        demand(NAME, posting, known, known)
        content = PAGE.render(
            posting=posting,
            job=_job_posting(posting, self._url(self._name(posting))),
            place=_place_text(posting.place),
            pay=_pay_text(posting.pay) if posting.pay else "",
            apply_url=f"{self._apply_url}/{segment(posting.reference)}",
        )
        return self._name(posting), content.encode()

    def _sitemap(self, pages: Mapping[str, bytes], as_of: datetime) -> bytes:
        changed = as_of.astimezone(UTC).isoformat(timespec="seconds")
        rows = "".join(
            f"<url><loc>{escape(url)}</loc><lastmod>{changed}</lastmod></url>\n"
            for url in sorted(self._url(name) for name in pages)
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{rows}</urlset>\n'
        ).encode()

    def _name(self, posting: Posting) -> str:
        return f"{self._folder}{segment(posting.reference)}.html"

    def _url(self, name: str) -> str:
        return f"{self._site}/{quote(name)}"


def _receipt(pages: Mapping[str, bytes]) -> Receipt:
    digest = sha256()
    for name, content in pages.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return Receipt(external_id=digest.hexdigest())


def _job_posting(posting: Posting, url: str) -> dict[str, Any]:
    """Say one posting in schema.org's words; what is not known is left out."""
    closes_on, pay = posting.closes_on, posting.pay
    known = {
        "@context": "https://schema.org/",
        "@type": "JobPosting",
        "title": posting.title,
        "description": nh3.clean(posting.description_html, tags=TAGS, attributes={}),
        "url": url,
        "identifier": _thing("PropertyValue", name=posting.company, value=posting.reference),
        "datePosted": posting.posted_at.astimezone(UTC).date().isoformat(),
        "validThrough": f"{closes_on.isoformat()}T23:59:59Z" if closes_on else None,
        "hiringOrganization": _thing("Organization", name=posting.company),
        "employmentType": EMPLOYMENT[posting.employment_type],
        "baseSalary": _base_salary(pay) if pay else None,
        "jobBenefits": posting.benefits or None,
        "directApply": True,
        **_where(posting.place),
    }
    return {name: value for name, value in known.items() if value is not None}


def _where(place: Place) -> dict[str, Any]:
    if place.remote:
        home = ("State", f"{place.region}, {place.country}") if place.region else None
        kind, name = home or ("Country", place.country)
        return {
            "jobLocationType": "TELECOMMUTE",
            "applicantLocationRequirements": _thing(kind, name=name),
        }
    address = _thing(
        "PostalAddress",
        streetAddress=place.street,
        addressLocality=place.city,
        addressRegion=place.region,
        postalCode=place.postal_code,
        addressCountry=place.country,
    )
    return {"jobLocation": _thing("Place", address=address)}


def _base_salary(pay: Pay) -> dict[str, Any]:
    low, high = pay.min_cents / 100, pay.max_cents / 100
    band = {"value": low} if low == high else {"minValue": low, "maxValue": high}
    value = _thing("QuantitativeValue", unitText=UNITS[pay.unit], **band)
    return _thing("MonetaryAmount", currency=pay.currency, value=value)


def _thing(kind: str, **properties: Any) -> dict[str, Any]:
    """A schema.org object without the properties we do not know."""
    return {"@type": kind, **{name: value for name, value in properties.items() if value}}


def _pay_text(pay: Pay) -> str:
    low, high = (f"{cents / 100:,.2f}" for cents in (pay.min_cents, pay.max_cents))
    band = low if low == high else f"{low} – {high}"
    return f"{pay.currency} {band} per {pay.unit}"


def _place_text(place: Place) -> str:
    parts = [place.street, place.city, f"{place.region} {place.postal_code}".strip(), place.country]
    text = ", ".join(part for part in parts if part)
    return f"Remote, from {place.region or place.country}" if place.remote else text


VENDOR = Vendor(
    kind="job_boards",
    name=NAME,
    title="Google for Jobs",
    documents="https://developers.google.com/search/docs/appearance/structured-data/job-posting",
    reads="nothing: Google tells us nothing",
    writes="one page a posting, with JSON-LD, and a sitemap, into the client's document store",
    connect=connect,
    needs=("documents",),
    address="the public address of the document store's root",
    settings=(
        Setting("prefix", "the client's folder below `jobs/`", required=True),
        Setting("apply_url", "to which the posting's reference is appended", required=True),
        MAY_LOSE,
    ),
)
