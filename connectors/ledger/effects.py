"""Effects: what is to be done outside, claimed, carried out and settled exactly once.

due → sending → done            the usual way
           ├──→ due             nothing happened at the vendor: tried again after a pause
           ├──→ dead            the vendor refused; a person retries or waives it
           ├──→ parked          nobody can tell whether it happened; a person decides
           └──→ overtaken       it is too late for it, or not wanted, and nothing was done
A row found in `sending` with its lease run out was left by a crash: it is looked up, not repeated.

Of a vendor whose breaker is half open one effect is claimed at a time: that is the trial.

The attempt's number is the fence. Whoever claims a row raises it, so a process that slept through
its lease can neither begin to send any more nor write over what the next one found. What it had
begun, it may still send when it wakes, if it was stopped after its last look at the clock: so on
one machine it is ended before that is taken over.
"""

import json
import logging
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import psutil
from sqlalchemy import Connection, text

from connectors.ledger.breaker import ON_TRIAL, TRUSTED
from connectors.ledger.hold import RESTORED, SENDABLE
from connectors.ledger.scope import Scope
from connectors.records import Receipt

log = logging.getLogger(__name__)

LEASE_SECONDS = 120
DYING_SECONDS = 5.0
TRIES = 12  # in earnest; then it is a person's


@dataclass(frozen=True, slots=True)
class Claimed:
    """An effect that is ours to carry out.

    `sent_before`: an attempt may have worked, of this ledger or, after a restore, of the one that
    was lost; `sent_seconds_ago`: the last one, if this ledger knows of any.
    `tries`: the attempts that count; those while its vendor stood still do not.
    """

    id: int
    key: str
    kind: str
    system: str
    subject_kind: str
    subject_id: int
    subject_key: str
    request: dict[str, Any]
    asked_at: datetime
    attempts: int
    sent_before: bool
    sent_seconds_ago: float | None = None
    spared: int = 0

    @property
    def tries(self) -> int:
        """How often it was tried in earnest, this time included."""
        return self.attempts - self.spared


def claim(
    connection: Connection,
    scope: Scope,
    as_of: datetime,
    limit: int,
    unsettled_only: bool,
    *,
    beside: bool = False,
) -> list[Claimed]:
    """Take due effects and abandoned ones, mark them sending under a lease, oldest first.

    A complete list of postings that a newer one has overtaken is never sent any more, and no longer
    anybody's trouble if it was refused: the newer one is, if it still lacks the same. A process of
    this machine that should long be done with what it began to send is killed. `beside`: this one
    is still at work on others; it takes none of these back, and no trial.
    """
    connection.execute(text(_OVERTAKEN), {"client": scope.client})
    mine = _process(os.getpid())
    _free_what_others_left(connection, scope.client, mine)
    rows = connection.execute(
        text(_CLAIM),
        {
            "client": scope.client,
            "requisition": scope.requisition,
            "as_of": as_of,
            "limit": limit,
            "unsettled_only": unsettled_only,
            "beside": beside,
            "lease": LEASE_SECONDS,
            "owner": mine,
            "here": _here(),
        },
    )
    return [Claimed(**row._mapping) for row in rows]


