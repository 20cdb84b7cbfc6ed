"""The supervisor outlives whatever is wrong with what it keeps, and a disk without room."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from deployments import state
from deployments.settings import Settings
from deployments.supervisor import Kept, Supervisor


@dataclass
class Unwilling:
    """A service that cannot be started, as a database on a full disk."""

    starts: int = 0

    def start(self) -> int:
        self.starts += 1
        raise psycopg.OperationalError("the database system is in recovery mode")

    def alive(self) -> bool:
        return False

    answers = alive

    def stop(self) -> None:
        """There is nothing to stop."""


def test_a_service_that_fails_to_start_in_an_unforeseen_way_is_started_again_later() -> None:
    service = Unwilling()
    kept = Kept(service)
    assert not kept.tend()
    kept.not_before = 0.0  # its pause is over
    assert not kept.tend()
    assert service.starts == 2


def test_a_disk_without_room_does_not_end_the_supervisor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.want(tmp_path, ["postgres"])
    supervisor = Supervisor(Settings(home=tmp_path), {"postgres": Unwilling()})

    def no_room(now: state.State) -> None:
        supervisor.stop(0, None)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "write", no_room)
    supervisor.run()
    assert supervisor.stopping
