"""dlt: its REST source, merged by id into one table, what is nested as JSON.

It runs in an environment that holds dlt and psutil, and none of ours.
"""

import os
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import dlt  # type: ignore[import-not-found]
from dlt.common.configuration import configspec  # type: ignore[import-not-found]
from dlt.destinations import postgres  # type: ignore[import-not-found]
from dlt.sources.helpers.rest_client.auth import (  # type: ignore[import-not-found]
    OAuth2ClientCredentials,
)
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]

from tests.bench.meter import Meter
from tests.bench.ways.job import Pull

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "ERROR",
}


@configspec
class Credentials(OAuth2ClientCredentials):  # type: ignore[misc]
    """Told in the header, as Greenhouse wants them."""

    def build_access_token_request(self) -> dict[str, Any]:
        return {"auth": ("bench", "bench"), "data": {"grant_type": "client_credentials"}}


def main() -> None:
    job = Pull.told()
    meter = Meter(job.servers)
    with meter.measured("dlt", 1):
        url = urlsplit(job.database)
        socket = quote(parse_qs(url.query)["host"][0], safe="")
        pipeline = dlt.pipeline(
            job.schema,
            pipelines_dir=job.home,
            dataset_name=job.schema,
            destination=postgres(f"postgresql://{url.username}:none@{socket}{url.path}"),
        )
        source = rest_api_source(_description(job, pipeline.first_run), max_table_nesting=0)
        pipeline.run(source, loader_file_format="csv")
    meter.tell()


def _description(job: Pull, first: bool) -> dict[str, Any]:
    """What to read; dlt remembers from the first pull on when the newest was updated."""
    endpoint: dict[str, Any] = {"path": "candidates", "params": {"per_page": 500}}
    if job.changed or first:
        endpoint["incremental"] = {
            "start_param": "updated_at",
            "cursor_path": "updated_at",
            "initial_value": "2000-01-01T00:00:00Z",
            "convert": lambda newest: f"gte|{newest}",
        }
    return {
        "client": {
            "base_url": f"{job.api}/v3/",
            "auth": Credentials(
                access_token_url=f"{job.api}/token", client_id="bench", client_secret="bench"
            ),
            "paginator": "header_link",
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": {"disposition": "merge", "strategy": "upsert"},
        },
        "resources": [{"name": "candidates", "endpoint": endpoint}],
    }


if __name__ == "__main__":
    main()
