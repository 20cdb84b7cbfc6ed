"""What a way is asked to do, in a form that any environment can read."""

import json
import sys
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Job:
    """Carry so many applications at a database; `servers`: whose processor time counts as well."""

    applications: int
    database: str
    client: str
    servers: tuple[int, ...]

    @classmethod
    def told(cls) -> "Job":
        """The job that this process was started with."""
        given = json.loads(sys.argv[1])
        return cls(**given | {"servers": tuple(given["servers"])})

    def as_argument(self) -> str:
        return json.dumps(asdict(self))
