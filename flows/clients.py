"""For each client: the same work for one or for all of them, none in the way of another."""

from collections.abc import Awaitable, Callable

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from connectors.errors import ConnectorError
from flows.carry import Incomplete
from tasks import desk


async def for_each(client: str | None, work: Callable[[str], Awaitable[str]]) -> State[None]:
    """Do the work for one client, or for all; one that fails is reported and stops no other.

    work: takes a client's name and returns what it did, in a sentence.
    """
    sentences, failed = [], False
    for name in [client] if client else desk.clients():
        try:
            sentences.append(await work(name))
        except Incomplete as rest:
            sentences.append(rest.what)
            failed = True
        except ConnectorError as failure:
            sentences.append(f"{name}: {failure}")
            failed = True
    message = "; ".join(sentences) or "no clients"
    return Failed(message=message) if failed else Completed(message=message)