_OVERTAKEN = """
    UPDATE effect o SET state = 'overtaken'
    WHERE o.client = :client AND o.kind = 'posting.publish'
      AND o.state IN ('due', 'sending', 'dead', 'parked')
      AND EXISTS (SELECT 1 FROM effect n WHERE n.client = o.client AND n.kind = o.kind
                  AND n.system = o.system AND n.id > o.id)
"""
# Effects with the application and the requisition each is about.
_ABOUT = """
    FROM effect e
    LEFT JOIN application s ON e.subject_kind = 'application' AND s.id = e.subject_id
    LEFT JOIN requisition r ON r.id = coalesce(s.requisition_id, e.subject_id)
"""
_DUE_IN_SCOPE = f"""
    {_ABOUT}
    WHERE e.client = :client
      AND (CAST(:requisition AS text) IS NULL OR r.key = :requisition)
      AND e.not_before <= :as_of AND {SENDABLE} AND {TRUSTED}
"""
# What another process of this machine has begun is free when that process has ended.
_FREE = """
    ((e.state = 'due' AND NOT :unsettled_only)
     OR (e.state = 'sending' AND NOT :beside AND e.lease_until < clock_timestamp()
         AND (e.sent_at IS NULL OR e.owner IS NULL OR e.owner = :owner
              OR NOT starts_with(e.owner, :here))))
"""
# Into the client's vault: nothing depends on a copy, and it may be the vault that fails.
COPIES = ("offer.keep", "resume.keep")
# What was asked of a vendor about a subject before, and is not settled, goes first.
_IN_TURN = f"""
    NOT EXISTS (SELECT 1 FROM effect b
        WHERE b.client = e.client AND b.subject_kind = e.subject_kind
          AND b.subject_id = e.subject_id AND b.system = e.system AND b.id < e.id
          AND b.kind NOT IN {COPIES}
          AND (b.state = 'sending' AND (b.lease_until >= clock_timestamp() OR b.not_before > :as_of)
               OR b.state = 'due' AND b.attempts > 0
                  AND (b.not_before > :as_of OR :unsettled_only)))
"""
# On trial goes what was tried longest ago, so that one that always fails keeps no other from it;
# of one subject's effects the first. After a restore all that no person has settled is looked up.
_CLAIM = f"""
    WITH first AS (
        SELECT DISTINCT ON (e.system, e.subject_kind, e.subject_id) e.id, e.system, e.lease_until
        {_DUE_IN_SCOPE} AND {_FREE} AND {_IN_TURN} AND {ON_TRIAL} AND NOT :beside
        ORDER BY e.system, e.subject_kind, e.subject_id, e.id
    ),
    trial AS (
        SELECT DISTINCT ON (system) id FROM first
        ORDER BY system, lease_until NULLS FIRST, id
    ),
    mine AS (
        SELECT e.id, e.state = 'sending' AND e.sent_at IS NOT NULL
                     OR e.closed_by IS NULL AND {RESTORED} AS sent_before,
               r.key AS requisition_key, s.key AS subject_key,
               CAST(extract(epoch FROM clock_timestamp() - e.sent_at) AS float) AS sent_seconds_ago
        {_DUE_IN_SCOPE}
          AND {_FREE} AND {_IN_TURN} AND (NOT {ON_TRIAL} OR e.id IN (SELECT id FROM trial))
        ORDER BY e.id
        LIMIT :limit
        FOR UPDATE OF e SKIP LOCKED
    )
    UPDATE effect e
    SET state = 'sending', attempts = e.attempts + 1, owner = :owner,
        sent_at = CASE WHEN mine.sent_before THEN coalesce(e.sent_at, 'epoch') ELSE e.sent_at END,
        lease_until = clock_timestamp() + make_interval(secs => :lease)
    FROM mine WHERE e.id = mine.id
    RETURNING e.id, e.key, e.kind, e.system, e.subject_kind, e.subject_id,
              coalesce(mine.subject_key, mine.requisition_key) AS subject_key,
              e.request, e.created_as_of AS asked_at, e.attempts, mine.sent_before,
              mine.sent_seconds_ago, e.spared
"""


def abandon(connection: Connection, client: str) -> int:
    """End the leases of effects whose process is gone, or is this one; returns how many.

    For a run that has the client to itself: in its own process nothing is left at work. A process
    that lives, or that is on another machine, may still be waiting for the vendor's answer, though
    it has lost the client's lock together with its database; its effects keep their leases.
    """
    mine = _process(os.getpid())
    return _free(
        connection,
        client,
        [one for one in _owners(connection, client) if one == mine or _is_gone(one)],
    )


def _free(connection: Connection, client: str, gone: Sequence[str]) -> int:
    return connection.execute(
        text(
            "UPDATE effect SET lease_until = clock_timestamp() - interval '1 second',"
            # Long after its beginning a crashed try may still have sent: that it is not at the
            # vendor counts from here, where nobody sends any more.
            " sent_at = CASE WHEN owner IS NOT NULL AND sent_at IS NOT NULL"
            "   THEN clock_timestamp() ELSE sent_at END,"
            # A try that a crash cut off says nothing about the vendor: being killed often must
            # neither make it pause nor give it up. What has ended, well or not, has no owner.
            " spared = spared + CAST(owner IS NOT NULL AS int), owner = NULL"
            " WHERE client = :client AND state = 'sending'"
            " AND (owner IS NULL OR owner = ANY(:gone))"
        ),
        {"client": client, "gone": gone},
    ).rowcount


