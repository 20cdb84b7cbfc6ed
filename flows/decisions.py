"""Decisions: what colleagues tell us on a form of Prefect's, and what moves because of it."""

from typing import Annotated, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from connectors.errors import Refused
from connectors.ledger.decisions import subject_of
from connectors.ledger.scope import Scope
from flows.carry import carry
from tasks import clock, enter, evidence, seen
from tasks.desk import Surroundings, open_desk
from tasks.forms import FORMS

ColleaguesForm = Literal[
    "approve_requisition",
    "approve_offer",
    "review_duplicate",
    "order_check",
    "screening_status",
    "review_report",
    "adverse_notices",
    "reference",
    "preboarding",
    "day_one",
    "i9_section_2",
    "new_hire_report",
]
Client = Annotated[str, Field(title="Client", min_length=1)]
Subject = Annotated[str, Field(title="Application or requisition", min_length=1)]
By = Annotated[str, Field(title="Who says so", min_length=1)]
Why = Annotated[str, Field(title="Why", min_length=1)]
Requisition = Annotated[str, Field(title="Requisition")]
Vendor = Annotated[str, Field(title="Vendor")]
Rule = Annotated[str, Field(title="Rule", pattern=r"^[A-Z0-9]+-[0-9]+$")]


@flow(name="record-decision", flow_run_name="record {form} of {subject}", persist_result=False)
async def record_decision(
    client: Client,
    form: Annotated[ColleaguesForm, Field(title="Question")],
    subject: Subject,
    fields: Annotated[dict[str, str], Field(title="Answers")],
    by: By,
    about: Annotated[str, Field(title="About what exactly")] = "",
) -> State[None]:
    """Keep a colleague's answer as if it had come by its link, and carry the requisition.

    Args:
        client: The client's name, as registered.
        form: Which question is answered.
        subject: Whom it is about: an application's key (HARBOR-1.9f2c11ab03) or a requisition's
            code (HARBOR-1).
        fields: The answers by name, as in {"decision": "approve"}; what is missing is named.
        by: Who decides: a name or a role.
        about: What exactly, as the message to the colleague says: the version of a requisition or
            an offer, an order of a check, a report and its instant; empty where there is only one.
            The first decision stands; a "no" to a task, an arrival or documents may be followed by
            a "yes", and what a screener says by what it says later.
    """
    if problems := FORMS[form].problems(fields):
        names = ", ".join(field.name for field in FORMS[form].fields)
        raise Refused("forms", f"{'; '.join(problems)} (the fields are: {names})")
    as_of = clock.now()
    kept = enter.answer(client, form, subject, about, by, fields, as_of)
    sentence = await carry(scope_of(client, subject), as_of)
    return Completed(message=f"{'kept' if kept else 'answered before'}; {sentence}")


@flow(
    name="release-from-quarantine",
    flow_run_name="release {subject} from {rule}",
    persist_result=False,
)
async def release_from_quarantine(
    client: Client, subject: Subject, rule: Rule, by: By, why: Why
) -> State[None]:
    """Let somebody who is held at a gate pass one rule, on a person's word.

    Args:
        client: The client's name, as registered.
        subject: Who is held: an application's key or a requisition's code.
        rule: The rule to be passed, as in SUB-004; the quarantine's table names it.
        by: Who says so: a name or a role.
        why: Why, in a sentence; it is kept.
    """
    as_of = clock.now()
    enter.release(client, subject, rule, by, why, as_of)
    sentence = await carry(scope_of(client, subject), as_of)
    return Completed(message=f"{subject} may pass {rule}; {sentence}")


