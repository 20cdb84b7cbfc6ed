"""Every stage by name, in the order requisitions and then applications usually take."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, cast

from connectors.ledger.decisions import Decisions
from tasks import (
    aftercare,
    background,
    day_one,
    intake,
    interviews,
    offer,
    payroll,
    preboarding,
    references,
    requisition,
    screening,
    selection,
    sourcing,
    submittal,
)
from tasks.process import APPLICATION_STAGES, REQUISITION_STAGES, Process
from tasks.stage import Stage

Decide = Callable[[Sequence[Any], Process, datetime], Decisions]


class StageModule(Protocol):
    """A file of this folder that is a stage."""

    STAGE: Stage
    decide: Decide


_MODULES = (
    requisition,
    sourcing,
    intake,
    screening,
    submittal,
    interviews,
    selection,
    references,
    offer,
    background,
    preboarding,
    day_one,
    payroll,
    aftercare,
)
STAGES: dict[str, StageModule] = {
    module.STAGE.name: cast(StageModule, module) for module in _MODULES
}
ORDER = REQUISITION_STAGES + APPLICATION_STAGES
