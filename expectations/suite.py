"""Run a suite of expectations over everything waiting at a gate, and say who failed and why.

Great Expectations judges on its SQL engine, against the ledger's own rows. It is imported only
when a gate has something to judge: the import costs more than the gate.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult


class Owner(StrEnum):
    """Whose turn it is when a rule is broken."""

    CLIENT = "client"
    PROVIDER = "provider"
    CANDIDATE = "candidate"
    VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class Rule:
    """One expectation about a row at a gate.

    `expect` is the expectation's class name and `args` its arguments. `when` is a boolean column
    that must be true for the rule to apply. `reason` says what is wrong and `remedy` what to do;
    neither may quote a value. `batch`: the rule is about the whole batch and stops it.
    """

    id: str
    expect: str
    args: Mapping[str, Any]
    owner: Owner
    reason: str
    remedy: str
    when: str | None = None
    critical: bool = True
    batch: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken rule and the ids of all rows that break it (none for a batch rule)."""

    rule: Rule
    ids: tuple[int, ...]


class GateError(Exception):
    """A rule could not be judged at all: the gate stays shut, nobody is quarantined for it."""


def true(rule: str, column: str, owner: Owner, reason: str, remedy: str, **more: Any) -> Rule:
    """A rule that demands that a boolean column is true; most facts are computed by the ledger."""
    return Rule(
        id=rule,
        expect="ExpectColumnValuesToBeInSet",
        args={"column": column, "value_set": [True]},
        owner=owner,
        reason=reason,
        remedy=remedy,
        **more,
    )


def at_most(rule: str, rows: int, reason: str) -> Rule:
    """A batch rule: more rows than this at once means that a source is echoing itself."""
    return Rule(
        id=rule,
        expect="ExpectTableRowCountToBeBetween",
        args={"max_value": rows},
        owner=Owner.VENDOR,
        reason=reason,
        remedy="look at the source; run again when it is quiet, or raise the limit in the suite",
        batch=True,
    )


def judge(rules: tuple[Rule, ...], url: str, query: str, rows: int) -> list[Finding]:
    """Judge the query's rows by the rules; raises GateError if any rule could not be judged.

    url: a database address confined to the client; query: literal SQL with an `id` column;
    rows: how many rows it gives, so that no failing id is cut from the list.
    """
    by_id = {rule.id: rule for rule in rules}
    findings = []
    for result in _validate(rules, url, query, rows):
        rule = by_id[_rule_id(result)]
        if _raised(result):
            raise GateError(f"rule {rule.id} could not be judged: is its column still there?")
        if not result.success:
            findings.append(Finding(rule, () if rule.batch else _failing_ids(rule, result)))
    return sorted(findings, key=lambda finding: finding.rule.id)


def _validate(
    rules: tuple[Rule, ...], url: str, query: str, rows: int
) -> "list[ExpectationValidationResult]":
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql("ledger", connection_string=url)
    batch = (
        source.add_query_asset("door", query=query)
        .add_batch_definition_whole_table("all")
        .get_batch()
    )
    suite = gx.ExpectationSuite(name="gate", expectations=[_expectation(r) for r in rules])
    verdict = batch.validate(
        suite,
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": ["id"],
            "return_unexpected_index_query": False,
            "partial_unexpected_count": rows + 1,
        },
    )
    return list(verdict.results)


def _expectation(rule: Rule) -> Any:
    import great_expectations.expectations as gxe
    from great_expectations.expectations.row_conditions import Column

    condition = {"row_condition": Column(rule.when) == True} if rule.when else {}  # noqa: E712
    kind = getattr(gxe, rule.expect)
    return kind(
        **rule.args,
        **condition,
        severity="critical" if rule.critical else "warning",
        meta={"rule": rule.id, "owner": rule.owner.value, "remedy": rule.remedy},
    )


def _rule_id(result: "ExpectationValidationResult") -> str:
    config = result.expectation_config
    if config is None or not config.meta:
        raise GateError("a result names no rule")
    return str(config.meta["rule"])


def _raised(result: "ExpectationValidationResult") -> bool:
    info = result.exception_info or {}
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(isinstance(v, dict) and v.get("raised_exception") for v in info.values())


def _failing_ids(rule: Rule, result: "ExpectationValidationResult") -> tuple[int, ...]:
    entries = result.result.get("unexpected_index_list") or []
    if len(entries) != result.result["unexpected_count"]:
        raise GateError(f"rule {rule.id}: the list of failing rows was cut")
    return tuple(sorted({int(entry["id"]) for entry in entries}))
