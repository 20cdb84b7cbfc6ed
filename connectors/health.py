"""What must be right with an account before a client's work depends on it."""

from collections.abc import Callable
from dataclasses import dataclass

from connectors.errors import ConnectorError, Unavailable


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `wrong` says what is wrong with it, `remedy` what to do."""

    what: str
    wrong: str = ""
    remedy: str = ""


def tried(what: str, remedy: str, look: Callable[[], object]) -> Check:
    """Look at something at the vendor; it is wrong if that raises what no waiting mends.

    Raises Unavailable: the vendor is away, which says nothing about the account.
    """
    try:
        look()
    except Unavailable:
        raise
    except ConnectorError as failure:
        return Check(what, str(failure), remedy)
    return Check(what)
