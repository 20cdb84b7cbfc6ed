"""A process that has imported everything, and is forked for each run: `-m deployments.warm SOCKET`.

Importing Prefect, our flows and Great Expectations costs 3 CPU seconds, more than most runs need
for their work; a fork costs none of it, and shares the memory. It lives as long as its standard
input is open, which its worker holds. Whoever can open the socket can have anything done in our
name, so it is in a folder that is the user's alone, and goes with it.
"""

import gc
import json
import os
import runpy
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector, SelectorKey

from prefect.context import refresh_global_settings_context

from deployments.engine import NUMBER

READY = ("prefect.main", "prefect.flow_engine", "deployments.serve", "expectations.engine")
LONGEST_REQUEST_SECONDS = 5.0
STOPS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Request:
    """A run to carry out: in which folder and environment, and where its output goes."""

    cwd: str
    environment: Mapping[str, str]
    output: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Forked:
    """A run's process, and the socket on which somebody waits for its end."""

    process: int
    caller: socket.socket


def wait(path: Path) -> Request:
    """Fork for every request; returns it in the fork. Ends when the worker is gone."""
    for signum in STOPS:  # meant for the worker, as a terminal sends it; its runs are told by it
        signal.signal(signum, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    selector = DefaultSelector()
    selector.register(listener, EVENT_READ)
    selector.register(sys.stdin, EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin:
                path.unlink()
                path.parent.rmdir()
                sys.exit()
            if key.fileobj is not listener:
                _look(key, selector)
            elif request := _forked(listener, selector):
                return request


def _forked(listener: socket.socket, selector: DefaultSelector) -> Request | None:
    """Fork for who calls; the request in the fork, None where it was made."""
    caller, _ = listener.accept()
    try:
        request = _read(caller)
    except (OSError, ValueError):
        caller.close()
        return None
    process = os.fork()
    if not process:
        for each in list(selector.get_map().values()):
            if each.fileobj is not sys.stdin:
                os.close(each.fd)
        caller.close()
        return request
    for output in request.output:
        os.close(output)
    forked = Forked(process, caller)
    with suppress(OSError):  # gone already: that is seen when the socket is looked at
        caller.sendall(NUMBER.pack(process))
    selector.register(caller, EVENT_READ, forked)
    selector.register(os.pidfd_open(process), EVENT_READ, forked)
    return None


def _read(caller: socket.socket) -> Request:
    caller.settimeout(LONGEST_REQUEST_SECONDS)
    head, output, _, _ = socket.recv_fds(caller, NUMBER.size, 2)
    (size,) = NUMBER.unpack(head)
    request = json.loads(caller.recv(size, socket.MSG_WAITALL))
    return Request(request["cwd"], request["environment"], tuple(output))


def _look(key: SelectorKey, selector: DefaultSelector) -> None:
    """Kill the process of a caller who is gone; tell a caller how its process has ended."""
    forked: Forked = key.data
    if key.fd == forked.caller.fileno():
        selector.unregister(forked.caller)
        os.kill(forked.process, signal.SIGKILL)
        return
    _, status = os.waitpid(forked.process, 0)
    selector.unregister(key.fd)
    os.close(key.fd)
    if forked.caller in selector.get_map():
        selector.unregister(forked.caller)
    with suppress(OSError):
        forked.caller.sendall(NUMBER.pack(os.waitstatus_to_exitcode(status)))
    forked.caller.close()


def become(request: Request) -> None:
    """Be the process of a run: its folder, its environment, its output, with Prefect's settings."""
    for ours, theirs in zip((1, 2), request.output, strict=True):
        os.dup2(theirs, ours)
        os.close(theirs)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir(request.cwd)
    os.environ.clear()
    os.environ.update(request.environment)
    sys.argv[1:] = []
    refresh_global_settings_context()


def main() -> None:
    """Import everything, wait, and be Prefect's engine in each fork."""
    for name in READY:
        import_module(name)
    gc.collect()
    gc.freeze()  # else the forks' collectors touch, and so copy, all that they share
    become(wait(Path(sys.argv[1])))
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
