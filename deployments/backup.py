"""Backup and restore: the ledger, Prefect's database with the accounts, documents and keys.

Both databases are dumped by PostgreSQL's own tools; the ledger in the very snapshot in which its
fingerprints are taken, so that a restored ledger can prove that it tells the same story.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from connectors.ledger import hold, status
from connectors.ledger.audit import Act, keep
from connectors.ledger.store import Ledger, engine_for
from connectors.ledger.verify import Violation, verify
from deployments import embedded, postgres, setup, supervisor
from deployments.errors import DeploymentError
from deployments.settings import Settings

LEDGER, PREFECT, MANIFEST = "ledger.dump", "prefect.dump", "manifest.json"
KEYS = ("secret", "prefect-encryption-key")
FOLDERS = ("documents", "vault")
# What Prefect only remembers for its own interface.
FORGETTABLE = ("events", "event_resources", "log")


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored system: its clients' fingerprints, and what their ledgers violate, by client."""

    fingerprints: dict[str, str]
    violations: dict[str, list[Violation]]


def backup(settings: Settings, directory: Path) -> dict[str, str]:
    """Write everything that is needed to start again elsewhere; returns fingerprints by client.

    Works while the system runs. Raises DeploymentError if the directory holds anything.
    """
    if directory.exists() and any(directory.iterdir()):
        raise DeploymentError(f"{directory} is not empty; name a new directory")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _snapshot(settings.admin_database_url or "") as (snapshot, fingerprints):
        _dump(settings.admin_database_url or "", directory / LEDGER, f"--snapshot={snapshot}")
    left_out = [f"--exclude-table-data={table}" for table in FORGETTABLE]
    _dump(settings.prefect_database_url or "", directory / PREFECT, *left_out)
    for name in KEYS:
        if (settings.home / name).exists():
            _copy(settings.home / name, directory / name)
    for name in FOLDERS:
        if (settings.home / name).exists():
            shutil.copytree(settings.home / name, directory / name)
    manifest = {
        "taken_at": datetime.now(UTC).isoformat(),
        "fingerprints": fingerprints,
        "files": _sums(directory),
    }
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=1))  # last: it is whole now
    return fingerprints


def restore(settings: Settings, directory: Path, by: str, why: str) -> Restored:
    """Bring a backup back into a place that has never been used, and verify every ledger in it.

    What happened since the backup is unknown to it: every client is held until a person resumes it,
    and what was due is looked up at its vendor before it is sent. Raises DeploymentError when the
    backup is not whole, the system runs, a database is not empty, or what was restored has another
    fingerprint than what was backed up.
    """
    manifest = _whole(directory)
    if embedded.state(settings) is not None:
        raise DeploymentError("the system runs here; `fullcycle down` first")
    with _databases(settings) as settled:
        admin = settled.admin_database_url or ""
        prefect = settled.prefect_database_url or ""
        _refuse_what_is_used(settled, admin, prefect)
        _make_roles(admin)
        _load(admin, directory / LEDGER)
        _load(prefect, directory / PREFECT)
        for name in KEYS:
            if (directory / name).exists():
                _copy(directory / name, settled.home / name)
        for name in FOLDERS:
            if (directory / name).exists():
                shutil.copytree(directory / name, settled.home / name)
        setup.prepare_ledger(settled)  # a backup may be older than this version's schema
        restored = _examined(admin, manifest["fingerprints"])
        about = f"backup of {manifest['taken_at']}"
        act = Act(at=datetime.now(UTC), by=by, command="restore", about=about, why=why)
        _be_careful(settled.database_url or "", restored.fingerprints, act)
        return restored


