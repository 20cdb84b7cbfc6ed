"""An XML feed of all live postings, in the client's document store, where a job board reads it.

What is not in the file is closed, so it is always complete. Values are CDATA; of HTML a description
keeps paragraphs, lists, emphasis and small headings.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from html import escape

import nh3
from lxml import etree

from connectors.errors import Refused, Unreadable
from connectors.incomplete import demand
from connectors.ports import DocumentStore
from connectors.records import Place, Posting, PublishPostings, Receipt
from connectors.shrinking import refuse_loss

TAGS = {"p", "br", "ul", "ol", "li", "strong", "em", "b", "i", "h2", "h3"}
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Job = Mapping[str, str]
"""A job's elements: their values by name; `@id` is an attribute, `salary/min` one inside."""


class Feed:
    """One board's file. `reference`: the element, or `@id`, that names a posting for ever."""

    def __init__(
        self,
        system: str,
        documents: DocumentStore,
        name: str,
        options: Mapping[str, str],
        reference: str = "referencenumber",
    ) -> None:
        self._system, self._documents, self._name = system, documents, name
        self._options, self._reference = options, reference

    def references(self) -> list[str]:
        """The postings in the stored feed; raises Unreadable if it is no XML."""
        stored = self._stored()
        if stored is None:
            return []
        try:
            tree = etree.fromstring(stored)
        except etree.XMLSyntaxError:
            raise Unreadable(self._system, "the published feed is not XML") from None
        if self._reference.startswith("@"):
            return [str(job.get(self._reference[1:], "")) for job in tree.iter("job")]
        return [node.text or "" for node in tree.iter(self._reference)]

    def publish(self, content: bytes, request: PublishPostings) -> None:
        """Put the feed there; raises Refused if it has lost one that has not ended."""
        try:
            live = self.references()
        except Unreadable:  # a torn file is written anew
            live = []
        refuse_loss(self._system, live, request, self._options)
        self._documents.put(self._name, content, "application/xml")

    def holds(self, content: bytes) -> bool:
        """Whether the stored feed is this one, byte by byte."""
        return self._stored() == content

    def _stored(self) -> bytes | None:
        try:
            return self._documents.get(self._name)
        except Refused:
            return None


def once(system: str, request: PublishPostings) -> list[Posting]:
    """The postings by reference; raises Refused if two have the same."""
    by_reference = {posting.reference: posting for posting in request.postings}
    if len(by_reference) < len(request.postings):
        raise Refused(system, "two postings have the same reference")
    return [by_reference[reference] for reference in sorted(by_reference)]


def complete(system: str, posting: Posting, job: Job, required: Collection[str]) -> Job:
    """The elements that have a value; raises Incomplete, naming those that must."""
    demand(system, posting, job, required)
    return {name: value for name, value in job.items() if value.strip()}


def written(about: Job, jobs: Iterable[Job], root: str = "source") -> bytes:
    """The file: what it says of itself, then each job."""
    tree = etree.Element(root)
    _fill(tree, about)
    for job in jobs:
        _fill(etree.SubElement(tree, "job"), job)
    return etree.tostring(tree, xml_declaration=True, encoding="utf-8", pretty_print=True)


def receipt(jobs: Collection[Job]) -> Receipt:
    """What a feed with these jobs is known by."""
    digest = sha256(json.dumps(jobs, sort_keys=True).encode())
    return Receipt(external_id=digest.hexdigest())


def description(posting: Posting, *, remote: bool = False) -> str:
    """The description as boards allow it; benefits, for which they have no element, end it.

    remote: the board has no element for remote work either.
    """
    benefits = f"<p>Benefits: {escape(posting.benefits)}</p>" if posting.benefits else ""
    home = "<p>This work is done from home.</p>" if remote and posting.place.remote else ""
    return nh3.clean(posting.description_html + benefits + home, tags=TAGS, attributes={})


def state(place: Place) -> str:
    """The state as written, else as the place's code has it (US-NY-NYC: NY)."""
    return place.region or "".join(place.code.split("-")[1:2])


def _fill(parent: etree._Element, values: Job) -> None:
    for name, value in values.items():
        text = NOT_XML.sub("", value).replace("]]>", "]] >")
        *outer, last = name.split("/")
        if last.startswith("@"):
            parent.set(last[1:], text)
            continue
        inner = parent
        for each in outer:
            found = inner.find(each)
            inner = etree.SubElement(inner, each) if found is None else found
        etree.SubElement(inner, last).text = etree.CDATA(text)
