"""Rows as a stage sees them: one subject with what was asked about it and what was answered.

Every stage file states what it adds; the columns here are common to all. The same query serves the
gate (rows waiting at the stage's door) and `decide` (rows inside the stage).
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import Any, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from connectors.ledger.decisions import Subject, effect_key
from connectors.ledger.hold import MOVING
from connectors.ledger.scope import Scope
from connectors.ledger.unread import ALL_READ


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Subject):
    """What every row carries: `effects` by key and `forms` by "form:about"."""

    client: str
    requisition: str
    fields: dict[str, Any]
    jurisdictions: list[str]
    effects: dict[str, dict[str, Any]] = field(default_factory=dict)
    forms: dict[str, dict[str, Any]] = field(default_factory=dict)

    def asked(self, kind: str, about: str = "") -> dict[str, Any] | None:
        """The effect of this kind about this subject: state, asked_at, ref; None if never asked."""
        return self.effects.get(effect_key(kind, self.key, about))

    def every(self, kind: str, about: str = "") -> list[dict[str, Any]]:
        """The effects of this kind whose `about` begins so, oldest first."""
        beginning = effect_key(kind, self.key, about)
        mine = [effect for key, effect in self.effects.items() if key.startswith(beginning)]
        return sorted(mine, key=lambda effect: str(effect["asked_at"]))

    def done_at(self, kind: str, about: str = "") -> datetime | None:
        """When the vendor confirmed the effect; None before that."""
        effect = self.asked(kind, about)
        return datetime.fromisoformat(effect["done_at"]) if effect and effect["done_at"] else None

    def answer(self, form: str, about: str = "") -> dict[str, str] | None:
        """What was answered to a form, if anything yet."""
        given = self.forms.get(f"{form}:{about}")
        return given["fields"] if given else None

    def answered_at(self, form: str, about: str = "") -> datetime | None:
        """When a form was answered."""
        given = self.forms.get(f"{form}:{about}")
        return datetime.fromisoformat(given["at"]) if given else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequisitionRow(Known):
    """A requisition; `job_ref` is the tracker's id of its job, once there is one."""

    headcount: int
    approval_hash: str
    approved_hash: str | None
    openings_filled: int
    job_ref: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationRow(Known):
    """An application. `order_rules`: the [first, then] pairs of stages its places' law demands.

    `taken_over_in`: the tracker's stage when it was taken over in flight; None: it applied with us.
    """

    requisition_id: int
    person_id: int | None
    name: str
    email: str | None
    phone: str | None
    source: str
    applied_at: datetime
    tracker_ref: str | None
    candidate_ref: str | None
    tracker_stage: str | None
    taken_over_in: str | None = None
    order_rules: list[list[str]] = field(default_factory=list)

    def was_past(self, gate: str) -> bool:
        """Whether it had passed what a stage's gate stands for before we took it over."""
        return self.taken_over_in in PASSED_BEFORE.get(gate, ())


# Who was in these stages of the tracker when we took over had passed what the gate stands for.
PASSED_BEFORE = {
    "submittal": ("submitted", "interview", "offer"),
    "interviews": ("interview", "offer"),
    "selection": ("offer",),
}
# Of a requisition `r`: whether its present version is approved; the tracker's id of its job.
APPROVED = "r.approved_hash IS NOT DISTINCT FROM r.approval_hash"
JOB = """
    (SELECT max(x.external_id) FROM external_id x
     WHERE x.subject_kind = 'requisition' AND x.subject_id = r.id AND x.kind = 'job')
"""


def law(topic: str) -> str:
    """The FROM and WHERE of the rules on a topic that apply to the row's places on the day."""
    return f"""
        FROM rule l JOIN client c ON c.client = r.client
        WHERE l.topic = '{topic}' AND l.place = ANY(places.jurisdictions)
          AND (l.min_employees IS NULL OR CAST(c.process ->> 'employees' AS int) >= l.min_employees)
          AND l.effective_from <= (CAST(:as_of AS timestamptz) AT TIME ZONE 'UTC')::date
          AND (l.effective_to IS NULL
               OR l.effective_to > (CAST(:as_of AS timestamptz) AT TIME ZONE 'UTC')::date)
    """


