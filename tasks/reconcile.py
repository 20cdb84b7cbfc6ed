"""Reconcile: hold what vendors have against what the ledger decided, in both directions."""

from collections.abc import Iterator
from datetime import UTC, datetime

from prefect import task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from connectors.errors import ConnectorError, Unreadable
from connectors.ledger import breaker, hold
from connectors.ledger import reconcile as ledger
from connectors.ledger.decisions import Decisions, effect_key
from connectors.ledger.reconcile import RULES, Advertised, Finding, Listed
from connectors.ledger.scope import Scope
from connectors.records import (
    BackgroundReport,
    Employee,
    Observed,
    Page,
    Posting,
    PublishPostings,
    ReportStatus,
    Signature,
    SignatureStatus,
)
from tasks import alarms
from tasks.desk import Desk, desk_of
from tasks.progress import MOST_ROWS

# What is asked afresh of every system of a kind; of the others the landed records say enough.
LISTINGS = {
    "background_checks": "all_reports",
    "signatures": "all_signature_requests",
    "payroll": "all_employees",
    "job_boards": "all_postings",
}
NEVER_BILLED = {ReportStatus.EXPIRED, ReportStatus.CANCELLED}
BINDING = {SignatureStatus.AWAITING, SignatureStatus.SIGNED}


@task(task_run_name="reconcile · compare", cache_policy=NO_CACHE, persist_result=False)
def compare(scope: Scope, as_of: datetime) -> State[int]:
    """Open a finding for each new difference, close those that are gone; says how many there are.

    What could not be read is not compared: its findings stay as they are.
    """
    desk = desk_of(scope.client)
    with desk.ledger.transaction() as connection:
        held = hold.vendors(connection, desk.client)
        held |= breaker.untrusted(connection, desk.client, breaker.READS, as_of)
    listed, silent = _listed(desk, held)
    opened = healed = 0
    with desk.ledger.transaction() as connection:
        silent |= _stale(desk, ledger.fresh(connection, desk.client, as_of))
        for rule in RULES:
            if silent.isdisjoint(_vendors(desk, *rule.reads)):
                found = ledger.differences(connection, desk.client, rule, listed, as_of)
                new, gone = ledger.record(connection, desk.client, rule, found, as_of)
                opened, healed = opened + new, healed + gone
        count = len(ledger.open_findings(connection, desk.client))
    sentence = f"{count} difference{'' if count == 1 else 's'}: {opened} new, {healed} healed"
    if silent:
        sentence += f"; not compared, because not read: {', '.join(sorted(silent))}"
    return Completed(message=sentence, data=count)


@task(task_run_name="reconcile · repair", cache_policy=NO_CACHE, persist_result=False)
def repair(scope: Scope, as_of: datetime) -> State[int]:
    """Ask for what is provably ours to put right: boards get the right list of postings again.

    Only for who holds the client's lock: a sweep may be changing the list.
    """
    desk = desk_of(scope.client)
    with desk.ledger.transaction() as connection:
        wrong = ledger.left_live(connection, desk.client)
        live = ledger.live_postings(connection, desk.client)
        right = tuple(Posting.model_validate(record) for record in live)
        decisions = _publish_again(wrong, right, as_of)
        desk.ledger.write(connection, decisions, as_of)
    count = len(decisions.effects)
    return Completed(message=f"repair: {count} effects asked", data=count)


@task(task_run_name="reconcile · publish", cache_policy=NO_CACHE, persist_result=False)
def publish(scope: Scope, as_of: datetime) -> State[int]:
    """Leave the open findings as a table, ids only, and tell what nobody was told.

    A sweep tells as well; but one that hangs tells nothing, and here its silence is heard of.
    """
    desk = desk_of(scope.client)
    with desk.ledger.transaction() as connection:
        findings = ledger.open_findings(connection, desk.client)
    rows = [_row(finding) for finding in findings[:MOST_ROWS]]
    note = f" ({MOST_ROWS} of {len(findings)} rows)" if len(findings) > MOST_ROWS else ""
    create_table_artifact(
        key=f"findings-{scope.client.lower().replace('_', '-')}",
        table=rows or [{"": "nothing"}],
        description=f"Where the ledger of **{scope}** and its vendors differ,"
        f" as of {as_of:%Y-%m-%d %H:%M} UTC{note}",
    )
    alarms.tell(desk.ledger, as_of)
    return Completed(message=f"findings: {len(findings)} open", data=len(findings))


