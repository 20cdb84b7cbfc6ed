"""The résumé that a tracker has of somebody, copied into the client's vault as it is.

Vendors give it by a link that is signed and ends soon. It is followed at once, and kept nowhere.
What a résumé says is nobody's business here: its beginning tells what kind of file it is.
"""

import json
import re
from collections.abc import Callable

from connectors.errors import Refused, Unsupported
from connectors.http import NOT_JSON, NoFile
from connectors.paper import asked_for
from connectors.ports import DocumentStore
from connectors.records import KeepResume, Receipt, Request

NONE = Receipt(external_id="none")
"""Whoever it is has no résumé there."""
REMEDY = "look at it in the tracker, and waive this"
BEGINNING = 1024  # bytes; as far as that, readers look for where a PDF begins
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*(<(!doctype|html|\?xml)|$)", re.IGNORECASE)
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def read(content: bytes) -> bytes:
    """Take what is answered for a file; raises ValueError for an answer that is none."""
    if PAGE.match(content[:BEGINNING]) or _is_json(content):
        raise ValueError("no file")
    return content


def keep(
    system: str, vault: DocumentStore | None, name: str, given: Callable[[], bytes | None]
) -> Receipt:
    """Keep the file that is given (None: there is none) under a name with its own ending.

    Raises Misconfigured without a vault, before anything is asked; Refused for what is no résumé.
    """
    store = asked_for(system, vault)
    try:
        content = given()
    except NoFile as failure:  # somebody's own: it must not count as the vendor's
        raise Refused(system, f"{failure.what}, but a page: {REMEDY}") from None
    if content is None:
        return NONE
    ending, media_type = _kind(system, content)
    return Receipt(external_id=store.put(f"{name}.{ending}", content, media_type))


def looked_for(system: str, request: Request) -> Receipt | None:
    """Say of a copy that there is none, so that it is made again; raises Unsupported for others."""
    if isinstance(request, KeepResume):
        return None
    raise Unsupported(system, f"cannot look for {type(request).__name__}")


def _is_json(content: bytes) -> bool:
    if content.lstrip()[:1] not in {b"{", b"["}:
        return False
    try:
        json.loads(content)
    except NOT_JSON:
        return False
    return True


def _kind(system: str, content: bytes) -> tuple[str, str]:
    """The ending and the media type of a file, by how it begins."""
    beginning = content[:BEGINNING]
    if b"%PDF-" in beginning:
        return "pdf", "application/pdf"
    if beginning.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "doc", "application/msword"
    if beginning.startswith(b"PK\x03\x04") and b"word/" in content:
        return "docx", WORD
    if beginning.startswith(b"{\\rtf"):
        return "rtf", "application/rtf"
    if not CONTROL.search(beginning):
        return "txt", "text/plain"
    raise Refused(system, f"a résumé is neither PDF, Word, RTF nor text: {REMEDY}")
