"""What DocuSign would not send: the definitions of envelopes that it refuses, and how."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

LONGEST_FIELD = LONGEST_NAME = 100
LONGEST_EXPIRY = 999
TYPES = {"txt", "pdf", "docx", "html"}

Row = dict[str, Any]


class Declined(Exception):
    """What was asked is not possible: DocuSign's code for it, and its message."""


def check(asked: Any) -> None:
    """Refuse what DocuSign would not send."""
    if not isinstance(asked, dict) or not _is_written_in_strings(asked):
        raise Declined("INVALID_REQUEST_BODY", "The request body is missing or malformed.")
    documents, signers = asked.get("documents"), asked.get("recipients", {}).get("signers")
    if not (documents and signers and asked.get("emailSubject")) or asked.get("status") != "sent":
        raise Declined("ENVELOPE_IS_INCOMPLETE", "The Envelope is not Complete.")
    for document in documents:
        _check_document(document)
    for signer in signers:
        _check_signer(signer, {document["documentId"] for document in documents})
    fields = text_fields(asked)
    if any(len(each) > LONGEST_FIELD for item in fields.items() for each in item):
        raise Declined("INVALID_REQUEST_PARAMETER", "A custom field is too long.")
    days = asked.get("notification", {}).get("expirations", {}).get("expireAfter", "120")
    if not days.isdecimal() or not 1 <= int(days) <= LONGEST_EXPIRY:
        raise Declined("INVALID_REQUEST_PARAMETER", "expireAfter is no number of days.")


def _check_document(document: Row) -> None:
    try:
        content = base64.b64decode(document.get("documentBase64", ""), validate=True)
    except binascii.Error:
        content = b""
    if not content or document.get("fileExtension") not in TYPES or not document.get("name"):
        raise Declined("UNABLE_TO_LOAD_DOCUMENT", "Unable to load the document.")


def _check_signer(signer: Row, documents: set[str]) -> None:
    if "@" not in signer.get("email", ""):
        message = "The email address for the recipient is invalid."
        raise Declined("INVALID_EMAIL_ADDRESS_FOR_RECIPIENT", message)
    if not 0 < len(signer.get("name", "")) <= LONGEST_NAME or not signer.get("recipientId"):
        raise Declined("INVALID_REQUEST_PARAMETER", "A recipient needs a name and an id.")
    tabs = [tab for kind in signer.get("tabs", {}).values() for tab in kind]
    if not {tab.get("documentId") for tab in tabs} <= documents:
        raise Declined("TAB_REFERS_TO_MISSING_DOCUMENT", "A tab is on no document.")


def _is_written_in_strings(value: Any) -> bool:
    """Whether every number and every truth value is a string, as in all of DocuSign's bodies."""
    if isinstance(value, dict):
        return all(map(_is_written_in_strings, value.values()))
    if isinstance(value, list):
        return all(map(_is_written_in_strings, value))
    return isinstance(value, str)


def text_fields(row: Mapping[str, Any]) -> dict[str, str]:
    """An envelope's custom fields, by name."""
    texts = row.get("customFields", {}).get("textCustomFields", [])
    return {text["name"]: text["value"] for text in texts}
