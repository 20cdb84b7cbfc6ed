"""Deliver: carry out what is due, each effect exactly once as the vendor sees it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import groupby
from queue import SimpleQueue
from threading import Semaphore
from time import monotonic, sleep
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from connectors import deadline
from connectors.errors import (
    ConnectorError,
    LedgerUnavailable,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    TooEarly,
    Unavailable,
    Unreadable,
)
from connectors.ledger import breaker, effects, sourcing
from connectors.ledger.breaker import StandsStill
from connectors.ledger.effects import Claimed, InTheWay
from connectors.ledger.scope import Scope
from connectors.ledger.together import Together
from connectors.records import (
    AddApplication,
    AddNote,
    AskReference,
    CancelBackgroundCheck,
    CancelOffer,
    CloseJob,
    CorrectHire,
    CreateHire,
    KeepResume,
    KeepSigned,
    MoveApplication,
    OpenJob,
    OrderBackgroundCheck,
    PublishPostings,
    Receipt,
    RejectApplication,
    Request,
    ScheduleInterview,
    SendMessage,
    SendOffer,
    Sms,
    StartAdverseAction,
    TellBoard,
)
from tasks import clock, texting
from tasks.background import as_it_leaves
from tasks.desk import Desk, desk_of
from tasks.messages import with_links

KINDS: dict[str, tuple[type[Request], str]] = {
    "posting.publish": (PublishPostings, "publish"),
    "board.tell": (TellBoard, "tell"),
    "tracker.open_job": (OpenJob, "open_job"),
    "tracker.close_job": (CloseJob, "close_job"),
    "tracker.add": (AddApplication, "add_application"),
    "tracker.move": (MoveApplication, "move"),
    "tracker.reject": (RejectApplication, "reject"),
    "tracker.note": (AddNote, "add_note"),
    "tracker.interview": (ScheduleInterview, "schedule_interview"),
    "resume.keep": (KeepResume, "keep_resume"),
    "references.ask": (AskReference, "ask"),
    "offer.send": (SendOffer, "send"),
    "offer.cancel": (CancelOffer, "cancel"),
    "offer.keep": (KeepSigned, "keep_signed"),
    "background.order": (OrderBackgroundCheck, "order"),
    "background.cancel": (CancelBackgroundCheck, "call_off"),
    "background.adverse": (StartAdverseAction, "start_adverse_action"),
    "payroll.create": (CreateHire, "create_hire"),
    "payroll.correct": (CorrectHire, "correct_hire"),
    "message.send": (SendMessage, "send"),
    "message.by_hand": (SendMessage, "by_hand"),
    "text.send": (SendMessage, "send"),
}
TEXT = "text.send"  # beside the mail: nothing hangs on it
BATCH = 200
AT_ONCE = 8  # requests to one vendor
CONCURRENT = AT_ONCE * 3 // 2  # threads for one vendor
FRESH_SECONDS = 1.0  # after which what was begun and still waits for its turn is begun again
QUICK_ATTEMPTS = 6
TAKEN_OVER = "taken over by another run"
LONGEST_WAIT_SECONDS = 90.0  # for what may be under way; the next run looks up what takes longer
UNSETTLED = {"due", "sending", TAKEN_OVER}


class NeedsPerson(ConnectorError):
    """Nobody but a person can say whether this was done, or do it."""


class UnderWay(ConnectorError):
    """The vendor does not have it yet, and may still be at it; looked up again in `seconds`."""

    def __init__(self, system: str, seconds: float) -> None:
        super().__init__(system, "not there yet; it may still be under way")
        self.seconds = seconds


class TakenOver(ConnectorError):
    """Another run has taken the effect over while this one slept."""


class RanOut(ConnectorError):
    """It was not sent in time, or nobody wants it any more; it must not be sent."""


class Unforeseen(ConnectorError):
    """Our own code failed, before or after it was sent; the vendor is not to blame."""


NOT_SENT = {
    InTheWay.TAKEN_OVER: TakenOver,
    InTheWay.ENDED: RanOut,
    InTheWay.FAILING: StandsStill,
    InTheWay.HELD: StandsStill,
}


@task(task_run_name="deliver", cache_policy=NO_CACHE, persist_result=False)
def deliver(scope: Scope, as_of: datetime) -> State[dict[str, int]]:
    """Carry out everything that is due, until nothing due is left."""
    outcome = carry_out(desk_of(scope.client), scope, as_of)
    return Completed(message=_sentence("deliver", outcome), data=dict(outcome))


@task(task_run_name="settle", cache_policy=NO_CACHE, persist_result=False)
def settle(scope: Scope, as_of: datetime) -> State[dict[str, int]]:
    """Look up what an interrupted run left in `sending`, before anything new is read or decided."""
    desk = desk_of(scope.client)
    with desk.ledger.transaction() as connection:
        effects.abandon(connection, desk.client)
    outcome = carry_out(desk, scope, as_of, unsettled_only=True)
    return Completed(message=_sentence("settle", outcome), data=dict(outcome))


class _Line:
    """The way to one vendor: so many requests at once, and threads that ask for their turn.

    There are more threads than turns: while some are at the vendor, others begin and settle, so
    that no turn waits for the ledger's disk.
    """

    def __init__(self, together: Together) -> None:
        self.together = together
        self.turns = Semaphore(AT_ONCE)
        self.threads = ThreadPoolExecutor(CONCURRENT)


def carry_out(
    desk: Desk, scope: Scope, as_of: datetime, *, unsettled_only: bool = False
) -> Counter[str]:
    """Claim and carry out what is due; returns how many ended in which state.

    While there is more, it is claimed when half of the last batch is done: nobody waits for its
    slowest. What has failed, and who is on trial, comes when all are done.
    """
    outcome: Counter[str] = Counter()
    together, ended = Together(desk.ledger, as_of), SimpleQueue[Future[list[str]]]()
    lines: defaultdict[str, _Line] = defaultdict(lambda: _Line(together))
    under_way = 0
    try:
        while True:
            with desk.ledger.transaction() as connection:
                batch = effects.claim(
                    connection, scope, as_of, BATCH, unsettled_only, beside=under_way > 0
                )
                idle = not batch and not under_way
                wait = effects.seconds_to_wait(connection, scope, as_of) if idle else None
            if wait is not None and wait <= LONGEST_WAIT_SECONDS:
                sleep(max(wait, 0.05))
                continue
            if idle:
                return outcome
            for group in _groups(batch):
                line = lines[group[0].system]
                going = line.threads.submit(_in_order, desk, group, as_of, line)
                going.add_done_callback(ended.put)
                under_way += 1
            while under_way > (BATCH // 2 if len(batch) == BATCH else 0):
                outcome.update(ended.get().result())
                under_way -= 1
    finally:
        for line in lines.values():
            line.threads.shutdown(cancel_futures=True)


def _groups(batch: Iterable[Claimed]) -> list[list[Claimed]]:
    """Effects on one subject at one vendor stay in order; all others go side by side."""

    def about(effect: Claimed) -> tuple[str, str, int]:
        return effect.system, effect.subject_kind, effect.subject_id

    in_turn = sorted(batch, key=lambda effect: effect.id)
    return [list(group) for _, group in groupby(sorted(in_turn, key=about), key=about)]


def _in_order(desk: Desk, group: list[Claimed], as_of: datetime, line: _Line) -> list[str]:
    """Carry out what one subject is owed at one vendor; none overtakes another that failed."""
    states: list[str] = []
    for effect in group:
        if states and states[-1] in UNSETTLED:
            with desk.ledger.transaction() as connection:
                effects.put_back(connection, effect)
        else:
            states.append(_one(desk, effect, as_of, line))
    return states


def _one(desk: Desk, effect: Claimed, as_of: datetime, line: _Line) -> str:
    try:
        request = _request(desk, effect)
        leaves = _leaves_at(request, as_of)
        receipt = None
        if effect.sent_before:
            with desk.ledger.transaction() as connection:
                breaker.check(connection, desk.client, effect.system, as_of)
            receipt = _look_up(desk, effect, request)
        if receipt is None:
            receipt = _send(desk, effect, _as_it_leaves(desk, effect, request, leaves), line)
    except ConnectorError as failure:
        return _failed(desk, effect, failure, as_of)
    except Exception as failure:  # a fault of ours must not keep the other effects from going out
        return _failed(desk, effect, Unforeseen(effect.system, type(failure).__name__), as_of)
    return "done" if line.together.done(effect, receipt, leaves) else TAKEN_OVER


def _request(desk: Desk, effect: Claimed) -> Request:
    if effect.system == "desk":
        raise NeedsPerson("desk", "no e-mail address: tell this person by telephone")
    request = KINDS[effect.kind][0].model_validate(effect.request)
    if isinstance(request, SendMessage):
        return with_links(request, desk.links, desk.client)
    return request


def _leaves_at(request: Request, as_of: datetime) -> datetime:
    """When it really leaves, if a legal wait begins with it: a run's instant may be long ago."""
    return max(as_of, clock.now()) if isinstance(request, StartAdverseAction) else as_of


