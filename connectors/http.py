"""The one HTTP session: auth, timeouts, retries of reads only, typed errors, no personal data."""

import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from json import loads as from_json
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from connectors import deadline
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Unavailable,
    Unreadable,
)
from connectors.health import CLOCK, Check
from connectors.quota import AN_INSTANT, BURST, BURST_SECONDS, LONGEST_SECONDS, Quota, of_quota

CONNECT_SECONDS, READ_SECONDS = 3, 30
MOST_AT_ONCE = 64  # requests to one vendor, each on a connection that is kept for the next
READ_ATTEMPTS = 5
LONGEST_PAUSE_SECONDS = 30.0
NO_CONTENT = 204
GAVE_UP_WAITING = 408  # the vendor, for the end of our request: it may have acted on what it had
A_DAY = 86_400.0
CLOCKS_APART_SECONDS = 60.0  # signatures and tokens of most vendors bear five minutes
FEW = 0.1  # of a quota
CHUNK = 1 << 20  # bytes read at once: by default 10 KB, which is half of what reading 1 MB costs
LARGEST_FILE = 20 << 20  # bytes
MOST_HOPS = 3  # from one address to the next, until there is the file
A_FILE = {"Accept": "*/*", "Accept-Encoding": "identity"}  # unpacked it could be of any size
NOT_JSON = (ValueError, RecursionError)  # a body of a million brackets is no JSON either

