"""Odoo's JSON-2 API: a call is a method of a model, `POST /json/2/<model>/<method>`.

Documents: https://www.odoo.com/documentation/19.0/developer/reference/external_api.html
Auth: an API key as bearer. An Odoo with several databases is told which (option `database`).
One call is one transaction: an error that Odoo itself tells means that nothing was done.

Quirks
- What does not exist or is empty is `false`; a link to another object is `[id, name]`; instants are
  UTC without saying so, in whole seconds, while searches compare microseconds.
- Archived objects are left out unless `active` is in the search.
- A field that does not exist is HTTP 500, and always will be: it is taken as a refusal.
- `load`, Odoo's import, takes an external id. In the mode `update` with `noupdate` it makes an
  object once and leaves one that is there as it is: done twice, also at the same time, it is once.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.access import Access
from connectors.errors import Misconfigured, Refused, Unreadable
from connectors.health import Check
from connectors.http import Api, segment
from connectors.oauth import Bearer
from connectors.payload import Payload
from connectors.vendor import Setting

Row = dict[str, Any]
DATABASE = Setting("database", "the name of the database, where the Odoo has several")
DOCUMENTS = "https://www.odoo.com/documentation/19.0/developer/reference/external_api.html"
MODULE = "fullcycle"  # of our external ids; no module of Odoo's has this name
ALWAYS = ("active", "in", [True, False])
BOOLEANS = {"active", "hired_stage"}
MISTAKES = {"builtins.ValueError", "builtins.KeyError", "builtins.TypeError"}
CONTEXT = {"lang": "en_US"}  # names as they were given, in the key's user's language or not


class Odoo:
    """One database of one Odoo, by the name that the connector gives it."""

    def __init__(self, system: str, access: Access, sleep: Callable[[float], None] = time.sleep):
        name = access.options.get("database")
        self.system = system
        self._api = Api(
            system,
            access.base_url,
            Bearer(access.key),
            headers={"X-Odoo-Database": name} if name else None,
            is_refusal=_is_mistake,
            sleep=sleep,
        )
        self.told_at = datetime.min.replace(tzinfo=UTC)  # the instant of the last answer read

    def rows(
        self,
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        *,
        order: str = "id",
        limit: int | None = None,
    ) -> list[Row]:
        """Search and read; what is `false` is None. Raises Unreadable if a field is missing."""
        body = {"domain": domain, "fields": fields, "order": order, "limit": limit}
        found = self._ask(model, "search_read", body)
        if not isinstance(found, list):
            raise Unreadable(self.system, f"{model}: expected a list")
        return [self._row(model, row, fields) for row in found]

    def one(self, model: str, ref: str, fields: Sequence[str]) -> Row:
        """Read one object, archived or not; raises Refused if there is none."""
        found = self.rows(model, [("id", "=", self.number(ref)), ALWAYS], fields)
        if not found:
            raise Refused(self.system, f"{model} {ref} is not there: was it deleted in Odoo?")
        return found[0]

    def external_ids(self, model: str, ids: Sequence[int]) -> dict[str, str]:
        """Read our own names of objects, by Odoo's id; who has none has ""."""
        told = Payload(self.system, self._ask(model, "get_external_id", {"ids": ids}))
        names = {str(id): told.take(str(id), str) for id in ids}
        ours = f"{MODULE}."
        return {id: n.removeprefix(ours) if n.startswith(ours) else "" for id, n in names.items()}

    def named(self, model: str, name: str, domain: Sequence[Any]) -> str | None:
        """Find which object of a search, archived or not, has our own name; gives Odoo's id."""
        ids = [row["id"] for row in self.rows(model, [ALWAYS, *domain], ("id",))]
        names = self.external_ids(model, ids) if ids else {}
        return next((ref for ref, has in names.items() if has == name), None)

    def fields(self, model: str) -> set[str]:
        """Name the fields that a model has here, and that the key may see."""
        body = {"attributes": ["type"]}
        return set(self._ask(model, "fields_get", body))

    def make(self, model: str, name: str, values: Mapping[str, str]) -> str:
        """Make an object under our own name unless it is there; gives Odoo's id.

        values: as in a file that is imported: links as `field/.id`, all of them texts.
        Raises Refused if Odoo objects to a value, which leaves nothing behind.
        """
        columns = {"id": f"{MODULE}.{name}", **values}
        body = {
            "fields": list(columns),
            "data": [list(columns.values())],
            "context": {**CONTEXT, "mode": "update", "noupdate": True},
        }
        return self._api.write("POST", _path(model, "load"), reading=self._made, json=body)

    def change(self, model: str, ref: str, values: Row, **context: bool) -> None:
        """Set fields of one object."""
        body = {
            "ids": [self.number(ref)],
            "vals": values,
            "context": {**CONTEXT, **context},
        }
        self._api.write("POST", _path(model, "write"), reading=self._changed, json=body)

    def post_note(self, model: str, ref: str, html: str) -> str:
        """Write an internal note on an object; gives the message's id."""
        body = {"ids": [self.number(ref)], "body": html, "body_is_html": True, "context": CONTEXT}
        path = _path(model, "message_post")
        return self._api.write("POST", path, reading=self._posted, json=body)

    def number(self, ref: str) -> int:
        """Read an id of Odoo's; raises Refused for what cannot be one."""
        if not (ref.isascii() and ref.isdigit()):
            raise Refused(self.system, f"{ref[:40]!r} is no id of Odoo's")
        return int(ref)

    def health(self) -> Iterator[Check]:
        """Odoo's clock, by its last answer."""
        return self._api.health()

    def _ask(self, model: str, method: str, body: Row) -> Any:
        reply = self._api.read("POST", _path(model, method), json={**body, "context": CONTEXT})
        self.told_at = _instant(reply.headers.get("Date", "")) or self.told_at
        return reply.body

    def _row(self, model: str, row: Any, fields: Sequence[str]) -> Row:
        missing = set(fields) - Payload(self.system, row).names
        if missing:
            raise Unreadable(self.system, f"{model}: {sorted(missing)} missing")
        return {k: None if v is False and k not in BOOLEANS else v for k, v in row.items()}

    def _made(self, body: Any) -> str:
        told = Payload(self.system, body)
        ids, messages = told.take("ids", object), told.items("messages")
        if isinstance(ids, list) and len(ids) == 1 and isinstance(ids[0], int):
            return str(ids[0])
        if ids is False and messages:
            named = sorted({message.maybe("field", str) or "?" for message in messages})
            raise Refused(self.system, f"Odoo does not take what we say of: {', '.join(named)}")
        raise Unreadable(self.system, "an import did not make one object")

    def _changed(self, body: Any) -> None:
        if body is not True:
            raise Unreadable(self.system, "a change was not confirmed")

    def _posted(self, body: Any) -> str:
        if not (isinstance(body, list) and len(body) == 1 and isinstance(body[0], int)):
            raise Unreadable(self.system, "a note has no id")
        return str(body[0])


