"""The new hires to report as a file: drafted by us, filled in where the numbers are, read again.

CSV with a header. It holds people's social security numbers, so only its owner can read what we
write, and nothing of it is kept.
"""

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from nameparser import HumanName
from pydantic import ValidationError

from connectors.new_hires import Hired
from deployments.errors import DeploymentError
from deployments.intake_file import sentences
from tasks.new_hires import Unreported

STATE = "report_to"
COLUMNS = (STATE, *Hired.model_fields)


def draft(file: Path, due: Iterable[Unreported]) -> None:
    """Write a line for each, with what we know; raises DeploymentError if the file is there."""
    with _new(file).open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.DictWriter(target, COLUMNS, restval="")
        writer.writeheader()
        for each in due:
            name = HumanName(each.name)
            writer.writerow(
                {
                    STATE: each.state,
                    "reference": each.application,
                    "first_name": name.first,
                    "middle_name": name.middle,
                    "last_name": name.last,
                }
            )


def read(file: Path, state: str) -> tuple[list[Hired], list[str]]:
    """Read those of one state, and every problem with the others, by line and column.

    A value is never repeated. Raises DeploymentError if it is no such file.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as source:
            reader = csv.DictReader(source)
            lines = [row for row in reader if row.get(STATE) == state]
            columns = reader.fieldnames or ()
    except FileNotFoundError:
        raise DeploymentError(f"{file}: there is no such file") from None
    except (UnicodeDecodeError, csv.Error) as failure:
        raise DeploymentError(f"{file}: not readable as CSV: {type(failure).__name__}") from None
    if missing := [name for name in COLUMNS if name not in columns]:
        raise DeploymentError(f"{file}: columns missing: {', '.join(missing)}")
    hired: list[Hired] = []
    wrong: list[str] = []
    for row in lines:
        reference = row["reference"]
        try:
            hired.append(Hired.model_validate({name: row[name] or "" for name in COLUMNS[1:]}))
        except ValidationError as failure:
            wrong += [f"{reference}: {problem}" for problem in sentences(failure)]
    return hired, wrong


def write(file: Path, content: bytes) -> None:
    """Write the file for the directory; raises DeploymentError if it is there already."""
    _new(file).write_bytes(content)


def _new(file: Path) -> Path:
    """Make a file that only its owner can read."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise DeploymentError(f"{file} is there already; name another one") from None
    return file
