"""What Prefect is told to run, when, and what its forms ask."""

from typing import Any

import pytest

from deployments import serve
from deployments.settings import Settings

ZONE = "America/New_York"


@pytest.fixture(scope="module")
def served() -> dict[str, Any]:
    return {each.name: each for each in serve.deployments(Settings(time_zone=ZONE))}


def form(served: dict[str, Any], name: str) -> dict[str, Any]:
    schema: dict[str, Any] = served[name]._parameter_openapi_schema.model_dump()
    return schema


def test_everything_that_can_be_started_is_served_once(served: dict[str, Any]) -> None:
    assert sorted(served) == [
        "cancel-requisition",
        "candidate-care",
        "carry-requisition",
        "export-evidence",
        "hold",
        "import-in-flight",
        "list-acts",
        "list-applications",
        "list-effects",
        "list-in-flight",
        "list-quarantine",
        "list-webhooks",
        "move-application",
        "nightly-sync",
        "open-requisition",
        "reconcile",
        "record-decision",
        "record-interview",
        "reject-application",
        "release-from-quarantine",
        "replay-webhook",
        "resume",
        "settle-effect",
        "submit-scorecard",
        "sweep",
        "verify-ledger",
    ]


def test_what_repeats_has_a_schedule_in_the_providers_time_zone(served: dict[str, Any]) -> None:
    schedules = {
        name: [(each.schedule.cron, each.schedule.timezone) for each in deployment.schedules]
        for name, deployment in served.items()
        if deployment.schedules
    }

    assert schedules == {
        "nightly-sync": [("0 2 * * *", ZONE)],
        "reconcile": [("0 3 * * *", ZONE)],
        "sweep": [("*/15 * * * *", ZONE)],
        "candidate-care": [("0 8 * * *", ZONE)],
    }


def test_each_pool_repeats_the_same_for_its_own_clients() -> None:
    served = serve.deployments(Settings(), ["east"])
    repeated = {each.name: each for each in served if each.schedules}

    assert sorted(repeated) == [
        "candidate-care",
        "candidate-care-east",
        "nightly-sync",
        "nightly-sync-east",
        "reconcile",
        "reconcile-east",
        "sweep",
        "sweep-east",
    ]
    for name, deployment in repeated.items():
        pool = "east" if name.endswith("-east") else "fullcycle"
        assert deployment.work_pool_name == pool
        assert deployment.parameters == {"pool": pool}
        assert deployment.concurrency_limit == 1


def test_what_people_start_is_in_the_pool_that_is_always_there() -> None:
    by_hand = [each for each in serve.deployments(Settings(), ["east"]) if not each.schedules]

    assert len(by_hand) == len(serve.BY_HAND)
    assert {each.work_pool_name for each in by_hand} == {"fullcycle"}


def test_a_scheduled_run_gives_way_to_the_one_before_it(served: dict[str, Any]) -> None:
    for name in ("nightly-sync", "reconcile", "sweep", "candidate-care"):
        assert served[name].concurrency_limit == 1
        assert served[name].concurrency_options.collision_strategy == "CANCEL_NEW"


def test_every_deployment_is_found_by_module_and_says_what_it_does(served: dict[str, Any]) -> None:
    for deployment in served.values():
        assert deployment.entrypoint.startswith("flows.")
        assert "fullcycle" in deployment.tags
        assert deployment.description
        assert "Args:" not in deployment.description


def test_every_field_of_every_form_says_what_it_is_for(served: dict[str, Any]) -> None:
    for name in served:
        for field, asked in form(served, name)["properties"].items():
            assert asked["title"], f"{name}: {field}"
            if "$ref" not in str(asked):
                assert asked.get("description"), f"{name}: {field}"


def test_the_requisitions_form_has_titles_choices_defaults_and_an_order(
    served: dict[str, Any],
) -> None:
    schema = form(served, "open-requisition")
    fields = schema["definitions"]["Requisition"]["properties"]

    assert [name for name, _ in sorted(fields.items(), key=lambda f: f[1]["position"])][:4] == [
        "code",
        "client",
        "title",
        "description",
    ]
    assert all(field["title"] for field in fields.values())
    assert fields["headcount"]["default"] == 1
    assert "part_time" in schema["definitions"]["EmploymentType"]["enum"]
    assert schema["required"] == ["requisition", "by", "why"]


def test_a_decision_is_chosen_from_the_questions_colleagues_answer(served: dict[str, Any]) -> None:
    decision = form(served, "record-decision")

    assert "approve_requisition" in decision["properties"]["form"]["enum"]
    assert "withdraw" not in decision["properties"]["form"]["enum"]
    assert decision["properties"]["about"]["default"] == ""
    assert form(served, "settle-effect")["properties"]["outcome"]["enum"] == [
        "retry",
        "done",
        "waive",
    ]


def test_an_unknown_time_zone_is_named() -> None:
    with pytest.raises(ValueError, match="Invalid timezone name"):
        Settings(time_zone="Mars/Olympus")
