"""Alembic's entry: run the revisions on the connection that `migrate` hands over."""

from alembic import context

from connectors.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
