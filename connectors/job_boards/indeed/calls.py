"""Indeed's GraphQL API: how it is asked, and what its errors mean.

Most errors come with HTTP 200; only the quota (429) has a status of its own. A token that has
ended, too, is answered 200, with a code that says that we may not.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import requests

from connectors.access import Access
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable
from connectors.health import Check
from connectors.http import NOT_JSON, Api, RefusedReply
from connectors.job_boards.indeed.names import NAME
from connectors.oauth import UNAUTHORIZED, ClientCredentials
from connectors.payload import Payload
from connectors.vendor import further

API_URL = "https://apis.indeed.com"
SCOPE = "employer_access"
MAY_NOT = {"FORBIDDEN", "UNAUTHENTICATED"}
NOT_FOUND = "NOT_FOUND"
OBJECTIONS = {
    "BAD_REQUEST",
    "BAD_USER_INPUT",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    NOT_FOUND,
}
FIELD = re.compile(r"\w{1,60}")
REMEDY = (
    "check the setting 'client_id' and the secret 'client' of the account, and the app's rights"
)
T = TypeVar("T")


class Objection(Refused):
    """Indeed has understood and done nothing; `code` is its own, `field` what it objects to."""

    def __init__(self, what: str, code: str, field: str) -> None:
        self.code, self.field = code, field
        super().__init__(NAME, f"{what}: {code}{f' at {field}' if field else ''}")


class Calls:
    """The API as one partner's app, if there is one; it needs no token until it is asked something.

    Raises Misconfigured.
    """

    def __init__(self, access: Access, sleep: Callable[[float], None] = time.sleep) -> None:
        self.client_id = access.options.get("client_id", "")
        address = further(NAME, access, "api_url", API_URL) if self.client_id else API_URL
        tokens = Api(NAME, address, sleep=sleep)
        self.token = partial(_token, tokens, self.client_id, access.secrets)
        credentials = ClientCredentials(self.token, _may_not)
        self._api = Api(NAME, address, credentials, objection=_object, sleep=sleep)

    def read(self, query: str, variables: Mapping[str, Any]) -> Payload:
        """Ask for data; raises Misconfigured, Refused, Unavailable, Unreadable."""
        asked = {"query": query, "variables": variables}
        return _data(self._api.read("POST", "/graphql", json=asked).body)

    def write(
        self, mutation: str, variables: Mapping[str, Any], reading: Callable[[Payload], T]
    ) -> T:
        """Change something, once; raises Objection where that one thing is refused."""
        asked = {"query": mutation, "variables": variables}
        return self._api.write(
            "POST", "/graphql", json=asked, reading=lambda body: reading(_data(body))
        )

    def health(self) -> Iterator[Check]:
        """The vendor's clock and our quota, by its last answer."""
        return self._api.health()


def _token(api: Api, client_id: str, secrets: Mapping[str, str]) -> str:
    """Ask for an access token; it lasts an hour. Raises Misconfigured, Unavailable."""
    client = secrets.get("client", "")
    if not client_id or not client:
        raise Misconfigured(NAME, f"it has no API credentials: {REMEDY}")
    asked = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client,
        "scope": SCOPE,
    }
    try:
        return api.write("POST", "/oauth/v2/tokens", data=asked, reading=_access_token)
    except OutcomeUnknown as lost:  # what the token was for has not been done
        raise Unavailable(NAME, f"no token: {lost.what}") from None
    except (Misconfigured, RefusedReply) as refusal:
        raise Misconfigured(NAME, f"no token: {REMEDY}", status=refusal.status) from None


def _access_token(body: Any) -> str:
    return Payload(NAME, body).take("access_token", str)


def _may_not(answer: requests.Response) -> bool:
    if answer.status_code == UNAUTHORIZED:
        return True
    try:
        return _code(_first_error(json.loads(answer.content))) in MAY_NOT
    except NOT_JSON:
        return False


def _data(body: Any) -> Payload:
    return Payload(NAME, body).inner("data")


def _object(system: str, what: str, body: Any) -> None:
    error = _first_error(body)
    if error is None:
        return
    code = _code(error)
    if code in MAY_NOT:
        raise Misconfigured(system, f"{what}: {code}: {REMEDY}")
    if code in OBJECTIONS:
        raise Objection(what, code, _field(error))
    raise OutcomeUnknown(system, f"{what}: an error inside a good answer")


def _first_error(body: Any) -> Mapping[str, Any] | None:
    """The first of `errors`; an empty one for errors in no shape that we know; None: no errors."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not errors:
        return None
    first = errors[0] if isinstance(errors, list) else None
    return first if isinstance(first, dict) else {}


def _code(error: Mapping[str, Any] | None) -> str:
    extensions = (error or {}).get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    return code if isinstance(code, str) else ""


def _field(error: Mapping[str, Any]) -> str:
    """The name of the field at fault, without anything that it holds."""
    told = error["extensions"].get("classification")
    path = told.get("validatedPath") if isinstance(told, dict) else None
    steps = [str(step) for step in path] if isinstance(path, list) else []
    return ".".join(steps) if all(FIELD.fullmatch(step) for step in steps) else ""
