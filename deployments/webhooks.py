"""Vendors' webhooks: verified over their raw bytes, stored as a hint, answered, and looked into.

A webhook is only ever a hint that something happened: what it was is read at the vendor. So no more
of it is kept than the event's id and kind and the ids of the vendor's objects, and the worst a
forged one could do is to make us look.
"""

import logging
import math
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from connectors.access import Access
from connectors.errors import ConnectorError, Unreadable
from connectors.ledger.inbox import Hint
from connectors.registry import VENDORS
from connectors.vendor import Sender
from deployments.accounts import Accounts, remember_secret
from deployments.hints import Hints
from deployments.limits import Rates
from tasks.clock import now

OLDEST = timedelta(days=4)  # no vendor tries longer to deliver; what is older is a replay
AHEAD = timedelta(minutes=5)  # how far a vendor's clock may be before ours

CHALLENGE = re.compile(r"[!-~]{1,512}")

log = logging.getLogger(__name__)


SENDERS = {name: vendor.webhooks for name, vendor in VENDORS.items() if vendor.webhooks}


class Webhooks:
    """The endpoint of all vendors' webhooks. `notice` is told the client of each new hint."""

    def __init__(self, accounts: Accounts, rates: Rates, notice: Callable[[str], None]) -> None:
        self._accounts, self._rates, self._notice = accounts, rates, notice
        self._hints = Hints()
        self._handshakes = Rates(per_second=1 / 60, burst=5)

    async def receive(self, request: Request) -> Response:
        """Take an event: 200 known or stored, 401 not signed, 403 too old, 404 no such account."""
        client, vendor = request.path_params["client"], request.path_params["vendor"]
        sender = SENDERS.get(vendor)
        account = await self._accounts.find(client, vendor) if sender else None
        if sender is None or account is None:
            return JSONResponse({"error": "no such account"}, 404)
        if seconds := self._rates.wait(f"{client}/{vendor}"):
            return too_many(seconds)
        if wanted_back := _wanted_back(request, sender):
            return Response(headers=wanted_back)
        raw = await _event_of(request, sender)
        signed = partial(sender.signed, raw, request.headers)
        if not await self._accounts.signed(client, vendor, signed):
            if await self._opened(client, vendor, account, raw):
                return JSONResponse({"subscription": "confirmed"})
            return JSONResponse({"error": "signature does not match"}, 401)
        return await self._keep(client, vendor, sender, raw, request)

    async def _keep(
        self, client: str, vendor: str, sender: Sender, raw: bytes, request: Request
    ) -> Response:
        """Keep what a post says that was signed."""
        try:
            event = sender.event(raw, request.headers)
        except Unreadable:
            return JSONResponse({"error": "not an event"}, 400)
        arrived_at = now()
        if event.at and not arrived_at - OLDEST <= event.at <= arrived_at + AHEAD:
            return JSONResponse({"error": "too old, or from the future"}, 403)
        hint = Hint(vendor, event.id, event.kind, event.refs, arrived_at)
        stored = await self._hints.store(client, hint)
        if stored:
            self._notice(client)
        return _thanked(sender) if sender.thanks else JSONResponse({"stored": stored})

    async def echo(self, request: Request) -> Response:
        """Say a vendor's challenge back, by which it knows that the address is ours."""
        client, vendor = request.path_params["client"], request.path_params["vendor"]
        sender = SENDERS.get(vendor)
        asked = request.query_params.get(sender.challenge, "") if sender else ""
        if not CHALLENGE.fullmatch(asked) or await self._accounts.find(client, vendor) is None:
            return JSONResponse({"error": "no such account, or nothing to say"}, 404)
        return PlainTextResponse(asked, headers={"X-Content-Type-Options": "nosniff"})

    async def _opened(self, client: str, vendor: str, account: Access, raw: bytes) -> bool:
        """Take the first post of a subscription, if the vendor confirms that the token is its own.

        Only while there is no token yet, and seldom: a stranger's posts must not use up our quota.
        """
        handshake = SENDERS[vendor].handshake
        if handshake is None or account.secrets.get("webhook"):
            return False
        try:
            subscription, token = handshake.read(raw)
        except Unreadable:
            return False
        if self._handshakes.wait(f"{client}/{vendor}"):
            return False
        try:
            await run_in_threadpool(handshake.confirm, account, subscription, token)
        except ConnectorError as failure:
            log.warning("subscription of %s not confirmed: %s", client, failure)
            return False
        await run_in_threadpool(remember_secret, client, vendor, "webhook", token)
        self._accounts.forget(client, vendor)
        return True


def too_many(seconds: float) -> Response:
    """429, with the time after which it is worth trying again."""
    after = str(math.ceil(seconds))
    return JSONResponse({"error": "too many requests"}, 429, headers={"Retry-After": after})


def _thanked(sender: Sender) -> Response:
    return Response(sender.thanks, media_type=sender.thanks_type)


def _wanted_back(request: Request, sender: Sender) -> dict[str, str]:
    """The header of a subscription's first post that goes back to its vendor, if this is one."""
    told = request.headers.get(sender.echo, "") if sender.echo else ""
    return {sender.echo: told} if CHALLENGE.fullmatch(told) else {}


async def _event_of(request: Request, sender: Sender) -> bytes:
    """The bytes that say what happened: the body, or one field of the form it is."""
    if not sender.field:
        return await request.body()
    async with request.form(max_files=0, max_fields=10) as form:
        return str(form.get(sender.field, "")).encode(errors="replace")