T = TypeVar("T")
File = tuple[str, bytes, str]
"""A file to upload: its name, its bytes, its media type."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's answer: status, headers (in any case) and its body, decoded (None: blank)."""

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

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        super().__init__(pool_maxsize=MOST_AT_ONCE)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, ssl_context=self._tls, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class Api:
    """One vendor's HTTP endpoint with one client's credentials.

    `read` may be repeated and is; `write` is sent exactly once, and an answer that is lost or makes
    no sense is `OutcomeUnknown`. `objection` raises what a good status with a bad body means, given
    system, request and body; `meaning` is for vendors whose 4xx are not what they mean elsewhere.
    `is_refusal` tells from a 5xx's body that it refuses: nothing was done, and asking again will
    not help. `read_seconds`: how long a read waits for a slow vendor; a write is looked up sooner.
    `tls`: shows our certificate to a vendor that asks for it.
    `sleep` is injected so that tests never wait.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        auth: AuthBase | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        objection: "Objection | None" = None,
        meaning: "Meaning | None" = None,
        is_refusal: Callable[[Any], bool] = lambda body: False,
        read_seconds: float | None = None,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.system, self.base_url, self._sleep = system, base_url.rstrip("/"), sleep
        self._objection, self._meaning = objection or _error_inside, meaning or _as_refused
        self._is_refusal, self._read_seconds = is_refusal, read_seconds
        self._quota = Quota(sleep)
        self._burst = Quota(sleep, name=BURST, window=BURST_SECONDS)
        self._heard: tuple[float, Mapping[str, str]] = (0.0, {})
        self._session = requests.Session()
        adapter = _Adapter(tls)
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
        decode: Callable[[bytes], Any] = from_json,
    ) -> Reply:
        """Ask without changing anything; repeated while the vendor is unavailable.

        An answer that is lost, empty, no JSON, elsewhere or an error is asked for again; 204 says
        that there is nothing (its body is None). One who wants us to stay away for longer than
        LONGEST_PAUSE_SECONDS is left alone.
        decode: makes something of the body; it raises ValueError if it is no JSON.
        Raises Misconfigured (401, 403), Refused (other 4xx), Unavailable.
        """

        def once() -> Reply:
            reply = self._once(
                method, path, params, json, headers, decode=decode, wait=self._read_seconds
            )
            if reply.body is None and reply.status != NO_CONTENT:
                raise Unavailable(self.system, f"{method} {path}: empty", status=reply.status)
            return reply

        return self._patiently(once)

    def file(self, path: str, decode: Callable[[bytes], T]) -> T:
        """Read a file, asked for as often as by `read`; where that leads to a link, by the link.

        decode: makes something of the file; it raises ValueError if that is none.
        Raises what `read` raises, NoFile, and Refused for a file of more than LARGEST_FILE.
        """
        what = f"GET {path.partition('?')[0]}"  # the rest may be a signature
        found = self._patiently(partial(self._file_or_link, what, path, decode))
        if isinstance(found, str):
            return self.linked(urljoin(self.base_url + path, found), decode)
        content: T = found.body
        return content

    def linked(self, url: str, decode: Callable[[bytes], T]) -> T:
        """Read a file by a link that the vendor gave, to wherever it is, without our credentials.

        A signed link opens the file for whoever has it, so no error names it. Raises Refused for
        one that is dead, or less safe than our way to the vendor, and for a file that is too large;
        NoFile, Unavailable.
        """
        what, anybody = "GET a link to a file", Api(self.system, "", sleep=self._sleep)
        for _ in range(MOST_HOPS):
            if urlsplit(url).scheme not in {"https", urlsplit(self.base_url).scheme}:
                raise Refused(self.system, f"{what}: it is not encrypted")
            try:
                found = anybody._patiently(partial(anybody._file_or_link, what, url, decode))
            except (Misconfigured, RefusedReply) as refusal:
                told = f"{what}: it is dead: look whether the file is there, then retry"
                raise Refused(self.system, told, status=refusal.status) from None
            if not isinstance(found, str):
                content: T = found.body
                return content
            url = urljoin(url, found)
        raise Refused(self.system, f"{what}: it leads from one address to the next")

    def write(
        self,
        method: str,
        path: str,
        *,
        reading: Callable[[Any], T],
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, File] | None = None,
        located: bool = False,
    ) -> T:
        """Change something at the vendor; sent once. `data` with `files` is sent as multipart.

        `reading` makes the result of the answer's body (None: it was blank), and raises Unreadable
        for any that does not prove that it was done: then it may have been, and is looked up.
        `located`: the vendor answers with no body and tells in `Location` what it made; that is
        what is read.
        Raises Misconfigured, Refused, Unavailable (nothing happened), OutcomeUnknown (it may have).
        """
        reply = self._once(method, path, params, json, headers, data, files)
        try:
            empty = located and reply.body is None
            return reading(reply.headers.get("Location") if empty else reply.body)
        except Unreadable as failure:
            what = f"{method} {path}: answer not understood: {failure.what}"
            raise OutcomeUnknown(self.system, what, status=reply.status) from None

    def health(self) -> Iterator[Check]:
        """The vendor's clock beside ours, and what is left of the quota, by its last answer.

        A quota that is counted anew so soon that we wait for it is none that runs out; one of which
        nobody says when it is counted anew is waited for, too.
        """
        at, headers = self._heard
        if (theirs := _instant(headers.get("Date", ""))) is not None:
            apart = abs(theirs - at)
            wrong = f"{apart:.0f} s apart" if apart > CLOCKS_APART_SECONDS else ""
            yield Check(CLOCK, wrong, "have this machine's clock set by NTP")
        limit, left = (_instant(of_quota(headers, name)) for name in ("Limit", "Remaining"))
        if limit and left is not None:
            lasts = _seconds_to_wait(headers) or 0.0
            is_short = left < limit * FEW and lasts > LONGEST_SECONDS
            wrong = f"{left:.0f} of {limit:.0f} requests left" if is_short else ""
            yield Check(
                "quota", wrong, "see what else uses this account, or ask for a larger quota"
            )

    def _patiently(self, once: Callable[[], T]) -> T:
        """Ask again while the vendor is unavailable; an answer that is lost has changed nothing."""
        for attempt in Retrying(
            stop=stop_after_attempt(READ_ATTEMPTS),
            wait=_pause,
            retry=retry_if_exception(_may_pass_soon),
            sleep=self._sleep,
            reraise=True,
        ):
            with attempt:
                try:
                    return once()
                except OutcomeUnknown as lost:
                    raise Unavailable(self.system, lost.what, status=lost.status) from None
        raise AssertionError("unreachable: Retrying either returns or raises")

    def _file_or_link(self, what: str, path: str, decode: Callable[[bytes], Any]) -> Reply | str:
        answer, content = self._exchange(
            what, "GET", path, headers=A_FILE, wait=self._read_seconds, most=LARGEST_FILE
        )
        if answer.is_redirect:
            return answer.headers["Location"]
        self._judge(answer, content, what)
        try:
            return Reply(answer.status_code, answer.headers, decode(content))
        except ValueError:
            raise NoFile(self.system, f"{what}: no file", status=answer.status_code) from None

    def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        json: Any,
        headers: Mapping[str, str] | None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, File] | None = None,
        decode: Callable[[bytes], Any] = from_json,
        wait: float | None = None,
    ) -> Reply:
        what = f"{method} {path}"
        answer, content = self._exchange(
            what,
            method,
            path,
            params=params,
            json=json,
            data=data,
            files=files,
            headers=headers,
            wait=wait,
        )
        self._judge(answer, content, what)
        if not content.strip():
            return Reply(answer.status_code, answer.headers, None)
        try:
            body = decode(content)
        except NOT_JSON:
            raise OutcomeUnknown(
                self.system, f"{what}: answer is not JSON", status=answer.status_code
            ) from None
        self._objection(self.system, what, body)
        return Reply(answer.status_code, answer.headers, body)

    def _exchange(
        self,
        what: str,
        method: str,
        path: str,
        *,
        wait: float | None = None,
        most: int | None = None,
        **asked: Any,
    ) -> tuple[requests.Response, bytes]:
        """Ask once, and read what is answered; raises Refused for more than `most` bytes."""
        try:
            with self._quota.one() as told, self._burst.one() as told_of_burst:
                answer = self._session.request(
                    method,
                    self.base_url + path,
                    timeout=(CONNECT_SECONDS, wait or READ_SECONDS),
                    allow_redirects=False,
                    stream=True,
                    **asked,
                )
                told(answer.headers)
                told_of_burst(answer.headers)
                self._heard = (time.time(), answer.headers)
                return answer, self._content(answer, what, most)
        except requests.ConnectTimeout:
            raise Unavailable(self.system, f"{what}: no connection") from None
        except requests.ConnectionError as failure:
            if "NewConnectionError" in repr(failure):
                raise Unavailable(self.system, f"{what}: no connection") from None
            raise OutcomeUnknown(self.system, f"{what}: connection lost") from None
        except requests.RequestException:
            raise OutcomeUnknown(self.system, f"{what}: answer lost") from None

    def _content(self, answer: requests.Response, what: str, most: int | None) -> bytes:
        parts, size = [], 0
        for part in answer.iter_content(CHUNK):
            parts.append(part)
            size += len(part)
            if most is not None and size > most:
                answer.close()
                raise Refused(self.system, f"{what}: larger than {most >> 20} MB")
        return b"".join(parts)

    def _judge(self, answer: requests.Response, content: bytes, what: str) -> None:
        status = answer.status_code
        if status < 300:
            return
        if status < 400:
            told = f"{what}: redirected, which we do not follow: is the account's address right?"
            raise OutcomeUnknown(self.system, told, status=status)
        if status in (401, 403):
            raise Misconfigured(self.system, f"{what}: credentials refused", status=status)
        if status == 429:
            raise Unavailable(
                self.system,
                f"{what}: over the quota",
                status=status,
                retry_after=_seconds_to_wait(answer.headers),
            )
        refused = status >= 500 and self._is_refusal(_json_or_none(content))
        if not refused and (status >= 500 or status == GAVE_UP_WAITING):
            raise OutcomeUnknown(self.system, f"{what}: failed", status=status)
        refusal = RefusedReply(self.system, what, status, _json_or_none(content))
        raise self._meaning(refusal, _seconds_to_wait(answer.headers))


class NoFile(Unavailable):
    """In place of a file there was something else, as often as we asked."""


class RefusedReply(Refused):
    """A 4xx answer, or a 5xx that refuses.

    `body` lets the connector read the vendor's error code. It is never printed.
    """

    def __init__(self, system: str, what: str, status: int, body: Any) -> None:
        super().__init__(system, f"{what}: refused", status=status)
        self.body = body


def segment(value: str) -> str:
    """Quote one path segment, so that an id can never change the path it stands in."""
    return quote(value, safe="")


Objection = Callable[[str, str, Any], None]
Meaning = Callable[[RefusedReply, float | None], ConnectorError]
"""What a refusal means, given the seconds for which the vendor's headers want us to stay away."""


