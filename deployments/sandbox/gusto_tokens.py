"""Gusto's OAuth: access tokens that last two hours, refresh tokens that work once.

From https://docs.gusto.com/app-integrations/reference/refresh-access-token: "The previous
refresh_token will be revoked on the first usage of the new access_token." Until then it gives
another pair, and afterwards neither it nor the access token that came with it is good for anything.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from deployments.sandbox.server import Answer, Request
from deployments.sandbox.world import World

CLIENT_ID, CLIENT_SECRET = "sandbox-gusto-app", "sandbox-gusto-app-secret"
GRANT = "sandbox-gusto-refresh"
LIFE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token's refresh token, the one it was got for, and until when it is good."""

    refresh: str
    got_for: str
    until: datetime


class Tokens:
    """Every token there is. `key` is an access token that lasts for ever."""

    def __init__(self, world: World, key: str) -> None:
        self._world, self._key = world, key
        self.pairs: dict[str, Pair] = {}
        self.good = {GRANT}
        self.exchanged: Counter[str] = Counter()

    def exchange(self, request: Request) -> Answer:
        """Give the next pair for a refresh token."""
        asked = request.json
        if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Answer(401, {"error": "invalid_client"})
        refresh = asked.get("refresh_token")
        if asked.get("grant_type") != "refresh_token" or refresh not in self.good:
            return Answer(400, {"error": "invalid_grant"})
        name = self._world.digest("gusto tokens", refresh, self.exchanged[refresh])
        self.exchanged[refresh] += 1
        access, following = name[:32], name[32:]
        self.pairs[access] = Pair(following, refresh, self._world.now + LIFE)
        self.good.add(following)
        body = {"access_token": access, "refresh_token": following, "token_type": "bearer"}
        more = {"expires_in": int(LIFE.total_seconds()), "scope": "employees:manage"}
        return Answer(200, {**body, **more, "created_at": self._world.now.isoformat()}, {}, True)

    def admit(self, authorization: str) -> bool:
        """Tell whether an access token is good."""
        access = authorization.removeprefix("Bearer ")
        pair = self.pairs.get(access)
        return access == self._key or (pair is not None and self._world.now < pair.until)

    def retire(self, authorization: str) -> bool:
        """Revoke what a token replaces once it is used; tells whether this was its first use."""
        pair = self.pairs.get(authorization.removeprefix("Bearer "))
        if pair is None or pair.got_for not in self.good:
            return False
        self.good.remove(pair.got_for)
        self.pairs = {a: p for a, p in self.pairs.items() if p.refresh != pair.got_for}
        return True

    def expire(self) -> None:
        """Let every access token end now, but the one that lasts for ever."""
        self.pairs = {
            access: Pair(pair.refresh, pair.got_for, self._world.now)
            for access, pair in self.pairs.items()
        }
