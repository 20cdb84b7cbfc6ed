"""Which part of the world a run looks at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """All open requisitions of a client, or one of them by its code."""

    client: str
    requisition: str | None = None

    def __str__(self) -> str:
        """The requisition's code, else the client's name."""
        return self.requisition or self.client
