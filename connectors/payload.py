"""Read a vendor's JSON once, strictly, and account for what is left."""

import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from connectors.errors import Unreadable

log = logging.getLogger(__name__)
T = TypeVar("T")


class Payload:
    """A JSON object that is emptied as it is read."""

    def __init__(self, system: str, data: object) -> None:
        if not isinstance(data, Mapping):
            raise Unreadable(system, f"expected an object, got {type(data).__name__}")
        self.system, self._left = system, dict(data)

    @property
    def names(self) -> set[str]:
        """The fields that nobody took yet."""
        return set(self._left)

    def take(self, key: str, kind: type[T]) -> T:
        """Remove and return a field the vendor always sends."""
        value = self._left.pop(key, None)
        if not isinstance(value, kind):
            raise Unreadable(self.system, f"{key!r} is {type(value).__name__}, not {kind.__name__}")
        return value

    def maybe(self, key: str, kind: type[T]) -> T | None:
        """Remove and return a field the vendor may leave out or send as null."""
        return None if self._left.get(key) is None and self._drop(key) else self.take(key, kind)

    def whatever(self, key: str) -> Any:
        """Remove and return a field of any kind, or None."""
        return self._left.pop(key, None)

    def inner(self, key: str) -> "Payload":
        """Take a nested object."""
        return Payload(self.system, self.take(key, dict))

    def maybe_inner(self, key: str) -> "Payload | None":
        """Take a nested object that may be absent or null."""
        value = self.maybe(key, dict)
        return None if value is None else Payload(self.system, value)

    def items(self, key: str) -> list["Payload"]:
        """Take an array of objects; an absent or null array is empty."""
        return [Payload(self.system, item) for item in self.maybe(key, list) or []]

    def time(self, key: str) -> datetime:
        """Take an ISO 8601 instant; one without an offset is unreadable."""
        return self._instant(key, self.take(key, str))

    def maybe_time(self, key: str) -> datetime | None:
        """Take an ISO 8601 instant that may be absent."""
        text = self.maybe(key, str)
        return None if text is None else self._instant(key, text)

    def maybe_unix(self, key: str) -> datetime | None:
        """Take an instant in unix seconds that may be absent."""
        seconds = self.maybe(key, int)
        try:
            return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError) as failure:
            raise Unreadable(self.system, f"{key!r} is not a time") from failure

    def day(self, key: str) -> date:
        """Take an ISO 8601 date."""
        try:
            return date.fromisoformat(self.take(key, str))
        except ValueError as failure:
            raise Unreadable(self.system, f"{key!r} is not a date") from failure

    def cents(self, key: str) -> int:
        """Take an amount of money written as a string or a number, as integer minor units."""
        value = self._left.pop(key, None)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise Unreadable(self.system, f"{key!r} is not an amount")
        try:
            amount = Decimal(str(value)) * 100
            if amount != amount.to_integral_value():
                raise Unreadable(self.system, f"{key!r} has a fraction of a cent")
        except InvalidOperation as failure:
            raise Unreadable(self.system, f"{key!r} is not an amount") from failure
        return int(amount)

    def choice(self, key: str, meanings: Mapping[str, T]) -> T:
        """Take a category; one we have never seen is unreadable, never a default."""
        value = self.take(key, str)
        if value not in meanings:
            raise Unreadable(self.system, f"{key!r} has a value we do not know: {value[:40]!r}")
        return meanings[value]

    def maybe_choice(self, key: str, meanings: Mapping[str, T]) -> T | None:
        """Take a category that may be absent or null."""
        return (
            None if self._left.get(key) is None and self._drop(key) else self.choice(key, meanings)
        )

    def close(self, *, ignoring: frozenset[str] = frozenset()) -> None:
        """Report fields nobody took: the first sign that a vendor has changed."""
        if drift := sorted(self._left.keys() - ignoring):
            log.warning("vendor drift", extra={"system": self.system, "fields": drift})

    def _drop(self, key: str) -> bool:
        self._left.pop(key, None)
        return True

    def _instant(self, key: str, text: str) -> datetime:
        try:
            value = datetime.fromisoformat(text)
        except ValueError as failure:
            raise Unreadable(self.system, f"{key!r} is not a time") from failure
        if value.tzinfo is None:
            raise Unreadable(self.system, f"{key!r} has no time zone")
        return value


def items(system: str, data: Any) -> list[Payload]:
    """Read a JSON array of objects."""
    if not isinstance(data, list):
        raise Unreadable(system, f"expected a list, got {type(data).__name__}")
    return [Payload(system, item) for item in data]