@contextmanager
def _snapshot(url: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A view of the ledger that does not change while it is dumped, and its fingerprints."""
    engine = create_engine(url, isolation_level="REPEATABLE READ")
    with engine.begin() as connection:
        snapshot: str = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        clients = connection.execute(text("SELECT client_names()")).scalars().all()
        yield snapshot, {client: status.fingerprint(connection, client) for client in clients}
    engine.dispose()


@contextmanager
def _databases(settings: Settings) -> Iterator[Settings]:
    """The settings with databases that answer; an embedded PostgreSQL runs for so long only."""
    if not supervisor.is_embedded(settings):
        yield settings
        return
    urls = postgres.start(settings.home)
    try:
        yield settings.model_copy(
            update={
                "database_url": urls.app_url,
                "admin_database_url": urls.admin_url,
                "prefect_database_url": urls.prefect_url,
            }
        )
    finally:
        postgres.stop(settings.home)


def _refuse_what_is_used(settings: Settings, *urls: str) -> None:
    for url in urls:
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        with engine.connect() as connection:
            tables: int = connection.execute(
                text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            ).scalar_one()
        engine.dispose()
        if tables:
            name = make_url(url).database
            raise DeploymentError(
                f"the database {name!r} is not empty; restore into a new FULLCYCLE_HOME,"
                " before its first `fullcycle up`"
            )
    kept = [name for name in (*KEYS, *FOLDERS) if (settings.home / name).exists()]
    if kept:
        raise DeploymentError(f"{settings.home} already holds {', '.join(kept)}; name a new home")


def _make_roles(url: str) -> None:
    """The roles that the ledger's own migrations make, where nobody has made them yet."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for role, rights in (
            ("fullcycle_app", "LOGIN NOBYPASSRLS"),
            ("fullcycle_self_id", "NOLOGIN"),
        ):
            known = connection.execute(
                text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}
            ).scalar()
            if not known:
                connection.execute(text(f"CREATE ROLE {role} {rights}"))
    engine.dispose()


def _examined(url: str, expected: dict[str, str]) -> Restored:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {client: status.fingerprint(connection, client) for client in expected}
        violations = {client: verify(connection, client) for client in expected}
    engine.dispose()
    if differing := sorted(client for client in expected if found[client] != expected[client]):
        raise DeploymentError(f"restored, but not what was backed up: {', '.join(differing)}")
    return Restored(found, violations)


def _be_careful(url: str, clients: Iterable[str], act: Act) -> None:
    for client in clients:
        with Ledger(url, client).transaction() as connection:
            hold.place_restored(connection, client, act.at)
            keep(connection, client, act)
    engine_for(url).dispose()


def _dump(url: str, to: Path, *options: str) -> None:
    """Dump a database in PostgreSQL's own compressed format."""
    to.touch(mode=0o600)
    _tool("pg_dump", url, "--format=custom", "--no-owner", f"--file={to}", *options)


def _load(url: str, dump: Path) -> None:
    """Load a dump whole or not at all. Comments on extensions are the superuser's to make."""
    options = ("--no-owner", "--no-comments", "--single-transaction", "--exit-on-error")
    database = make_url(url).database or ""
    _tool("pg_restore", url, *options, f"--dbname={database}", str(dump))


def _tool(program: str, url: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the address goes by environment, which nobody can list."""
    parts = make_url(url)
    told = {
        "PGHOST": parts.host or str(parts.query.get("host", "")),
        "PGPORT": str(parts.port or 5432),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.database or "",
        "PGSSLMODE": str(parts.query.get("sslmode", "")),
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    done = subprocess.run(
        [str(postgres.BINARIES / program), *arguments],
        env=clean | {name: value for name, value in told.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DeploymentError(f"PostgreSQL's {program} failed: {done.stderr.strip()}")


def _whole(directory: Path) -> dict[str, dict[str, str]]:
    """The manifest of a backup of which every file is as it was written."""
    path = directory / MANIFEST
    if not path.exists():
        raise DeploymentError(f"{directory} holds no finished backup: there is no {MANIFEST}")
    manifest: dict[str, dict[str, str]] = json.loads(path.read_text())
    present = _sums(directory)
    if wrong := sorted({n for n, _ in manifest["files"].items() ^ present.items()}):
        raise DeploymentError(f"the backup is damaged: {', '.join(wrong)}")
    return manifest


def _sums(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path != directory / MANIFEST
    }


def _copy(source: Path, to: Path) -> None:
    to.touch(mode=0o600)
    to.write_bytes(source.read_bytes())
