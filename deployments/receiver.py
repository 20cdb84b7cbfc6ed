"""The receiver: what is delivered to us is verified, stored durably, and answered. Nothing else.

`python -m deployments.receiver` serves vendors' webhooks, the applications that they bring, our own
signed forms and the document store's public folder; `/openapi.json` describes them.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from connectors.errors import Refused, Unavailable
from connectors.ledger import answers
from connectors.ledger.store import Ledger
from connectors.ledger.texting import applicant
from connectors.links import Links, Question
from deployments import applications, limits
from deployments.accounts import Accounts, Load
from deployments.hurry import Hurry, run_sweep
from deployments.ready import Ready
from deployments.settings import Settings
from deployments.webhooks import SENDERS, Webhooks
from tasks import texting
from tasks.account import read
from tasks.clock import now
from tasks.desk import Surroundings
from tasks.forms import FORMS, Form

_TEMPLATES = Environment(loader=PackageLoader("deployments", "pages"), autoescape=True)
log = logging.getLogger(__name__)


async def show_form(request: Request) -> Response:
    """Show the form behind a signed link."""
    try:
        question = _links().read(request.path_params["token"])
    except Refused:
        return HTMLResponse(_page("invalid.html"), 404)
    form = FORMS.get(question.form)
    if form is None:
        return HTMLResponse(_page("invalid.html"), 404)
    return await _form_page(question, form)


async def take_form(request: Request) -> Response:
    """Take an answer, or say that it was not taken: another stands, or nobody needs it any more."""
    try:
        question = _links().read(request.path_params["token"])
    except Refused:
        return HTMLResponse(_page("invalid.html"), 404)
    form = FORMS.get(question.form)
    if form is None:
        return HTMLResponse(_page("invalid.html"), 404)
    given = {name: str(value).strip() for name, value in (await request.form()).items()}
    if problems := form.problems(given):
        return await _form_page(question, form, given, problems)
    fields = {field.name: given[field.name] for field in form.fields if field.name in given}
    taken = await run_in_threadpool(_take, question, form, fields)
    if taken.how in ("answered", "over"):
        return HTMLResponse(_page("not_taken.html", heading=form.heading, taken=taken), 409)
    return HTMLResponse(_page("thanks.html", heading=form.heading, final=form.final(fields)))


def _take(question: Question, form: Form, fields: Mapping[str, str]) -> answers.Taken:
    ledger = Ledger(Surroundings().database_url, question.client)
    with ledger.transaction() as connection:
        return answers.take(connection, question, fields, form.final, now())


def _links() -> Links:
    around = Surroundings()
    return Links(around.public_url, around.secret.get_secret_value())


async def _form_page(
    question: Question,
    form: Form,
    given: Mapping[str, str] | None = None,
    problems: Sequence[str] = (),
) -> Response:
    terms = await run_in_threadpool(_terms, question, form.terms) if form.terms else ""
    if terms is None:
        return HTMLResponse(_page("invalid.html"), 404)
    page = _page(
        "form.html",
        name=question.form,
        form=form,
        terms=terms,
        about=question.subject,
        given=given or {},
        problems=problems,
    )
    return HTMLResponse(page, 422 if problems else 200)


def _terms(question: Question, terms: str) -> str | None:
    """What the applicant is to agree to; None if the link is about a number they had before."""
    ledger = Ledger(Surroundings().database_url, question.client)
    with ledger.transaction() as connection:
        known = applicant(connection, question.client, question.subject)
    number = texting.number(known) if known else ""
    if known is None or texting.about(question.subject, number) != question.about:
        return None
    return terms.format(employer=known.employer, number=number[-4:])


def _page(template: str, **values: object) -> str:
    return _TEMPLATES.get_template(template).render(**values)


def unavailable(_: Request, failure: Exception) -> Response:
    """503 while the ledger or Prefect cannot be reached: whoever delivers has to try again."""
    log.error("not acknowledged: %s", failure)
    return JSONResponse({"error": "try again later"}, 503, headers={"Retry-After": "5"})


def cut_off(_: Request, __: Exception) -> Response:
    """Nothing to be done, and nothing to be logged: whoever was posting has hung up."""
    return Response(status_code=400)


def openapi(_: Request) -> Response:
    """What the receiver takes and answers, as an OpenAPI document."""
    return JSONResponse(_OPENAPI)


def _described() -> dict[str, Any]:
    """The document as it is written, with the vendors that there are."""
    text = Path(__file__).with_name("openapi.yaml").read_text(encoding="utf-8")
    told: dict[str, Any] = yaml.safe_load(text)
    parameters = told["components"]["parameters"]
    parameters["sender"]["schema"]["enum"] = sorted(SENDERS)
    parameters["deliverer"]["schema"]["enum"] = sorted(applications.DELIVERERS)
    return told


_OPENAPI = _described()


def app(
    load: Load = read, notice: Callable[[str], None] | None = None, ready: Ready | None = None
) -> Starlette:
    """The receiver as an ASGI application.

    load: finds a client's account at a vendor. notice: told the client of each new hint. ready:
    runs the sweeps for hints, and is started with the receiver.
    """
    public = Settings().home / "documents"
    public.mkdir(parents=True, exist_ok=True)
    accounts, rates = Accounts(load), limits.Rates(limits.PER_SECOND, limits.BURST)
    at_once = ready.run if ready else None
    webhooks = Webhooks(
        accounts, rates, notice or Hurry(run=partial(run_sweep, at_once=at_once)).notice
    )
    receiver = Starlette(
        routes=[
            Route("/webhooks/{client}/{vendor}", webhooks.receive, methods=["POST"]),
            Route("/webhooks/{client}/{vendor}", webhooks.echo, methods=["GET"]),
            Route("/{vendor}/{client}/apply", applications.receive, methods=["POST"]),
            Route("/forms/{token}", show_form, methods=["GET"]),
            Route("/forms/{token}", take_form, methods=["POST"]),
            Route("/openapi.json", openapi, methods=["GET"]),
            Mount("/public", StaticFiles(directory=public)),
        ],
        middleware=[Middleware(limits.Bounded)],
        exception_handlers={Unavailable: unavailable, ClientDisconnect: cut_off},
        lifespan=ready.beside if ready else None,
    )
    receiver.router.redirect_slashes = False  # it would lead to whatever host a visitor names
    receiver.state.accounts, receiver.state.rates = accounts, rates
    return receiver


def main() -> None:
    """Serve on the receiver's port until told to stop."""
    settings = Settings()
    port = settings.receiver_port or 8700
    uvicorn.run(app(ready=Ready()), host=str(settings.host), port=port, log_level="warning")


if __name__ == "__main__":
    main()
