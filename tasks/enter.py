"""Enter what people tell us directly: requisitions, decisions, releases, hand-settled effects.

Each act of a person, also that they looked at personal data, leaves one row in the trail
(`connectors/ledger/audit.py`), in the transaction of what it did.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from connectors.errors import Refused
from connectors.ledger import answers, breaker, correction, effects, evidence, gates, inbox
from connectors.ledger import client as ledger_client
from connectors.ledger import hold as holds
from connectors.ledger import requisition as ledger_requisition
from connectors.ledger.audit import Act, keep
from connectors.ledger.decisions import subject_of
from connectors.ledger.store import Ledger
from connectors.links import Question
from connectors.requisition import Requisition
from expectations import SUITES
from tasks.desk import Surroundings, vendors
from tasks.forms import FORMS
from tasks.process import Process

Outcome = Literal["retry", "done", "waive"]
OUTCOMES: dict[Outcome, str] = {"retry": "due", "done": "done", "waive": "waived"}


def ledger_of(client: str) -> Ledger:
    """A client's ledger, for work that needs none of its vendors."""
    return Ledger(Surroundings().database_url, client)


def requisition(wanted: Requisition, by: str, why: str, as_of: datetime) -> str:
    """Open or change a requisition; returns "opened", "changed", "edited" or "unchanged"."""
    with ledger_of(wanted.client).transaction() as connection:
        outcome = ledger_requisition.put(connection, wanted, as_of)
        if outcome != "unchanged":
            act = Act(
                at=as_of,
                by=by,
                command="requisition open",
                subject=wanted.code,
                about=outcome,
                why=why,
            )
            keep(connection, wanted.client, act)
    return outcome


def answer(
    client: str,
    form: str,
    subject: str,
    about: str,
    by: str,
    fields: Mapping[str, str],
    as_of: datetime,
) -> bool:
    """Keep a colleague's answer to a form as if it had come by its link; False: known already.

    Raises Refused if nothing would come of it: another answer stands, the subject is unknown or
    has ended, or what exactly it is about is not said.
    """
    asked = FORMS[form]
    if bool(asked.about) != bool(about):
        wanted = f"say about what: {asked.about}" if asked.about else "leave empty about what"
        raise Refused("forms", f"{form} of {subject}: {wanted}")
    question = Question(client, form, subject, about, by)
    with ledger_of(client).transaction() as connection:
        if answers.over(connection, client, subject) is None:
            raise Refused("forms", f"{client} has no {subject}; see `fullcycle status`")
        taken = answers.take(connection, question, fields, asked.final, as_of)
        if taken.how == "answered":
            told = f"already answered on {taken.at:%Y-%m-%d %H:%M} UTC, and that answer stands"
            raise Refused("forms", f"{form} of {subject}: {told}")
        if taken.how == "over":
            raise Refused("forms", f"{form} of {subject}: {subject} has ended")
        if taken.how == "kept":
            act = Act(
                at=as_of,
                by=by,
                command="record-decision",
                subject=subject,
                about=f"{form}:{about}" if about else form,
                why=fields.get("reason", ""),
            )
            keep(connection, client, act)
    return taken.how == "kept"


def reveal(client: str, key: str, by: str, why: str, as_of: datetime) -> dict[str, str | None]:
    """What can be corrected of an open application, as it is now: this is personal data.

    Empty, and no act, if there is no such application or it has ended.
    """
    with ledger_of(client).transaction() as connection:
        record = correction.read(connection, client, key)
        if record is None:
            return {}
        fields = ", ".join(record.values)
        act = Act(at=as_of, by=by, command="quarantine show", subject=key, about=fields, why=why)
        keep(connection, client, act)
    return record.values


def release(client: str, subject: str, rule: str, by: str, why: str, as_of: datetime) -> int:
    """Let a held subject pass one rule.

    Raises Refused if it is not held for that rule, or if no person may release from it.
    """
    if any(
        known.id == rule and not known.releasable for suite in SUITES.values() for known in suite
    ):
        raise Refused("quarantine", f"nobody can be released from {rule}: repair what it names")
    with ledger_of(client).transaction() as connection:
        released = gates.release(connection, client, subject, rule, by, why, as_of)
        if not released:
            raise Refused("quarantine", f"{subject} is not held for {rule}; see `fullcycle status`")
        act = Act(
            at=as_of, by=by, command="quarantine release", subject=subject, about=rule, why=why
        )
        keep(connection, client, act)
    return released


