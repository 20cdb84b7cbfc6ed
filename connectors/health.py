"""What must be right with an account before a client's work depends on it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from connectors.errors import ConnectorError, Unavailable
from connectors.records import RejectApplication, TrackerStage, rejections

PROBE = "fullcycle-doctor.txt"  # the empty file that is written to a store and removed
CLOCK = "clock"  # what is looked at when the vendor's is held beside ours
MOVED_TO = (TrackerStage.SCREEN, TrackerStage.SUBMITTED, TrackerStage.INTERVIEW)


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


def files(look: Callable[[], object]) -> Check:
    """Whether files can be kept in a store."""
    return tried("files", "let the account write, read and delete there", look)


def stages(look: Callable[[TrackerStage], object]) -> Iterator[Check]:
    """Whether a tracker has a stage of each meaning that applications are moved to."""
    for stage in MOVED_TO:
        remedy = f"add a stage to the plan of new jobs, or say in a setting which one means {stage}"
        yield tried(f"stage {stage}", remedy, partial(look, stage))


def reasons(look: Callable[[RejectApplication], object]) -> Iterator[Check]:
    """Whether a tracker has a reason for each of ours that an application is rejected for."""
    for rejection in rejections():
        name = rejection.reason
        remedy = f"add such a reason there, or name one in the setting 'reason:{name}'"
        yield tried(f"reason {name}", remedy, partial(look, rejection))
