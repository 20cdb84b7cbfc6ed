"""Airbyte: a declarative connector for Harvest v3, run by PyAirbyte into its PostgreSQL cache.

The connector runs in PyAirbyte's process where everything is pulled, which is cheaper, and in one
of its own for what has changed: in PyAirbyte's it is not told its state and pulls everything again.
The published Greenhouse connector speaks Harvest v1 only. This runs in an environment that holds
PyAirbyte and psutil, and none of ours.
"""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.meter import Meter
from tests.bench.ways.job import Pull

os.environ |= {"DO_NOT_TRACK": "1", "AIRBYTE_OFFLINE_MODE": "1", "AIRBYTE_NO_UV": "1"}

import airbyte  # type: ignore[import-not-found]
from airbyte.caches import PostgresCache  # type: ignore[import-not-found]

NAME = "source-declarative-manifest"
CONNECTOR = Path(sys.executable).with_name(NAME)
FIELDS: dict[str, Any] = {
    "id": {"type": "integer"},
    **{
        name: {"type": ["string", "null"], "format": "date-time"}
        for name in ("created_at", "updated_at", "last_activity_at")
    },
    **{
        name: {"type": ["string", "null"]}
        for name in (
            "first_name",
            "last_name",
            "preferred_name",
            "company",
            "title",
            "time_zone",
        )
    },
    **{name: {"type": ["boolean", "null"]} for name in ("private", "can_email")},
    **{
        name: {"type": ["array", "null"]}
        for name in (
            "tags",
            "linked_user_ids",
            "phone_numbers",
            "addresses",
            "email_addresses",
            "website_addresses",
            "social_media_addresses",
        )
    },
    "custom_fields": {"type": ["object", "null"], "additionalProperties": True},
}


class Cache(PostgresCache):  # type: ignore[misc]
    """PyAirbyte's, at any address that SQLAlchemy understands."""

    address: str

    def get_sql_alchemy_url(self) -> str:
        return self.address


def main() -> None:
    job = Pull.told()
    meter = Meter(job.servers)
    with meter.measured("Airbyte", 1):
        source = _source(_manifest(job.api), job.changed)
        source.select_all_streams()
        cache = Cache(
            host="",
            port=5432,
            username="",
            password="",
            database=urlsplit(job.database).path[1:],
            schema_name=job.schema,
            cache_dir=job.home,
            address=job.database,
        )
        source.read(cache=cache, force_full_refresh=not job.changed)
    meter.tell()


def _source(manifest: dict[str, Any], changed: bool) -> Any:
    if not changed:
        return airbyte.get_source(NAME, config={}, source_manifest=manifest)
    config = {"__injected_declarative_manifest": manifest}
    return airbyte.get_source(NAME, config=config, local_executable=CONNECTOR)


def _manifest(api: str) -> dict[str, Any]:
    """What to read: pages by the link in the header, updated since the state's newest."""
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["candidates"]},
        "streams": [
            {
                "type": "DeclarativeStream",
                "name": "candidates",
                "primary_key": ["id"],
                "schema_loader": {
                    "type": "InlineSchemaLoader",
                    "schema": {"type": "object", "properties": FIELDS},
                },
                "retriever": {
                    "type": "SimpleRetriever",
                    "requester": {
                        "type": "HttpRequester",
                        "url_base": f"{api}/v3/",
                        "path": "candidates",
                        "authenticator": {
                            "type": "OAuthAuthenticator",
                            "token_refresh_endpoint": f"{api}/token",
                            "client_id": "bench",
                            "client_secret": "bench",
                            "grant_type": "client_credentials",
                            "refresh_request_headers": {
                                "Authorization": "Basic {{ 'bench:bench' | base64encode }}",
                                "Content-Type": "application/x-www-form-urlencoded",
                            },
                        },
                        "request_parameters": {
                            "per_page": "{{ 500 if not next_page_token else '' }}",
                            "updated_at": (
                                "{{ 'gte|' + stream_interval.start_time"
                                " if not next_page_token else '' }}"
                            ),
                        },
                    },
                    "record_selector": {
                        "type": "RecordSelector",
                        "extractor": {"type": "DpathExtractor", "field_path": []},
                    },
                    "paginator": {
                        "type": "DefaultPaginator",
                        "page_token_option": {"type": "RequestPath"},
                        "pagination_strategy": {
                            "type": "CursorPagination",
                            "cursor_value": "{{ headers['link']['next']['url'] }}",
                            "stop_condition": "{{ not headers['link'].get('next') }}",
                        },
                    },
                },
                "incremental_sync": {
                    "type": "DatetimeBasedCursor",
                    "cursor_field": "updated_at",
                    "cursor_datetime_formats": ["%Y-%m-%dT%H:%M:%S.%fZ"],
                    "datetime_format": "%Y-%m-%dT%H:%M:%S.%fZ",
                    "start_datetime": {
                        "type": "MinMaxDatetime",
                        "datetime": "2000-01-01T00:00:00.000000Z",
                        "datetime_format": "%Y-%m-%dT%H:%M:%S.%fZ",
                    },
                },
            }
        ],
        "spec": {
            "type": "Spec",
            "connection_specification": {"type": "object", "properties": {}},
        },
    }


if __name__ == "__main__":
    main()
