"""The folders at the top are import names, ours alone; a vendor's name stands in one of them."""

import ast
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from connectors.registry import OURS

TOP = ["connectors", "deployments", "expectations", "flows", "tasks"]


@pytest.mark.parametrize("name", TOP)
def test_no_other_distribution_claims_the_name(name: str) -> None:
    assert set(packages_distributions().get(name, ["fullcycle"])) == {"fullcycle"}


@pytest.mark.parametrize("name", TOP)
def test_the_name_resolves_to_this_checkout(name: str) -> None:
    root = Path(__file__).parents[1]

    assert Path(import_module(name).__path__[0]).resolve() == root / name


def test_nothing_outside_connectors_and_the_sandbox_knows_a_vendor_by_name() -> None:
    root, protocols = Path(__file__).parents[1], {"smtp"}
    files = {path for name in TOP for path in (root / name).rglob("*.py")}
    apart = [root / "connectors", root / "deployments" / "sandbox"]
    named = {
        f"{path.relative_to(root)}:{node.lineno} {node.value}"
        for path in files
        if not any(path.is_relative_to(folder) for folder in apart)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in OURS.keys() - protocols
    }

    assert named == set()
