"""A list of postings that loses most of them at once is rarely meant: it is not published.

Whoever reads it closes what is not in it. A requisition ends by itself, so a list shrinks by a few;
to lose most is what an empty answer or a wrong filter looks like. Whoever means it gives the code
of the loss, which is made of the postings that would be gone: it lets these go and no others, so
what is left behind in the account lets nothing through.
"""

from collections.abc import Collection, Mapping
from hashlib import sha256

from connectors.errors import Refused
from connectors.vendor import Setting

FEW = 10  # so many may end at once, however short the list is
CODE = 8  # characters
MAY_LOSE = Setting(
    "may_lose",
    "the code by which a refused list named the postings it would lose, if these really end",
)


def refuse_loss(
    system: str, live: Collection[str], wanted: Collection[str], options: Mapping[str, str]
) -> None:
    """Raise Refused if most of the live postings would be gone, and nobody means these."""
    lost = set(live) - set(wanted)
    if len(lost) <= FEW or 2 * len(lost) <= len(live):
        return
    code = sha256("\n".join(sorted(lost)).encode()).hexdigest()[:CODE]
    if options.get(MAY_LOSE.name) == code:
        return
    raise Refused(
        system,
        f"not published: {len(lost)} of {len(live)} live postings would be gone. If they are to"
        f" end, say {MAY_LOSE.name}={code} in the account, which lets these go and no others, then"
        " retry",
    )
