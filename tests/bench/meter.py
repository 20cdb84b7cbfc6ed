"""What something costs: processor seconds of this process and of servers, wall clock, memory."""

import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

QUIET_SECONDS = 2.0
QUIET = 0.05  # share of a processor
SETTLE_SECONDS = 0.2  # a server's process that has just ended counts once its parent has seen it


@dataclass
class Cost:
    """Of one piece of work over `units` units; seconds, and megabytes at the peak.

    `start`: of the client before it made its meter, with what it imports.
    """

    what: str
    units: int
    client: float = 0.0
    servers: float = 0.0
    wall: float = 0.0
    peak: float = 0.0
    start: float = 0.0

    @property
    def cpu_ms(self) -> float:
        """Processor milliseconds of everybody, for each unit."""
        return (self.client + self.servers) / self.units * 1000


@dataclass
class Meter:
    """Measures work of this process and of the servers with these process ids, children included.

    `drain`: wait until the servers are quiet, as one that writes behind is not done before.
    """

    servers: Sequence[int]
    drain: bool = False
    costs: list[Cost] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._start = self._client()

    @contextmanager
    def measured(self, what: str, units: int) -> Iterator[None]:
        """Measure what is done inside."""
        servers, client, began = self._servers(), self._client(), time.monotonic()
        yield
        wall = time.monotonic() - began
        time.sleep(SETTLE_SECONDS)
        if self.drain:
            self._wait_until_quiet()
        self.costs.append(
            Cost(
                what,
                units,
                client=self._client() - client,
                servers=self._servers() - servers,
                wall=wall,
                peak=peak_memory(os.getpid()),
                start=self._start,
            )
        )

    def tell(self) -> None:
        """Print what was measured, for `told` to read."""
        json.dump([asdict(cost) for cost in self.costs], sys.stdout)

    def _client(self) -> float:
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system

    def _servers(self) -> float:
        return sum(_processor_seconds(psutil.Process(pid)) for pid in self.servers)

    def _wait_until_quiet(self) -> None:
        while True:
            before = self._servers()
            time.sleep(QUIET_SECONDS)
            if self._servers() - before < QUIET * QUIET_SECONDS:
                return


def told(printed: str) -> list[Cost]:
    """What a process has measured."""
    return [Cost(**cost) for cost in json.loads(printed.splitlines()[-1])]


def peak_memory(process: int) -> float:
    """The most megabytes that a process had in memory; `getrusage` would count its parent's too."""
    status = Path(f"/proc/{process}/status").read_text()
    highest = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(highest[1]) / 1024 if highest else 0.0  # one that is ending has none left


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    spent = times.user + times.system + times.children_user + times.children_system
    for child in process.children(recursive=True):
        try:
            own = child.cpu_times()
        except psutil.NoSuchProcess:  # its parent has its times by now
            continue
        spent += own.user + own.system
    return float(spent)
