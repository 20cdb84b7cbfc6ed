"""People who apply to Harbor Works, and a background check asked for in the ledger for each."""

from datetime import UTC, datetime

import yaml

from connectors.background_checks import checkr
from connectors.ledger import intake, landing
from connectors.ledger import requisition as requisitions
from connectors.ledger.arrivals import open_applications
from connectors.ledger.decisions import Decisions
from connectors.ledger.rows import at_the_door
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import Application, OrderBackgroundCheck, Place
from connectors.requisition import Requisition
from tasks.process import Process, load
from tests.tasks.factories import DATA

AS_OF = datetime(2026, 3, 2, 15, tzinfo=UTC)
POSTING = "HARBOR-1-US-CA"
NEW_YORK = Place(code="US-NY-NYC", city="New York", country="US")


def process_of(client: str) -> Process:
    """The process of Harbor Works, as this client's."""
    return load(DATA / "clients/harbor.yaml").model_copy(update={"client": client})


def ask(ledger: Ledger, applications: int) -> list[str]:
    """Let so many people apply, and ask for each one's check; returns the applications' keys.

    The client must be registered. Asking again changes nothing.
    """
    scope = Scope(ledger.client)
    document = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    requisition = Requisition.model_validate(document | {"client": ledger.client})
    decisions = Decisions()
    with ledger.transaction() as connection:
        requisitions.put(connection, requisition, AS_OF)
        for subject in at_the_door(connection, requisitions.ROWS, "requisition", scope, AS_OF):
            decisions.post(subject, POSTING, {})
        ledger.write(connection, decisions, AS_OF)
        arrivals = [_arrival(number) for number in range(applications)]
        landing.land(connection, ledger.client, "indeed", arrivals, AS_OF)
        open_applications(connection, ledger.client, "us", AS_OF)
        orders = Decisions()
        subjects = at_the_door(connection, intake.ROWS, "intake", scope, AS_OF)
        for subject in subjects:
            order = OrderBackgroundCheck(
                application_key=subject.key,
                package="pro",
                name="Ada Lovelace",
                email=f"{subject.key}@example.test",
                work_place=NEW_YORK,
            )
            orders.effect(subject, checkr.NAME, "background.order", order, "pro")
        ledger.write(connection, orders, AS_OF)
    return [subject.key for subject in subjects]


def _arrival(number: int) -> Application:
    return Application(
        external_id=str(number),
        updated_at=AS_OF,
        job_ref=POSTING,
        name=f"Applicant {number}",
        emails=(f"{number}@mail.example",),
        source="Indeed",
        applied_at=AS_OF,
    )
