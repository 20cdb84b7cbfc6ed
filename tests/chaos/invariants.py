"""What must hold after any disturbance, read from the ledger and from the vendors' own records."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import create_engine, text

from connectors.ledger.verify import verify
from deployments import report
from deployments.demo import CLIENT
from tests.chaos.driver import Outcome

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
_PEOPLE = """
    SELECT (SELECT count(*) FROM arrival) AS arrived,
           (SELECT count(*) FROM arrival v WHERE v.application_id IS NULL
              AND EXISTS (SELECT 1 FROM external_id x WHERE x.external_id = v.job_ref)) AS lost,
           (SELECT count(*) FROM application) AS applications,
           (SELECT count(*) FROM application WHERE disposition IS NULL) AS open,
           (SELECT count(*) FROM application WHERE disposition IS NOT NULL) AS ended
"""


@dataclass(frozen=True)
class Comparison:
    """A disturbed run beside an undisturbed one of the same seed."""

    duplicates: Counter[str]
    missing: Counter[str]
    story_differs: list[str]
    parked: int
    people: dict[str, int]
    violations: list[str]

    @property
    def holds(self) -> bool:
        return not (
            self.duplicates.total()
            or self.missing.total()
            or self.story_differs
            or self.people["lost"]
            or self.violations
        )


def compare(disturbed: Outcome, undisturbed: Outcome) -> Comparison:
    """Hold a disturbed run against its own ledger, and against an undisturbed run of the seed."""
    here, there = story(disturbed), story(undisturbed)
    differs = sorted(f"+ {line}" for line in here - there)
    differs += sorted(f"- {line}" for line in there - here)
    return Comparison(
        _duplicates(disturbed, undisturbed),
        _missing(disturbed),
        differs,
        _parked(disturbed) - _parked(undisturbed),
        people(disturbed),
        violations(disturbed),
    )


def _duplicates(disturbed: Outcome, undisturbed: Outcome) -> Counter[str]:
    """What a vendor has more often than once, and more often than it has it undisturbed."""
    calm = undisturbed.received()
    return Counter(
        {
            kind: sum(
                max(0, times - max(1, calm.get(kind, Counter())[name]))
                for name, times in names.items()
            )
            for kind, names in disturbed.received().items()
        }
    )


def _missing(outcome: Outcome) -> Counter[str]:
    """What the ledger calls done and the vendor's own record does not hold."""
    received = outcome.received()
    missing: Counter[str] = Counter()
    mail = 0
    for effect in outcome.status()["effects"]:
        system, kind, done = effect["system"], effect["kind"], effect["count"]
        if effect["state"] == "done" and kind in report.MAIL:
            mail += done
        elif effect["state"] == "done" and (system, kind) in report.VENDOR_COUNTS:
            name = f"{system} {report.VENDOR_COUNTS[system, kind]}"
            missing[name] += max(0, done - received.get(name, Counter()).total())
    missing["mail messages"] += max(0, mail - received["mail messages"].total())
    return missing


def violations(outcome: Outcome) -> list[str]:
    """What the ledger's own check finds: chain, projection, seals, order, notices, clocks."""
    with outcome.ledger.transaction() as connection:
        return [str(found) for found in verify(connection, CLIENT)]


def _parked(outcome: Outcome) -> int:
    return sum(row["state"] == "parked" for row in outcome.status()["troubled_effects"])


def story(outcome: Outcome) -> set[str]:
    engine = create_engine(outcome.state.settings.admin_database_url or "")
    with engine.connect() as connection:
        lines = set(connection.execute(text(_STORY)).scalars())
    engine.dispose()
    return lines


def people(outcome: Outcome) -> dict[str, int]:
    engine = create_engine(outcome.state.settings.admin_database_url or "")
    with engine.connect() as connection:
        row = connection.execute(text(_PEOPLE)).one()
    engine.dispose()
    return dict(row._mapping)
