"""The receiver: what is delivered to us is verified, stored durably, and answered. Nothing else.

`python -m deployments.receiver` serves Indeed Apply deliveries, our own signed forms and the
document store's public folder.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

import uvicorn
from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.errors import Refused, Unreadable
from connectors.job_boards import indeed
from connectors.ledger import inbox
from connectors.ledger.store import Ledger
from connectors.links import Links, Question
from connectors.records import FormAnswer
from deployments.settings import Settings
from tasks.clock import now
from tasks.desk import Account, Surroundings, account_name
from tasks.forms import FORMS, Form

LARGEST_BODY = 10 * 1024 * 1024
_TEMPLATES = Environment(loader=PackageLoader("deployments", "pages"), autoescape=True)
SecretOf = Callable[[str], Awaitable[str | None]]


async def receive_indeed(request: Request) -> Response:
    """Take an Indeed Apply delivery: 202 stored, 401 not signed, 409 known, other 4xx unusable."""
    client = request.path_params["client"]
    secret = await request.app.state.secret_of(client)
    if not secret:
        return JSONResponse({"error": "no such client"}, 404)
    raw = await request.body()
    if not indeed.verify(raw, request.headers, secret):
        return JSONResponse({"error": "signature does not match"}, 401)
    try:
        application = indeed.read_application(raw)
        body, self_identification = indeed.without_self_identification(raw)
    except Unreadable:
        return JSONResponse({"error": "not an Indeed Apply delivery"}, 400)
    stored = await run_in_threadpool(
        _store,
        client,
        "indeed",
        application.external_id,
        body,
        application.applied_at,
        self_identification,
    )
    return JSONResponse({"stored": stored}, 202 if stored else 409)


async def show_form(request: Request) -> Response:
    """Show the form behind a signed link."""
    try:
        question = _links().read(request.path_params["token"])
    except Refused:
        return HTMLResponse(_page("invalid.html"), 404)
    form = FORMS.get(question.form)
    if form is None:
        return HTMLResponse(_page("invalid.html"), 404)
    return HTMLResponse(_form_page(question, form))


async def take_form(request: Request) -> Response:
    """Take an answer; the first one to a link stands."""
    token = request.path_params["token"]
    try:
        question = _links().read(token)
    except Refused:
        return HTMLResponse(_page("invalid.html"), 404)
    form = FORMS.get(question.form)
    if form is None:
        return HTMLResponse(_page("invalid.html"), 404)
    given = {name: str(value).strip() for name, value in (await request.form()).items()}
    if problems := form.problems(given):
        return HTMLResponse(_form_page(question, form, given, problems), 422)
    answer = _answer(question, token, form, given)
    await run_in_threadpool(
        _store,
        question.client,
        "forms",
        answer.external_id,
        answer.model_dump_json(),
        answer.updated_at,
        {},
    )
    return HTMLResponse(_page("thanks.html", heading=form.heading))


def _answer(question: Question, token: str, form: Form, given: dict[str, str]) -> FormAnswer:
    known = {field.name for field in form.fields}
    return FormAnswer(
        external_id=hashlib.sha256(token.encode()).hexdigest()[:32],
        updated_at=now(),
        form=question.form,
        subject=question.subject,
        about=question.about,
        by=question.by,
        fields={name: value for name, value in given.items() if name in known},
    )


def _store(
    client: str,
    source: str,
    event_id: str,
    body: str,
    at: datetime,
    self_identification: dict[str, str],
) -> bool:
    ledger = Ledger(Surroundings().database_url, client)
    with ledger.transaction() as connection:
        if self_identification:
            inbox.keep_self_identification(connection, client, event_id, self_identification)
        return inbox.keep(connection, client, source, event_id, body, at.astimezone(UTC))


def _links() -> Links:
    around = Surroundings()
    return Links(around.public_url, around.secret.get_secret_value())


async def indeed_secret(client: str) -> str | None:
    """The secret Indeed signs this client's deliveries with; None if there is no such account.

    It is read once: after it was changed, the receiver has to be started again.
    """
    if client not in _secrets:
        try:
            account: Account = await Account.aload(account_name(client, "indeed"))
        except ValueError:
            return None
        _secrets[client] = account.access().key
    return _secrets[client]


_secrets: dict[str, str] = {}


def _form_page(
    question: Question, form: Form, given: Mapping[str, str] | None = None, problems: object = ()
) -> str:
    return _page(
        "form.html",
        name=question.form,
        form=form,
        about=question.subject,
        given=given or {},
        problems=problems,
    )


def _page(template: str, **values: object) -> str:
    return _TEMPLATES.get_template(template).render(**values)


class Bounded:
    """Ends a request that is larger than anything we expect, before it has filled the memory."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what arrives, and answer 413 when it is too much."""
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST_BODY:
                raise HTTPException(413)
            return message

        await self.app(scope, bounded, send)


def app(secret_of: SecretOf = indeed_secret) -> Starlette:
    """The receiver as an ASGI application; `secret_of` finds a client's Indeed secret."""
    public = Settings().home / "documents"
    public.mkdir(parents=True, exist_ok=True)
    receiver = Starlette(
        routes=[
            Route("/indeed/{client}/apply", receive_indeed, methods=["POST"]),
            Route("/forms/{token}", show_form, methods=["GET"]),
            Route("/forms/{token}", take_form, methods=["POST"]),
            Mount("/public", StaticFiles(directory=public)),
        ],
        middleware=[Middleware(Bounded)],
    )
    receiver.state.secret_of = secret_of
    return receiver


def main() -> None:
    """Serve on the receiver's port until told to stop."""
    uvicorn.run(app(), host="127.0.0.1", port=Settings().receiver_port or 8700, log_level="warning")


if __name__ == "__main__":
    main()