def _free_what_others_left(connection: Connection, client: str, mine: str) -> None:
    """Free what processes of this machine have left; who hangs in the middle of it is ended."""
    others = {
        owner: hangs
        for owner, hangs in _owners(connection, client).items()
        if owner != mine and owner.startswith(_here())
    }
    if gone := [one for one, hangs in others.items() if _is_gone(one) or (hangs and _ends(one))]:
        _free(connection, client, gone)


def _owners(connection: Connection, client: str) -> dict[str, bool]:
    """Who is at work on something, and whether they should long be done with what they began."""
    owners = connection.execute(
        text(
            "SELECT owner,"
            " bool_or(sent_at IS NOT NULL AND lease_until < clock_timestamp()) AS hangs"
            " FROM effect WHERE client = :client AND state = 'sending' AND owner IS NOT NULL"
            " GROUP BY owner"
        ),
        {"client": client},
    )
    return {row.owner: row.hangs for row in owners}


def _ends(owner: str) -> bool:
    """Kill a process of this machine; False if it lives on."""
    log.warning("the process %s is ended: it hangs in the middle of sending", owner)
    try:
        process = psutil.Process(_pid(owner))
        process.kill()
        process.wait(DYING_SECONDS)
    except psutil.Error:
        pass
    return _is_gone(owner)


def _process(pid: int) -> str:
    """Host, number and start of a process: no other has ever had all three.

    Its start is told from the machine's own, which wall clocks that are set do not move.
    """
    born = psutil.Process(pid).create_time() - psutil.boot_time()
    return f"{_here()}{pid} {born:.2f}"


def _here() -> str:
    """What the name of every process of this machine begins with."""
    return f"{socket.gethostname()} "


def _pid(owner: str) -> int:
    return int(owner.rsplit(" ", 2)[1])


def _is_gone(owner: str) -> bool:
    """Whether a process of this machine has ended; of another machine's nobody can tell."""
    if not owner.startswith(_here()):
        return False
    try:
        process = psutil.Process(_pid(owner))
        return _process(process.pid) != owner or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class InTheWay(StrEnum):
    """Why a claimed effect must not be sent now."""

    TAKEN_OVER = "another run has taken it over"
    ENDED = "its application has ended"
    FAILING = "its vendor has failed many times in a row"
    HELD = "it is held"


def begin(
    connection: Connection, claimed: Sequence[Claimed], as_of: datetime
) -> list[InTheWay | None]:
    """Renew the leases right before they are sent; or say what has come in the way since the claim.

    One answer for each, in their order; None: it may be sent once this is committed.
    """
    answers = {
        answer.id: answer
        for answer in connection.execute(
            _BEGIN,
            {
                **_fences(claimed),
                "as_of": as_of,
                "lease": LEASE_SECONDS,
                "after_the_end": _AFTER_THE_END,
            },
        )
    }
    return [_in_the_way(answers.get(effect.id)) for effect in claimed]


def _in_the_way(answer: Any) -> InTheWay | None:
    if answer is None:
        return InTheWay.TAKEN_OVER
    if answer.ended:
        return InTheWay.ENDED
    if answer.failing:
        return InTheWay.FAILING
    if answer.held:
        return InTheWay.HELD
    return None if answer.begun else InTheWay.TAKEN_OVER


def _fences(claimed: Iterable[Claimed]) -> dict[str, list[int]]:
    """Their ids and attempts, in the order of ids: two who lock rows in one order never block."""
    known = sorted((effect.id, effect.attempts) for effect in claimed)
    return {"ids": [each for each, _ in known], "attempts": [fence for _, fence in known]}


