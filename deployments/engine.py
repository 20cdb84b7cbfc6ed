"""What a worker starts for a run: `python -S -m deployments.engine`, of the standard library.

It has the run carried out by a fork of the worker's warm process (see `deployments.warm`), stands
for it as long as it lives, and ends as it ends. Where there is none it becomes Prefect's engine.
"""

import json
import os
import signal
import socket
import struct
import sys
from types import FrameType

WARM = "FULLCYCLE_WARM"  # the environment variable with the warm process' socket
NUMBER = struct.Struct("!i")  # a process, or how it ended


def main() -> None:
    """Carry out the run that the environment names."""
    with socket.socket(socket.AF_UNIX) as warm:
        try:
            warm.connect(os.environ[WARM])
        except (KeyError, OSError):
            os.execvp("python", ["python", "-m", "prefect.engine"])
        told = json.dumps({"cwd": os.getcwd(), "environment": dict(os.environ)}).encode()
        socket.send_fds(warm, [NUMBER.pack(len(told))], [1, 2])
        warm.sendall(told)
        _stand_for(number(warm))
        ended = number(warm)
    if ended < 0:
        signal.signal(-ended, signal.SIG_DFL)
        os.kill(os.getpid(), -ended)
    sys.exit(ended)


def _stand_for(process: int) -> None:
    """Pass on what asks this process to end; whoever kills it closes the socket, which tells."""

    def pass_on(signum: int, _: FrameType | None) -> None:
        os.kill(process, signum)

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, pass_on)


def number(warm: socket.socket) -> int:
    """Read one number; raises ConnectionError if the other side is gone."""
    told = warm.recv(NUMBER.size, socket.MSG_WAITALL)
    if len(told) < NUMBER.size:
        raise ConnectionError("the process that carries out the run is gone")
    return int(NUMBER.unpack(told)[0])


if __name__ == "__main__":
    main()
