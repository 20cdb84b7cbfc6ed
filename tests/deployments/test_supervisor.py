"""The supervisor outlives whatever is wrong with what it keeps, and a disk without room."""

import os
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from deployments import state
from deployments.embedded import GIVE_UP_AFTER
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


@dataclass
class Mortal:
    """A service that answers at once, and can be killed."""

    lives: bool = False

    def start(self) -> int:
        self.lives = True
        return os.getpid()

    def alive(self) -> bool:
        return self.lives

    answers = alive

    def stop(self) -> None:
        self.lives = False


def test_a_service_that_was_killed_often_but_always_answered_again_is_not_given_up() -> None:
    service = Mortal()
    kept = Kept(service)
    for _ in range(2 * GIVE_UP_AFTER):
        kept.not_before = 0.0
        kept.tend()
        assert kept.tend()
        assert kept.state().starts < GIVE_UP_AFTER
        service.stop()


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
