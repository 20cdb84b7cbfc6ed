"""The one HTTP session: auth, timeouts, retries of reads only, typed errors, no personal data."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from connectors import deadline
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable, Unreadable

CONNECT_SECONDS, READ_SECONDS = 3, 30
READ_ATTEMPTS = 5
LONGEST_PAUSE_SECONDS = 30.0

File = tuple[str, bytes, str]
"""A file to upload: its name, its bytes, its media type."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's answer: status, headers (in any case) and decoded JSON (None if empty)."""

    status: int
    headers: Mapping[str, str]
    body: Any


class _Connection(HTTPConnection):
    def send(self, data: Any) -> None:
        deadline.check()
        super().send(data)


class _SecureConnection(HTTPSConnection):
    def send(self, data: Any) -> None:
        deadline.check()
        super().send(data)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """Looks at the deadline whenever bytes leave."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class Api:
    """One vendor's HTTP endpoint with one client's credentials.

    `read` may be repeated and is; `write` is sent exactly once, and a lost answer is
    `OutcomeUnknown`. `sleep` is injected so that tests never wait.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        auth: AuthBase | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.system, self.base_url, self._sleep = system, base_url.rstrip("/"), sleep
        self._session = requests.Session()
        adapter = _Adapter()
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._session.auth = auth
        self._session.trust_env = False
        self._session.headers.update({"Accept": "application/json", **(headers or {})})

    def read(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask without changing anything; repeated while the vendor is unavailable.

        Raises Misconfigured (401, 403), Refused (other 4xx), Unavailable, Unreadable.
        """
        for attempt in Retrying(
            stop=stop_after_attempt(READ_ATTEMPTS),
            wait=_pause,
            retry=retry_if_exception_type(Unavailable),
            sleep=self._sleep,
            reraise=True,
        ):
            with attempt:
                try:
                    return self._once(method, path, params, json, headers)
                except OutcomeUnknown as lost:
                    raise Unavailable(self.system, lost.what, status=lost.status) from None
        raise AssertionError("unreachable: Retrying either returns or raises")

    def write(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, File] | None = None,
    ) -> Reply:
        """Change something at the vendor; sent once. `data` with `files` is sent as multipart.

        Raises Misconfigured, Refused, Unavailable (nothing happened), OutcomeUnknown (it may have).
        """
        return self._once(method, path, params, json, headers, data, files)

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        json: Any,
        headers: Mapping[str, str] | None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, File] | None = None,
    ) -> Reply:
        what = f"{method} {path}"
        try:
            answer = self._session.request(
                method,
                self.base_url + path,
                params=params,
                json=json,
                data=data,
                files=files,
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.ConnectTimeout:
            raise Unavailable(self.system, f"{what}: no connection") from None
        except requests.ConnectionError as failure:
            if "NewConnectionError" in repr(failure):
                raise Unavailable(self.system, f"{what}: no connection") from None
            raise OutcomeUnknown(self.system, f"{what}: connection lost") from None
        except requests.RequestException:
            raise OutcomeUnknown(self.system, f"{what}: answer lost") from None
        self._judge(answer, what)
        if not answer.content:
            return Reply(answer.status_code, answer.headers, None)
        try:
            return Reply(answer.status_code, answer.headers, answer.json())
        except ValueError:
            raise OutcomeUnknown(
                self.system, f"{what}: answer is not JSON", status=answer.status_code
            ) from None

    def _judge(self, answer: requests.Response, what: str) -> None:
        status = answer.status_code
        if status < 300:
            return
        if status < 400:
            raise Unreadable(
                self.system, f"{what}: redirected, which we do not follow", status=status
            )
        if status in (401, 403):
            raise Misconfigured(self.system, f"{what}: credentials refused", status=status)
        if status == 429:
            raise Unavailable(
                self.system,
                f"{what}: over the quota",
                status=status,
                retry_after=_seconds(answer.headers.get("Retry-After")),
            )
        if status >= 500:
            raise OutcomeUnknown(self.system, f"{what}: failed", status=status)
        raise RefusedReply(self.system, what, status, _json_or_none(answer))


class RefusedReply(Refused):
    """A 4xx answer; `body` lets the connector read the vendor's error code. It is never printed."""

    def __init__(self, system: str, what: str, status: int, body: Any) -> None:
        super().__init__(system, f"{what}: refused", status=status)
        self.body = body


def segment(value: str) -> str:
    """Quote one path segment, so that an id can never change the path it stands in."""
    return quote(value, safe="")


def _json_or_none(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.replace(".", "", 1).isdigit() else None


def _pause(state: RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    told = failure.retry_after if isinstance(failure, Unavailable) else None
    return min(told if told is not None else 0.05 * 2**state.attempt_number, LONGEST_PAUSE_SECONDS)