@flow(name="settle-effect", flow_run_name="{outcome} {key}", persist_result=False)
async def settle_effect(
    client: Client,
    key: Annotated[str, Field(title="Effect", min_length=1)],
    outcome: Annotated[enter.Outcome, Field(title="What is to become of it")],
    by: By,
    why: Why,
    ref: Annotated[str, Field(title="The vendor's id of it")] = "",
) -> State[None]:
    """Settle something that we could not do, or cannot tell whether it was done.

    Args:
        client: The client's name, as registered.
        key: The effect's key, as `fullcycle status` shows it.
        outcome: Try it again (retry), it has happened at the vendor (done), or give it up (waive).
        by: Who says so: a name or a role.
        why: Why, in a sentence; it is kept.
        ref: The vendor's id, where a job, application, offer, check or hire is done; what it names
            is looked at there. Of an offer, check or hire that somebody has called done, it may be
            given anew.
    """
    if outcome == "done" and ref:
        seen.check(await open_desk(client), key, ref)
    as_of = clock.now()
    state = enter.settle_effect(client, key, outcome, by, why, as_of, ref or None)
    sentence = await carry(scope_of(client, subject_of(key)), as_of)
    return Completed(message=f"{key} is {state}; {sentence}")


@flow(name="hold", flow_run_name="hold {client} {requisition}{vendor}", persist_result=False)
async def hold(
    client: Client, by: By, why: Why, requisition: Requisition = "", vendor: Vendor = ""
) -> State[None]:
    """Stop a requisition, a vendor or a whole client: nothing moves and nothing is sent.

    Args:
        client: The client's name, as registered.
        by: Who says so: a name or a role.
        why: Why, in a sentence; it is kept.
        requisition: Only this requisition, by its code; empty: all of them.
        vendor: Only this vendor of the client, as in checkr: it is neither written to nor read.
    """
    held = enter.hold(client, requisition, vendor, by, why, clock.now())
    return Completed(message=f"{client}: {held} is held until it is resumed")


@flow(name="resume", flow_run_name="resume {client} {requisition}{vendor}", persist_result=False)
async def resume(
    client: Client, by: By, why: Why, requisition: Requisition = "", vendor: Vendor = ""
) -> State[None]:
    """Let what was held go on, and carry it at once.

    Args:
        client: The client's name, as registered.
        by: Who says so: a name or a role.
        why: Why, in a sentence; it is kept.
        requisition: The requisition that was held, by its code; empty if it was not one.
        vendor: The vendor that was held; empty if it was not one.
    """
    as_of = clock.now()
    resumed = enter.resume(client, requisition, vendor, by, why, as_of)
    sentence = await carry(Scope(client, requisition or None), as_of)
    return Completed(message=f"{client}: {resumed} goes on; {sentence}")


@flow(name="replay-webhook", flow_run_name="replay {client} {delivery}", persist_result=False)
async def replay_webhook(
    client: Client, delivery: Annotated[int, Field(title="Delivery", ge=1)], by: By, why: Why
) -> State[None]:
    """Read again what was delivered, or look again at what a webhook hinted at, and carry on.

    Args:
        client: The client's name, as registered.
        delivery: Its number, as the table of list-webhooks shows it.
        by: Who says so: a name or a role.
        why: Why, in a sentence; it is kept.
    """
    as_of = clock.now()
    source = enter.replay(client, delivery, by, why, as_of)
    sentence = await carry(Scope(client), as_of)
    return Completed(message=f"{source} {delivery} is read again; {sentence}")


@flow(name="export-evidence", flow_run_name="export {application}", persist_result=False)
async def export_evidence(
    client: Client,
    application: Annotated[str, Field(title="Application", min_length=1)],
    by: By,
    why: Why,
) -> State[None]:
    """Write one application's whole history to a file in the home; says which, and its hash.

    Args:
        client: The client's name, as registered.
        application: The application's key, as in HARBOR-1.9f2c11ab03.
        by: Who asks for it: a name or a role.
        why: Why, in a sentence; it is kept.
    """
    as_of = clock.now()
    story = enter.export(client, application, by, why, as_of)
    name = evidence.put(story, Surroundings().home, f"{application}-{as_of:%Y%m%dT%H%M%S%f}")
    return Completed(message=f"{name}: manifest {story['manifest']['hash']}")


def scope_of(client: str, subject: str) -> Scope:
    """The requisition that a subject belongs to: the part of its key before the point."""
    return Scope(client, subject.partition(".")[0])
