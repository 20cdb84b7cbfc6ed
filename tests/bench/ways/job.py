"""What a way is asked to do, in a form that any environment can read."""

import json
import sys
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True)
class Asked:
    """`servers`: whose processor time counts as well."""

    database: str
    servers: tuple[int, ...]

    @classmethod
    def told(cls) -> Self:
        """The job that this process was started with."""
        given = json.loads(sys.argv[1])
        return cls(**given | {"servers": tuple(given["servers"])})

    def as_argument(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Job(Asked):
    """Carry so many applications at a database."""

    applications: int
    client: str


@dataclass(frozen=True)
class Pull(Asked):
    """Pull the candidates of the vendor at `api` into a schema of a database.

    `changed`: only those that were updated since the last pull, which may have left what it needs
    to know in the folder `home`. Otherwise all of them, whatever is in the schema already.
    """

    api: str
    schema: str
    changed: bool
    home: str
