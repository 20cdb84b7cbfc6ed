"""The worked example of docs/connectors/adding-one.md is installed and tried as the page says."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "connectors" / "adding-one.md"
EXAMPLE = ROOT / "docs" / "connectors" / "example"
A_STAND_IN = ROOT / "deployments" / "sandbox" / "adzuna.py"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the example is installed, for whoever has that folder on their path."""
    folder = tmp_path_factory.mktemp("site")
    how = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target")
    ran(folder, "-m", "pip", "--disable-pip-version-check", "install", *how, folder, EXAMPLE)
    return folder


def ran(folder: Path, *told: str | Path) -> str:
    """What Python says that has this folder on its path."""
    process = subprocess.run(
        [sys.executable, *told],
        env={**os.environ, "PYTHONPATH": str(folder)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_it_passes_what_every_connector_passes(installed: Path) -> None:
    plain = ("-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider")

    told = ran(installed, *plain, "tests/contracts", EXAMPLE, "-k", "acme_checks")

    passed = re.search(r"(\d+) passed", told)
    lies_of_three_writes, others, its_own = 21, 5, 2
    assert passed and int(passed[1]) >= lies_of_three_writes + others + its_own


def test_a_client_s_process_may_name_it_at_once(installed: Path) -> None:
    code = """
        from connectors.registry import KINDS
        from tasks.account import account_type
        form = account_type("acme_checks").model_fields
        print(KINDS["background_checks"]["acme_checks"].title, *form)
    """

    assert ran(installed, "-c", dedent(code)).split() == [
        *("Acme", "Checks", "mode", "base_url", "key", "branch")
    ]


def blocks(kind: str) -> Iterator[str]:
    """The blocks of code of the page."""
    found = re.findall(rf"^ *```{kind}\n(.*?)^ *```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    yield from (dedent(block) for block in found)


def test_what_the_page_shows_is_there() -> None:
    shown_files = [*EXAMPLE.rglob("*.py"), EXAMPLE / "pyproject.toml", A_STAND_IN]
    written = "".join(path.read_text() for path in shown_files)

    shown = [*blocks("python"), *blocks("toml")]

    assert shown
    lines = "".join(line.strip() for line in written.splitlines())
    for part in (part for block in shown for part in block.split("...\n")):
        assert "".join(line.strip() for line in part.splitlines()) in lines
