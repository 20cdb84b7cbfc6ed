"""A plain loop: read a page, decode it, upsert it with one statement of SQLAlchemy, commit."""

from datetime import UTC, datetime

import orjson
from sqlalchemy import Engine, create_engine, func, make_url, select
from sqlalchemy.dialects.postgresql import insert

from tests.bench.meter import Meter
from tests.bench.ways.job import Pull
from tests.bench.ways.sync_pages import pages
from tests.bench.ways.sync_table import candidates


def main() -> None:
    job = Pull.told()
    meter = Meter(job.servers)
    with meter.measured("plain loop, requests and SQLAlchemy", 1):
        engine = create_engine(
            # prepares the statement and sends a page at once: two thirds of psycopg2’s CPU
            make_url(job.database).set(drivername="postgresql+psycopg"),
            json_serializer=lambda value: orjson.dumps(value).decode(),
        )
        _pull(engine, job)
    meter.tell()


def _pull(engine: Engine, job: Pull) -> None:
    table = candidates(job.schema)
    table.create(engine, checkfirst=True)
    since = None
    if job.changed:
        with engine.connect() as connection:
            newest: datetime = connection.execute(select(func.max(table.c.updated_at))).scalar_one()
            since = newest.astimezone(UTC).isoformat()
    new = insert(table)
    others = {column.name: column for column in new.excluded if not column.primary_key}
    upsert = new.on_conflict_do_update(index_elements=[table.c.id], set_=others)
    for page in pages(job.api, since):
        if page:
            with engine.begin() as connection:
                connection.execute(upsert, page)


if __name__ == "__main__":
    main()
