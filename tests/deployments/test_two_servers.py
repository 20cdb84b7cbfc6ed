"""Two Prefect servers behind one address, with Redis between them: either may be killed.

Needs the extra `redis`, and Redis' own program `redis-server`.
"""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from deployments import prefect_server
from deployments.processes import Child, listening
from tests.deployments import workers
from tests.deployments.workers import APPLICATIONS, System

REDIS = shutil.which("redis-server")

pytest.importorskip("prefect_redis", reason="the extra `redis` is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(REDIS is None, reason="there is no redis-server"),
]


class Balancer:
    """One address for several servers: a connection goes to one that takes it, in turn."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports, self._turn = list(ports), 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        """Take no further connections."""
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(caller,), daemon=True).start()

    def _connect(self, caller: socket.socket) -> None:
        self._turn += 1
        first = self._turn % len(self._ports)
        for port in self._ports[first:] + self._ports[:first]:
            with suppress(OSError):
                server = socket.create_connection(("127.0.0.1", port))
                back = threading.Thread(target=_copy, args=(server, caller), daemon=True)
                back.start()
                _copy(caller, server)
                return
        caller.close()


def _copy(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while told := source.recv(65536):
            to.sendall(told)
    for each in (source, to):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def redis(folder: Path) -> Iterator[int]:
    """A Redis of our own that keeps nothing; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [str(REDIS), "--port", str(port), "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            while not listening(port):
                assert process.poll() is None
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


def shared(port: int) -> dict[str, str]:
    """What docs/scaling.md has every server know."""
    return {
        "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
        "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
        "PREFECT_SERVER_DOCKET_URL": f"redis://127.0.0.1:{port}/0",
        "PREFECT_REDIS_MESSAGING_HOST": "127.0.0.1",
        "PREFECT_REDIS_MESSAGING_PORT": str(port),
    }


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Two servers with all their services; workers and runs know the balancer alone."""
    with ExitStack() as open, pytest.MonkeyPatch.context() as patch:
        for name, value in shared(open.enter_context(redis(tmp_path_factory.mktemp("r")))).items():
            patch.setenv(name, value)
        one = open.enter_context(workers.system())
        with socket.create_server(("127.0.0.1", 0)) as free:
            beside = one.settings.model_copy(update={"prefect_port": free.getsockname()[1]})
        told = {**prefect_server.server_environment(beside), "MACHINE": "beside"}
        log, up = beside.home / "beside.log", partial(prefect_server.ready, beside)
        other = Child(prefect_server.command(beside), told, log, up)
        other.start()
        open.callback(other.stop)
        while not other.answers():
            assert other.alive(), log.read_text()[-2000:]
            time.sleep(0.2)
        balancer = Balancer([one.settings.prefect_port or 0, beside.prefect_port or 0])
        open.callback(balancer.stop)
        address = f"http://127.0.0.1:{balancer.port}/api"
        yield System(
            one.settings, {**one.environment, "PREFECT_API_URL": address}, open, one.server
        )


def test_a_server_that_is_killed_with_its_services_costs_nothing(system: System) -> None:
    clients = [system.has_client(f"client_{pool}", pool) for pool in ("left", "right")]
    system.serves("left", "right")
    for pool in ("left", "right"):
        system.has_worker(pool)

    runs = [system.starts(pool) for pool in ("left", "right")]
    while min(client.bought.total() for client in clients) < APPLICATIONS / 4:
        time.sleep(0.05)
    os.killpg(system.server, signal.SIGKILL)
    system.ends(*runs)

    for client in clients:
        assert client.bought == Counter(client.applications)
    system.has_heard_of_every_task()
    assert "dropping" not in (system.settings.home / "beside.log").read_text()
