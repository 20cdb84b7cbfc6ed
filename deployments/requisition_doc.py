"""Writes docs/requisition.md from the model: `python -m deployments.requisition_doc`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.requisition import Requisition
from deployments.sandbox.people import DATA

PAGE = Path(__file__).parents[1] / "docs" / "requisition.md"
EXAMPLE = DATA / "requisitions" / "HARBOR-1.yaml"
INTRODUCTION = """\
# The requisition file

A requisition says what must be known before anything is posted. It is one YAML file, opened with
`fullcycle requisition open FILE --by WHO --why SENTENCE`; the same fields are asked by the form of
the `open-requisition` deployment and filled from a CSV file by `fullcycle requisition import`. A
file with problems is refused as a whole, with every problem named by its field.

Opening the same file again changes nothing. A changed file changes the requisition: a change of
pay, places, headcount, level or must-haves needs a new approval, any other edit does not.

Each field is text, unless something else is said. Days are written 2026-11-30. Money is in cents.

*This page is made from the model by `python -m deployments.requisition_doc`.*
"""


def page() -> str:
    """The whole page: each object with its fields, the requisition first, then an example."""
    schema = Requisition.model_json_schema()
    objects = {"Requisition": schema, **_objects(schema)}
    sections = [_section(name, described, schema["$defs"]) for name, described in objects.items()]
    example = EXAMPLE.read_text(encoding="utf-8")
    return "\n".join([INTRODUCTION, *sections, f"## Example\n\n```yaml\n{example}```\n"])


def _objects(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The nested objects, in the order in which the requisition names them."""
    found: dict[str, dict[str, Any]] = {}
    for field in schema["properties"].values():
        for name in _names(field):
            nested = schema["$defs"][name]
            if "properties" in nested and name not in found:
                found |= {name: nested, **_objects(nested | {"$defs": schema["$defs"]})}
    return found


def _names(field: dict[str, Any]) -> Iterator[str]:
    for part in (field, field.get("items", {}), *field.get("anyOf", ())):
        if "$ref" in part:
            yield part["$ref"].rpartition("/")[2]


def _section(name: str, described: dict[str, Any], known: dict[str, Any]) -> str:
    required = described.get("required", ())
    rows = [
        f"| `{field}` | {_kind(shape, known)} | {_default(shape, field in required)} "
        f"| {_meaning(shape, known)} |"
        for field, shape in described["properties"].items()
    ]
    about = described.get("description", "")
    table = ["| field | what | if left out | meaning |", "|---|---|---|---|", *rows]
    return "\n".join([f"## {name}", "", about, "", *table, ""])


def _meaning(shape: dict[str, Any], known: dict[str, Any]) -> str:
    """What a field means; a choice that says no more than its kind is described there."""
    kind = known.get(shape.get("$ref", "").rpartition("/")[2], {})
    return str(shape.get("description", kind.get("description", "") if "enum" in kind else ""))


def _kind(shape: dict[str, Any], known: dict[str, Any]) -> str:
    if "$ref" in shape:
        name = shape["$ref"].rpartition("/")[2]
        return _one_of(known[name]) if "enum" in known[name] else f"[{name}](#{name.lower()})"
    if "anyOf" in shape:
        return _kind(next(each for each in shape["anyOf"] if each.get("type") != "null"), known)
    if shape.get("type") == "array":
        return f"list of {_kind(shape['items'], known)}"
    if "pattern" in shape:
        return f"`{shape['pattern']}`".replace("|", "\\|")
    kinds = {"integer": "number", "boolean": "true or false", "string": "text"}
    return "day" if shape.get("format") == "date" else kinds[shape["type"]] + _bounds(shape)


def _one_of(shape: dict[str, Any]) -> str:
    return ", ".join(f"`{value}`" for value in shape["enum"])


def _bounds(shape: dict[str, Any]) -> str:
    if "minimum" in shape and "maximum" in shape:
        return f", {shape['minimum']} to {shape['maximum']}"
    return ", above 0" if shape.get("exclusiveMinimum") == 0 else ""


def _default(shape: dict[str, Any], required: bool) -> str:
    if required:
        return "**required**"
    default = shape.get("default")
    if default in (None, "", []):
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
