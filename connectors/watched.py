"""Watched objects are read one by one: whichever the vendor refuses, all others are read first."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from connectors.errors import Refused, SomeRefused
from connectors.records import Observed

R = TypeVar("R", bound=Observed)


def each(
    system: str, refs: Sequence[str], read: Callable[[str], tuple[R, ...]]
) -> Iterator[tuple[R, ...]]:
    """Yield what is read of each; raises SomeRefused when all others have been read."""
    refusals: dict[str, Refused] = {}
    for ref in refs:
        try:
            if records := read(ref):
                yield records
        except Refused as refusal:
            refusals[ref] = refusal
    if refusals:
        raise SomeRefused(system, refusals)
