"""The stand-in's API: its tokens, its budget, and what it says of requests that are none."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from deployments.sandbox.indeed import CLIENT_ID, CLIENT_SECRET, Indeed
from deployments.sandbox.indeed_api import CALLS_PER_MINUTE
from deployments.sandbox.people import People
from deployments.sandbox.server import Sandbox
from deployments.sandbox.world import World
from tests.connectors.indeed.account import NOW

NODES = "query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }"
CREATE = (
    "mutation M($input: CreateSourcedJobPostingsInput) { jobsIngest {"
    " createSourcedJobPostings(input: $input) { results { jobPosting { sourcedPostingId } } } } }"
)


def token(address: str, **changed: str) -> requests.Response:
    asked = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    return requests.post(f"{address}/indeed/oauth/v2/tokens", {**asked, **changed}, timeout=5)


@pytest.fixture
def bearer(address: str) -> str:
    told: str = token(address).json()["access_token"]
    return told


def ask(address: str, bearer: str, query: Any = NODES, **variables: Any) -> requests.Response:
    return requests.post(
        f"{address}/indeed/graphql",
        json={"query": query, "variables": variables},
        headers={"Authorization": f"Bearer {bearer}"},
        timeout=5,
    )


def code(answer: requests.Response) -> str:
    assert answer.status_code == 200
    told: str = answer.json()["errors"][0]["extensions"]["code"]
    return told


def test_a_token_is_for_the_app_alone(address: str) -> None:
    assert token(address, client_secret="another").status_code == 401
    assert token(address, grant_type="password").status_code == 400


def test_a_token_lasts_an_hour(address: str, bearer: str, sandbox: Sandbox) -> None:
    assert ask(address, bearer, ids=["x"]).json() == {"data": {"nodes": [None]}}
    sandbox.advance(NOW + timedelta(hours=1))

    assert code(ask(address, bearer, ids=[])) == "FORBIDDEN"
    assert code(ask(address, "nobody", ids=[])) == "FORBIDDEN"


def test_whoever_asks_too_often_is_told_to_wait(address: str, bearer: str, vendor: Indeed) -> None:
    vendor.api.spend(CALLS_PER_MINUTE)

    answer = ask(address, bearer, ids=[])
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")


@pytest.mark.parametrize(
    ("query", "variables", "error"),
    [
        ("{ nodes(ids: [])", {}, "GRAPHQL_PARSE_FAILED"),
        (None, {}, "GRAPHQL_PARSE_FAILED"),
        ("{ me { name } }", {}, "GRAPHQL_VALIDATION_FAILED"),
        (NODES, {"input": 1}, "GRAPHQL_VALIDATION_FAILED"),
        (NODES, {"ids": "x"}, "BAD_USER_INPUT"),
        (CREATE, {"input": {"jobPostings": [{}]}}, "BAD_USER_INPUT"),
        (CREATE, {"input": {"jobPostings": [], "novelty": 1}}, "BAD_USER_INPUT"),
    ],
)
def test_what_is_no_request_is_said_to_be_none(
    address: str, bearer: str, query: Any, variables: dict[str, Any], error: str
) -> None:
    assert code(ask(address, bearer, query, **variables)) == error


def test_a_restarted_indeed_knows_its_tokens(vendor: Indeed, tmp_path: Path) -> None:
    first = Sandbox(vendor.world, [vendor], tmp_path / "journal")
    bearer = token(first.start()).json()["access_token"]
    first.stop()

    world = World(seed=7, now=NOW)
    second = Sandbox(world, [Indeed(world, People(()))], tmp_path / "journal")
    answer = ask(second.start(), bearer, ids=[])
    second.stop()

    assert answer.json() == {"data": {"nodes": []}}
