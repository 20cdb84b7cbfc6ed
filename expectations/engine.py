"""Great Expectations, told in one expectation of our own, on its SQL engine.

Its stock expectations list 20 failing rows unless told otherwise, skip unknown values, hand back
the failing values themselves, and cost 6 ms each. This one names the id of every row that fails,
and all rules of a suite are bundled into one statement over the rows at the door. Importing this
file costs seconds, so only a gate that has something to judge does it.
"""

import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import great_expectations as gx
from great_expectations.compatibility.sqlalchemy import sqlalchemy  # type: ignore[attr-defined]
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.execution_engine.sqlalchemy_execution_engine import (
    SqlAlchemyExecutionEngine,
)
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from expectations.suite import GateError, Rule

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.datasource.fluent.sql_datasource import QueryAsset

EVERYBODY = "all"


class Failing(TableMetricProvider):
    """The ids of the rows that do not hold, with commas between them; EVERYBODY for a batch."""

    metric_name = "rows.failing"
    value_keys = ("holds", "when", "batch")

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sql(
        cls,
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        rule = metric_value_kwargs
        if rule["batch"]:
            sql = f"CASE WHEN {rule['holds']} THEN '' ELSE '{EVERYBODY}' END"
        else:
            fails = f"({rule['when']}) AND ({rule['holds']}) IS NOT TRUE"
            sql = f"coalesce(string_agg(CAST(id AS text), ',') FILTER (WHERE {fails}), '')"
        return sqlalchemy.literal_column(sql), metric_domain_kwargs, {}


class ExpectRowsToHold(BatchExpectation):
    """Expect `holds` to be true of every row of which `when` is; both are SQL, unknown is not true.

    `batch`: `holds` is an aggregate over all rows. The result has the ids that fail, never a value.
    """

    holds: str
    when: str = "true"
    batch: bool = False
    metric_dependencies: ClassVar[tuple[str, ...]] = (Failing.metric_name,)
    success_keys: ClassVar[tuple[str, ...]] = ("holds", "when", "batch")

    def _validate(
        self,
        metrics: dict[str, str],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        failing = metrics[Failing.metric_name]
        return {"success": not failing, "result": {"failing": failing}}


def failing(rules: Sequence[Rule], url: str, query: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """(rule id, ids of the rows that break it) of every broken rule; a batch rule names none.

    Raises GateError if any rule could not be judged.
    """
    suite = gx.ExpectationSuite(name="gate", expectations=[_expectation(rule) for rule in rules])
    door = _door(url)
    door.query = query
    batch = door.get_batch_definition("all").get_batch()
    for result in batch.validate(suite).results:
        rule = _rule_id(result)
        if result.success is None or "failing" not in result.result:
            raise GateError(f"rule {rule} could not be judged: is its column still there?")
        if not result.success:
            ids = result.result["failing"]
            yield rule, () if ids == EVERYBODY else tuple(sorted(map(int, ids.split(","))))


_doors: dict[str, "QueryAsset"] = {}


def _door(url: str) -> "QueryAsset":
    """What is judged; made once, as each change of the engine's own book-keeping costs 12 ms.

    One at a time: a process works for one client, and a door keeps a connection open.
    """
    if url not in _doors:
        for other in _doors.values():
            other.datasource.get_execution_engine().close()
        _doors.clear()
        _doors[url] = _made(url)
    return _doors[url]


def _made(url: str) -> "QueryAsset":
    for talker in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(talker).setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    with warnings.catch_warnings():
        # Its own PostgreSQL source refuses the address of a Unix socket; the generic one does not.
        warnings.simplefilter("ignore")
        source = context.data_sources.add_sql(
            "ledger",
            connection_string=url,
            kwargs={"pool_pre_ping": True, "pool_size": 1},  # type: ignore[call-arg]
        )
    source.get_engine().dispose()  # it has tried the address; gates are judged on another engine
    door = source.add_query_asset("door", query="SELECT 1 AS id")
    door.add_batch_definition_whole_table("all")
    return door


def _expectation(rule: Rule) -> ExpectRowsToHold:
    return ExpectRowsToHold(
        holds=rule.holds,
        when=rule.when or "true",
        batch=rule.batch,
        severity=FailureSeverity.CRITICAL if rule.critical else FailureSeverity.WARNING,
        meta={"rule": rule.id, "owner": rule.owner.value, "remedy": rule.remedy},
    )


def _rule_id(result: "ExpectationValidationResult") -> str:
    config = result.expectation_config
    if config is None or not config.meta:
        raise GateError("a result names no rule")
    return str(config.meta["rule"])
