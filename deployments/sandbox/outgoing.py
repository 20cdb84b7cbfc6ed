"""How a stand-in posts something to us: straight, without following redirects or waiting long."""

from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any, ParamSpec, TypeVar
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from tenacity import retry, retry_if_exception, retry_if_result, stop_after_delay, wait_fixed

TIMEOUT_SECONDS = 10
AGAIN_SECONDS = 0.5
NO_ANSWER = 0

Post = Callable[[str, bytes, Mapping[str, str]], int]


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing: vendors do not."""


_DIRECT = build_opener(_NoRedirect, ProxyHandler({}))


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Deliver over HTTP; returns the status, or NO_ANSWER."""
    try:
        request = Request(url, body, dict(headers), method="POST")
        with _DIRECT.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return int(answer.status)
    except HTTPError as failure:
        return failure.code
    except (OSError, HTTPException):
        return NO_ANSWER


def get(url: str) -> bytes | None:
    """Read a file over HTTP; None: there is none, or nobody to ask."""
    try:
        with _DIRECT.open(Request(url), timeout=TIMEOUT_SECONDS) as answer:
            return bytes(answer.read())
    except (OSError, HTTPException):
        return None


P = ParamSpec("P")
T = TypeVar("T")


def patient(ask: Callable[P, T], seconds: float) -> Callable[P, T]:
    """The same, but asked again for so long, on the wall clock, while we are away.

    The simulated time stands still meanwhile: so an outage of ours makes nobody late.
    """
    return retry(
        stop=stop_after_delay(seconds),
        wait=wait_fixed(AGAIN_SECONDS),
        retry=retry_if_result(_is_away) | retry_if_exception(_nobody_is_there),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )(ask)


def _is_away(status: object) -> bool:
    return isinstance(status, int) and (status == NO_ANSWER or status >= 500)


def _nobody_is_there(failure: BaseException) -> bool:
    if isinstance(failure, HTTPError):
        return failure.code >= 500
    return isinstance(failure, OSError | HTTPException)