def read_at(system: str, resource: str) -> str:
    """When a resource of the client's system of a kind was last read to its end; null: never.

    What a system does not say counts as silence only up to then. What it has said of the row's
    application, or of nobody we can tell, and nobody could read, is no silence at all.
    """
    return f"""
        (SELECT u.read_at FROM cursor u JOIN client c ON c.client = u.client
         WHERE u.client = r.client AND u.system = c.process -> 'systems' ->> '{system}'
           AND u.resource = '{resource}' AND {ALL_READ})
    """


# As json, which is read and not asked: to build jsonb of it takes half as long again.
def _memory(kind: str, alias: str) -> str:
    return f"""
        coalesce((
            SELECT json_object_agg(e.key, json_build_object('state', e.state, 'asked_at',
                   e.created_as_of, 'done_at', e.done_as_of, 'ref', e.external_id))
            FROM effect e WHERE e.subject_kind = '{kind}' AND e.subject_id = {alias}.id
        ), '{{}}') AS effects,
        coalesce((
            SELECT jsonb_object_agg(f.form || ':' || f.about, jsonb_build_object('fields', f.fields,
                   'at', f.updated_at) ORDER BY f.updated_at)
            FROM form_answer f WHERE f.client = {alias}.client AND f.subject = {alias}.key
        ), '{{}}') AS forms
    """


_AT_THE_DOOR = f"s.disposition IS NULL AND s.ready_for = :stage AND {MOVING}"
_INSIDE = f"s.disposition IS NULL AND s.stage = :stage AND s.ready_for IS NULL AND {MOVING}"


def requisitions(columns: str = "", joins: str = "") -> str:
    """The rows of a stage that holds requisitions."""
    return f"""
        SELECT 'requisition' AS subject_kind, s.id, s.key, s.stage, s.state, s.since, s.ready_for,
               s.seq, s.head_hash, s.client, s.key AS requisition, s.fields, s.jurisdictions,
               s.headcount, s.approval_hash, s.approved_hash,
               (SELECT count(*) FROM opening o
                WHERE o.requisition_id = s.id AND o.filled_at IS NOT NULL) AS openings_filled,
               {JOB} AS job_ref,
               {_memory("requisition", "s")}
               {columns}
        FROM requisition s
        JOIN requisition r ON r.id = s.id
        CROSS JOIN LATERAL (SELECT s.jurisdictions) places
        {joins}
        WHERE s.client = :client AND (CAST(:requisition AS text) IS NULL OR s.key = :requisition)
          AND {{where}}
    """


def applications(columns: str = "", joins: str = "") -> str:
    """The rows of a stage that holds applications.

    What it joins is one row at most by an aggregate or by DISTINCT ON, not by LIMIT: only of those
    PostgreSQL knows, and leaves them out where nobody looks at their columns. At a gate that is
    more than half of the cost.
    """
    return f"""
        SELECT 'application' AS subject_kind, s.id, s.key, s.stage, s.state, s.since, s.ready_for,
               s.seq, s.head_hash, s.client, r.key AS requisition, s.jurisdictions,
               s.requisition_id, s.person_id, s.name, s.email, s.phone, s.source, s.applied_at,
               ref.tracker_ref, tracker.candidate_ref, tracker.stage AS tracker_stage,
               s.taken_over_in,
               {_memory("application", "s")}
               {columns}
        FROM application s
        JOIN requisition r ON r.id = s.requisition_id
        CROSS JOIN LATERAL (SELECT s.jurisdictions) places
        LEFT JOIN LATERAL (
            SELECT max(x.external_id) AS tracker_ref FROM external_id x
            WHERE x.subject_kind = 'application' AND x.subject_id = s.id
              AND x.kind = 'application'
        ) ref ON true
        LEFT JOIN LATERAL (
            SELECT DISTINCT ON (v.application_id) v.application_id, v.stage, v.candidate_ref
            FROM arrival v WHERE v.application_id = s.id AND v.stage IS NOT NULL
        ) tracker ON tracker.application_id = s.id
        {joins}
        WHERE s.client = :client AND (CAST(:requisition AS text) IS NULL OR r.key = :requisition)
          AND {{where}}
    """