def _as_it_leaves(desk: Desk, effect: Claimed, request: Request, as_of: datetime) -> Request:
    """What was decided some time ago, as it may leave now; raises RanOut if it may not."""
    match request:
        case SendOffer() if request.expires_at <= as_of:
            raise RanOut("desk", "the offer ran out before it was sent; a new version is drafted")
        case SendMessage(sms=Sms() as text):
            about = (effect.subject_key, text, effect.asked_at, as_of)
            if why := texting.refusal(desk.ledger, *about):
                raise RanOut(effect.system, why)
        case PublishPostings():
            with desk.ledger.transaction() as connection:
                ended = sourcing.ended_postings(connection, desk.client)
            return request.model_copy(update={"ended": tuple(ended)})
        case StartAdverseAction():
            return as_it_leaves(request, as_of)
    return request


def _look_up(desk: Desk, effect: Claimed, request: Request) -> Receipt | None:
    """Find an earlier attempt; that there is none counts only when none can be under way."""
    try:
        found = desk.systems[effect.system].find(request, effect.key)
    except OutcomeUnknown as failure:
        raise NeedsPerson(effect.system, f"cannot be looked up: {failure.what}") from None
    except Unavailable:
        raise
    except ConnectorError as failure:  # the look-up failed: the write is as unknown as before
        raise Unavailable(effect.system, f"look-up failed: {failure.what}") from None
    age, settling = effect.sent_seconds_ago, desk.settling(effect.system)
    if found is None and age is not None and age < settling:
        raise UnderWay(effect.system, settling - age)
    return found


