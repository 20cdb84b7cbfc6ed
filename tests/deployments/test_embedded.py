"""One call brings the system up, whatever happened to it before, and its data stays."""

import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deployments import embedded
from deployments.errors import DeploymentError
from deployments.settings import Settings
from deployments.state import State

ONLY = ["postgres"]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home. Not under pytest's own directory, which every pytest closes to other users."""
    for name in os.environ:
        if name.startswith("FULLCYCLE_"):
            monkeypatch.delenv(name)
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as directory:
        yield Path(directory)


@pytest.fixture
def settings(home: Path) -> Iterator[Settings]:
    settings = Settings(home=home)
    yield settings
    embedded.down(settings)


def ledger(state: State) -> psycopg.Connection[tuple[Any, ...]]:
    url = state.settings.admin_database_url or ""
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def eventually(holds: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    return holds()


def healed(settings: Settings, before: State) -> bool:
    now = embedded.state(settings)
    if now is None or not now.ready(ONLY):
        return False
    return now.services["postgres"].pid != before.services["postgres"].pid


def test_what_was_written_is_there_after_down_and_up(settings: Settings) -> None:
    with ledger(embedded.up(settings, only=ONLY)) as before:
        before.execute("CREATE TABLE kept AS SELECT 7 AS value")

    embedded.down(settings)
    assert embedded.state(settings) is None

    with ledger(embedded.up(settings, only=ONLY)) as after:
        assert after.execute("SELECT value FROM kept").fetchone() == (7,)


def test_a_second_up_adopts_what_runs(settings: Settings) -> None:
    first = embedded.up(settings, only=ONLY)

    assert embedded.up(settings, only=ONLY) == first


def test_the_app_may_neither_rule_the_database_nor_bypass_row_security(settings: Settings) -> None:
    state = embedded.up(settings, only=ONLY)

    with ledger(state) as connection:
        rights = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls FROM pg_roles"
            " WHERE rolname = 'fullcycle_app'"
        ).fetchone()
    assert rights == (False, False, False, False)


def test_a_killed_database_is_started_again(settings: Settings) -> None:
    before = embedded.up(settings, only=ONLY)

    os.kill(before.services["postgres"].pid, signal.SIGKILL)

    assert eventually(lambda: healed(settings, before))
    ledger(before).close()


def test_after_a_killed_supervisor_up_adopts_the_database(settings: Settings) -> None:
    before = embedded.up(settings, only=ONLY)

    os.kill(before.pid, signal.SIGKILL)
    assert eventually(lambda: embedded.state(settings) is None)

    after = embedded.up(settings, only=ONLY)
    assert after.pid != before.pid
    assert after.services["postgres"].pid == before.services["postgres"].pid


def test_a_file_left_by_a_dead_supervisor_deceives_nobody(settings: Settings) -> None:
    (settings.home / "supervisor.pid").write_text(f"{os.getpid()}\n")

    assert embedded.state(settings) is None
    embedded.down(settings)  # does not end this process


def test_a_busy_port_is_named_with_its_setting(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        settings = Settings(home=home, receiver_port=port)

        with pytest.raises(DeploymentError, match=rf"port {port} .* FULLCYCLE_RECEIVER_PORT"):
            embedded.up(settings, only=ONLY)

    assert embedded.state(settings) is None


def test_a_home_with_a_long_path_works_too(home: Path) -> None:
    settings = Settings(home=home / ("long" * 30))
    try:
        ledger(embedded.up(settings, only=ONLY)).close()
    finally:
        embedded.down(settings)
