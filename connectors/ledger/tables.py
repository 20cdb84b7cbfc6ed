"""The ledger's tables. Every row belongs to one client; row-level security keeps it there.

Three kinds of tables: *subjects* (requisition, application) with their present stage, a projection
of `transition`; *landed records*, one table per canonical record, newest version per external id;
and *work*: effects, clocks, quarantine, gates, cursors, the inbox. What begins with `tracker_` is
the built-in applicant tracker's, which only its connector and its own commands know.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from connectors.records import (
    Application,
    BackgroundReport,
    Candidate,
    Employee,
    FormAnswer,
    Interview,
    MarketPay,
    Observed,
    PayStatement,
    Scorecard,
    Signature,
)

metadata = MetaData()
MOMENT = DateTime(timezone=True)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(), primary_key=True)


def _client() -> Column[str]:
    return Column("client", Text, nullable=False)


def _subject() -> tuple[Column[str], Column[int]]:
    """Whom a row is about: a requisition or an application, by id."""
    return (
        Column("subject_kind", Text, nullable=False),
        Column("subject_id", BigInteger, nullable=False),
    )


def _projection() -> tuple[Column[Any], ...]:
    """Where a subject stands now. `ready_for` names the next stage's gate it waits at."""
    return (
        Column("stage", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("since", MOMENT, nullable=False),
        Column("ready_for", Text),
        Column("waiting_on", Text),
        Column("disposition", Text),
        Column("reason", Text),
        Column("seq", Integer, nullable=False, server_default="0"),
        Column("head_hash", Text, nullable=False, server_default=""),
    )


client = Table(
    "client",
    metadata,
    Column("client", Text, primary_key=True),
    Column("process", JSONB, nullable=False),
    Column("version", Integer, nullable=False),
)

rule = Table(
    "rule",
    metadata,
    Column("id", Text, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("min_employees", Integer),
    Column("effective_from", Date, nullable=False),
    Column("effective_to", Date),
    Column("wait_days", Integer),
    Column("wait_unit", Text),
    Column("first", Text),
    Column("then", Text),
    Column("text", Text, nullable=False),
    Column("source", Text, nullable=False),
    comment="Law as data, published from expectations/law; the same for every client.",
)

requisition = Table(
    "requisition",
    metadata,
    _id(),
    _client(),
    Column("key", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Column("jurisdictions", ARRAY(Text), nullable=False),
    Column("headcount", Integer, nullable=False),
    Column("approval_hash", Text, nullable=False),
    Column("approved_hash", Text),
    Column("opened_at", MOMENT),
    Column("closed_at", MOMENT),
    Column("taken_over_at", MOMENT),
    *_projection(),
    UniqueConstraint("client", "key"),
)

opening = Table(
    "opening",
    metadata,
    _id(),
    _client(),
    Column("requisition_id", ForeignKey("requisition.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("application_id", BigInteger),
    Column("filled_at", MOMENT),
    UniqueConstraint("requisition_id", "number"),
)

person = Table(
    "person",
    metadata,
    _id(),
    _client(),
    Column("key", Text, nullable=False, comment="of the application that made them known"),
    Column("name", Text, nullable=False),
    UniqueConstraint("client", "key"),
    Column("name_in_lower_case", Text, Computed("lower(name)", persisted=True)),
    Index("person_name", "client", "name_in_lower_case"),
)

contact_point = Table(
    "contact_point",
    metadata,
    _id(),
    _client(),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False, comment="normalised"),
    UniqueConstraint("client", "person_id", "kind", "value"),
    Index("contact_point_value", "client", "kind", "value"),
)

match_proposal = Table(
    "match_proposal",
    metadata,
    _id(),
    _client(),
    Column("application_id", ForeignKey("application.id"), nullable=False),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    Column("score", Integer, nullable=False, comment="0 to 100"),
    Column("evidence", Text, nullable=False),
    Column("state", Text, nullable=False, comment="proposed, linked, refused"),
    UniqueConstraint("application_id", "person_id"),
)

application = Table(
    "application",
    metadata,
    _id(),
    _client(),
    Column("key", Text, nullable=False),
    Column("requisition_id", ForeignKey("requisition.id"), nullable=False),
    Column("person_id", ForeignKey("person.id")),
    Column("source", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("residence", Text, nullable=False),
    Column("jurisdictions", ARRAY(Text), nullable=False),
    Column("applied_at", MOMENT, nullable=False),
    Column("arrived_at", MOMENT, nullable=False),
    Column("consent_at", MOMENT),
    Column("answers", JSONB, nullable=False),
    Column("resume_text", Text, nullable=False),
    Column(
        "taken_over_in",
        Text,
        comment="the tracker's stage when it was taken over in flight; null: it applied with us",
    ),
    *_projection(),
    UniqueConstraint("client", "key"),
    Index("application_at", "client", "stage", postgresql_where=text("disposition IS NULL")),
    Index(
        "application_at_gate",
        "client",
        "ready_for",
        postgresql_where=text("disposition IS NULL AND ready_for IS NOT NULL"),
    ),
    Index(
        "application_taking",  # an opening, or about to
        "requisition_id",
        postgresql_where=text("disposition IS NULL OR disposition = 'HIRED_PAID'"),
    ),
    Index("application_requisition", "requisition_id"),
    Index("application_person", "person_id"),
)

evidence = Table(
    "evidence",
    metadata,
    _id(),
    _client(),
    Column("application_id", ForeignKey("application.id"), nullable=False),
    Column("must_have", Text, nullable=False),
    Column("source", Text, nullable=False, comment="answer, resume or screen"),
    Column("met", Boolean, nullable=False),
    Column("shown_at", MOMENT, nullable=False),
    UniqueConstraint("application_id", "must_have"),
)

posting = Table(
    "posting",
    metadata,
    _id(),
    _client(),
    Column("requisition_id", ForeignKey("requisition.id"), nullable=False),
    Column("reference", Text, nullable=False),
    Column("record", JSONB, nullable=False),
    Column("live", Boolean, nullable=False),
    UniqueConstraint("client", "reference"),
)

offer = Table(
    "offer",
    metadata,
    _id(),
    _client(),
    Column("application_id", ForeignKey("application.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("rate_cents", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("start_on", Date, nullable=False),
    Column("title", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("work_place", JSONB, nullable=False),
    Column("expires_at", MOMENT, nullable=False),
    Column("letter", Text, nullable=False),
    UniqueConstraint("application_id", "version"),
)

transition = Table(
    "transition",
    metadata,
    _id(),
    _client(),
    *_subject(),
    Column("subject_key", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("from_stage", Text),
    Column("from_state", Text),
    Column("to_stage", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("as_of", MOMENT, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("subject_kind", "subject_id", "seq"),
    Index("transition_as_of", "client", "as_of"),
)

digest = Table(
    "digest",
    metadata,
    Column("client", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("transitions", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)

effect = Table(
    "effect",
    metadata,
    _id(),
    _client(),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("system", Text, nullable=False),
    *_subject(),
    Column("request", JSONB, nullable=False),
    Column("state", Text, nullable=False, server_default="due"),
    Column("not_before", MOMENT, nullable=False),
    Column("created_as_of", MOMENT, nullable=False),
    Column("done_as_of", MOMENT),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column(
        "spared",
        Integer,
        nullable=False,
        server_default="0",
        comment="attempts that do not count: its vendor stood still",
    ),
    Column("lease_until", MOMENT, comment="the database's clock"),
    Column("owner", Text, comment="the process that carries it out"),
    Column("sent_at", MOMENT, comment="the last attempt, on the database's clock"),
    Column("external_id", Text),
    Column("others", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("error", Text),
    Column("closed_by", Text),
    UniqueConstraint("client", "key"),
    Index(
        "effect_unsettled",
        "client",
        "state",
        postgresql_where=text("state IN ('due', 'sending', 'dead', 'parked')"),
    ),
    Index(
        "effect_binding",  # what is read at the vendor for as long as it can still change
        "client",
        "kind",
        postgresql_where=text(
            "kind IN ('offer.send', 'offer.cancel', 'background.order', 'payroll.create')"
        ),
    ),
    Index("effect_subject", "subject_kind", "subject_id", "kind"),
)

clock = Table(
    "clock",
    metadata,
    _id(),
    _client(),
    *_subject(),
    Column("name", Text, nullable=False, comment="the stage and state it measures"),
    Column("owner", Text, nullable=False),
    Column("started_at", MOMENT, nullable=False),
    Column("due_at", MOMENT, nullable=False),
    Column("legal", Boolean, nullable=False, comment="a floor set by law, not a target"),
    Column("stopped_at", MOMENT),
    UniqueConstraint("subject_kind", "subject_id", "name", "started_at"),
    Index("clock_running", "client", "due_at", postgresql_where=text("stopped_at IS NULL")),
)

quarantine = Table(
    "quarantine",
    metadata,
    _id(),
    _client(),
    *_subject(),
    Column("stage", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("opened_at", MOMENT, nullable=False),
    Column("closed_at", MOMENT),
    Column("outcome", Text, comment="healed, released, taken_over or ended"),
    Column("closed_by", Text),
    Column("note", Text),
    Index(
        "quarantine_open",
        "subject_kind",
        "subject_id",
        "stage",
        "rule",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
    ),
)

gate_run = Table(
    "gate_run",
    metadata,
    _id(),
    _client(),
    Column("stage", Text, nullable=False),
    Column("as_of", MOMENT, nullable=False),
    Column("rows_hash", Text, nullable=False, comment="which versions of which rows were judged"),
    Column("rows_in", Integer, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("stopped", Text, comment="the batch rule that stopped the gate, if one did"),
    Column("findings", JSONB, nullable=False, comment="rule → rows failed; never a value"),
    UniqueConstraint("client", "stage", "as_of", "rows_hash"),
)

cursor = Table(
    "cursor",
    metadata,
    Column("client", Text, primary_key=True),
    Column("system", Text, primary_key=True),
    Column("resource", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("read_at", MOMENT),
)

external_id = Table(
    "external_id",
    metadata,
    _client(),
    Column("system", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    *_subject(),
    Column("retired_at", MOMENT, comment="merged or deleted at the vendor"),
    UniqueConstraint("client", "system", "kind", "external_id"),
    Index("external_id_subject", "subject_kind", "subject_id", "kind"),
)

sweep = Table(
    "sweep",
    metadata,
    Column("client", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("as_of", MOMENT, nullable=False),
    Column("steps", ARRAY(Text), nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    _id(),
    _client(),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("received_at", MOMENT, nullable=False, server_default=func.now()),
    Column("occurred_at", MOMENT, nullable=False),
    Column("body", Text, nullable=False),
    Column("read_at", MOMENT),
    Column("error", Text),
    UniqueConstraint("client", "source", "event_id"),
    Index("inbox_unread", "client", postgresql_where=text("read_at IS NULL")),
    Index("inbox_unreadable", "client", postgresql_where=text("error IS NOT NULL")),
)


def _nobodys(table: str) -> Index:
    """What has landed and belongs to nobody yet: it is looked at by every sweep."""
    return Index(
        f"{table}_nobodys",
        "client",
        "system",
        "external_id",
        postgresql_where=text("application_id IS NULL"),
    )


def _landed(name: str, *columns: Column[Any] | Index) -> Table:
    """A table of landed records: who told us, the newest version, and the fields we use."""
    return Table(
        name,
        metadata,
        _id(),
        _client(),
        Column("system", Text, nullable=False),
        Column("external_id", Text, nullable=False),
        Column("updated_at", MOMENT, nullable=False),
        Column("landed_at", MOMENT, nullable=False),
        Column("hash", Text, nullable=False),
        Column("document", Text, nullable=False),
        Column("document_hash", BigInteger, comment="64 bits; none: to be read anew"),
        Column("gone_at", MOMENT, comment="no longer in the vendor's list"),
        Column("application_id", BigInteger),
        *columns,
        UniqueConstraint("client", "system", "external_id"),
        Index(f"{name}_application", "application_id"),
    )


arrival = _landed(
    "arrival",
    Column("job_ref", Text, nullable=False),
    Column("candidate_ref", Text),
    Column("name", Text, nullable=False),
    Column("emails", JSONB, nullable=False),
    Column("phones", JSONB, nullable=False),
    Column("links", JSONB, nullable=False),
    Column("residence", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("applied_at", MOMENT, nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("resume_text", Text, nullable=False),
    Column("resume_json", JSONB),
    Column("consent_at", MOMENT),
    Column("stage", Text),
    Column("archive_kind", Text),
    Column("archive_reason", Text, nullable=False),
    _nobodys("arrival"),
)
candidate = _landed(
    "candidate",
    Column("name", Text, nullable=False),
    Column("emails", JSONB, nullable=False),
    Column("phones", JSONB, nullable=False),
    Column("links", JSONB, nullable=False),
    Column("residence", Text, nullable=False),
)
interview = _landed(
    "interview",
    Column("application_ref", Text, nullable=False),
    Column("round", Text, nullable=False),
    Column("starts_at", MOMENT, nullable=False),
    Column("ends_at", MOMENT, nullable=False),
    Column("status", Text, nullable=False),
    Column("interviewers", JSONB, nullable=False),
    _nobodys("interview"),
)
scorecard = _landed(
    "scorecard",
    Column("application_ref", Text, nullable=False),
    Column("round", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("submitted_at", MOMENT, nullable=False),
    Column("recommendation", Text),
    Column("answers", JSONB, nullable=False),
    _nobodys("scorecard"),
)
form_answer = _landed(
    "form_answer",
    Column("form", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("fields", JSONB, nullable=False),
    Index("form_answer_subject", "client", "subject"),
)
signature = _landed(
    "signature",
    Column("application_key", Text, nullable=False),
    Column("offer_hash", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("signed_at", MOMENT),
)
background_report = _landed(
    "background_report",
    Column("application_key", Text, nullable=False),
    Column("report_ref", Text),
    Column("status", Text, nullable=False),
    Column("result", Text),
    Column("includes_cancelled", Boolean, nullable=False),
    Column("completed_at", MOMENT),
    Column("adverse_ref", Text),
    Column("adverse_status", Text),
    Column("notice_at", MOMENT),
    Column("final_notice_at", MOMENT),
)
employee = _landed(
    "employee",
    Column("application_key", Text, nullable=False),
    Column("onboarding", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("start_on", Date, nullable=False),
    Column("rate_cents", BigInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("work_place", Text, nullable=False),
    Column("version", Text, nullable=False),
)
pay_statement = _landed(
    "pay_statement",
    Column("employee_ref", Text, nullable=False),
    Column("check_on", Date, nullable=False),
    Column("period_start_on", Date, nullable=False),
    Column("period_end_on", Date, nullable=False),
    Column("gross_cents", BigInteger, nullable=False),
    Column("rate_cents", BigInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("start_on", Date, nullable=False),
    Column("work_place", Text, nullable=False),
    Column("entity", Text, nullable=False),
    _nobodys("pay_statement"),
)

market_pay = _landed(
    "market_pay",
    Column("postings", Integer, nullable=False),
    Column("low_cents", BigInteger),
    Column("median_cents", BigInteger),
    Column("high_cents", BigInteger),
    Column("currency", Text, nullable=False),
    Column("unit", Text),
    Column("asked_on", Date, nullable=False),
)
LANDED: dict[type[Observed], Table] = {
    Candidate: candidate,
    Application: arrival,
    Interview: interview,
    Scorecard: scorecard,
    FormAnswer: form_answer,
    Signature: signature,
    BackgroundReport: background_report,
    Employee: employee,
    PayStatement: pay_statement,
    MarketPay: market_pay,
}

finding = Table(
    "finding",
    metadata,
    _id(),
    _client(),
    Column("kind", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column(
        "subject", Text, nullable=False, comment="whom of ours it is about, by key; empty: nobody"
    ),
    Column("owner", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("opened_at", MOMENT, nullable=False),
    Column("closed_at", MOMENT),
    Index(
        "finding_open",
        "client",
        "kind",
        "system",
        "external_id",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
    ),
)

hold = Table(
    "hold",
    metadata,
    _id(),
    _client(),
    Column("requisition", Text, nullable=False, comment="its code; empty: not about one"),
    Column("system", Text, nullable=False, comment="the vendor; empty: not about one"),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("placed_at", MOMENT, nullable=False),
    Column("lifted_at", MOMENT),
    Column("lifted_by", Text),
    Column("lifted_why", Text),
    Index(
        "hold_standing",
        "client",
        "requisition",
        "system",
        unique=True,
        postgresql_where=text("lifted_at IS NULL"),
    ),
)

breaker = Table(
    "breaker",
    metadata,
    _id(),
    _client(),
    Column("system", Text, nullable=False),
    Column("side", Text, nullable=False, comment="writes or reads"),
    Column("failures", Integer, nullable=False, comment="in a row, until it opened"),
    Column("pauses", Integer, nullable=False, server_default="0"),
    Column("why", Text, nullable=False),
    Column("failed_at", MOMENT, nullable=False),
    Column("opened_at", MOMENT, comment="none: failures are being counted"),
    Column("try_at", MOMENT),
    Column("closed_at", MOMENT),
    Column("closed_by", Text),
    Column("closed_why", Text),
    Index(
        "breaker_standing",
        "client",
        "system",
        "side",
        unique=True,
        postgresql_where=text("closed_at IS NULL"),
    ),
)

alarm = Table(
    "alarm",
    metadata,
    _id(),
    _client(),
    Column("kind", Text, nullable=False),
    Column("occurrence", Text, nullable=False, comment="which one it was, among those of its kind"),
    Column("told_at", MOMENT, nullable=False),
    UniqueConstraint("client", "kind", "occurrence"),
)

act = Table(
    "act",
    metadata,
    _id(),
    _client(),
    Column("number", Integer, nullable=False),
    Column("at", MOMENT, nullable=False),
    Column("by", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("subject", Text, nullable=False, comment="whom of ours it is about, by key; empty: all"),
    Column("about", Text, nullable=False, comment="the rule, effect, vendor, delivery or fields"),
    Column("why", Text, nullable=False),
    Column("proof", Text, nullable=False, comment="a hash of what is not written here"),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("client", "number"),
    Index("act_subject", "client", "subject"),
)

correction = Table(
    "correction",
    metadata,
    _id(),
    _client(),
    Column("application_id", ForeignKey("application.id"), nullable=False),
    Column("field", Text, nullable=False),
    Column("was", Text),
    Column("became", Text, nullable=False),
    Column("salt", Text, nullable=False, comment="of the hash in the act"),
    Column("corrected_at", MOMENT, nullable=False),
    Index("correction_application", "application_id"),
)


def _changed() -> tuple[Column[Any], ...]:
    """When a row was last changed, and its number among all changes, in the order of commits."""
    return (
        Column("changed", BigInteger, nullable=False),
        Column("changed_at", MOMENT, nullable=False, comment="the database's clock"),
    )


tracker_job = Table(
    "tracker_job",
    metadata,
    _id(),
    _client(),
    Column("requisition", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("headcount", Integer, nullable=False),
    Column("status", Text, nullable=False, comment="open or closed"),
    UniqueConstraint("client", "requisition"),
)

tracker_candidate = Table(
    "tracker_candidate",
    metadata,
    _id(),
    _client(),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Index("tracker_candidate_email", "client", "email"),
)

tracker_application = Table(
    "tracker_application",
    metadata,
    _id(),
    _client(),
    Column("key", Text, nullable=False, comment="of the application that was added"),
    Column("job_id", ForeignKey("tracker_job.id"), nullable=False),
    Column("candidate_id", ForeignKey("tracker_candidate.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("applied_at", MOMENT, nullable=False),
    Column("stage", Text, nullable=False),
    Column("archive_kind", Text),
    Column("archive_reason", Text, nullable=False, server_default=""),
    *_changed(),
    UniqueConstraint("client", "key"),
    Index("tracker_application_changed", "client", "changed"),
)

tracker_note = Table(
    "tracker_note",
    metadata,
    _id(),
    _client(),
    Column("candidate_id", ForeignKey("tracker_candidate.id"), nullable=False),
    Column("text", Text, nullable=False),
    Column("written_at", MOMENT, nullable=False),
    Index("tracker_note_candidate", "candidate_id"),
)

tracker_interview = Table(
    "tracker_interview",
    metadata,
    _id(),
    _client(),
    Column("application_id", ForeignKey("tracker_application.id"), nullable=False),
    Column("round", Text, nullable=False),
    Column("starts_at", MOMENT, nullable=False),
    Column("ends_at", MOMENT, nullable=False),
    Column("interviewers", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    *_changed(),
    Index("tracker_interview_application", "application_id"),
    Index("tracker_interview_changed", "client", "changed"),
)

tracker_scorecard = Table(
    "tracker_scorecard",
    metadata,
    _id(),
    _client(),
    Column("application_id", ForeignKey("tracker_application.id"), nullable=False),
    Column("round", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("submitted_at", MOMENT, nullable=False),
    Column("recommendation", Text),
    Column("answers", JSONB, nullable=False),
    *_changed(),
    UniqueConstraint("application_id", "round", "author"),
    Index("tracker_scorecard_changed", "client", "changed"),
)

tracker_receipt = Table(
    "tracker_receipt",
    metadata,
    _client(),
    Column("key", Text, nullable=False, comment="of the write"),
    Column("external_id", Text, nullable=False),
    Column("others", JSONB, nullable=False),
    UniqueConstraint("client", "key"),
)