def opened(system: str, access: Access, sleep: Callable[[float], None]) -> Odoo:
    """Open one database; raises Misconfigured without an address or a key."""
    if not access.base_url or not access.key:
        raise Misconfigured(system, "set the address of the Odoo, and an API key of a user there")
    return Odoo(system, access, sleep)


def instant(row: Payload, key: str) -> datetime:
    """Take an instant: UTC, which Odoo does not write."""
    text = row.take(key, str)
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(row.system, f"{key!r} is not a time") from None
    if value.tzinfo is not None:
        raise Unreadable(row.system, f"{key!r} has a time zone, which Odoo never wrote")
    return value.replace(tzinfo=UTC)


def link(row: Payload, key: str) -> tuple[str, str] | None:
    """Take a link to another object: its id and its name."""
    value = row.maybe(key, list)
    if value is None:
        return None
    if len(value) != 2 or not isinstance(value[0], int) or not isinstance(value[1], str):
        raise Unreadable(row.system, f"{key!r} is no link")
    return str(value[0]), value[1]


def written(at: datetime) -> str:
    """Write an instant as Odoo does."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _path(model: str, method: str) -> str:
    return f"/json/2/{segment(model)}/{method}"


def _is_mistake(body: Any) -> bool:
    """Tell whether Odoo says that it was asked for what it does not know."""
    return isinstance(body, dict) and body.get("name") in MISTAKES


def _instant(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None
