"""Writes our own vendors' pages in docs/connectors: `python -m deployments.connector_doc`.

What the code knows of a vendor stands between two comments; all else is written by hand.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from connectors.registry import OURS
from connectors.vendor import Vendor
from tasks.account import account_type

PAGES = Path(__file__).parents[1] / "docs" / "connectors"
BEGIN, END = "<!-- made by python -m deployments.connector_doc -->\n", "<!-- up to here -->\n"
TABLE = "| | |\n|---|---|\n"
INDEX = PAGES / "README.md"


def page(vendor: Vendor) -> str:
    """A vendor's page with what the code says today; at first it goes before the first table."""
    written = (PAGES / f"{vendor.name}.md").read_text(encoding="utf-8")
    before, begun, rest = written.partition(BEGIN)
    if begun:
        _, _, after = rest.partition(END)
    else:
        before, table, rest = written.partition(TABLE)
        after = f"\n{table}{rest}"
    return f"{before}{BEGIN}{''.join(_made(vendor))}{END}{after}"


def index() -> str:
    """The page that lists all others, with the vendors of today."""
    before, _, rest = INDEX.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    links: dict[str, list[str]] = {}
    for name, vendor in OURS.items():
        links.setdefault(vendor.kind.replace("_", " "), []).append(f"[{name}]({name}.md)")
    rows = "".join(f"| {kind} | {', '.join(named)} |\n" for kind, named in links.items())
    return f"{before}{BEGIN}| kind | vendors |\n|---|---|\n{rows}{END}{after}"


def _made(vendor: Vendor) -> Iterator[str]:
    does = {"reads": vendor.reads, "writes": vendor.writes}
    if any(does.values()):
        yield TABLE
        yield from (f"| {verb} | {_cell(what)} |\n" for verb, what in does.items() if what)
        yield "\n"
    if not vendor.has_account:
        return
    yield "| field of the account | | |\n|---|---|---|\n"
    for name, field in account_type(vendor.name).model_fields.items():
        if name == "mode" or (name == "key" and not vendor.key):
            continue
        marks = {"needed": field.is_required(), "secret": field.annotation is SecretStr}
        marked = ", ".join(mark for mark, holds in marks.items() if holds)
        title = (field.title or "").removesuffix(" (secret)")
        yield f"| {title} | {marked} | {_cell(field.description or '')} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for vendor in OURS.values():
        (PAGES / f"{vendor.name}.md").write_text(page(vendor), encoding="utf-8")
    INDEX.write_text(index(), encoding="utf-8")
