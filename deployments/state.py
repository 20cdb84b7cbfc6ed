"""What runs under a home, as its supervisor last wrote it down, and the lock that proves it runs.

The supervisor holds a lock on `supervisor.pid` as long as it lives, so a stale file, or a number
that another process has got since, deceives nobody.
"""

import fcntl
import json
import os
from collections.abc import Collection
from pathlib import Path
from typing import TextIO

from pydantic import BaseModel, ConfigDict

from deployments import prefect_server
from deployments.settings import Settings

LOG_LINES = 15


class ServiceState(BaseModel):
    """One kept process. `born` tells it from a later process with the same number."""

    model_config = ConfigDict(frozen=True)

    pid: int
    born: float
    ready: bool
    starts: int


class State(BaseModel):
    """A running system. In `settings` every port and database is settled."""

    model_config = ConfigDict(frozen=True)

    pid: int
    settings: Settings
    services: dict[str, ServiceState] = {}

    def ready(self, names: Collection[str]) -> bool:
        """Whether all these services answer."""
        return all(name in self.services and self.services[name].ready for name in names)

    @property
    def prefect_url(self) -> str:
        """Prefect's user interface."""
        return prefect_server.url(self.settings)

    @property
    def receiver_url(self) -> str:
        """Where webhooks and candidates' links arrive."""
        return f"http://{self.settings.reached_at}:{self.settings.receiver_port}"

    @property
    def sandbox_url(self) -> str:
        """Where the stand-ins answer."""
        return f"http://127.0.0.1:{self.settings.sandbox_port}"

    def environment(self) -> dict[str, str]:
        """What a process needs to work with this system; set before Prefect is imported."""
        return {
            **self.settings.environment(),
            **prefect_server.client_environment(self.settings),
        }


def lock(home: Path) -> TextIO | None:
    """Become the one supervisor of this home, while the file is open; None if there is one."""
    file = (home / "supervisor.pid").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def supervised(home: Path) -> bool:
    """Whether a supervisor lives."""
    if not (home / "supervisor.pid").exists():
        return False
    if file := lock(home):
        file.close()
    return file is None


def read(home: Path) -> State | None:
    """What was last written, by a supervisor that may be dead."""
    path = home / "state.json"
    return State.model_validate_json(path.read_text()) if path.exists() else None


def write(state: State) -> None:
    """Replace what is written, in one step. Secrets from the environment stay out."""
    secrets = {"secret", "api_auth", "alert_webhook", "alert_email", "alert_smtp"}
    text = state.model_dump_json(exclude={"settings": secrets}, indent=1)
    _replace(state.settings.home / "state.json", text)


def wanted(home: Path) -> list[str]:
    """The services that shall run."""
    return [str(name) for name in json.loads((home / "wanted.json").read_text())]


def want(home: Path, names: Collection[str]) -> None:
    """Say which services shall run."""
    _replace(home / "wanted.json", json.dumps(sorted(names)))


def log(home: Path, name: str) -> Path:
    """Where a service's output is kept."""
    directory = home / "logs"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory / f"{name}.log"


def last_words(home: Path, name: str) -> str:
    """The end of a service's log, or of the supervisor's, for an error message."""
    path = log(home, name)
    if not path.exists():
        path = log(home, "supervisor")
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return "\n".join([f"see {path}", *lines[-LOG_LINES:]])


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)
