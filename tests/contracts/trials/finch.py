from typing import Any

from deployments.sandbox.finch import Finch
from tests.contracts.asked import BY_A_PERSON, hiring
from tests.contracts.trial import Bench, Trial, records


def entered(bench: Bench) -> list[str]:
    """Two hires whom the clerk has entered, after their first pay."""
    payroll = bench.stand_in
    assert isinstance(payroll, Finch)
    hires = [hiring(bench, who) for who in ("ada", "clear")]
    for hire in hires:
        payroll.clerk_enters(
            hire.first_name,
            hire.last_name,
            hire.email,
            hire.start_on,
            (hire.rate_cents, "hourly"),
            (hire.work_place.city, hire.work_place.region),
        )
    bench.later(days=60)
    refs = [bench.port.create_hire(hire, "k").external_id for hire in hires]
    hired = records(bench.port.changes("employees", None, refs))
    return [*refs, *(employee.external_id for employee in hired)]


def batch(model: str) -> dict[str, Any]:
    """The answers to a batch of questions."""
    inside = {"type": "array", "items": {"$ref": f"#/components/schemas/{model}"}}
    return {"type": "object", "properties": {"responses": inside}, "required": ["responses"]}


DIRECTORY = {
    "type": "object",
    "properties": {
        "paging": {"$ref": "#/components/schemas/Paging"},
        "individuals": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/IndividualInDirectory"},
        },
    },
    "required": ["paging", "individuals"],
}

TRIAL = Trial(
    "finch",
    Finch,
    entered,
    (),
    lists=("all_employees",),
    untried=dict.fromkeys(("create_hire", "correct_hire"), BY_A_PERSON),
    spec="finch/finch_models.schema.json",
    answers={
        "get /employer/directory": DIRECTORY,
        "post /employer/individual": batch("IndividualResponse"),
        "post /employer/employment": batch("EmploymentDataResponse"),
        "get /employer/payment": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Payment"},
        },
        "post /employer/pay-statement": batch("PayStatementResponse"),
        "get /introspect": {"$ref": "#/components/schemas/Introspection"},
    },
)
