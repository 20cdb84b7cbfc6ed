"""A posting that lacks what a board demands is refused alone: the others of its list are published.

The refusal is raised when they are, so that it shows where every other refused write does.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from connectors.errors import Refused
from connectors.records import Posting

T = TypeVar("T")
MOST_NAMED = 20  # of those refused at once


class Incomplete(Refused):
    """One posting is left out; `what` names its requisition and says why."""

    def __init__(self, system: str, posting: Posting, why: str) -> None:
        super().__init__(system, f"{posting.reference} of requisition {posting.requisition} {why}")


def demand(
    system: str, posting: Posting, values: Mapping[str, str], required: Collection[str]
) -> None:
    """Raise Incomplete, naming which of the required values are blank."""
    if missing := [name for name in values if name in required and not values[name].strip()]:
        raise Incomplete(system, posting, f"lacks {', '.join(missing)}")


def sort_out(
    postings: Iterable[Posting], made: Callable[[Posting], T]
) -> tuple[list[T], list[Incomplete]]:
    """What the postings become on the board, and why some of them cannot."""
    whole: list[T] = []
    refused: list[Incomplete] = []
    for posting in postings:
        try:
            whole.append(made(posting))
        except Incomplete as why:
            refused.append(why)
    return whole, refused


def tell(system: str, refused: Sequence[Refused]) -> None:
    """Raise Refused for postings that were left out of what is published by now; if there are."""
    if not refused:
        return
    named = [why.what for why in refused[:MOST_NAMED]]
    if more := len(refused) - len(named):
        named.append(f"{more} more")
    told = f"published, but for {'; '.join(named)}"
    raise Refused(system, f"{told}. Put it right in the requisition, and have that approved again")
