"""Fullcycle's own: an effect in the ledger, looked up before it may be repeated, and delivered."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from requests.auth import HTTPBasicAuth

from connectors.background_checks import checkr
from connectors.documents import filesystem
from connectors.http import Api
from connectors.ledger import effects
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.links import Links
from tasks import deliver
from tasks.desk import Desk
from tests.chaos.ways.applicants import AS_OF, process_of
from tests.chaos.ways.job import ANSWERED, BEFORE_SENDING, RECORDED, Job

SETTLING_SECONDS = 1.0  # the stand-in is never at work on anything for longer


class Dying(checkr.Checkr):
    """The connector, with the job's boundaries around the one request that costs money."""

    def __init__(self, api: Api, job: Job) -> None:
        super().__init__(api, None)
        self._job = job

    def _post(self, path: str, body: Any, key: str) -> str:
        if path != "/v1/invitations":
            return super()._post(path, body, key)
        _, application, _ = key.split(":", 2)
        self._job.passes(BEFORE_SENDING, application)
        made = super()._post(path, body, key)
        self._job.passes(ANSWERED, application)
        return made


def dying_once_recorded(one: Callable[..., str], job: Job) -> Callable[..., str]:
    @wraps(one)
    def wrapped(desk: Desk, effect: effects.Claimed, *rest: Any) -> str:
        state = one(desk, effect, *rest)
        if state == "done":
            job.passes(RECORDED, effect.subject_key)
        return state

    return wrapped


def main() -> None:
    job = Job.told()
    api = Api(checkr.NAME, job.vendor, HTTPBasicAuth("sandbox-checkr", ""))
    desk = Desk(
        process_of(job.client),
        Ledger(job.database, job.client),
        Links("", ""),
        {checkr.NAME: Dying(api, job)},
        filesystem.Filesystem(Path(job.home), ""),
        SETTLING_SECONDS,
    )
    deliver.CONCURRENT = 1  # one at a time, as the others: then each death is one order's
    deliver._one = dying_once_recorded(deliver._one, job)
    with desk.ledger.transaction() as connection:
        effects.abandon(connection, desk.client)
    scope = Scope(desk.client)
    deliver.carry_out(desk, scope, AS_OF, unsettled_only=True)
    deliver.carry_out(desk, scope, AS_OF)


if __name__ == "__main__":
    main()
