"""What a vendor's webhook tells us: that something happened, and to which of its objects."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.errors import Unreadable

LONGEST_ID = 100
_ID = re.compile(rf"[A-Za-z0-9][\w.:-]{{0,{LONGEST_ID - 1}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, without anything personal: whoever wants to know more reads the object again.

    `id` is the same whenever the event is delivered. `refs` are the vendor's ids of the objects
    concerned. `at` is the vendor's own time, None where no signature vouches for one.
    """

    id: str
    kind: str
    refs: tuple[str, ...] = ()
    at: datetime | None = None


def document(system: str, raw: bytes | str) -> dict[str, Any]:
    """Read a body as a JSON object; raises Unreadable if it is none, however it fails to be one."""
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        raise Unreadable(system, "a webhook is not JSON") from None
    if not isinstance(told, dict):
        raise Unreadable(system, "a webhook is not a JSON object")
    return told


def identifier(system: str, value: object) -> str:
    """Take an id or a name of an event; anything that might be more than that is unreadable."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Unreadable(system, "a webhook names something in a way we do not know")
    return value


def refs(told: dict[str, Any], paths: Iterable[Sequence[str | int]]) -> tuple[str, ...]:
    """Collect the ids found at these paths, each once; what is not there is left out."""
    found = [_at(told, path) for path in paths]
    ids = [str(value) for value in found if type(value) in (str, int)]
    return tuple(dict.fromkeys(each for each in ids if _ID.fullmatch(each)))


def unix(system: str, value: object) -> datetime:
    """Read unix seconds, written as a number or as text."""
    try:
        return datetime.fromtimestamp(int(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        raise Unreadable(system, "the time of a webhook is not unix seconds") from None


def _at(told: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        try:
            told = told[key]
        except (LookupError, TypeError):
            return None
    return told