# For an effect `e` of an application `s`, if it is about one: what becomes of somebody, and the end
# of their offer, still leave; all else does not.
_ENDED = """
    (e.subject_kind = 'application' AND coalesce(s.disposition, 'HIRED_PAID') <> 'HIRED_PAID'
     AND e.kind <> ALL(:after_the_end))
"""
# The effects `mine`, by id, each as long as nobody else has claimed it.
_FENCED = "unnest(CAST(:ids AS bigint[]), CAST(:attempts AS int[])) AS mine(id, attempts)"
_ALL_STILL_OURS = "e.id = mine.id AND e.state = 'sending' AND e.attempts = mine.attempts"
# One statement, as all wait for it before they are sent: the questions alone would be four.
_BEGIN = text(
    f"""
    WITH asked AS (
        SELECT e.id, {_ENDED} AS ended, NOT {TRUSTED} AS failing, NOT {SENDABLE} AS held
        {_ABOUT}
        JOIN {_FENCED} ON {_ALL_STILL_OURS}
        ORDER BY e.id
        FOR UPDATE OF e
    ), begun AS (
        UPDATE effect SET sent_at = clock_timestamp(),
            lease_until = clock_timestamp() + make_interval(secs => :lease)
        FROM asked WHERE effect.id = asked.id AND NOT (ended OR failing OR held)
        RETURNING effect.id
    )
    SELECT asked.*, begun.id IS NOT NULL AS begun FROM asked LEFT JOIN begun USING (id)
"""
)


def too_late(connection: Connection, client: str, key: str) -> bool:
    """Whether an effect must not be sent any more, as the application it is about has ended.

    The notice, the tracker's and the board's news of what became of it, and the end of its offer
    still leave.
    """
    return bool(
        connection.execute(
            text(
                "SELECT 1 FROM effect e JOIN application s ON s.id = e.subject_id"
                f" WHERE e.client = :client AND e.key = :key AND {_ENDED}"
            ),
            {"client": client, "key": key, "after_the_end": _AFTER_THE_END},
        ).scalar()
    )


_AFTER_THE_END = [
    "board.tell",
    "message.send",
    "message.by_hand",
    "tracker.move",
    "tracker.reject",
    "tracker.note",
    "offer.cancel",
    "offer.keep",
    "background.cancel",
]


class Done(NamedTuple):
    """What a vendor has of an effect, and the instant from which it counts."""

    effect: Claimed
    receipt: Receipt
    as_of: datetime


def done(connection: Connection, at_the_vendor: Sequence[Done]) -> list[bool]:
    """The vendor has them: keep its ids, those of jobs and applications also in the crosswalk.

    False: somebody else has taken the effect over, and will find at the vendor what we did.
    """
    each = sorted(at_the_vendor, key=lambda one: one.effect.id)
    settled = connection.execute(
        _DONE,
        {
            **_fences(one.effect for one in each),
            "as_of": [one.as_of for one in each],
            "refs": [one.receipt.external_id for one in each],
            "others": [json.dumps(one.receipt.others) for one in each],
        },
    )
    ours = set(settled.scalars())
    _know(connection, ((e.id, e.kind) for e, _, _ in each if e.id in ours))
    return [one.effect.id in ours for one in at_the_vendor]


_DONE = text(
    f"""
    UPDATE effect e SET state = 'done', done_as_of = mine.as_of, external_id = mine.ref,
        others = CAST(mine.others AS jsonb), error = NULL
    FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS int[]), CAST(:as_of AS timestamptz[]),
                CAST(:refs AS text[]), CAST(:others AS text[]))
         AS mine(id, attempts, as_of, ref, others)
    WHERE {_ALL_STILL_OURS} RETURNING e.id
"""
)


def _know(connection: Connection, settled: Iterable[tuple[int, str]]) -> None:
    """Enter the vendor's ids of jobs and applications into the crosswalk; given by id and kind."""
    if known := [effect for effect, kind in settled if kind in _CROSSWALK]:
        connection.execute(text(_KNOW), {"ids": known, "crosswalk": json.dumps(_CROSSWALK)})


_KNOW = """
    INSERT INTO external_id (client, system, kind, external_id, subject_kind, subject_id)
    SELECT client, system, CAST(:crosswalk AS jsonb) ->> kind, external_id, subject_kind, subject_id
    FROM effect WHERE id = ANY(:ids) ORDER BY id ON CONFLICT DO NOTHING
"""
_STILL_OURS = "id = :id AND state = 'sending' AND attempts = :attempts"
_CROSSWALK = {"tracker.open_job": "job", "tracker.add": "application"}


