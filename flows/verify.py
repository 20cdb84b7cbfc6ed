"""Verify: whether every client's ledger still tells one whole and lawful story."""

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from connectors.ledger.verify import verify
from flows import runs
from tasks import desk, enter

MOST_ROWS = 200


@flow(name="verify-ledger", flow_run_name=runs.name, persist_result=False)
async def verify_ledger(client: str | None = None) -> State[None]:
    """Replay the log of a client, or of all, and look for anything that must never be.

    A run that ends red names the violations in the artifact violations-CLIENT.

    Args:
        client: The client's name; empty for all of them.
    """
    found = {name: _violations(name) for name in ([client] if client else desk.clients())}
    message = "; ".join(f"{name}: {count} violations" for name, count in found.items())
    ended = Failed if any(found.values()) else Completed
    return ended(message=message or "no clients")


def _violations(client: str) -> int:
    with enter.ledger_of(client).transaction() as connection:
        found = verify(connection, client)
    shown = found[:MOST_ROWS]
    create_table_artifact(
        key=f"violations-{client}".lower().replace("_", "-"),
        table=[{"rule": each.rule, "subject": each.subject, "what": each.what} for each in shown]
        or [{"": "nothing"}],
        description=f"What must not be in the ledger of **{client}**"
        f" ({len(shown)} of {len(found)} rows)",
    )
    return len(found)
