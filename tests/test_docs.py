"""What the documents say is there: commands, targets, stages, vendors, settings, files."""

import inspect
import re
from functools import partial
from pathlib import Path

import pytest
import typer.main

from connectors import errors
from connectors.registry import OURS as VENDORS
from connectors.requisition import Requisition
from connectors.vendor import Vendor
from deployments import connector_doc
from deployments.cli import app
from deployments.settings import PREFIX, Settings
from tasks import alarms
from tasks.desk import Surroundings
from tasks.stages import ORDER

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *ROOT.glob("docs/**/*.md"),
    ]
)
FAILURES = [
    kind.__name__
    for kind in errors.ConnectorError.__subclasses__()
    if kind.__module__ == errors.__name__
]
TARGETS = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
SETTINGS = {PREFIX + name.upper() for name in (*Settings.model_fields, *Surroundings.model_fields)}
LARGEST_IMAGE = 300 * 1024
OURS = re.compile(r"(connectors|deployments|docs|expectations|flows|tasks|tests)/[\w./-]+\.\w+")
ELSEWHERE = re.compile(r"(?<![\w.])/(home|root|tmp|work|Users)/|pypi|pythonhosted|npmjs|index-url")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code(page: Path) -> list[str]:
    """Every code span and every line of a code block."""
    parts = page.read_text(encoding="utf-8").split("```")
    spans = [span for part in parts[::2] for span in re.findall(r"`([^`\n]+)`", part)]
    return spans + [line.strip() for part in parts[1::2] for line in part.splitlines()]


def commands() -> list[str]:
    found = []
    for name, command in vars(typer.main.get_command(app))["commands"].items():
        for below in vars(command).get("commands", [""]):
            found.append(f"fullcycle {name} {below}".strip())
    return found


@pytest.mark.parametrize("command", commands())
def test_the_readme_names_every_command(command: str) -> None:
    assert f"`{command}`" in text("README.md")


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_is_explained(target: str) -> None:
    assert f"`make {target}`" in text("CONTRIBUTING.md")


def test_the_readme_says_how_to_see_it_run_and_how_to_test_it() -> None:
    shown = code(ROOT / "README.md")

    assert any(line.startswith("make demo") for line in shown)
    assert any(line.startswith("make test") for line in shown)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_is_mentioned_exists(page: Path) -> None:
    mentioned = {line.split()[1] for line in code(page) if re.match(r"make [a-z]", line)}

    assert mentioned <= set(TARGETS)


@pytest.mark.parametrize("stage", ORDER)
def test_every_stage_says_what_it_waits_for(stage: str) -> None:
    assert f"\n| {stage} |" in text("docs/stuck.md")
    assert re.search(rf"\b{stage}\b", text("docs/architecture.md"))


@pytest.mark.parametrize("kind", alarms.WORDS)
def test_every_alarm_says_what_to_do(kind: str) -> None:
    assert f"| `{alarms.PREFIX}{kind}` |" in text("docs/stuck.md")


@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_of_a_vendor_says_what_it_means(failure: str) -> None:
    assert f"| {failure} |" in text("docs/stuck.md")


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendor_has_a_page_that_says_how_once_only_holds(vendor: str) -> None:
    page = text(f"docs/connectors/{vendor}.md")

    assert f"({vendor}.md)" in text("docs/connectors/README.md")
    assert "**Once only.**" in page
    assert "**Unverified.**" in page


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_the_page_of_a_vendor_says_what_its_code_says(vendor: Vendor) -> None:
    written = text(f"docs/connectors/{vendor.name}.md")

    assert written == connector_doc.page(vendor), "run: python -m deployments.connector_doc"


def test_the_list_of_all_vendors_is_that_of_today() -> None:
    assert text("docs/connectors/README.md") == connector_doc.index()


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)
def test_the_page_of_a_vendor_says_whether_its_search_may_be_behind(vendor: Vendor) -> None:
    connect = vendor.connect.func if isinstance(vendor.connect, partial) else vendor.connect
    module = Path(inspect.getfile(connect))
    code = module.parent.glob("*.py") if module.name == "__init__.py" else [module]
    is_behind = any("search_lag" in each.read_text(encoding="utf-8") for each in code)

    page = " ".join(text(f"docs/connectors/{vendor.name}.md").split())

    assert ("counts only after five times `FULLCYCLE_SETTLING_SECONDS`" in page) is is_behind


def test_every_page_of_a_vendor_is_of_one_we_have() -> None:
    pages = {path.stem for path in (ROOT / "docs/connectors").glob("*.md")}

    assert pages == {*VENDORS, "README", "adding-one"}


def test_the_settings_named_are_those_there_are() -> None:
    named = {name for page in PAGES for name in re.findall(PREFIX + r"[A-Z_]+", page.read_text())}

    assert named == SETTINGS


@pytest.mark.parametrize("field", Requisition.model_fields)
def test_every_field_of_a_requisition_is_explained(field: str) -> None:
    assert f"`{field}`" in text("docs/requisition.md")


def test_every_deployment_is_named() -> None:
    from deployments.serve import BY_HAND, SCHEDULED

    for flow in (*SCHEDULED, *BY_HAND):
        assert f"`{flow.name}`" in text("docs/architecture.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    linked = [page.parent / link for link in links if "://" not in link]
    named = [ROOT / span for span in code(page) if OURS.fullmatch(span)]

    assert [path for path in linked + named if not path.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_folder_of_some_machine_or_where_packages_come_from(page: Path) -> None:
    assert not ELSEWHERE.search(page.read_text(encoding="utf-8"))


def test_pictures_are_small_enough_to_clone() -> None:
    assert all(path.stat().st_size <= LARGEST_IMAGE for path in ROOT.glob("docs/images/*"))
