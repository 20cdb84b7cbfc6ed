"""The table that a loop and `\\copy` fill: a column for each field, JSONB for what is nested."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

TYPES: dict[str, TypeEngine[Any]] = {
    "id": BigInteger(),
    "created_at": DateTime(timezone=True),
    "updated_at": DateTime(timezone=True),
    "first_name": Text(),
    "last_name": Text(),
    "preferred_name": Text(),
    "company": Text(),
    "title": Text(),
    "last_activity_at": DateTime(timezone=True),
    "private": Boolean(),
    "can_email": Boolean(),
    "time_zone": Text(),
    "tags": JSONB(),
    "linked_user_ids": JSONB(),
    "phone_numbers": JSONB(),
    "addresses": JSONB(),
    "email_addresses": JSONB(),
    "website_addresses": JSONB(),
    "social_media_addresses": JSONB(),
    "custom_fields": JSONB(),
}


def candidates(schema: str) -> Table:
    """All fields of a candidate, in the order in which the vendor tells them."""
    columns = [Column(name, kind, primary_key=name == "id") for name, kind in TYPES.items()]
    return Table("candidates", MetaData(), *columns, schema=schema)
