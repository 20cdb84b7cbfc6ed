"""The folders at the top are import names. Make sure they are ours alone."""

from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

TOP = ["connectors", "deployments", "expectations", "flows", "tasks"]


@pytest.mark.parametrize("name", TOP)
def test_no_other_distribution_claims_the_name(name: str) -> None:
    assert set(packages_distributions().get(name, ["fullcycle"])) == {"fullcycle"}


@pytest.mark.parametrize("name", TOP)
def test_the_name_resolves_to_this_checkout(name: str) -> None:
    root = Path(__file__).parents[1]

    assert Path(import_module(name).__path__[0]).resolve() == root / name
