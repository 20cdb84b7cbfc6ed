"""The command answers at once, says what to do when nothing runs, and lists every problem."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from deployments.cli import app
from deployments.errors import DeploymentError
from deployments.sandbox.people import DATA

COMMANDS = (
    "up",
    "down",
    "status",
    "demo",
    "carry",
    "import",
    "hold",
    "resume",
    "release",
    "audit",
    "export",
    "verify",
    "backup",
    "restore",
    "requisition open",
    "requisition import",
    "requisition cancel",
    "client add",
    "client export",
    "connect",
    "doctor",
    "quarantine list",
    "quarantine show",
    "quarantine correct",
    "quarantine release",
    "effect list",
    "effect retry",
    "effect done",
    "effect waive",
    "webhook list",
    "webhook replay",
)

BY = ("--by", "ops", "--why", "asked to")
# What changes something, or shows what is personal; `status`, lists and `verify` only look, and
# sweeps, `up`, `down`, `demo` and `backup` do what the machine is there for.
OF = ("--client", "harbor")
BY_SOMEBODY = {
    "hold": OF,
    "resume": OF,
    "release": (*OF, "HARBOR-1", "INT-001"),
    "export": (*OF, "HARBOR-1.0a", "evidence.json"),
    "restore": ("somewhere",),
    "requisition open": ("file.yaml",),
    "requisition import": ("file.csv", "--map", "map.yaml"),
    "requisition cancel": (*OF, "HARBOR-1"),
    "client add": ("file.yaml",),
    "quarantine correct": (*OF, "HARBOR-1.0a", "name=Ann"),
    "quarantine release": (*OF, "HARBOR-1", "INT-001"),
    "effect retry": (*OF, "key"),
    "effect done": (*OF, "key"),
    "effect waive": (*OF, "key"),
    "webhook replay": (*OF, "1"),
}


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as directory:
        yield Path(directory)


def fullcycle(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {n: v for n, v in os.environ.items() if not n.startswith("FULLCYCLE_")}
    return subprocess.run(
        [sys.executable, "-m", "deployments.cli", *arguments],
        env={**environment, "FULLCYCLE_HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_of_every_command_needs_neither_prefect_nor_the_ledger() -> None:
    script = f"""
import sys
from typer.testing import CliRunner
from deployments.cli import app
for command in {COMMANDS!r}:
    answer = CliRunner().invoke(app, [*command.split(), "--help"])
    assert answer.exit_code == 0 and "Usage" in answer.output, command
heavy = {{"prefect", "sqlalchemy", "great_expectations", "pandas", "alembic"}} & set(sys.modules)
heavy |= {{"psycopg", "cryptography"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_help_answers_at_once(home: Path) -> None:
    taken = []
    for _ in range(3):  # the machine may be busy
        started = time.monotonic()
        done = fullcycle(home, "--help")
        taken.append(time.monotonic() - started)

    assert done.returncode == 0
    assert all(command.split()[0] in done.stdout for command in COMMANDS)
    assert min(taken) < 2


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("carry", "--client", "harbor", "HARBOR-1"),
        ("requisition", "open", str(DATA / "requisitions/HARBOR-1.yaml"), *BY),
        ("client", "add", str(DATA / "clients/harbor.yaml"), *BY),
        ("client", "export", "harbor"),
        ("verify",),
        ("backup", "somewhere"),
        ("hold", "--client", "harbor", *BY),
        ("effect", "list"),
        ("quarantine", "list"),
        ("quarantine", "show", "HARBOR-1.0a"),
        ("webhook", "list"),
        ("audit",),
    ],
)
def test_a_command_that_needs_a_running_system_says_how_to_start_it(
    home: Path, command: tuple[str, ...]
) -> None:
    done = fullcycle(home, *command)

    assert done.returncode == 1
    assert done.stderr.strip() == "nothing runs here; start it with `fullcycle up`"
    assert done.stdout == ""


@pytest.mark.parametrize("command", BY_SOMEBODY)
@pytest.mark.parametrize("option", ["--by", "--why"])
def test_nobody_changes_anything_without_saying_who_and_why(command: str, option: str) -> None:
    given = [*command.split(), *BY_SOMEBODY[command]]
    other = BY[2:] if option == "--by" else BY[:2]

    for said in (other, (*other, option, " ")):
        done = CliRunner().invoke(app, [*given, *said])
        assert done.exit_code == 2, done.output
        assert option in done.output


def test_personal_data_is_shown_to_nobody_without_who_and_why() -> None:
    show = ["quarantine", "show", "HARBOR-1.0a", "--values"]

    for answers in ((), ("--by", "ops"), ("--why", "asked to"), ("--by", " ", "--why", "asked to")):
        with pytest.raises(DeploymentError, match="personal data: say --by and --why"):
            app([*show, *answers], standalone_mode=False)


def test_what_is_under_way_is_taken_over_by_somebody_or_not_at_all(home: Path) -> None:
    file = home / "in-flight.yaml"
    file.write_text("[]")

    with pytest.raises(DeploymentError, match="nothing in it can be taken over"):
        app(["import", "harbor", str(file), *BY], standalone_mode=False)
    for answers in ((), BY[:2], BY[2:], ("--by", " ", "--why", "asked to")):
        with pytest.raises(DeploymentError, match="say --by whom and --why"):
            app(["import", "harbor", str(file), *answers], standalone_mode=False)


def test_a_bad_requisition_file_shows_every_problem_by_field_and_opens_nothing(home: Path) -> None:
    file = home / "bad.yaml"
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    del fields["level"]
    file.write_text(yaml.safe_dump(fields | {"code": "harbor 1", "salary": 7}))

    done = fullcycle(home, "requisition", "open", str(file), *BY)

    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"{file}: 3 problem(s); nothing was opened",
        "  code: must be written like ACME-7, or for a place like US-NY-NYC",
        "  level: is missing; add it",
        "  salary: is not a field we know; correct its name or remove it",
    ]


def test_a_bad_process_file_shows_every_problem(home: Path) -> None:
    file = home / "client.yaml"
    file.write_text("client: Acme\nversion: 0\n")

    done = fullcycle(home, "client", "add", str(file), *BY)

    assert done.returncode == 1
    assert "employees: is missing; add it" in done.stderr
    assert "Traceback" not in done.stderr
