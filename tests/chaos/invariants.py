"""What must hold after any disturbance, read from the ledger and from the vendors' own records."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy import create_engine, text

from connectors.ledger.verify import Violation, verify
from deployments.demo import CLIENT
from deployments.sandbox.vendors import COUNTS, LETTERS
from tests.chaos import witnesses
from tests.chaos.driver import Outcome
from tests.chaos.vendors import Vendors
from tests.chaos.witnesses import Claims

# The story of a ledger without instants, attempts and row ids: who moved where and why, what was
# asked of whom and how it ended, who was held and how that ended. Words of care are left out: a day
# is part of their names.
_STORY = """
    SELECT concat_ws('|', 'moves', subject_key,
                     string_agg(concat_ws(' ', to_stage, to_state, reason), ' > ' ORDER BY seq))
    FROM transition GROUP BY subject_kind, subject_key
    UNION ALL
    SELECT concat_ws('|', 'effect', key, state) FROM effect
    WHERE kind <> 'posting.publish' AND key NOT LIKE '%:care:%'
    UNION ALL
    SELECT concat_ws('|', 'held', coalesce(a.key, r.key), q.stage, q.rule, q.outcome)
    FROM quarantine q
    LEFT JOIN application a ON q.subject_kind = 'application' AND a.id = q.subject_id
    LEFT JOIN requisition r ON q.subject_kind = 'requisition' AND r.id = q.subject_id
"""
_MOVES = """
    SELECT (as_of AT TIME ZONE 'UTC')::date, concat_ws(' ', subject_key, to_stage, to_state, reason)
    FROM transition
"""
_PEOPLE = """
    SELECT (SELECT count(*) FROM arrival) AS arrived,
           (SELECT count(*) FROM application) AS applications,
           (SELECT count(*) FROM application a WHERE disposition IS NULL AND NOT EXISTS
              (SELECT 1 FROM quarantine q WHERE q.subject_kind = 'application'
               AND q.subject_id = a.id AND q.closed_at IS NULL)) AS "in a stage",
           (SELECT count(DISTINCT subject_id) FROM quarantine
              WHERE subject_kind = 'application' AND closed_at IS NULL) AS "in quarantine",
           (SELECT count(*) FROM application WHERE disposition IS NOT NULL) AS ended
"""
_ASKED = """
    SELECT system, kind, count(*) AS asked, count(*) FILTER (WHERE state = 'done') AS done,
           count(*) FILTER (WHERE state = 'parked') AS parked
    FROM effect GROUP BY system, kind
    UNION ALL SELECT 'indeed', 'jobs', count(*), count(*), 0 FROM posting
    UNION ALL SELECT 'indeed', 'closed_jobs', count(*), count(*), 0 FROM posting WHERE NOT live
"""
_MAIL = "mail messages"
ONCE = "every effect reached its vendor exactly once"
NOBODY_LOST = "no applicant is lost, and no ending is untold"
LAWFUL = "no stage is skipped and no legal wait shortened"
SOUND = "the log's hash chain verifies, and the projection is its replay"
SAME_END = "the end is that of the undisturbed run"
RECOVERED = "after any fault, an instant is complete within a few sweeps"
NO_FORGERY = "no forged webhook is taken, and none is answered with a failure"
SWEEPS_AT_MOST = 10
RULES = {
    NOBODY_LOST: {"place", "notice"},
    LAWFUL: {"order", "wait", "time"},
    SOUND: {"chain", "projection", "seal", "effect"},
}


@dataclass(frozen=True)
class Asked:
    """One kind of effect: asked and done by the ledger, received by the vendor."""

    asked: int
    done: int
    parked: int
    at_vendor: int
    duplicates: int
    missing: int


@dataclass(frozen=True)
class Record:
    """What a finished run has left in its ledger and in its vendors' own records."""

    vendors: Vendors
    asked: dict[str, Counter[str]]
    story: set[str]
    moves: set[tuple[date, str]]
    people: dict[str, int]
    claims: Claims
    pages: set[str]
    violations: list[Violation]
    recovery: int


@dataclass(frozen=True)
class Comparison:
    """A disturbed run beside an undisturbed one of the same seed.

    `broken`: for each invariant what breaks it; `apart`: if the end is another, the moves of the
    first day on which the two differ; `effects`: by what the vendor calls them.
    """

    broken: dict[str, list[str]]
    apart: list[str]
    effects: dict[str, Asked]
    people: dict[str, int]

    @property
    def holds(self) -> bool:
        """Whether every invariant holds."""
        return not any(self.broken.values())


