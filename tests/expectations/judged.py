"""Rows at a gate as literal SQL, judged by the real engine on a real PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from deployments.postgres import Urls
from expectations import SUITES
from expectations.suite import judge

Case = tuple[dict[str, Any], set[str]]
JUST_READ = {
    f"{system}_silent_hours": 0.0
    for system in ("applicant_tracking", "signatures", "background_checks", "payroll")
}
TYPES = {bool: "boolean", int: "bigint", float: "numeric", str: "text"}


def query(rows: Sequence[Mapping[str, Any]]) -> str:
    """A statement that gives these rows, each with its number from 1 on as its `id`."""
    types = {
        column: TYPES[type(value)]
        for row in rows
        for column, value in row.items()
        if value is not None
    }
    lines = []
    for number, row in enumerate(rows, start=1):
        columns = [f"{_literal(row[name])}::{types[name]} AS {name}" for name in types]
        lines.append(f"SELECT {number} AS id, {', '.join(columns)}")
    return " UNION ALL ".join(lines)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, bool | int | float) else f"'{value}'"


def broken(
    stage: str, database: Urls, good: Mapping[str, Any], cases: list[Case]
) -> list[set[str]]:
    """The rules that each case's row breaks: the good row with the case's changes."""
    rows = [{**JUST_READ, **good, **changes} for changes, _ in cases]
    findings = judge(SUITES[stage], database.app_url, query(rows))
    return [
        {finding.rule.id for finding in findings if number in finding.ids}
        for number in range(1, len(rows) + 1)
    ]
