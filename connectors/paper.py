"""A PDF that a vendor gives: whole, or it is asked for again."""

from connectors.errors import Misconfigured
from connectors.http import Api
from connectors.ports import DocumentStore
from connectors.records import Receipt

PDF = "application/pdf"
END = 1024  # bytes, in which the end of a file is marked
# https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf, 7.5.2 and 7.5.5
FIRST, LAST = b"%PDF-", b"%%EOF"


def pdf(api: Api, path: str, **params: str) -> bytes:
    """Read a PDF; raises what `Api.read` raises."""
    body: bytes = api.read("GET", path, params=params, headers={"Accept": PDF}, decode=_whole).body
    return body


def kept(system: str, vault: DocumentStore | None, name: str, content: bytes) -> Receipt:
    """Keep a PDF in the client's vault; raises Misconfigured if there is none."""
    return Receipt(external_id=asked_for(system, vault).put(name, content, PDF))


def asked_for(system: str, vault: DocumentStore | None) -> DocumentStore:
    """The vault in which something is to be kept; raises Misconfigured if there is none."""
    if vault is None:
        raise Misconfigured(system, "the client has no vault; name one under systems")
    return vault


def _whole(content: bytes) -> bytes:
    if not content.startswith(FIRST) or LAST not in content[-END:]:
        raise ValueError("no whole PDF")
    return content
