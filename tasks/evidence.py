"""Evidence: one application's whole history as a file that only its owner can read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write(story: Mapping[str, Any], file: Path) -> None:
    """Write what `enter.export` returned to a new file; raises FileExistsError if it is there."""
    file.touch(mode=0o600, exist_ok=False)
    file.write_text(json.dumps(story, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
