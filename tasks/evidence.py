"""Evidence: one application's whole history as a file that only its owner can read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write(story: Mapping[str, Any], file: Path) -> None:
    """Write what `enter.export` returned to a new file; raises FileExistsError if it is there."""
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(json.dumps(story, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def put(story: Mapping[str, Any], home: Path, name: str) -> str:
    """Write it to a new file among the evidence in the home; returns its name there."""
    directory = home / "evidence"
    directory.mkdir(mode=0o700, exist_ok=True)
    file = directory / f"{name}.json"
    write(story, file)
    return str(file.relative_to(home))
