"""What a way of ordering is told to do, and the boundaries at which it is made to die.

The same for every way. Standard library only: one of them runs in an environment of its own.
"""

import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

BEFORE_SENDING = "before sending"
COMMITTED = "vendor's commit"
ANSWERED = "vendor's answer"
RECORDED = "our record"
DEATHS = (BEFORE_SENDING, COMMITTED, ANSWERED, RECORDED)
LOST_ANSWER = "answer lost"


@dataclass(frozen=True)
class Job:
    """Order one check for each application at the vendor's address.

    `home`: where the way may keep files; `database`: a PostgreSQL it may use; `keyed`: it sends an
    Idempotency-Key. `faults`: what happens, once, to the order for which application; what
    happens between the vendor's commit and our end of the line is the stand-in's to do.
    """

    vendor: str
    home: str
    database: str
    client: str
    applications: list[str]
    faults: dict[str, str]
    keyed: bool = False

    @classmethod
    def told(cls) -> "Job":
        """The job in this process's only argument."""
        return cls(**json.loads(sys.argv[1]))

    def as_argument(self) -> str:
        return json.dumps(asdict(self))

    def passes(self, boundary: str, application: str) -> None:
        """Die here if it is this order's fault, and has not happened yet."""
        if self.faults.get(application) != boundary:
            return
        try:
            Path(self.home, f"{application}.died").touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