def _send(desk: Desk, effect: Claimed, request: Request, line: _Line) -> Receipt:
    perform: Callable[[Any, str], Receipt] = getattr(
        desk.systems[effect.system], KINDS[effect.kind][1]
    )
    _begin(effect, line)
    begun = monotonic()
    with line.turns:
        if monotonic() - begun > FRESH_SECONDS:  # much may have come in the way meanwhile
            _begin(effect, line)
        with deadline.within(effects.LEASE_SECONDS / 2):
            return perform(request, effect.key)


def _begin(effect: Claimed, line: _Line) -> None:
    if in_the_way := line.together.begin(effect):
        raise NOT_SENT[in_the_way](effect.system, f"not sent: {in_the_way}")


def _failed(desk: Desk, effect: Claimed, failure: ConnectorError, as_of: datetime) -> str:
    """Settle an effect that failed; one whose vendor stands still stays as it was.

    A text that cannot be sent is given up and nobody's trouble: the mail has said the same.
    """
    if isinstance(failure, TakenOver):
        return TAKEN_OVER
    lease = failure.seconds if isinstance(failure, UnderWay) else 0.0
    spared = isinstance(failure, StandsStill | TooEarly) or (
        effect.kind not in effects.COPIES and _judge_vendor(desk, effect.system, failure, as_of)
    )
    state, pause = _meaning(effect, failure, spared=spared)
    if effect.kind == TEXT and state == "dead":
        state = "overtaken"
    not_before = as_of + timedelta(seconds=pause)
    with desk.ledger.transaction() as connection:
        ours = effects.failed(
            connection,
            effect,
            state,
            str(failure),
            not_before,
            lease,
            spared=spared or isinstance(failure, UnderWay),
            lost=isinstance(failure, OutcomeUnknown),
        )
    return state if ours else TAKEN_OVER


def _judge_vendor(desk: Desk, system: str, failure: ConnectorError, as_of: datetime) -> bool:
    """Tell the breaker what a failure says about the vendor; True: the vendor stands still."""
    about = (desk.client, system, breaker.WRITES)
    match failure:
        case StandsStill():
            return True
        case LedgerUnavailable() | TooEarly():
            return False
        case Misconfigured() | OutcomeUnknown() | Unavailable():
            with desk.ledger.transaction() as connection:
                return breaker.failed(connection, *about, type(failure).__name__, as_of)
        case Refused():  # it has understood, so it works
            with desk.ledger.transaction() as connection:
                breaker.worked(connection, *about, as_of)
    return False


def _meaning(effect: Claimed, failure: ConnectorError, *, spared: bool) -> tuple[str, float]:
    """Decide the state (looked up next, tried again, dead, a person's) and the pause in seconds."""
    match failure:
        case NeedsPerson():
            return "parked", 0.0
        case UnderWay():
            return "sending", 0.0
        case RanOut():
            return "overtaken", 0.0
        case OutcomeUnknown() | Unforeseen():
            state = "sending"
        case Unavailable() | Unreadable() | StandsStill() | Misconfigured():  # nothing was done
            state = "sending" if effect.sent_before else "due"
        case _:
            return "dead", 0.0
    if effect.tries >= effects.TRIES and not spared:
        return ("dead" if state == "due" else "parked"), 0.0
    return state, _pause(effect, failure, spared=spared)


def _pause(effect: Claimed, failure: ConnectorError, *, spared: bool = False) -> float:
    if isinstance(failure, TooEarly):
        return failure.seconds
    if spared or effect.tries < QUICK_ATTEMPTS:
        return 0.0
    told = failure.retry_after if isinstance(failure, Unavailable) else None
    return told or 60.0 * 2 ** min(effect.tries - QUICK_ATTEMPTS, 8)


def _sentence(name: str, outcome: Counter[str]) -> str:
    if not outcome:
        return f"{name}: nothing due"
    words = {"sending": "looked up", "due": "to be tried again"}
    parts = (f"{count} {words.get(state, state)}" for state, count in sorted(outcome.items()))
    return f"{name}: " + ", ".join(parts)
