"""Every deployment, served from one process: `python -m deployments.serve`.

Runs are started in processes of their own. Serving again renews the deployments under the same
names; a schedule that was paused in Prefect's interface stays paused.
"""

from typing import Any

from prefect import Flow, get_client, serve
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import (
    ConcurrencyLimitConfig,
    ConcurrencyLimitStrategy,
    State,
    StateType,
)
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

from deployments import automations
from deployments.settings import Settings
from flows.candidate_care import candidate_care
from flows.decisions import (
    export_evidence,
    hold,
    record_decision,
    release_from_quarantine,
    replay_webhook,
    resume,
    settle_effect,
)
from flows.lists import list_acts, list_effects, list_quarantine, list_webhooks
from flows.nightly_sync import nightly_sync
from flows.reconcile import reconcile
from flows.requisition import cancel_requisition, carry_requisition, open_requisition
from flows.sweep import sweep
from flows.verify import verify_ledger
from tasks.desk import Account

# A run that finds its predecessor still running has nothing to add: that one sees the same ledger.
ONE_AT_A_TIME = ConcurrencyLimitConfig(
    limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
)
SCHEDULED: dict[Flow[Any, Any], str] = {
    nightly_sync: "0 2 * * *",
    reconcile: "0 3 * * *",
    sweep: "*/15 * * * *",
    candidate_care: "0 8 * * *",
}
BY_HAND: dict[Flow[Any, Any], str] = {
    open_requisition: "requisition",
    carry_requisition: "requisition",
    cancel_requisition: "requisition",
    record_decision: "decision",
    release_from_quarantine: "decision",
    settle_effect: "decision",
    hold: "decision",
    resume: "decision",
    replay_webhook: "decision",
    export_evidence: "decision",
    list_quarantine: "list",
    list_effects: "list",
    list_webhooks: "list",
    list_acts: "list",
    verify_ledger: "care",
}


def deployments(settings: Settings) -> list[RunnerDeployment]:
    """All deployments, each named like its flow; schedules are in the provider's time zone."""
    return [
        *(_scheduled(flow, cron, settings.time_zone) for flow, cron in SCHEDULED.items()),
        *(_by_hand(flow, tag) for flow, tag in BY_HAND.items()),
    ]


def _scheduled(flow: Flow[Any, Any], cron: str, time_zone: str) -> RunnerDeployment:
    # Known by its slug, and silent about `active`: only so does a paused schedule stay paused.
    schedule = DeploymentScheduleCreate(
        schedule=CronSchedule(cron=cron, timezone=time_zone), slug=flow.name
    )
    return _deployment(flow, "scheduled", schedules=[schedule], concurrency_limit=ONE_AT_A_TIME)


def _by_hand(flow: Flow[Any, Any], tag: str) -> RunnerDeployment:
    return _deployment(flow, tag)


def _deployment(flow: Flow[Any, Any], tag: str, **when: Any) -> RunnerDeployment:
    """A deployment found by module, so that it does not matter where it is served from."""
    return RunnerDeployment.from_flow(
        flow,
        name=flow.name,
        description=(flow.description or "").partition("\n\nArgs:")[0],
        tags=["fullcycle", tag],
        entrypoint_type=EntrypointType.MODULE_PATH,
        **when,
    )


def end_what_was_cut_off() -> None:
    """End the runs that went down with the last serving: nobody else would.

    They would be shown as running for ever, and block the next sweeps until their lease expires.
    """
    going = FlowRunFilterStateType(any_=[StateType.PENDING, StateType.RUNNING])
    served = FlowRunFilterDeploymentId(is_null_=False)
    cut_off = FlowRunFilter(state=FlowRunFilterState(type=going), deployment_id=served)
    ended: State[None] = Crashed(
        message="It was cut off when the system stopped; it can be started again."
    )
    with get_client(sync_client=True) as client:
        for run in client.read_flow_runs(flow_run_filter=cut_off):
            client.set_flow_run_state(run.id, ended, force=True)


def main() -> None:
    """Serve until told to stop; the form of the accounts is there from the first start on."""
    settings = Settings()
    Account.register_type_and_schema()
    automations.ensure(settings)
    end_what_was_cut_off()
    serve(*deployments(settings), pause_on_shutdown=False, print_starting_message=False)


if __name__ == "__main__":
    main()
