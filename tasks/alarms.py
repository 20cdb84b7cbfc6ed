"""Alarms: what ops must hear of becomes an event of Prefect's, once; automations carry it on."""

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from prefect import get_client
from prefect.events import Event

from connectors.ledger import alarms
from connectors.ledger.alarms import Alarm
from connectors.ledger.store import Ledger

PREFIX = "fullcycle."
# What has happened, and what to do about it.
WORDS = {
    "effect.dead": (
        "could not be done",
        "mend the cause, then `fullcycle effect retry`; or `effect done` or `waive`",
    ),
    "effect.parked": (
        "waits for a person, who alone can tell whether it happened, or do it",
        "look at the vendor, then `fullcycle effect done`, `retry` or `waive`",
    ),
    "effect.settled": ("needs a person no more", "nothing is to be done"),
    "breaker.opened": (
        "stands still, as it kept failing",
        "it is tried again by itself; mend an account that is wrong, then `fullcycle resume`",
    ),
    "breaker.closed": ("works again", "nothing is to be done"),
    "source.silent": (
        "has been silent for a day",
        "look at its observe task in the newest sweep; gates that rely on it are shut",
    ),
    "ledger.ahead": (
        "is ahead of the clock: no run is let in",
        "set the clock of this machine; if it is right, another has carried the client in the"
        " future: wait until then, or restore the last backup from before",
    ),
    "quarantine.old": (
        "holds somebody for more than a day",
        "put right what the rule names, or `fullcycle release`",
    ),
    "clock.overdue": ("is overdue", "ask whose turn it is; `fullcycle status` has them all"),
    "delivery.unreadable": (
        "has delivered what cannot be read",
        "`fullcycle webhook list` says which; `fullcycle webhook replay` once the reason is mended;"
        " of a sha256 no body was kept: ask the source what it sent us then",
    ),
    "finding.opened": (
        "was found at night",
        "what is called safe; the table findings-CLIENT has all, each closes by itself",
    ),
    "finding.closed": ("is gone", "nothing is to be done"),
}


def tell(ledger: Ledger, as_of: datetime) -> int:
    """Raise an event for each alarm that nobody was told; returns how many.

    They are remembered only when the server has confirmed them, so a run that is killed loses none.
    In between, it tells the same again under the same event id, which the server knows.
    """
    with ledger.transaction() as connection:
        untold = alarms.untold(connection, ledger.client, as_of)
    if not untold:
        return 0
    _raise([event(ledger.client, alarm, as_of) for alarm in untold])
    with ledger.transaction() as connection:
        alarms.remember(connection, ledger.client, untold, as_of)
    return len(untold)


def tell_ahead(client: str, newest: datetime, now: datetime) -> str:
    """Raise the event that the ledger is ahead of the clock, once for each; returns its words."""
    why = f"it was carried at {newest:%Y-%m-%d %H:%M}, and now it is {now:%Y-%m-%d %H:%M} UTC"
    alarm = Alarm("ledger.ahead", "the ledger", "provider", why, now, [], [newest.isoformat()])
    _raise([event(client, alarm, now)])
    what, remedy = WORDS[alarm.kind]
    return f"{what}: {why}. To do: {remedy}"


def _raise(events: list[Event]) -> None:
    with get_client(sync_client=True) as client:  # `emit_event` only queues: nobody would confirm
        body = [each.model_dump(mode="json") for each in events]
        client.request("POST", "/events", json=body).raise_for_status()


def event(client: str, alarm: Alarm, as_of: datetime) -> Event:
    """The event of an alarm: keys, counts and whose turn it is; nothing personal."""
    what, remedy = WORDS[alarm.kind]
    count = len(alarm.occurrences)
    times = f" (×{count})" if count > 1 else ""
    payload: dict[str, Any] = {
        "text": f"{client}: {alarm.about} {what}{times}: {alarm.why}. "
        f"Turn: {alarm.owner}. To do: {remedy}.",
        "client": client,
        "about": alarm.about,
        "owner": alarm.owner,
        "why": alarm.why,
        "remedy": remedy,
        "count": count,
        "subjects": alarm.subjects,
        "since": alarm.since.isoformat(),
        "as_of": as_of.isoformat(),
    }
    name = "\x1f".join((client, alarm.kind, *alarm.occurrences))
    return Event(
        id=uuid5(NAMESPACE_URL, name),
        event=PREFIX + alarm.kind,
        resource={
            "prefect.resource.id": f"{PREFIX}client.{client}",
            "prefect.resource.name": client,
            "fullcycle.about": alarm.about,
        },
        payload=payload,
    )
