"""Applications: what people decide in the built-in tracker, on a form of Prefect's."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from connectors.records import RejectionReason
from flows.carry import carry
from flows.decisions import By, Client, Why, scope_of
from tasks import clock, tracker

Application = Annotated[str, Field(title="Application", min_length=1)]
Round = Annotated[str, Field(title="Round", min_length=1)]


@flow(name="move-application", flow_run_name="move {application} to {to}", persist_result=False)
async def move_application(
    client: Client,
    application: Application,
    to: Annotated[tracker.Stage, Field(title="To which stage")],
    by: By,
    why: Why,
) -> State[None]:
    """Move an application in the built-in tracker: accept who was submitted, select a finalist.

    Args:
        client: The client's name, as registered.
        application: The application's key, as in HARBOR-1.9f2c11ab03.
        to: Moving to "interview" accepts a submittal, moving to "offer" selects a finalist.
        by: Who decides: a name or a role.
        why: Why, in a sentence; it is kept.
    """
    as_of = clock.now()
    tracker.move(client, application, to, by, why, as_of)
    sentence = await carry(scope_of(client, application), as_of)
    return Completed(message=f"{application} is at {to}; {sentence}")


@flow(name="reject-application", flow_run_name="reject {application}", persist_result=False)
async def reject_application(
    client: Client,
    application: Application,
    reason: Annotated[RejectionReason, Field(title="Reason")],
    by: By,
    why: Why,
) -> State[None]:
    """Archive an application in the built-in tracker; the candidate is told.

    Args:
        client: The client's name, as registered.
        application: The application's key, as in HARBOR-1.9f2c11ab03.
        reason: The reason for the disposition; "withdrew" is the candidate's own.
        by: Who decides: a name or a role.
        why: Why, in a sentence; it is kept.
    """
    as_of = clock.now()
    tracker.reject(client, application, reason, by, why, as_of)
    sentence = await carry(scope_of(client, application), as_of)
    return Completed(message=f"{application} is archived; {sentence}")


@flow(
    name="record-interview",
    flow_run_name="{round} of {application}: {status}",
    persist_result=False,
)
async def record_interview(
    client: Client,
    application: Application,
    round: Round,
    status: Annotated[tracker.Held, Field(title="What became of it")],
    by: By,
    why: Why,
) -> State[None]:
    """Say in the built-in tracker whether an interview took place; if not, it is scheduled anew.

    Args:
        client: The client's name, as registered.
        application: The application's key, as in HARBOR-1.9f2c11ab03.
        round: The round's name, as the requisition has it.
        status: It has taken place (completed), the candidate did not come, or it was called off.
        by: Who says so: a name or a role.
        why: Why, in a sentence; it is kept.
    """
    as_of = clock.now()
    tracker.record_interview(client, application, round, status, by, why, as_of)
    sentence = await carry(scope_of(client, application), as_of)
    return Completed(message=f"{round} of {application} is {status}; {sentence}")


@flow(
    name="submit-scorecard",
    flow_run_name="scorecard {round} of {application}",
    persist_result=False,
)
async def submit_scorecard(
    client: Client,
    application: Application,
    round: Round,
    by: By,
    why: Why,
    recommendation: Annotated[tracker.Word | None, Field(title="Recommendation")] = None,
    answers: Annotated[dict[str, str] | None, Field(title="Answers")] = None,
) -> State[None]:
    """Hand in a scorecard in the built-in tracker: of an interview, or of the recruiter's screen.

    Args:
        client: The client's name, as registered.
        application: The application's key, as in HARBOR-1.9f2c11ab03.
        round: The round's name, as the requisition has it; the phone screen's is recruiter_screen.
        by: Whose it is; of an interview, the interviewer's e-mail address.
        why: Why, in a sentence; it is kept. Nothing personal: notes are not for this form.
        recommendation: The overall recommendation; of an interview it must be there.
        answers: Of the phone screen: interested (yes, no), pay_expectation_cents, notice_days, and
            must_have:ID (met, not_met) for each must-have.
    """
    as_of = clock.now()
    tracker.submit_scorecard(
        client, application, round, recommendation, answers or {}, by, why, as_of
    )
    sentence = await carry(scope_of(client, application), as_of)
    return Completed(message=f"the scorecard is in; {sentence}")
