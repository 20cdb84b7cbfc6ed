"""One carrying process, seen from outside: started, waited for, killed, and what it has printed."""

import multiprocessing
import os
import signal
from pathlib import Path

from tests.chaos import carrier
from tests.chaos.carrier import Orders

# A process that was forked from one with everything imported is at work in a second, not in ten.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.chaos.carrier", "flows.sweep", "great_expectations"])

TICK = 0.1


class Carrier:
    """One carrying process under a home."""

    def __init__(self, home: Path, orders: Orders) -> None:
        folder = home / "chaos"
        folder.mkdir(parents=True, exist_ok=True)
        self._said = folder / f"{len(list(folder.iterdir()))}.out"
        self._said.touch()
        self._process = _FORKS.Process(target=carrier.main, args=(home, self._said, orders))
        self._process.start()

    @property
    def lives(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def works_for(self, seconds: float) -> None:
        """Let it work, or end."""
        self._process.join(seconds)

    def has_swept(self, sweeps: int) -> None:
        """Let it work until it has completed so many sweeps, or has ended."""
        while self.completed() < sweeps and self.lives:
            self.works_for(TICK)

    def is_sweeping(self) -> None:
        """Let it work until it is in the middle of a sweep, or has ended."""
        while self.begun() <= self.completed() and self.lives:
            self.works_for(TICK)

    def ends(self, seconds: float) -> int:
        """Wait for its end; returns the exit code, or minus the signal that ended it."""
        self._process.join(seconds)
        code = self._process.exitcode
        assert code is not None, f"still at work after {seconds} s:\n{self.trouble()}"
        return code

    def gets(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.lives:
            os.kill(self._process.pid or 0, number)

    def lines(self) -> list[str]:
        """What it has said so far."""
        return self._said.read_text(errors="replace").splitlines()

    def begun(self) -> int:
        """How many sweeps it has begun."""
        return sum(line.startswith(carrier.BEGUN) for line in self.lines())

    def completed(self) -> int:
        """How many sweeps it has completed."""
        return sum(line.startswith(carrier.SWEPT) for line in self.lines())

    def recovery(self) -> int:
        """The most sweeps it began until one of them was complete; 0: none ever was."""
        longest = begun = 0
        for line in self.lines():
            if line.startswith(carrier.BEGUN):
                begun += 1
            elif line.startswith(carrier.SWEPT):
                longest, begun = max(longest, begun), 0
        return longest

    def trouble(self) -> str:
        """The end of what it said."""
        return "\n".join(self.lines())[-3000:]
