"""The Checkr stand-in, losing some answers and killing some who ask before it answers them."""

import os
import signal
import ssl
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deployments.sandbox.checkr import Checkr
from deployments.sandbox.server import Answer, Request, Sandbox, StandIn
from deployments.sandbox.world import World
from tests.chaos.ways.applicants import AS_OF
from tests.chaos.ways.job import COMMITTED, LOST_ANSWER

CALLS_ENOUGH = 1_000_000  # its clock stands still, and so does the minute of its quota


class Nobody:
    """Nobody is described, so every report would be clear."""

    def by_email(self, email: str) -> Any:
        return None


def _hung_up(request: Any, client_address: Any) -> None:
    """Whoever is killed hangs up; that is no news."""


class Unlucky(Sandbox):
    """`victim`: the process that is asking. `faults`: what befalls the order for whom, once."""

    def __init__(self, faults: Mapping[str, str], has_keys: bool) -> None:
        self._checkr = Checkr(World(seed=7, now=AS_OF), Nobody())
        self._checkr.calls_per_minute = CALLS_ENOUGH
        super().__init__(self._checkr.world, [self._checkr])
        self._due = {who: what for who, what in faults.items() if what in (COMMITTED, LOST_ANSWER)}
        self._has_keys = has_keys
        self.victim = 0
        self.answers_lost = 0

    @property
    def bought(self) -> Counter[str]:
        """How many checks were bought for each application."""
        record = self._checkr.received.get("invitations", [])
        return Counter(name.split()[0] for name in record)

    def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> str:
        address = super().start(port, tls)
        assert self._server is not None
        self._server.handle_error = _hung_up  # type: ignore[method-assign]
        return address

    def _serve(
        self, vendor: StandIn, request: Request, fault: str | None
    ) -> tuple[Answer, str | None]:
        due = self._due.pop(self._ordered_for(request), None)
        if not self._has_keys:
            others = {k: v for k, v in request.headers.items() if k != "idempotency-key"}
            request = replace(request, headers=others)
        answered = super()._serve(vendor, request, "drop_after" if due else fault)
        self.answers_lost += due == LOST_ANSWER
        if due == COMMITTED:
            os.kill(self.victim, signal.SIGKILL)
            os.waitid(os.P_PID, self.victim, os.WEXITED | os.WNOWAIT)  # until it is really dead
        return answered

    def _ordered_for(self, request: Request) -> str:
        if (request.method, request.path) != ("POST", "/v1/invitations"):
            return ""
        candidate = self._checkr._rows["candidate"][request.json["candidate_id"]]
        return str(candidate["custom_id"])
