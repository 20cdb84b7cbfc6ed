"""A vendor may come with a package of its own, which can do no harm to what is there."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from connectors import packages
from connectors.access import Access
from connectors.registry import OURS, THEIRS

ACME = """
from connectors.vendor import Vendor

VENDOR = Vendor(
    kind="{kind}",
    name="{name}",
    title="Acme",
    documents="https://acme.example",
    connect=lambda access: "a connector",
)
"""
KINDS = ("background_checks", "references")
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package with one entry point, as a package manager does."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(module: str, entry: str, source: str = "", **told: str) -> None:
        code = source or ACME.format(**{"kind": "references", "name": entry, **told})
        (tmp_path / f"{module}.py").write_text(dedent(code))
        about = tmp_path / f"{module}-1.0.dist-info"
        about.mkdir()
        name = module.replace("_", "-")
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        point = f"[{packages.GROUP}]\n{entry} = {module}:VENDOR\n"
        (about / "entry_points.txt").write_text(point)

    return install


def test_a_package_brings_a_vendor(install: Install) -> None:
    install("good_acme", "acme")

    theirs, left_out = packages.brought(KINDS, OURS)

    assert theirs["acme"].open(Access("https://acme.example")) == "a connector"
    assert not left_out


@pytest.mark.parametrize(
    ("module", "entry", "told", "why"),
    [
        ("takes_checkr", "checkr", {}, "another of this name"),
        ("takes_the_forms", "forms", {}, "another of this name"),
        ("shouts", "Acme", {}, "lower case"),
        ("fails", "acme", {"source": "import a_module_that_is_not_there"}, "a_module_that_is"),
        ("breaks", "acme", {"source": "1 / 0"}, "ZeroDivisionError"),
        ("old", "acme", {"source": "from connectors.vendor import gone"}, "ImportError"),
        ("empty", "acme", {"source": "# no VENDOR"}, "AttributeError"),
        ("strange", "acme", {"source": "VENDOR = 7"}, "no connectors.vendor.Vendor"),
        ("misspelt", "acme", {"kind": "reference"}, "no kind 'reference'"),
        ("disguised", "acme", {"name": "checkr"}, "calls itself 'checkr'"),
    ],
)
def test_what_cannot_be_used_is_left_out_by_name_and_the_rest_is_there(
    module: str,
    entry: str,
    told: dict[str, str],
    why: str,
    install: Install,
    caplog: pytest.LogCaptureFixture,
) -> None:
    install(module, entry, **told)
    install(f"beside_{module}", "zebra")

    theirs, left_out = packages.brought(KINDS, OURS)

    assert theirs.keys() - THEIRS.keys() == {"zebra"}
    assert why in left_out[entry]
    [warning] = caplog.messages
    assert f"connector {entry}" in warning
    assert f"uninstall the package {module.replace('_', '-')}" in warning


def test_of_two_packages_that_bring_the_same_name_one_is_left_out(install: Install) -> None:
    install("first_acme", "acme")
    install("second_acme", "acme")

    theirs, left_out = packages.brought(KINDS, OURS)

    assert theirs.keys() - THEIRS.keys() == {"acme"}
    assert "second-acme" in left_out["acme"]


def test_all_of_ours_is_as_it_was_whatever_packages_are_there(
    install: Install, tmp_path: Path
) -> None:
    install("takes_checkr", "checkr")
    install("breaks", "broken", "1 / 0")
    install("good_acme", "acme")
    told = f"""
        import sys; sys.path.insert(0, {str(tmp_path)!r})
        from connectors.registry import KINDS, LEFT_OUT, VENDORS
        from deployments import connector_doc
        for vendor in connector_doc.OURS.values():
            connector_doc.page(vendor)
        print(VENDORS["checkr"].title, KINDS["background_checks"]["checkr"].title)
        print(KINDS["references"]["acme"].title, sorted(LEFT_OUT))
    """

    ran = subprocess.run(
        [sys.executable, "-c", dedent(told)], capture_output=True, text=True, check=True
    )

    assert ran.stdout.splitlines() == ["Checkr Checkr", "Acme ['broken', 'checkr']"]
    assert ran.stderr.count("is left out") == 2
