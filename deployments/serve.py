"""Every deployment, and a worker of this machine that carries them out: `-m deployments.serve`.

Each pool of clients has the scheduled deployments of its own; those by hand are in the pool that is
always there. Serving again renews the deployments under the same names; a schedule that was paused
in Prefect's interface stays paused.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from prefect import Flow
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment
from prefect.types.entrypoint import EntrypointType

from deployments import automations, worker
from deployments.settings import Settings
from flows.applications import (
    move_application,
    record_interview,
    reject_application,
    submit_scorecard,
)
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
from flows.in_flight import import_in_flight, list_in_flight
from flows.lists import (
    list_acts,
    list_applications,
    list_effects,
    list_quarantine,
    list_webhooks,
)
from flows.nightly_sync import nightly_sync
from flows.reconcile import reconcile
from flows.requisition import cancel_requisition, carry_requisition, open_requisition
from flows.sweep import sweep
from flows.verify import verify_ledger
from tasks import account, desk
from tasks.process import POOL

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
    import_in_flight: "requisition",
    record_decision: "decision",
    move_application: "decision",
    reject_application: "decision",
    record_interview: "decision",
    submit_scorecard: "decision",
    release_from_quarantine: "decision",
    settle_effect: "decision",
    hold: "decision",
    resume: "decision",
    replay_webhook: "decision",
    export_evidence: "decision",
    list_applications: "list",
    list_in_flight: "list",
    list_quarantine: "list",
    list_effects: "list",
    list_webhooks: "list",
    list_acts: "list",
    verify_ledger: "care",
}


def deployments(settings: Settings, pools: Iterable[str] = ()) -> list[RunnerDeployment]:
    """All deployments, each named like its flow, in further pools like its flow and the pool.

    Schedules are in the provider's time zone.
    """
    return [
        *(
            _scheduled(flow, cron, settings.time_zone, pool)
            for pool in sorted({POOL, *pools})
            for flow, cron in SCHEDULED.items()
        ),
        *(_by_hand(flow, tag) for flow, tag in BY_HAND.items()),
    ]


def _scheduled(flow: Flow[Any, Any], cron: str, time_zone: str, pool: str) -> RunnerDeployment:
    # Known by its slug, and silent about `active`: only so does a paused schedule stay paused.
    schedule = DeploymentScheduleCreate(
        schedule=CronSchedule(cron=cron, timezone=time_zone), slug=flow.name
    )
    return _deployment(
        flow,
        flow.name if pool == POOL else f"{flow.name}-{pool}",
        "scheduled",
        work_pool_name=pool,
        parameters={"pool": pool},
        schedules=[schedule],
        concurrency_limit=ONE_AT_A_TIME,
    )


def _by_hand(flow: Flow[Any, Any], tag: str) -> RunnerDeployment:
    return _deployment(flow, flow.name, tag, work_pool_name=POOL)


def _deployment(flow: Flow[Any, Any], name: str, tag: str, **how: Any) -> RunnerDeployment:
    """A deployment found by module, so that it does not matter where it is carried out."""
    return RunnerDeployment.from_flow(
        flow,
        name=name,
        description=(flow.description or "").partition("\n\nArgs:")[0],
        tags=["fullcycle", tag],
        entrypoint_type=EntrypointType.MODULE_PATH,
        **how,
    )


def register(settings: Settings, pools: Iterable[str]) -> None:
    """Make or renew every deployment, in these pools and in the one that is always there."""
    pools = {POOL, *pools}
    for pool in pools:
        worker.open_pool(pool)
    for deployment in deployments(settings, pools):
        deployment.apply()


def main() -> None:
    """Serve until told to stop; the accounts' forms are there from the first start on."""
    settings = Settings()
    asyncio.run(account.register())
    automations.ensure(settings)
    register(settings, desk.pools().values())
    worker.work(POOL)


if __name__ == "__main__":
    main()
