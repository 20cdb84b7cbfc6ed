"""Great Expectations, told in our own two expectations, on its SQL engine.

Its stock expectations list 20 failing rows unless told otherwise, skip unknown values, hand back
the failing values themselves, and cost 6 ms each. These two name the id of every row that fails,
and all rules of a suite are bundled into one statement over the rows at the door. Importing this
file costs seconds, so only a gate that has something to judge does it.
"""

import logging
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
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
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from expectations.suite import GateError, Rule

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.datasource.fluent.sql_datasource import QueryAsset

EVERYBODY = "all"

_aggregate = metric_partial(
    engine=SqlAlchemyExecutionEngine,
    partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
    domain_type=MetricDomainTypes.TABLE,
)


class RowsThatFail(TableMetricProvider):
    """The ids of the rows a rule applies to and that do not hold, with commas between them."""

    metric_name = "rows.that_fail"
    value_keys = ("holds", "when")

    @_aggregate
    def _sql(
        cls,
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        fails = "({when}) AND ({holds}) IS NOT TRUE".format(**metric_value_kwargs)
        ids = f"coalesce(string_agg(CAST(id AS text), ',') FILTER (WHERE {fails}), '')"
        return sqlalchemy.literal_column(ids), metric_domain_kwargs, {}


class BatchThatFails(TableMetricProvider):
    """EVERYBODY if the batch as a whole does not hold, else nothing."""

    metric_name = "batch.that_fails"
    value_keys = ("holds",)

    @_aggregate
    def _sql(
        cls,
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        verdict = "CASE WHEN {holds} THEN '' ELSE '{everybody}' END".format(
            **metric_value_kwargs, everybody=EVERYBODY
        )
        return sqlalchemy.literal_column(verdict), metric_domain_kwargs, {}


class _Expectation(BatchExpectation):
    """`holds` is SQL; unknown counts as broken. The result has the ids that fail, never a value."""

    holds: str

    def _validate(
        self,
        metrics: dict[str, str],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        (failing,) = metrics.values()
        return {"success": not failing, "result": {"failing": failing}}


class ExpectRowsToHold(_Expectation):
    """Expect `holds` to be true of every row of which `when` is true."""

    when: str = "true"
    metric_dependencies: ClassVar[tuple[str, ...]] = (RowsThatFail.metric_name,)
    success_keys: ClassVar[tuple[str, ...]] = ("holds", "when")


class ExpectBatchToHold(_Expectation):
    """Expect `holds`, an aggregate over all rows, to be true."""

    metric_dependencies: ClassVar[tuple[str, ...]] = (BatchThatFails.metric_name,)
    success_keys: ClassVar[tuple[str, ...]] = ("holds",)


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


@cache
def _door(url: str) -> "QueryAsset":
    """What is judged; made once, as each change of the engine's own book-keeping costs 12 ms."""
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
    door = source.add_query_asset("door", query="SELECT 1 AS id")
    door.add_batch_definition_whole_table("all")
    return door


def _expectation(rule: Rule) -> _Expectation:
    common: dict[str, Any] = {
        "severity": "critical" if rule.critical else "warning",
        "meta": {"rule": rule.id, "owner": rule.owner.value, "remedy": rule.remedy},
    }
    if rule.batch:
        return ExpectBatchToHold(holds=rule.holds, **common)
    return ExpectRowsToHold(holds=rule.holds, when=rule.when or "true", **common)


def _rule_id(result: "ExpectationValidationResult") -> str:
    config = result.expectation_config
    if config is None or not config.meta:
        raise GateError("a result names no rule")
    return str(config.meta["rule"])
