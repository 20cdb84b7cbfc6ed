"""Run a suite of expectations over everything waiting at a gate, and say who failed and why.

Great Expectations judges on its SQL engine, against the ledger's own rows. It is imported only
when a gate has something to judge: the import costs more than the gate.
"""

import logging
import warnings
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
    `releasable`: a person may let a subject pass it; law and computed verdicts are not.
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
    releasable: bool = True


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
    failing: dict[str, set[int]] = {}
    for result in _validate(rules, url, query, rows):
        rule = by_id[_rule_id(result)]
        if _raised(result):
            raise GateError(f"rule {rule.id} could not be judged: is its column still there?")
        if not result.success:
            ids = [] if rule.batch else _failing_ids(rule, result)
            failing.setdefault(rule.id, set()).update(ids)
    return [Finding(by_id[rule], tuple(sorted(ids))) for rule, ids in sorted(failing.items())]


def _validate(
    rules: tuple[Rule, ...], url: str, query: str, rows: int
) -> "list[ExpectationValidationResult]":
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    for talker in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(talker).setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    with warnings.catch_warnings():
        # Its own PostgreSQL source refuses the address of a Unix socket; the generic one does not.
        warnings.simplefilter("ignore")
        source = context.data_sources.add_sql("ledger", connection_string=url)
    expected = [expectation for rule in rules for expectation in _expectations(rule)]
    suite = gx.ExpectationSuite(name="gate", expectations=expected)
    try:
        asset = source.add_query_asset("door", query=query)
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        return list(batch.validate(suite, result_format=_every_failing_id(rows)).results)
    finally:
        source.get_execution_engine().close()


def _every_failing_id(rows: int) -> dict[str, Any]:
    """The SQL engine lists 20 failing ids unless told to list more."""
    return {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": ["id"],
        "return_unexpected_index_query": False,
        "partial_unexpected_count": rows + 1,
    }


def _expectations(rule: Rule) -> list[Any]:
    """The rule's own; for a set also that the value is known, as the engine skips nulls."""
    import great_expectations.expectations as gxe
    from great_expectations.expectations.row_conditions import Column

    common: dict[str, Any] = {
        "severity": "critical" if rule.critical else "warning",
        "meta": {"rule": rule.id, "owner": rule.owner.value, "remedy": rule.remedy},
    }
    if rule.when:
        common["row_condition"] = Column(rule.when) == True  # noqa: E712
    wanted = {rule.expect: rule.args}
    if rule.expect == "ExpectColumnValuesToBeInSet":
        wanted["ExpectColumnValuesToNotBeNull"] = {"column": rule.args["column"]}
    return [getattr(gxe, kind)(**args, **common) for kind, args in wanted.items()]


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


def _failing_ids(rule: Rule, result: "ExpectationValidationResult") -> list[int]:
    entries = result.result.get("unexpected_index_list") or []
    if len(entries) != result.result["unexpected_count"]:
        raise GateError(f"rule {rule.id}: the list of failing rows was cut")
    return [int(entry["id"]) for entry in entries]
