"""A Singer tap of all fields of a candidate, made with Singer's SDK to be quick.

It is told `api` in its configuration, and runs in an environment that holds the SDK.
"""

from collections.abc import Iterable
from typing import Any

import requests
from requests.auth import _basic_auth_str
from singer_sdk import RESTStream, Tap  # type: ignore[import-not-found]
from singer_sdk import typing as th
from singer_sdk.authenticators import OAuthAuthenticator  # type: ignore[import-not-found]
from singer_sdk.contrib.msgspec import MsgSpecWriter  # type: ignore[import-not-found]
from singer_sdk.helpers.conform import TypeConformanceLevel  # type: ignore[import-not-found]
from singer_sdk.pagination import HeaderLinkPaginator  # type: ignore[import-not-found]

MOMENTS = ("created_at", "updated_at", "last_activity_at")
TEXTS = ("first_name", "last_name", "preferred_name", "company", "title", "time_zone")
FLAGS = ("private", "can_email")
LISTS = (
    "tags",
    "linked_user_ids",
    "phone_numbers",
    "addresses",
    "email_addresses",
    "website_addresses",
    "social_media_addresses",
)
ANY_LIST = th.CustomType({"type": ["array", "null"]})  # which the target keeps as JSONB
ANY_OBJECT = th.CustomType({"type": ["object", "null"]})


class Credentials(OAuthAuthenticator):  # type: ignore[misc]
    @property
    def oauth_request_body(self) -> dict[str, str]:
        return {"grant_type": "client_credentials"}


class Candidates(RESTStream[str]):  # type: ignore[misc]
    name = "candidates"
    path = "/v3/candidates"
    primary_keys = ("id",)
    replication_key = "updated_at"
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType),
        *(th.Property(name, th.DateTimeType) for name in MOMENTS),
        *(th.Property(name, th.StringType) for name in TEXTS),
        *(th.Property(name, th.BooleanType) for name in FLAGS),
        *(th.Property(name, ANY_LIST) for name in LISTS),
        th.Property("custom_fields", ANY_OBJECT),
    ).to_dict()
    # The records already have the types of the schema.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    @property
    def url_base(self) -> str:
        return str(self.config["api"])

    @property
    def authenticator(self) -> Credentials:
        return Credentials(
            auth_endpoint=f"{self.url_base}/token",
            oauth_headers={"Authorization": _basic_auth_str("bench", "bench")},
        )

    def get_new_paginator(self) -> HeaderLinkPaginator:
        return HeaderLinkPaginator()

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, str] | str:
        if next_page_token:
            return str(next_page_token.query)
        since = self.get_starting_replication_key_value(context)
        return {"per_page": "500"} | ({"updated_at": f"gte|{since}"} if since else {})

    def parse_response(self, response: requests.Response) -> Iterable[dict[str, Any]]:
        yield from response.json()


class Greenhouse(Tap):  # type: ignore[misc]
    name = "tap-greenhouse"
    config_jsonschema = th.PropertiesList(th.Property("api", th.StringType)).to_dict()
    message_writer_class = MsgSpecWriter

    def discover_streams(self) -> list[Candidates]:
        return [Candidates(self)]


if __name__ == "__main__":
    Greenhouse.cli()