OFFER = """
    LEFT JOIN LATERAL (
        SELECT to_jsonb(o) AS offer, o.hash AS offer_hash, o.start_on, o.rate_cents AS offered_cents
        FROM offer o WHERE o.application_id = s.id ORDER BY o.version DESC LIMIT 1
    ) offer ON true
    LEFT JOIN LATERAL (
        SELECT g.status AS signature, g.signed_at FROM signature g
        WHERE g.application_id = s.id AND g.offer_hash = offer.offer_hash
        ORDER BY g.updated_at DESC LIMIT 1
    ) signature ON true
"""
# Of the newest order: what became of an earlier one says nothing any more.
REPORT = """
    LEFT JOIN LATERAL (
        SELECT b.external_id AS order_ref, b.report_ref, b.status AS report_status,
               b.result AS report_result, b.completed_at AS report_at, b.adverse_ref,
               b.adverse_status, b.notice_at, b.final_notice_at
        FROM background_report b WHERE b.application_id = s.id AND b.external_id = (
            SELECT e.external_id FROM effect e
            WHERE e.subject_kind = 'application' AND e.subject_id = s.id
              AND e.kind = 'background.order' ORDER BY e.id DESC LIMIT 1)
    ) report ON true
"""
EMPLOYEE = """
    LEFT JOIN LATERAL (
        SELECT e.external_id AS employee_ref, e.onboarding, e.entity AS hired_entity,
               e.start_on AS hired_start_on, e.rate_cents AS hired_cents, e.unit AS hired_unit,
               e.work_place AS hired_place
        FROM employee e WHERE e.application_id = s.id ORDER BY e.id DESC LIMIT 1
    ) employee ON true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow(ApplicationRow):
    """An application with its newest offer version and that version's signature."""

    offer: dict[str, Any] | None
    offer_hash: str | None
    start_on: date | None
    signature: str | None
    signed_at: datetime | None


R = TypeVar("R", bound=Known)


def inside(
    connection: Connection, row: type[R], sql: str, stage: str, scope: Scope, as_of: datetime
) -> list[R]:
    """The rows a stage may decide on, ordered by key."""
    asked = sql.replace("{where}", _INSIDE)
    return read(connection, row, asked, _parameters(stage, scope, as_of))


def read(connection: Connection, row: type[R], sql: str, parameters: Mapping[str, Any]) -> list[R]:
    """The rows of a query made by `requisitions` or `applications`."""
    result = connection.execute(text(f"{sql} ORDER BY key"), parameters)
    asked = list(result.keys())
    names = [known.name for known in dataclasses.fields(row)]
    at = [(name, asked.index(name)) for name in names if name in asked]
    found: list[dict[str, Any]] = [
        {name: each[index] for name, index in at} for each in result.all()
    ]
    if issubclass(row, ApplicationRow):
        _add_what_is_shared(connection, found, parameters)
    return [row(**each) for each in found]


def _add_what_is_shared(
    connection: Connection, found: Sequence[dict[str, Any]], parameters: Mapping[str, Any]
) -> None:
    """Give applications what hundreds have in common: in their own query it is most of the cost."""
    fields = _fields(connection, {each["requisition_id"] for each in found})
    places = {tuple(each["jurisdictions"]) for each in found}
    rules = order_rules(connection, parameters["client"], places, parameters["as_of"])
    for each in found:
        each["fields"] = fields[each["requisition_id"]]
        each["order_rules"] = rules[tuple(each["jurisdictions"])]


def _fields(connection: Connection, requisitions: Collection[int]) -> dict[int, dict[str, Any]]:
    """What requisitions say, by id."""
    found = connection.execute(
        text("SELECT id, fields FROM requisition WHERE id = ANY(:ids)"),
        {"ids": list(requisitions)},
    ).all()
    return {row.id: row.fields for row in found}


