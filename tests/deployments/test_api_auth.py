"""Prefect's API asks for a login if it has one, and is not open to a network without."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from pydantic import SecretStr, ValidationError

from deployments import embedded, prefect_server
from deployments.processes import ROOT
from deployments.settings import Settings
from deployments.state import State

LOGIN = ("ops", "correct horse")
READ_BACK = """
from prefect import get_client
with get_client(sync_client=True) as client:
    print(client.read_flow_runs())
"""
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def running() -> Iterator[State]:
    """A Prefect server that asks for a login, kept by a supervisor."""
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as home:
        settings = Settings(home=Path(home), api_auth=SecretStr(":".join(LOGIN)))
        try:
            yield embedded.up(settings, only=["postgres", "prefect"])
        finally:
            embedded.down(settings)


def ask(state: State, login: tuple[str, str] | None) -> int:
    return requests.post(
        f"{state.prefect_url}/api/block_documents/filter",
        json={"include_secrets": True},
        auth=login,
        timeout=20,
    ).status_code


def test_nobody_is_answered_without_the_login(running: State) -> None:
    assert [ask(running, login) for login in (None, ("ops", "guessed"), LOGIN)] == [401, 401, 200]


def environment(state: State) -> dict[str, str]:
    """What a command's process has: the system's, as its own settings know the login."""
    settings = state.settings.model_copy(update={"api_auth": SecretStr(":".join(LOGIN))})
    known = state.model_copy(update={"settings": settings})
    return {**os.environ, **known.environment()}


def test_our_own_processes_send_it(running: State) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ_BACK],
        env=environment(running),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_the_login_is_in_no_file_that_is_written_about_the_system(running: State) -> None:
    home = running.settings.home

    assert running.settings.api_auth is None  # as it was read back, without the variable
    written = [path for path in home.glob("*.json") if LOGIN[1] in path.read_text()]
    assert written == []


def test_whether_it_serves_is_asked_with_the_login(running: State) -> None:
    settings = Settings(
        home=running.settings.home,
        prefect_port=running.settings.prefect_port,
        api_auth=SecretStr(":".join(LOGIN)),
    )
    request = prefect_server._login(settings)

    url = f"{running.prefect_url}/api/deployments/filter"
    assert requests.post(url, json={"limit": 1}, headers=request, timeout=20).status_code == 200
    assert requests.post(url, json={"limit": 1}, timeout=20).status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7"])
def test_beyond_this_machine_nothing_listens_without_a_login(host: str) -> None:
    with pytest.raises(ValidationError, match=r"set FULLCYCLE_API_AUTH to user:password"):
        Settings.model_validate({"host": host})

    told = Settings.model_validate({"host": host, "api_auth": "ops:secret", "prefect_port": 4200})
    assert prefect_server.command(told)[-4:-2] == ["--host", host]
    reached = "127.0.0.1" if host == "0.0.0.0" else host
    assert prefect_server.url(told) == f"http://{reached}:4200"


@pytest.mark.parametrize("auth", ["ops", ":secret", "ops:", ""])
def test_a_login_without_a_password_is_refused_and_not_quoted(auth: str) -> None:
    with pytest.raises(ValidationError, match="write it like user:password") as refusal:
        Settings.model_validate({"api_auth": auth})
    assert "ops:" not in str(refusal.value)


def test_by_default_it_listens_to_this_machine_alone() -> None:
    assert str(Settings().host) == "127.0.0.1"