def _as_refused(refusal: RefusedReply, seconds: float | None) -> ConnectorError:
    return refusal


def _error_inside(system: str, what: str, body: Any) -> None:
    """Object to a good status around an error; what was done before it failed, nobody knows."""
    if isinstance(body, dict) and (body.get("error") or body.get("errors")):
        raise OutcomeUnknown(system, f"{what}: an error inside a good answer")


def _json_or_none(content: bytes) -> Any:
    try:
        return from_json(content)
    except NOT_JSON:
        return None


def _seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """How long the vendor wants to be left alone: `Retry-After`, else `X-RateLimit-Reset`.

    Either holds seconds or an instant, which is compared with the vendor's own clock (`Date`).
    """
    now = _instant(headers.get("Date", ""))
    for told in (headers.get("Retry-After", ""), of_quota(headers, "Reset")):
        then = _instant(told)
        if then is not None and then < AN_INSTANT:
            return min(then, A_DAY)
        if then is not None and now is not None:
            return min(max(0.0, then - now), A_DAY)
    return None


def _instant(text: str) -> float | None:
    """Read a number of seconds or an HTTP date."""
    if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        return float(text)
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


def _may_pass_soon(failure: BaseException) -> bool:
    return (
        isinstance(failure, Unavailable) and (failure.retry_after or 0.0) <= LONGEST_PAUSE_SECONDS
    )


def _pause(state: RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    told = failure.retry_after if isinstance(failure, Unavailable) else None
    return told if told is not None else 0.05 * 2**state.attempt_number
