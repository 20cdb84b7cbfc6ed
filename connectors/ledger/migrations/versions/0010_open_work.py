"""Find what is open without reading what is over."""

from alembic import op

revision = "0010"
down_revision = "0009"

INDEXES = {
    "application_at_gate": """
        application (client, ready_for) WHERE disposition IS NULL AND ready_for IS NOT NULL
    """,
    "application_taking": """
        application (requisition_id) WHERE disposition IS NULL OR disposition = 'HIRED_PAID'
    """,
    "person_name": "person (client, name_in_lower_case)",
    "form_answer_subject": "form_answer (client, subject)",
    "effect_unsettled": """
        effect (client, state) WHERE state IN ('due', 'sending', 'dead', 'parked')
    """,
    "effect_binding": """
        effect (client, kind)
        WHERE kind IN ('offer.send', 'offer.cancel', 'background.order', 'payroll.create')
    """,
    "inbox_unread": "inbox (client) WHERE read_at IS NULL",
    "inbox_unreadable": "inbox (client) WHERE error IS NOT NULL",
    **{
        f"{table}_nobodys": f"{table} (client, system, external_id) WHERE application_id IS NULL"
        for table in ("arrival", "interview", "scorecard", "pay_statement")
    },
}


def upgrade() -> None:
    """Add indexes of what a sweep looks for: open, unsettled, unread, or nobody's.

    A name in lower case is a column: row-level security keeps an index on what lower() says from
    being used, as that function might tell of others' rows.
    """
    op.execute(
        "ALTER TABLE person ADD COLUMN name_in_lower_case TEXT"
        " GENERATED ALWAYS AS (lower(name)) STORED"
    )
    for name, index in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {index}")
    op.execute("DROP INDEX effect_open")  # within effect_unsettled
