"""Singer: a tap made with its SDK, piped into MeltanoLabs' target-postgres.

It runs in an environment that holds both and psutil, and none of ours.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.meter import Meter
from tests.bench.ways.job import Pull

TAP = [sys.executable, "-m", "tests.bench.ways.singer_tap"]
TARGET = str(Path(sys.executable).with_name("target-postgres"))


def main() -> None:
    job = Pull.told()
    home = Path(job.home)
    state = home / "state.json"
    target = {
        "sqlalchemy_url": job.database.replace("postgresql://", "postgresql+psycopg://"),
        "default_target_schema": job.schema,
        "use_copy": True,
        "validate_records": False,
        "add_record_metadata": False,
        "activate_version": False,
    }
    begin = ["--state", str(state)] if job.changed else []
    meter = Meter(job.servers)
    with meter.measured("Singer", 1):
        from_tap = _written(home / "tap.json", {"api": job.api})
        into_target = _written(home / "target.json", target)
        with subprocess.Popen([*TAP, *from_tap, *begin], stdout=subprocess.PIPE) as pulling:
            loaded = subprocess.run(
                [TARGET, *into_target],
                stdin=pulling.stdout,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        if pulling.returncode:
            raise SystemExit(pulling.returncode)
        state.write_text(loaded.stdout.splitlines()[-1])
    meter.tell()


def _written(place: Path, config: dict[str, Any]) -> list[str]:
    place.write_text(json.dumps(config))
    return ["--config", str(place)]


if __name__ == "__main__":
    main()
