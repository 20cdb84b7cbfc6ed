"""A list of postings that loses one of which nobody knows that it has ended is not published.

Whoever reads the list closes what is not in it, and an empty answer or a wrong filter looks like a
short one. So what is live on the board is held against what the ledger knows to have ended, which
it knows from the requisitions, not from the list. Whoever means to lose others gives the code of
the loss, which is made of the postings that would be gone: it lets these go and no others, so what
is left behind in the account lets nothing through.
"""

from collections.abc import Collection, Mapping
from hashlib import sha256

from connectors.errors import Refused
from connectors.records import PublishPostings
from connectors.vendor import Setting

CODE = 8  # characters
MOST_NAMED = 5
MAY_LOSE = Setting(
    "may_lose",
    "the code by which a refused list named the postings it would lose, if these really end",
)


def refuse_loss(
    system: str, live: Collection[str], request: PublishPostings, options: Mapping[str, str]
) -> None:
    """Raise Refused if a live posting would be gone that has not ended, and nobody means it.

    live: by reference. One of the list's own that lacks something goes and is told of by itself.
    """
    listed = {posting.reference for posting in request.postings}
    lost = sorted(set(live) - listed - set(request.ended))
    if not lost:
        return
    code = sha256("\n".join(lost).encode()).hexdigest()[:CODE]
    if options.get(MAY_LOSE.name) == code:
        return
    named = ", ".join(lost[:MOST_NAMED]) + (" …" if len(lost) > MOST_NAMED else "")
    raise Refused(
        system,
        f"not published: {len(lost)} of {len(live)} live postings would be gone, though nothing"
        f" says that they have ended: {named}. If they are to end, say {MAY_LOSE.name}={code}"
        " in the account, which lets these go and no others, then retry",
    )
