"""Messages in the client's words: rendered when decided, linked and sent when delivered."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from connectors.ledger.decisions import Decisions
from connectors.ledger.rows import ApplicationRow, Known
from connectors.links import Links, Question
from connectors.records import SendMessage
from connectors.requisition import Colleague
from tasks import texting
from tasks.process import Process


class _Mark(str):
    """Where a signed link will stand; only templates make one."""


def _harmless(value: object) -> object:
    """A value as it may stand in a message: nobody's name can ask for a signed link."""
    return value if isinstance(value, _Mark) else re.sub(r"\[(?=\[)", "[ ", str(value))


_JINJA = Environment(
    undefined=StrictUndefined,
    autoescape=False,
    keep_trailing_newline=True,
    finalize=_harmless,
)
_MARK = re.compile(r"\[\[form\|([^|\]]*)\|([^|\]]*)\|([^|\]]*)\|([^|\]]*)\]\]")


def tell_candidate(
    decisions: Decisions,
    row: ApplicationRow,
    process: Process,
    template: str,
    about: str = "",
    **context: Any,
) -> None:
    """Write to the applicant; one without an e-mail address is told by a person instead.

    Who has agreed to it is texted the short form as well, at the same time or never. For a message
    that offers to: `texting` in it is what the form's link is about, "" if nobody can be texted.
    """
    what, texted_by = _about(template, about), process.systems.texting
    words = _words(process, row, row.name, "candidate", context)
    words["texting"] = texting.asks_about(row) if texted_by else ""
    request = _render(process, template, words, row.email or "")
    kind = "message.send" if row.email else "message.by_hand"
    system = process.systems.messaging if row.email else "desk"
    decisions.effect(row, system, kind, request, what)
    short = process.messages[template].text
    if texted_by and short and not to_be_told(row, what):
        sms = texting.sms(row, _compiled(short).render(words).strip())
        if sms:
            text = request.model_copy(update={"sms": sms})
            decisions.effect(row, texted_by, "text.send", text, what)


def to_be_told(row: ApplicationRow, template: str) -> bool:
    """Whether a message to the applicant was asked for, whatever has become of it."""
    return any(row.asked(kind, template) for kind in ("message.send", "message.by_hand"))


def told_at(row: ApplicationRow, template: str) -> datetime | None:
    """When the applicant was told something, by message or by a person; None before that."""
    return row.done_at("message.send", template) or row.done_at("message.by_hand", template)


def tell_colleague(
    decisions: Decisions,
    row: Known,
    process: Process,
    template: str,
    colleague: Colleague,
    role: str,
    about: str = "",
    **context: Any,
) -> None:
    """Write to someone at the client or the provider, in their role."""
    words = _words(process, row, colleague.name, role, context)
    request = _render(process, template, words, colleague.email)
    decisions.effect(
        row, process.systems.messaging, "message.send", request, _about(template, about)
    )


def _about(template: str, about: str) -> str:
    return f"{template}:{about}" if about else template


def _words(
    process: Process, row: Known, name: str, role: str, context: dict[str, Any]
) -> dict[str, Any]:
    def link(form: str, about: str = "") -> _Mark:
        return _Mark(f"[[form|{form}|{row.key}|{about}|{role}]]")

    return {
        "brand": process.brand,
        "name": name,
        "title": row.fields["title"],
        "requisition": row.requisition,
        "key": row.key,
        "link": link,
        **context,
    }


def _render(process: Process, template: str, words: dict[str, Any], email: str) -> SendMessage:
    text = process.messages[template]
    return SendMessage(
        to_name=words["name"],
        to_email=email,
        subject=_compiled(text.subject).render(words).strip(),
        body=_compiled(text.body).render(words),
        template=template,
    )


@lru_cache(maxsize=256)
def _compiled(source: str) -> Template:
    return _JINJA.from_string(source)


def with_links(message: SendMessage, links: Links, client: str) -> SendMessage:
    """Put signed links where the message has marks for forms."""

    def link(mark: re.Match[str]) -> str:
        form, subject, about, by = mark.groups()
        return links.to(Question(client, form, subject, about, by))

    linked: dict[str, Any] = {"body": _MARK.sub(link, message.body)}
    if sms := message.sms:
        linked["sms"] = sms.model_copy(update={"body": _MARK.sub(link, sms.body)})
    return message.model_copy(update=linked)
