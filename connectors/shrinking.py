"""A list of postings that loses most of them at once is rarely meant: it is not published.

Whoever reads it closes what is not in it. A requisition ends by itself, so a list shrinks by a few;
to lose most is what an empty answer or a wrong filter looks like.
"""

from collections.abc import Collection, Mapping

from connectors.errors import Misconfigured, Refused
from connectors.vendor import Setting

FEW = 10  # so many may end at once, however short the list is
MAY_SHRINK = Setting(
    "may_shrink_to",
    "to how few postings the list may be cut at once, where most of them really end",
)


def refuse_loss(
    system: str, live: Collection[str], wanted: Collection[str], options: Mapping[str, str]
) -> None:
    """Raise Refused if most of the live postings would be gone, and nobody has said that they may.

    Raises Misconfigured if what was said is no number.
    """
    lost = len(set(live) - set(wanted))
    if lost <= FEW or 2 * lost <= len(live):
        return
    told = options.get(MAY_SHRINK.name, "")
    if told and not told.isdecimal():
        raise Misconfigured(system, f"the option {MAY_SHRINK.name!r} is no number")
    if told and len(wanted) >= int(told):
        return
    raise Refused(
        system,
        f"not published: {lost} of {len(live)} live postings would be gone. If they are to end, say"
        f" {MAY_SHRINK.name}={len(wanted)} in the account, then retry",
    )
