"""The least that PostgreSQL does: `psql \\copy` of the loop's rows, which were written before."""

import json
import subprocess
from pathlib import Path

from sqlalchemy import create_engine, make_url

from tests.bench.meter import Meter
from tests.bench.ways.job import Pull
from tests.bench.ways.sync_pages import pages
from tests.bench.ways.sync_table import TYPES, candidates

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def main() -> None:
    job = Pull.told()
    meter = Meter(job.servers)
    engine = create_engine(make_url(job.database).set(drivername="postgresql+psycopg"))
    table = candidates(job.schema)
    table.create(engine)
    rows = Path(job.home) / "rows"
    _write(job.api, rows)
    with meter.measured("psql \\copy of the same rows", 1):
        subprocess.run(
            [
                "psql",
                "--quiet",
                job.database,
                f"--command=\\copy {table.fullname} from '{rows}'",
            ],
            check=True,
        )
    meter.tell()


def _write(api: str, rows: Path) -> None:
    with rows.open("w") as file:
        for page in pages(api):
            for record in page:
                file.write("\t".join(_told(record[name]) for name in TYPES) + "\n")


def _told(value: object) -> str:
    """As COPY's text format wants it."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(ESCAPES)
    return json.dumps(value, ensure_ascii=False).translate(ESCAPES)


if __name__ == "__main__":
    main()
