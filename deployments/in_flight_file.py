"""What is under way, as a file: drafted from the tracker, filled in by people, and read again.

YAML, a list of jobs: the tracker's id of each, and the requisition as in docs/requisition.md.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from connectors.requisition import InFlight
from deployments.errors import DeploymentError
from deployments.intake_file import sentences

if TYPE_CHECKING:  # the file is read before Prefect knows which system runs
    from tasks.in_flight import Open

HEAD = """\
# What is open in the tracker and not carried yet; {count}. Fill in what is empty
# (docs/requisition.md says what each field means), take out what is not to be carried, then:
#
#     fullcycle import {client} {file} --by WHO --why SENTENCE
#
# approved_by: who has approved the requisition as it is written here; empty: they are asked.
"""


def draft(file: Path, client: str, jobs: Sequence["Open"]) -> None:
    """Write a file of what the tracker says of these jobs; raises DeploymentError if it exists."""
    count = f"{len(jobs)} job{'' if len(jobs) == 1 else 's'}"
    entries = yaml.safe_dump(
        [_entry(client, job) for job in jobs], allow_unicode=True, sort_keys=False
    )
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(HEAD.format(count=count, client=client, file=file) + entries)
    except FileExistsError:
        raise DeploymentError(f"{file} is there already; name another one") from None


def _entry(client: str, job: "Open") -> dict[str, Any]:
    colleague = {"name": "", "email": ""}
    return {
        "job": job.ref,
        "approved_by": "",
        "requisition": {
            "code": "",
            "client": client,
            "title": job.title,
            "description": "",
            "level": "",
            "hiring_manager": dict(colleague),
            "places": [{"code": "", "city": job.place, "region": "", "country": ""}],
            "pay": {"min_cents": 0, "max_cents": 0, "currency": "USD", "unit": "year"},
            "benefits": "",
            "headcount": job.headcount or 1,
            "must_haves": [{"id": "", "text": "", "evidence": "screen"}],
            "rounds": [
                {"name": "", "competency": "", "interviewers": [dict(colleague)], "minutes": 45}
            ],
            "requested_by": dict(colleague),
            "business_reason": "",
        },
    }


def read(file: Path) -> tuple[list[InFlight], list[str]]:
    """Read a file: what can be taken over, and every problem with the rest, by job and field.

    Raises DeploymentError if it is no list of jobs.
    """
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DeploymentError(f"{file}: there is no such file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as failure:
        told = str(failure).splitlines()[0]
        raise DeploymentError(f"{file}: not readable as YAML: {told}") from None
    if not isinstance(entries, list):
        raise DeploymentError(f"{file}: must be a list of jobs, each begun with a dash")
    wanted, wrong = [], []
    for number, entry in enumerate(entries, 1):
        try:
            wanted.append(InFlight.model_validate(entry))
        except ValidationError as failure:
            job = entry.get("job") if isinstance(entry, dict) else None
            name = f"job {job}" if job else f"entry {number}"
            wrong += [f"{name}: {problem}" for problem in sentences(failure)]
    return wanted, wrong
