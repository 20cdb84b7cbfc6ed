"""Bring the ledger's schema up to date, and the law in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from connectors.ledger.client import publish_law


def migrate(owner_url: str, rules: Sequence[Mapping[str, Any]]) -> None:
    """Run the missing revisions and publish the legal rules, as the ledger's owner."""
    engine = create_engine(owner_url)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    with engine.begin() as connection:
        publish_law(connection, rules)
    engine.dispose()