def record(outcome: Outcome) -> Record:
    """Read everything that is to hold, while the run's system is still up."""
    engine = create_engine(outcome.state.settings.admin_database_url or "")
    with engine.connect() as connection:
        story = {str(line) for line in connection.execute(text(_STORY)).scalars()}
        moves = {(day, move) for day, move in connection.execute(text(_MOVES))}
        people = dict(connection.execute(text(_PEOPLE)).one()._mapping)
        claims = witnesses.claims(connection)
        asked: dict[str, Counter[str]] = {}
        for row in connection.execute(text(_ASKED)):
            numbers = {"asked": row.asked, "done": row.done, "parked": row.parked}
            asked.setdefault(_name(row.system, row.kind), Counter()).update(numbers)
    engine.dispose()
    with outcome.ledger.transaction() as connection:
        found = verify(connection, CLIENT)
    return Record(
        outcome.vendors,
        asked,
        story,
        moves,
        people,
        claims,
        outcome.pages(),
        found,
        outcome.recovery,
    )


def compare(disturbed: Record, undisturbed: Record) -> Comparison:
    """Hold a disturbed run against its vendors' records, its ledger, and an undisturbed run."""
    effects = _effects(disturbed, undisturbed)
    here, there = disturbed.vendors, undisturbed.vendors
    more, less = _totals(here), _totals(there)
    lost = list(witnesses.lost(disturbed.claims, here))
    broken = {
        ONCE: [
            f"{name}: {each.duplicates} twice, {each.missing} missing"
            for name, each in effects.items()
            if each.duplicates or each.missing
        ],
        **{
            invariant: [str(found) for found in disturbed.violations if found.rule in rules]
            for invariant, rules in RULES.items()
        },
        SAME_END: [
            *(f"+ {line}" for line in sorted(disturbed.story - undisturbed.story)),
            *(f"- {line}" for line in sorted(undisturbed.story - disturbed.story)),
            *(f"+ {line}" for line in sorted(here.stands - there.stands)),
            *(f"- {line}" for line in sorted(there.stands - here.stands)),
            *(f"+ {kind} ×{n}" for kind, n in sorted((more - less).items())),
            *(f"- {kind} ×{n}" for kind, n in sorted((less - more).items())),
        ],
        RECOVERED: [f"{disturbed.recovery} sweeps"] * (disturbed.recovery > SWEEPS_AT_MOST),
        NO_FORGERY: [f"{what}: {n} times" for what, n in here.wrongly_answered.items()],
    }
    broken[ONCE] += witnesses.misposted(disturbed.claims, here, disturbed.pages)
    broken[NOBODY_LOST] += [*lost, *witnesses.untold(disturbed.claims, here)]
    broken[LAWFUL] += witnesses.shortened(disturbed.claims, here)
    apart = first_apart(disturbed.moves, undisturbed.moves) if broken[SAME_END] else []
    return Comparison(broken, apart, effects, {**disturbed.people, "lost": len(lost)})


def first_apart(here: set[tuple[date, str]], there: set[tuple[date, str]]) -> list[str]:
    """The moves of the first day that are only here (+) or only there (-)."""
    differ = sorted(here ^ there)
    return [
        f"{'+' if (day, move) in here else '-'} {day}: {move}"
        for day, move in differ
        if day == differ[0][0]
    ]


def _effects(disturbed: Record, undisturbed: Record) -> dict[str, Asked]:
    """What was asked of each vendor, and what the vendor's own record says of it.

    Twice is what a vendor has more often than once, and more often than it has it undisturbed.
    """
    effects = {}
    for name, ours in sorted(disturbed.asked.items()):
        theirs = disturbed.vendors.received.get(name, Counter())
        calm = undisturbed.vendors.received.get(name, Counter())
        effects[name] = Asked(
            asked=ours["asked"],
            done=ours["done"],
            parked=ours["parked"],
            at_vendor=theirs.total(),
            duplicates=sum(max(0, n - max(1, calm[each])) for each, n in theirs.items()),
            missing=max(0, ours["done"] - theirs.total()) if name in _COUNTED else 0,
        )
    return effects


def _totals(vendors: Vendors) -> Counter[str]:
    """How much the vendors have of each kind; what is delivered to us, and mail, may come again."""
    return Counter(
        {
            kind: names.total()
            for kind, names in vendors.received.items()
            if not kind.startswith("mail ") and kind not in _COMES_AGAIN
        }
    )


_COMES_AGAIN = {f"indeed {what}" for what in ("delivered", "duplicates", "refused", "given_up")}
_COUNTED = {
    _MAIL,
    "indeed jobs",
    "indeed closed_jobs",
    *(f"{system} {name}" for (system, _), name in COUNTS.items()),
}


def _name(system: str, kind: str) -> str:
    """What a vendor's record calls a kind of effect; our name for it if it counts none such."""
    if (system, kind) in LETTERS:
        return _MAIL
    known = COUNTS.get((system, kind))
    return f"{system} {known}" if known else f"{system} {kind}"
