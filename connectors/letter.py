"""A message as mail: one sender, one recipient, plain text, and an id made from our key.

Docs: https://www.rfc-editor.org/rfc/rfc5322
`Date` is left to the server (RFC 6409 §8.2): a message is the same at every attempt. Addresses
outside ASCII would need SMTPUTF8, which few servers speak: they are refused.
"""

import hashlib
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from connectors.access import Access
from connectors.errors import Refused
from connectors.records import SendMessage


def letter(system: str, access: Access, request: SendMessage, key: str) -> EmailMessage:
    """Write a message as the account's own; raises Refused for what is not one address."""
    sender = access.options["from_email"]
    message = EmailMessage(SMTP)
    message["Message-ID"] = message_id(sender, key)
    message["From"] = _address(system, access.options["from_name"], sender)
    message["To"] = _address(system, request.to_name, request.to_email)
    message["Subject"] = _one_line(request.subject)
    message["X-Template"] = request.template
    message.set_content(request.body, cte="quoted-printable")
    return message


def message_id(sender: str, key: str) -> str:
    """The Message-ID of whatever this sender writes with this key."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"


def _address(system: str, name: str, email: str) -> Address:
    """Read an address strictly: one recipient, and nothing that could become another header."""
    try:
        email.encode("ascii")
        return Address(_one_line(name), addr_spec=email)
    except (ValueError, IndexError, MessageError):
        raise Refused(system, "the address cannot be written to") from None


def _one_line(text: str) -> str:
    return " ".join(text.split())