def _listed(desk: Desk, held: set[str]) -> tuple[list[Listed], set[str]]:
    """What the vendors hold, and the names of those that could not say."""
    listed: dict[tuple[str, str, str], Listed] = {}
    silent = set(held)
    for role, resource in LISTINGS.items():
        for vendor in set(_vendors(desk, role)) - held:
            try:
                found = [*_inventory(desk, vendor, resource)]
                if role == "payroll":  # read after the list, and says more of the same employees
                    found += _read_back(desk, vendor, resource)
            except ConnectorError:
                silent.add(vendor)
            else:
                listed |= {(resource, vendor, each.external_id): each for each in found}
    return list(listed.values()), silent


def _inventory(desk: Desk, vendor: str, resource: str) -> Iterator[Listed]:
    for page in desk.systems[vendor].changes(resource, None, ()):
        _refuse_gaps(vendor, page)
        yield from (_listed_as(resource, vendor, each) for each in page.records if _counts(each))


def _counts(record: Observed) -> bool:
    """Whether it costs or binds anybody."""
    match record:
        case BackgroundReport():
            return record.status not in NEVER_BILLED
        case Signature():
            return record.status in BINDING
    return True


def _listed_as(resource: str, vendor: str, record: Observed) -> Listed:
    key = effect = ""
    match record:
        case BackgroundReport():
            key = record.application_key
        case Signature():
            key = record.application_key
            effect = effect_key("offer.send", key, record.offer_hash)
    return Listed(resource, vendor, record.external_id, record.updated_at.isoformat(), key, effect)


def _read_back(desk: Desk, vendor: str, resource: str) -> Iterator[Listed]:
    """Tell the employees apart who were created by us and whom no sweep has seen yet."""
    with desk.ledger.transaction() as connection:
        created = ledger.hires_not_read_back(connection, desk.client)
    for page in desk.systems[vendor].changes("employees", None, created):
        _refuse_gaps(vendor, page)
        for record in page.records:
            key = record.application_key if isinstance(record, Employee) else ""
            since = record.updated_at.isoformat()
            yield Listed(resource, vendor, record.external_id, since, key)


def _refuse_gaps(vendor: str, page: Page) -> None:
    """Raise Unreadable if an object makes no sense: it may be the very one that would be missed.

    One that is refused is not there.
    """
    for ref, why in page.unreadable.items():
        raise Unreadable(vendor, f"{ref}: {why}")


def _vendors(desk: Desk, *roles: str) -> list[str]:
    """The client's systems of these kinds, by name."""
    systems = desk.process.systems.model_dump()
    named = [systems[role] for role in roles]
    return [vendor for name in named for vendor in ([name] if isinstance(name, str) else name)]


def _stale(desk: Desk, fresh: set[str]) -> set[str]:
    """Systems whose landed records are compared, and that no sweep has read for a day."""
    return set(_vendors(desk, "applicant_tracking")) - fresh


def _publish_again(
    wrong: list[Advertised], right: tuple[Posting, ...], as_of: datetime
) -> Decisions:
    decisions = Decisions()
    request = PublishPostings(postings=right, as_of=as_of.astimezone(UTC))
    for board, posting in {each.board: each for each in wrong}.items():
        about = f"{board}:reconcile:{as_of.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
        decisions.effect(posting.requisition, board, "posting.publish", request, about=about)
    for posting in wrong:
        decisions.take_down(posting.reference)
    return decisions


def _row(finding: Finding) -> dict[str, str]:
    return {
        "finding": finding.kind,
        "system": finding.system,
        "there": finding.external_id,
        "here": finding.subject,
        "whose turn": finding.owner,
        "what differs": finding.reason,
        "safe next action": finding.action,
        "since": f"{finding.opened_at:%Y-%m-%d}",
    }
