"""The plain way to read a vendor's pages: one after the other, over one connection.

Who is over the quota waits as long as the vendor says.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

PAGE = 500


def pages(api: str, since: str | None = None) -> Iterator[list[dict[str, Any]]]:
    """All candidates, decoded, or those updated since then: up to PAGE at a time."""
    with requests.Session() as session:
        waits = Retry(total=1000, status_forcelist=[HTTPStatus.TOO_MANY_REQUESTS])
        session.mount(api, HTTPAdapter(max_retries=waits))
        grant = {"grant_type": "client_credentials"}
        token = session.post(f"{api}/token", data=grant, auth=("bench", "bench")).json()
        session.headers["Authorization"] = f"Bearer {token['access_token']}"
        asked = {"per_page": str(PAGE)} | ({"updated_at": f"gte|{since}"} if since else {})
        url, query = f"{api}/v3/candidates", asked
        while url:
            answer = session.get(url, params=query)
            answer.raise_for_status()
            yield orjson.loads(answer.content)
            url, query = answer.links.get("next", {}).get("url", ""), {}