def failed(
    connection: Connection,
    effect: Claimed,
    state: str,
    error: str,
    not_before: datetime,
    lease_seconds: float = 0,
    *,
    spared: bool = False,
    lost: bool = False,
) -> bool:
    """It failed: `due` from `not_before`, `dead`, `parked`, or `sending` (outcome unknown).

    lease_seconds: how long nobody may look it up yet; spared: the attempt does not count;
    lost: its answer was lost now. False: somebody else has taken it over.
    """
    settled = connection.execute(
        text(
            "UPDATE effect SET state = :state, error = :error, not_before = :not_before,"
            # It may have left only just now: what was begun long ago counts from here.
            " sent_at = CASE WHEN :lost THEN clock_timestamp() ELSE sent_at END,"
            " spared = spared + CAST(:spared AS int),"
            " owner = CASE WHEN :lease > 0 THEN owner END,"
            " lease_until = clock_timestamp() + make_interval(secs => :lease)"
            f" WHERE {_STILL_OURS}"
        ),
        {
            "id": effect.id,
            "attempts": effect.attempts,
            "lease": lease_seconds,
            "state": state,
            "error": error,
            "not_before": not_before,
            "spared": spared,
            "lost": lost,
        },
    )
    return settled.rowcount == 1


def put_back(connection: Connection, effect: Claimed) -> None:
    """Leave a claimed effect as it was before, untried: what comes before it is not settled."""
    connection.execute(
        text(
            "UPDATE effect SET state = :state, owner = NULL, lease_until = clock_timestamp(),"
            " spared = spared + 1"
            f" WHERE {_STILL_OURS}"
        ),
        {
            "id": effect.id,
            "attempts": effect.attempts,
            "state": "sending" if effect.sent_before else "due",
        },
    )


def seconds_to_wait(connection: Connection, scope: Scope, as_of: datetime) -> float | None:
    """How long until this process may look up the next effect whose outcome it does not know."""
    found: float | None = connection.execute(
        text(
            "SELECT CAST(extract(epoch FROM min(e.lease_until) - clock_timestamp()) AS float)"
            # Of those whose lease is over none is waited for: they were not claimed, as another
            # goes first. The transaction's start is what the claim before this has seen.
            f"{_DUE_IN_SCOPE} AND e.state = 'sending' AND e.owner = :owner"
            " AND e.lease_until >= now()"
        ),
        {
            "client": scope.client,
            "requisition": scope.requisition,
            "as_of": as_of,
            "owner": _process(os.getpid()),
        },
    ).scalar()
    return found


def close_by_hand(
    connection: Connection,
    client: str,
    key: str,
    state: str,
    by: str,
    why: str,
    as_of: datetime,
    ref: str | None = None,
) -> bool:
    """A person settles a dead or parked effect: `due` (retry), `done` (seen there) or `waived`.

    One to be tried again has all its tries before it; one that was parked after all of them, and
    not because nobody can look, is looked up first. `ref`: the vendor's id of what was done; it may
    be given anew for what a person has called done, as the first one may have been wrong.
    """
    settled = connection.execute(
        text(
            "UPDATE effect SET state = CASE WHEN :state = 'due' AND state = 'parked'"
            "   AND attempts - spared >= :tries THEN 'sending' ELSE :state END,"
            " closed_by = :by, error = :why, not_before = created_as_of,"
            " spared = CASE WHEN :state = 'due' THEN attempts ELSE spared END,"
            " external_id = coalesce(:ref, external_id),"
            " done_as_of = CASE WHEN :state = 'done'"
            "   THEN coalesce(done_as_of, CAST(:as_of AS timestamptz)) END"
            " WHERE client = :client AND key = :key AND (state IN ('dead', 'parked')"
            # What the machine has done has no error; a person's word is kept as one.
            "   OR state = 'done' AND error IS NOT NULL AND :state = 'done'"
            "      AND CAST(:ref AS text) IS NOT NULL AND kind = ANY(:watched))"
            " RETURNING id, kind"
        ),
        {
            "client": client,
            "key": key,
            "state": state,
            "by": by,
            "why": why,
            "as_of": as_of,
            "ref": ref,
            "tries": TRIES,
            "watched": sorted(_ASKED_FOR_LATER - _CROSSWALK.keys()),
        },
    ).one_or_none()
    if settled is not None and ref:
        _know(connection, [(settled.id, settled.kind)])
    return settled is not None


def needs_ref(kind: str) -> bool:
    """Whether what comes after this kind of effect asks the vendor about it by its id."""
    return kind in _ASKED_FOR_LATER


_ASKED_FOR_LATER = {
    "tracker.open_job",
    "tracker.add",
    "offer.send",
    "background.order",
    "payroll.create",
}
