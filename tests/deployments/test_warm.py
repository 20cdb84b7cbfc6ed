"""A run is carried out by a fork of the worker's warm process, and ends as if it were not one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from deployments.engine import WARM
from deployments.processes import ROOT


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    """The warm process; its last argument is its socket."""
    path = tmp_path_factory.mktemp("warm") / "s"
    command = [sys.executable, "-m", "deployments.warm", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as process:
        while not path.exists():
            assert process.poll() is None
            time.sleep(0.05)
        yield process


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a Prefect that never answers, so that a run waits for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/api"


def started(
    warm: subprocess.Popen[bytes] | None, folder: Path, **told: str
) -> subprocess.Popen[str]:
    """What the worker starts for a run."""
    path = warm.args[-1] if warm else folder / "none"  # type: ignore[index]
    bins = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ours = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": bins, WARM: str(path), **told}
    command = [sys.executable, "-S", "-m", "deployments.engine"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=ours, cwd=folder, stdout=pipe, stderr=pipe, text=True)


def waiting(warm: subprocess.Popen[bytes]) -> psutil.Process:
    """The fork that carries out the one run there is."""
    while not (forks := psutil.Process(warm.pid).children()):
        time.sleep(0.02)
    return forks[0]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_run_that_cannot_begin_ends_as_prefects_own(
    warm: subprocess.Popen[bytes], tmp_path: Path, is_there: bool
) -> None:
    run = started(warm if is_there else None, tmp_path, PREFECT__FLOW_RUN_ID="none")
    _, told = run.communicate(timeout=60)

    assert run.returncode == 1
    assert "Invalid flow run id" in told


def test_who_ends_the_process_ends_the_run(
    warm: subprocess.Popen[bytes], silent: str, tmp_path: Path
) -> None:
    run = started(warm, tmp_path, PREFECT__FLOW_RUN_ID=str(uuid4()), PREFECT_API_URL=silent)
    fork = waiting(warm)
    run.terminate()
    run.communicate(timeout=60)

    assert run.returncode == -signal.SIGTERM
    assert not fork.is_running()


def test_who_kills_the_process_kills_the_run(
    warm: subprocess.Popen[bytes], silent: str, tmp_path: Path
) -> None:
    run = started(warm, tmp_path, PREFECT__FLOW_RUN_ID=str(uuid4()), PREFECT_API_URL=silent)
    fork = waiting(warm)
    assert fork.environ() and Path(fork.cwd()) == tmp_path
    run.kill()
    run.communicate(timeout=60)

    assert psutil.wait_procs([fork], timeout=30)[1] == []


def test_it_ends_with_its_worker(tmp_path: Path) -> None:
    path = tmp_path / "warm" / "s"
    path.parent.mkdir()
    command = [sys.executable, "-m", "deployments.warm", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as process:
        while not path.exists():
            time.sleep(0.05)
        process.terminate()  # meant for the worker
        assert process.stdin
        process.stdin.close()
        assert process.wait(timeout=30) == 0
    assert not path.parent.exists()
