"""How a stand-in posts something to us: straight, without following redirects or waiting long."""

from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

TIMEOUT_SECONDS = 10
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
