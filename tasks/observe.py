"""Observe: pull what changed in one system since we last looked, and land it with its cursor."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from connectors import watched
from connectors.errors import ConnectorError, LedgerUnavailable, Unreadable
from connectors.ledger import arrivals, breaker, cursors, inbox, landing, lists, unread, watching
from connectors.ledger.scope import Scope
from connectors.records import FormAnswer, Observed, Page
from connectors.registry import VENDORS
from tasks.desk import Desk, desk_of

MOST_UNREADABLE = 20  # single objects of one resource; more of them are no accident
MOST_GONE = 20  # of one list, unless that is the smaller part of it


@task(task_run_name="{system} · observe", cache_policy=NO_CACHE, persist_result=False)
def observe(system: str, scope: Scope, as_of: datetime) -> State[int]:
    """Read every resource of a system; returns how many records were new or had changed.

    Each page is landed in one transaction with its cursor, so a crash repeats at most one page.
    Single objects that the vendor refuses to show, or that make no sense, become findings; the
    system counts as read.
    """
    desk = desk_of(scope.client)
    found = read_system(desk, system, as_of)
    told = [f"{system}: {found.changed} changed"]
    told += [f"{found.gone} deleted there"] if found.gone else []
    with desk.ledger.transaction() as connection:
        for kind, missing in found.missing.items():
            concerned = unread.standing(connection, desk.client, system, kind, missing, as_of)
            if missing:
                told.append(f"{len(missing)} {kind.split('.')[1]}: {', '.join(concerned)}")
    return Completed(message="; ".join(told), data=found.changed)


@dataclass
class Found:
    """What reading a system brought: how much changed or is gone there.

    missing: by kind, what could not be read, by id, and why.
    """

    changed: int = 0
    gone: int = 0
    missing: dict[str, dict[str, str]] = field(
        default_factory=lambda: {unread.REFUSED: {}, unread.UNREADABLE: {}}
    )


def read_system(desk: Desk, system: str, as_of: datetime) -> Found:
    """Read every resource of a system and land what changed; raises what made that impossible."""
    found = Found()
    try:
        for resource in desk.systems[system].resources:
            _resource(desk, system, resource, as_of, found)
    except LedgerUnavailable:
        raise
    except ConnectorError as failure:
        why = type(failure).__name__
        with desk.ledger.transaction() as connection:
            breaker.failed(connection, desk.client, system, breaker.READS, why, as_of)
        raise
    with desk.ledger.transaction() as connection:
        breaker.worked(connection, desk.client, system, breaker.READS, as_of)
    return found


def _resource(desk: Desk, system: str, resource: str, as_of: datetime, found: Found) -> None:
    """Land what changed.

    As long as any object makes no sense, the cursor stays where it was: the next look reads all of
    it again. Raises Unreadable if it is the vendor that has changed: there are many such objects,
    or nothing else, or most of a list is missing from it.
    """
    with desk.ledger.transaction() as connection:
        cursor = cursors.read(connection, desk.client, system, resource)
        waited_for = watching.watching(connection, resource)
    reading = _Reading(desk, system, resource, as_of, cursor)
    for page in desk.systems[system].changes(resource, cursor, waited_for):
        reading.land(page)
        if len(reading.unreadable) > MOST_UNREADABLE:
            reading.give_up()
    if len(reading.unreadable) > 1 and not reading.read:
        reading.give_up()
    found.gone += reading.gone + reading.mark_gone()
    with desk.ledger.transaction() as connection:
        found.changed += reading.changed
        told = {unread.REFUSED: reading.refused, unread.UNREADABLE: reading.unreadable}
        for kind, missing in told.items():
            unread.found(connection, desk.client, system, kind, missing, as_of)
            found.missing[kind] |= missing
        cursors.mark_read(connection, desk.client, system, resource, as_of)


@dataclass
class _Reading:
    """One resource of a system, read from a cursor on (None: from the beginning), page by page."""

    desk: Desk
    system: str
    resource: str
    as_of: datetime
    cursor: str | None
    changed: int = 0
    gone: int = 0
    read: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    listed: type[Observed] | None = None
    seen: lists.Seen = field(default_factory=lists.Seen)

    def land(self, page: Page) -> None:
        """Land a page with the point up to which was read."""
        client, system = self.desk.client, self.system
        with self.desk.ledger.transaction() as connection:
            looks, gone = None, page.gone
            if listed := page.listed:
                self.listed = listed.kind
                documents = dict(listed.rows)
                looks = landing.look(connection, client, system, listed.kind, documents)
                self.seen.add(look.row for look in looks.values() if look.row is not None)
                new = lists.new(documents, looks)
                self.read += len(documents) - len(new)
                page = watched.listed(new.items(), listed.read, page.cursor)
            numbered = dict(enumerate(page.records))
            changed, wrong = landing.land_what_can_be(
                connection, client, system, numbered, self.as_of, looks
            )
            if listed:
                self.seen.add(changed)
            if gone:
                rows = lists.deleted(connection, client, system, gone)
                lists.mark_gone(connection, gone.kind, rows, self.as_of)
                self.gone += len(rows)
            self.changed += len(changed)
            self.read += len(numbered) - len(wrong)
            self.refused |= page.refused
            self.unreadable |= page.unreadable
            for number, error in wrong.items():
                self.unreadable[numbered[number].external_id] = f"cannot be stored: {error}"
            point = (self.cursor or "") if self.unreadable else page.cursor
            if point is not None:
                cursors.write(connection, client, system, self.resource, point)

    def mark_gone(self) -> int:
        """Mark what is no longer in a list that was read as a whole; returns how many.

        A list that has lost most of what was in it says more about our access than about people.
        """
        if self.listed is None or self.cursor is not None or self.unreadable:
            return 0
        client, kind = self.desk.client, self.listed
        with self.desk.ledger.transaction() as connection:
            known, missing = lists.missing(connection, client, self.system, kind, self.seen)
            if len(missing) > MOST_GONE and 2 * len(missing) > known:
                told = f"{len(missing)} of {known} {self.resource} are no longer listed"
                raise Unreadable(self.system, f"{told}: may our user still see all of them?")
            lists.mark_gone(connection, kind, missing, self.as_of)
        return len(missing)

    def give_up(self) -> NoReturn:
        first = next(iter(self.unreadable.values()))
        told = f"{len(self.unreadable)} {self.resource} make no sense, the first: {first}"
        raise Unreadable(self.system, told)


@task(task_run_name="inbox · observe", cache_policy=NO_CACHE, persist_result=False)
def read_inbox(scope: Scope, as_of: datetime) -> State[int]:
    """Read what was delivered to us: applications from boards, answers to forms, vendors' hints.

    What cannot be read or kept stays in the inbox with the reason and never blocks the rest. A
    vendor's webhook is only a hint to look, and the systems have just been looked at: it is marked
    read.
    """
    desk = desk_of(scope.client)
    with desk.ledger.transaction() as connection:
        hints = inbox.read_hints(connection, scope, as_of)
        deliveries = inbox.unread(connection, desk.client)
        errors: dict[int, str] = {}
        by_source: dict[str, dict[int, Observed]] = {}
        for delivery in deliveries:
            try:
                record = _read(delivery)
            except Exception as failure:  # a delivery can be wrong in any way
                errors[delivery.id] = type(failure).__name__
            else:
                by_source.setdefault(delivery.source, {})[delivery.id] = record
        for source, records in by_source.items():
            _, wrong = landing.land_what_can_be(connection, desk.client, source, records, as_of)
            errors |= wrong
        inbox.mark_read(connection, [delivery.id for delivery in deliveries], as_of, errors)
    spoilt = f", {len(errors)} unreadable" if errors else ""
    told = f"inbox: {len(deliveries)} delivered, {hints} hints{spoilt}"
    return Completed(message=told, data=len(deliveries))


def _read(delivery: inbox.Delivery) -> Observed:
    if delivery.source == "forms":
        return FormAnswer.model_validate_json(delivery.body)
    vendor = VENDORS.get(delivery.source)
    if vendor and vendor.deliverer:
        return vendor.deliverer.read(delivery.body.encode())
    raise Unreadable(delivery.source, "nobody knows how to read what it delivers")


@task(task_run_name="arrivals · open", cache_policy=NO_CACHE, persist_result=False)
def open_applications(scope: Scope, as_of: datetime) -> State[int]:
    """Turn new arrivals into applications that wait at intake."""
    desk = desk_of(scope.client)
    with desk.ledger.transaction() as connection:
        opened = arrivals.open_applications(
            connection, desk.client, desk.process.brand.display_name, as_of
        )
    return Completed(message=f"arrivals: {opened} new applications", data=opened)
