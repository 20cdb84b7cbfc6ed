"""Applications that a vendor brings itself: verified over their raw bytes, stored, answered."""

from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.access import Access
from connectors.errors import Unreadable
from connectors.ledger import inbox
from connectors.ledger.store import Ledger
from connectors.registry import VENDORS
from deployments.accounts import Accounts
from deployments.webhooks import too_many
from tasks.clock import now
from tasks.desk import Surroundings

DELIVERERS = {name: vendor.deliverer for name, vendor in VENDORS.items() if vendor.deliverer}


async def receive(request: Request) -> Response:
    """Take a delivery: 202 stored, 401 not signed, 409 known, other 4xx unusable.

    Of one that is signed and cannot be read, somebody has applied: that it came is kept.
    """
    client, vendor = request.path_params["client"], request.path_params["vendor"]
    accounts: Accounts = request.app.state.accounts
    deliverer = DELIVERERS.get(vendor)
    account = await accounts.find(client, vendor) if deliverer else None
    if deliverer is None or account is None or not account.key:
        return JSONResponse({"error": "no such account"}, 404)
    if seconds := request.app.state.rates.wait(f"{client}/{vendor}"):
        return too_many(seconds)
    raw = await request.body()

    def by(known: Access) -> bool:
        return bool(known.key) and deliverer.verify(raw, request.headers, known.key)

    if not await accounts.signed(client, vendor, by):
        return JSONResponse({"error": "signature does not match"}, 401)
    try:
        application = deliverer.read(raw)
        body, self_identification = deliverer.set_apart(raw)
        stored = await run_in_threadpool(
            _store,
            client,
            vendor,
            application.external_id,
            body,
            application.applied_at,
            self_identification,
        )
    except (Unreadable, RecursionError) as failure:
        why = f"not kept: {type(failure).__name__}"
        await run_in_threadpool(_store_unreadable, client, vendor, raw, why)
        return JSONResponse({"error": "not an application"}, 400)
    return JSONResponse({"stored": stored}, 202 if stored else 409)


def _store(
    client: str,
    source: str,
    event_id: str,
    body: str,
    at: datetime,
    self_identification: Mapping[str, str],
) -> bool:
    ledger = Ledger(Surroundings().database_url, client)
    with ledger.transaction() as connection:
        if self_identification:
            inbox.keep_self_identification(connection, client, event_id, self_identification)
        return inbox.keep(connection, client, source, event_id, body, at.astimezone(UTC))


def _store_unreadable(client: str, source: str, raw: bytes, why: str) -> None:
    with Ledger(Surroundings().database_url, client).transaction() as connection:
        inbox.keep_unreadable(connection, client, source, raw, why, now())