def order_rules(
    connection: Connection,
    client: str,
    places: Collection[tuple[str, ...]],
    as_of: datetime | str,
) -> dict[tuple[str, ...], list[list[str]]]:
    """The [first, then] pairs of stages that law demands on the day, by the places it is law in."""
    rules = connection.execute(
        text(
            f"""
            SELECT l.place, l.first, l.then FROM (SELECT CAST(:client AS text) AS client) r
            CROSS JOIN (SELECT CAST(:places AS text[]) AS jurisdictions) places
            CROSS JOIN LATERAL (SELECT l.* {law("stage_order")}) l
            ORDER BY l.id
            """
        ),
        {"client": client, "places": sorted({*chain.from_iterable(places)}), "as_of": as_of},
    ).all()
    return {
        each: [[rule.first, rule.then] for rule in rules if rule.place in each] for each in places
    }


def anybody(connection: Connection, stage: str, scope: Scope) -> bool:
    """Whether a requisition or an application is at a stage's gate or inside the stage."""
    asked = {"client": scope.client, "requisition": scope.requisition, "stage": stage}
    return bool(connection.execute(text(_ANYBODY), asked).scalar())


def _somebody(column: str, table: str, in_scope: str) -> str:
    return f"""
        EXISTS (SELECT 1 FROM {table} WHERE client = :client AND disposition IS NULL
                AND {column} = :stage AND (CAST(:requisition AS text) IS NULL OR {in_scope}))
    """


# One question for each index: of "inside or at the gate" in one, all who are open were read.
_ANYBODY = "SELECT " + " OR ".join(
    _somebody(column, table, in_scope)
    for table, in_scope in (
        ("requisition", "key = :requisition"),
        (
            "application",
            "requisition_id ="
            " (SELECT id FROM requisition WHERE client = :client AND key = :requisition)",
        ),
    )
    for column in ("stage", "ready_for")
)


def at_the_door(
    connection: Connection, sql: str, stage: str, scope: Scope, as_of: datetime
) -> list[Subject]:
    """The subjects that wait at a stage's gate, ordered by key."""
    names = [each.name for each in dataclasses.fields(Subject)]
    door = sql.replace("{where}", _AT_THE_DOOR)
    result = connection.execute(
        text(f"SELECT {', '.join(names)} FROM ({door}) door ORDER BY key"),
        _parameters(stage, scope, as_of),
    )
    # All at once and as they come: one by one, or through mappings, it takes half as long again.
    return [Subject(**dict(zip(names, each, strict=True))) for each in result.all()]


def subject(kind: str, columns: Sequence[Any]) -> Subject:
    """A subject from its columns `id` to `head_hash`, in the order of Subject."""
    names = (each.name for each in dataclasses.fields(Subject))
    return Subject(**dict(zip(names, (kind, *columns), strict=True)))


def _silence(system: str) -> str:
    """Hours since the client's system of a kind, as its process names it, was read to the end."""
    return f"""
        (SELECT extract(epoch FROM CAST(:as_of AS timestamptz) - min(u.read_at)) / 3600.0
         FROM cursor u JOIN client c ON c.client = u.client
         WHERE u.client = :client AND u.system = c.process -> 'systems' ->> '{system}')
        AS {system}_silent_hours
    """


_SILENCES = ", ".join(
    map(_silence, ("applicant_tracking", "signatures", "background_checks", "payroll"))
)


def gate_query(sql: str, stage: str, scope: Scope, as_of: datetime) -> str:
    """The rows at a stage's gate as one literal statement, for the engine that judges them.

    Beside the stage's own columns each has `<system>_silent_hours` for the systems we read.
    """
    door = sql.replace("{where}", _AT_THE_DOOR)
    literal = f"SELECT door.*, {_SILENCES} FROM ({door}) door"
    parameters = _parameters(stage, scope, as_of)
    used = {name: value for name, value in parameters.items() if f":{name}" in literal}
    return str(
        text(literal)
        .bindparams(**used)
        .compile(
            dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
            compile_kwargs={"literal_binds": True},
        )
    )


def _parameters(stage: str, scope: Scope, as_of: datetime) -> dict[str, Any]:
    return {
        "stage": stage,
        "client": scope.client,
        "requisition": scope.requisition,
        "as_of": as_of.isoformat(),
    }
