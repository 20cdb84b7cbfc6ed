"""One pull, measured: by the way itself, and from outside what only shows there."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests
from sqlalchemy import Connection, create_engine, text

from deployments import postgres
from deployments.processes import ROOT
from tests import peers
from tests.bench.meter import Cost, peak_memory, told
from tests.bench.ways.job import Pull

CHANGED = 0.01  # share
RUN_SECONDS = 3600
LOOK_SECONDS = 0.2
PULLS = {
    "full": "everything, into nothing",
    "again": "everything again, nothing changed",
    "changed": "what changed, 1 %",
}


@dataclass(frozen=True)
class Way:
    """A way to pull: its module, where it runs, what it lands, and which pulls it can do.

    prepared: statements that make room for a first pull, and `candidates` in the way's schema.
    """

    module: str
    lands: str
    python: str = sys.executable
    pulls: tuple[str, ...] = tuple(PULLS)
    prepared: tuple[str, ...] = ()
    ours: bool = False


@dataclass(frozen=True)
class Measured:
    """One pull: seconds, megabytes, and the calls that the vendor counted."""

    way: Way
    pull: str
    cost: Cost
    requests: int
    wal: float

    @property
    def cpu(self) -> float:
        """Of everybody, with what it takes to start."""
        return self.cost.start + self.cost.client + self.cost.servers


@contextmanager
def serving(records: int) -> Iterator[str]:
    """The stand-in with so many candidates, while the context lasts; its address."""
    command = [sys.executable, "-m", "tests.bench.greenhouse_api", "--records", str(records)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


class Place:
    """A PostgreSQL, whose every database is the superuser's, and a folder for each way."""

    def __init__(self, database: str, server: int, home: Path) -> None:
        self.database = database
        self.server = server
        self.home = home
        self._engine = create_engine(database, isolation_level="AUTOCOMMIT")
        with self._engine.connect() as connection:
            # What it would do at some time or other for one way, another would pay for.
            connection.execute(text("ALTER SYSTEM SET autovacuum = off"))
            connection.execute(text("SELECT pg_reload_conf()"))

    def pulled(self, way: Way, api: str, records: int) -> Iterator[Measured]:
        """The pulls of a way, one after the other, each looked at when it is done."""
        home = self.home / "state" / way.module
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        with self._engine.connect() as connection:
            for schema in (way.module, f"{way.module}_staging"):  # dlt has two
                connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
            connection.execute(text(f"CREATE SCHEMA {way.module}"))
            for statement in way.prepared:
                connection.execute(text(statement))
            for pull in way.pulls:
                touched = 0
                if pull == "changed":
                    touched = call(api, "touch", share=CHANGED)["touched"]
                # As the night finds them: counted, and nothing left to be written.
                connection.execute(text("VACUUM ANALYZE"))
                connection.execute(text("CHECKPOINT"))
                call(api, "reset")
                before = _wal(connection)
                cost = self._measured(way, api, pull == "changed", home)
                wal = (_wal(connection) - before) / 1e6
                calls = int(stats(api)["requests"])
                if way.module != "sync_download":
                    _check(connection, way, records, touched)
                yield Measured(way, pull, cost, calls, wal)

    def job(self, way: Way, api: str, changed: bool, home: Path) -> Pull:
        """What a way's process is asked to do."""
        database = self.database.replace("+psycopg", "")  # as libpq reads it
        return Pull(database, (self.server,), api, way.module, changed, str(home))

    def _measured(self, way: Way, api: str, changed: bool, home: Path) -> Cost:
        job = self.job(way, api, changed, home)
        printed, said = home.with_suffix(".out"), home.with_suffix(".err")
        with printed.open("w") as out, said.open("w") as err:
            running = started(way, job, stdout=out, stderr=err)
            peak = _peak_until_done(running)
        if running.returncode:
            raise AssertionError(f"{way.module} failed:\n{said.read_text()[-3000:]}")
        (cost,) = told(printed.read_text())
        cost.peak = max(cost.peak, peak)
        return cost


def started(way: Way, job: Pull, **streams: Any) -> "subprocess.Popen[bytes]":
    """A way's process, at work."""
    command = [way.python, "-m", f"tests.bench.ways.{way.module}", job.as_argument()]
    return subprocess.Popen(command, env=peers.environment(_with_psql()), cwd=ROOT, **streams)


def _peak_until_done(running: "subprocess.Popen[bytes]") -> float:
    """The most megabytes of a process and its children together."""
    peak, give_up = 0.0, time.monotonic() + RUN_SECONDS
    while running.poll() is None:
        assert time.monotonic() < give_up, running.args
        try:
            tree = [psutil.Process(running.pid)]
            tree += tree[0].children(recursive=True)
            peak = max(peak, sum(peak_memory(process.pid) for process in tree))
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            pass  # one has just ended
        time.sleep(LOOK_SECONDS)
    return peak


def stats(api: str) -> dict[str, float]:
    """What the stand-in has counted since it last was reset."""
    told: dict[str, float] = requests.get(f"{api}/ctl/stats").json()
    return told


def _with_psql() -> Mapping[str, str]:
    return {"PATH": f"{postgres.BINARIES}{os.pathsep}{os.environ['PATH']}"}


def call(api: str, what: str, **query: float) -> Any:
    """Have the stand-in do something for the benchmark."""
    answer = requests.post(f"{api}/ctl/{what}", params=query)
    answer.raise_for_status()
    return answer.json()


def _wal(connection: Connection) -> int:
    """Bytes written since the server was made."""
    position = text("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
    return int(connection.execute(position).scalar_one())


def _check(connection: Connection, way: Way, records: int, touched: int) -> None:
    """Everybody is there, and those who were touched last are as they are now."""
    table = f"{way.module}.candidates"
    newest = f"SELECT title FROM {table} ORDER BY updated_at DESC LIMIT 1"
    there, new = connection.execute(
        text(f"SELECT count(*), count(*) FILTER (WHERE title = ({newest})) FROM {table}")
    ).one()
    assert there == records, f"{way.module} has {there} of {records}"
    assert not touched or new == touched, f"{way.module} has {new} of {touched} changes"