def settle_effect(
    client: str,
    key: str,
    outcome: Outcome,
    by: str,
    why: str,
    as_of: datetime,
    ref: str | None = None,
) -> str:
    """Retry, confirm or waive a dead or parked effect; returns the state it is in now.

    ref: the vendor's id of what was done, where it is asked for later. Raises Refused if that is
    missing, if the effect is neither dead nor parked, or if it is too late to try again.
    """
    state = OUTCOMES[outcome]
    if outcome == "done" and not ref and effects.needs_ref(key.partition(":")[0]):
        raise Refused("effects", f"{key}: the vendor is asked about it later; give its id as ref")
    with ledger_of(client).transaction() as connection:
        if outcome == "retry" and effects.too_late(connection, client, key):
            raise Refused(
                "effects",
                f"{key}: its application has ended; waive it, or say done if the vendor has it",
            )
        if not effects.close_by_hand(connection, client, key, state, by, why, as_of, ref):
            raise Refused("effects", f"{key} is neither dead nor parked; see `fullcycle status`")
        act = Act(
            at=as_of,
            by=by,
            command=f"effect {outcome}",
            subject=subject_of(key),
            about=key,
            why=why,
        )
        keep(connection, client, act)
    return state


def replay(client: str, delivery: int, by: str, why: str, as_of: datetime) -> str:
    """Have the next sweep read again what was delivered; returns who delivered it.

    Raises Refused if there is no such delivery, or if it is still to be read.
    """
    with ledger_of(client).transaction() as connection:
        source = inbox.replay(connection, client, delivery)
        if source is None:
            raise Refused(
                "inbox",
                f"{client} has read no delivery {delivery}; see `fullcycle webhook list`",
            )
        act = Act(at=as_of, by=by, command="webhook replay", about=f"{source} {delivery}", why=why)
        keep(connection, client, act)
    return source


def export(client: str, application: str, by: str, why: str, as_of: datetime) -> dict[str, Any]:
    """One application's whole history; the trail keeps its manifest's hash.

    Raises Refused if there is no such application.
    """
    with ledger_of(client).transaction() as connection:
        story = evidence.export(connection, client, application, as_of)
        if story is None:
            raise Refused("evidence", f"{client} has no application {application}")
        act = Act(
            at=as_of,
            by=by,
            command="export",
            subject=application,
            why=why,
            proof=story["manifest"]["hash"],
        )
        keep(connection, client, act)
    return story


def hold(
    client: str, requisition: str, vendor: str, by: str, why: str, as_of: datetime
) -> holds.Hold:
    """Stop a requisition or a vendor of a client, or with neither the client; returns what stands.

    Raises Refused if there is no such thing, or if it is held already.
    """
    with ledger_of(client).transaction() as connection:
        process = ledger_client.read(connection, client)
        if process is None:
            raise Refused("hold", f"no client {client!r}; `fullcycle client add` registers one")
        if requisition and vendor:
            raise Refused("hold", "name a requisition or a vendor, not both")
        if requisition and not holds.knows(connection, client, requisition):
            raise Refused("hold", f"{client} has no requisition {requisition}")
        if vendor and vendor not in (known := vendors(Process.model_validate(process))):
            raise Refused("hold", f"{client} has no vendor {vendor}; it has {', '.join(known)}")
        held = holds.Hold(requisition, vendor, by, why, as_of)
        if not holds.place(connection, client, by, why, as_of, requisition, vendor):
            raise Refused("hold", f"{held} is held already; see `fullcycle status`")
        act = Act(at=as_of, by=by, command="hold", subject=requisition, about=str(held), why=why)
        keep(connection, client, act)
    return held


def resume(
    client: str, requisition: str, vendor: str, by: str, why: str, as_of: datetime
) -> holds.Hold:
    """Let what was held go on, also a vendor that its breaker stopped; Refused if nothing was."""
    lifted = holds.Hold(requisition, vendor, by, why, as_of)
    with ledger_of(client).transaction() as connection:
        held = holds.lift(connection, client, by, why, as_of, requisition, vendor)
        if not (breaker.close(connection, client, vendor, by, why, as_of) or held):
            raise Refused("hold", f"{lifted} is not held; see `fullcycle status`")
        act = Act(
            at=as_of, by=by, command="resume", subject=requisition, about=str(lifted), why=why
        )
        keep(connection, client, act)
    return lifted
