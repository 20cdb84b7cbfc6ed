"""OAuth 2.0 bearer tokens, renewed with refresh tokens that work only once (RFC 6749 §6).

A 401 says that the vendor has done nothing, so what was asked is asked again with a new token, a
write too. The new pair is kept before it is used, and nobody else renews meanwhile. What a crash or
a lost answer in between does depends on the vendor: one that revokes the old refresh token at the
first use of the new access token (Gusto) takes the old one again; with one that does not, a person
has to connect the account anew, and nothing else is lost.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, Protocol

import requests
from requests.auth import AuthBase

from connectors.errors import Misconfigured, OutcomeUnknown, Unavailable
from connectors.http import Api, RefusedReply
from connectors.payload import Payload

UNAUTHORIZED = 401
RECONNECT = (
    "check the setting 'client_id' and the secret 'client' of the account; if they are right,"
    " connect it again: new access token as key, new refresh token as secret 'refresh'"
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token, and the refresh token that gives the next pair."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


class Keeper(Protocol):
    """Where all processes keep one account's tokens; each method raises Unavailable."""

    def alone(self) -> AbstractContextManager[None]:
        """Wait until nobody else renews the account's tokens, and keep them from it."""

    def read(self) -> Tokens:
        """The tokens as they are kept now."""

    def save(self, tokens: Tokens) -> None:
        """Keep new tokens; when this returns, no crash can lose them."""


class Bearer(AuthBase):
    """An access token that is shown as long as it lasts."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Show the token."""
        return _showing(self._token, request)


class Renewing(AuthBase):
    """An access token that is renewed when the vendor refuses it; threads may share one.

    exchange: turns a refresh token into the next pair.
    """

    def __init__(self, access: str, keeper: Keeper, exchange: Callable[[str], Tokens]) -> None:
        self._access, self._keeper, self._exchange = access, keeper, exchange

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Show the token, and be ready to show another."""
        shown = self._access
        again = partial(self._once_more, shown)
        request.register_hook("response", again)  # type: ignore[no-untyped-call]
        return _showing(shown, request)

    def _once_more(self, shown: str, answer: requests.Response, **how: Any) -> requests.Response:
        is_new = False
        while answer.status_code == UNAUTHORIZED and not is_new:
            answer.close()
            shown, is_new = self._other_than(shown)
            answer = answer.connection.send(_showing(shown, answer.request.copy()), **how)
        return answer

    def _other_than(self, refused: str) -> tuple[str, bool]:
        """The token somebody else has got meanwhile, or a new one, and whether it is new."""
        with self._keeper.alone():
            kept = self._keeper.read()
            if is_new := kept.access == refused:
                kept = self._exchange(kept.refresh)
                self._keeper.save(kept)
        self._access = kept.access
        return kept.access, is_new


class ClientCredentials(AuthBase):
    """A token that a client's own credentials are worth; threads may share one.

    They are an id and a secret (RFC 6749 §4.4), or a signed assertion (RFC 7523). It is asked for
    when there is none or the vendor refuses it, and kept in memory alone. `is_refused`: how a
    vendor refuses it that does not answer 401; nothing was done either.
    """

    def __init__(
        self, ask: Callable[[], str], is_refused: Callable[[requests.Response], bool] | None = None
    ) -> None:
        self._ask, self._lock, self._token = ask, Lock(), ""
        self._is_refused = is_refused or _is_unauthorized

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Show the token, and be ready to show another."""
        shown = self._token or self._other_than("")
        again = partial(self._once_more, shown)
        request.register_hook("response", again)  # type: ignore[no-untyped-call]
        return _showing(shown, request)

    def _once_more(self, shown: str, answer: requests.Response, **how: Any) -> requests.Response:
        if not self._is_refused(answer):
            return answer
        answer.close()
        again = _showing(self._other_than(shown), answer.request.copy())
        return answer.connection.send(again, **how)

    def _other_than(self, refused: str) -> str:
        with self._lock:
            if self._token == refused:
                self._token = self._ask()
            return self._token


def exchange(api: Api, path: str, client_id: str, client_secret: str, refresh: str) -> Tokens:
    """Ask for the next pair; the request this is for has not been done, whatever is raised.

    Raises Misconfigured (refused: a person connects again), Unavailable.
    """
    asked = {
        "client_id": client_id,
        "client_secret": client_secret,
        "grant_type": "refresh_token",
        "refresh_token": refresh,
    }
    try:
        return api.write("POST", path, reading=partial(_pair, api.system), json=asked)
    except OutcomeUnknown as lost:
        raise Unavailable(api.system, f"tokens not renewed: {lost.what}") from None
    except (RefusedReply, Misconfigured) as refusal:
        told = f"the refresh token is refused: {RECONNECT}"
        raise Misconfigured(api.system, told, status=refusal.status) from None


def _pair(system: str, body: Any) -> Tokens:
    told = Payload(system, body)
    return Tokens(told.take("access_token", str), told.take("refresh_token", str))


def _is_unauthorized(answer: requests.Response) -> bool:
    return answer.status_code == UNAUTHORIZED


def _showing(token: str, request: requests.PreparedRequest) -> requests.PreparedRequest:
    request.headers["Authorization"] = f"Bearer {token}"
    return request
