"""Finch: one read-only interface to the payroll systems of many vendors (United States).

Documents: https://developer.tryfinch.com, API version 2020-09-17
Auth: the access token of one connection as bearer. It does not end by time; the client's admin
connects again when the provider asks for it, which makes another token.
Paging: directory and pay statements by `limit` and `offset`, with `paging.count`; payments are
whole for a span of days.
Limits: for each product and application, in rolling 60 seconds: 20 of the directory, more of the
others; 429.
Errors: `{code, finch_code, name, message}`. Messages are not repeated by us.

Quirks
- Nobody can be created or changed. A person enters the hire into payroll; that it is there is
  found by e-mail and first day. What we watch is our name of the application with Finch's id of the
  individual, `HARBOR-3.9f2c:5f8c…`, and so a person writes it who settles a hire.
- A provider's data is fetched every 24 hours, or every 7 days where people do it ("assisted"): what
  was entered today is seen later.
- Individuals, employments and pay statements are asked for in batches by POST, which changes
  nothing; Finch wants all ids in one, of any size. The answer is 200 whatever becomes of its items:
  each has a code of its own.
- 202, of an answer or of an item, says that the data is still being fetched. That is not "none":
  it is asked for again at the next look.
- An individual's e-mail is told only together with birth date and home, so only those are asked
  for whose name is like the hire's, and nothing of the answer is kept. The social security number
  is told only to who asks for it, the employer's bank accounts with the company: we ask for
  neither.
- Amounts are integer cents. Many fields may be null, as providers differ.
- A pay statement knows neither rate, first day nor place: these are the employment's. The cursor
  keeps it from being read twice.

Unverified: the fields of an item that failed, of which only the code is read; that payments up to
today are payments that were made; that nobody has two statements of one payment; that
`latest_rehire_date` is null for who was hired once; which company of several an individual is
employed by, of which nothing is told.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import cache, partial
from typing import Any

from connectors import watched
from connectors.access import Access
from connectors.errors import Refused, Unavailable, Unreadable, Unsupported
from connectors.health import Check, tried
from connectors.http import Api, Reply
from connectors.oauth import Bearer
from connectors.payload import Payload, items
from connectors.payroll.finch.rows import (
    NAME,
    Employment,
    Row,
    answers,
    begins,
    body_of,
    has_email,
    is_of,
    listed,
    may_be,
    read_employment,
    read_statement,
)
from connectors.ports import Payroll
from connectors.records import (
    CorrectHire,
    CreateHire,
    Employee,
    Observed,
    Page,
    PayStatement,
    Receipt,
    Request,
)
from connectors.vendor import Setting, Vendor

VERSION = {"Finch-API-Version": "2020-09-17"}
HOST = "https://api.tryfinch.com"
PAGE_SIZE = 100
READ_SECONDS = 120.0  # what Finch has not fetched yet it may ask of the provider meanwhile
NOT_YET = 202
PRODUCTS = {"directory", "individual", "employment", "payment", "pay_statement"}

Payments = Callable[[date], list[Row]]
Lines = Callable[[str], dict[str, list[Row]] | None]


def connect(access: Access, *, sleep: Callable[[float], None] = time.sleep) -> Payroll:
    """Open one client's connection at Finch."""
    api = Api(
        NAME,
        access.base_url or HOST,
        Bearer(access.key),
        headers=VERSION,
        read_seconds=READ_SECONDS,
        sleep=sleep,
    )
    return Finch(api, access.options)


class Finch:
    """The client's payroll as Finch shows it, in our records."""

    resources: tuple[str, ...] = ("employees", "pay_statements")  # `all_employees` when asked for

    def __init__(self, api: Api, options: Mapping[str, str]) -> None:
        self._api, self._entity = api, options["legal_entity"]

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield the watched hires as they are now, or new pay statements of the watched.

        `all_employees` lists everybody, whoever entered them, those who left too.
        """
        if resource == "employees":
            told = self._asked("employment", [_individual(ref) for ref in watching])
            yield from watched.each(watching, partial(self._hired, told))
        elif resource == "pay_statements":
            yield from self._paid(cursor, watching)
        elif resource == "all_employees":
            refs = list(self._directory())
            told = self._asked("employment", refs)
            yield watched.listed([(ref, ref) for ref in refs], partial(listed, told), None)
        else:
            raise Unsupported(NAME, f"has no {resource}")

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether a person has entered the hire, or whether the terms are as asked for."""
        match request:
            case CreateHire():
                return self._entered(request)
            case CorrectHire():
                done = self._by_hand(request) == ""
                return Receipt(external_id=request.employee_ref) if done else None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def create_hire(self, request: CreateHire, key: str) -> Receipt:
        """Find the hire that a person has entered.

        Raises Unsupported if nobody has, Refused if whoever has this e-mail address begins on
        another day.
        """
        if receipt := self._entered(request):
            return receipt
        told = f"enter the hire of {request.application_key} there; once Finch shows it, retry"
        raise Unsupported(NAME, f"nobody can be entered into payroll through it: {told}")

    def correct_hire(self, request: CorrectHire, key: str) -> Receipt:
        """Find that a person has set the terms back; raises Unsupported, naming those that differ.

        A pay in another unit, or a place in other words, is one that differs.
        """
        if terms := self._by_hand(request):
            told = (
                f"correct the {terms} of {request.employee_ref} there; once Finch shows it, retry"
            )
            raise Unsupported(NAME, f"no terms can be changed through it: {told}")
        return Receipt(external_id=request.employee_ref)

    def check(self) -> Iterator[Check]:
        """Whether the connection stands, shows what we read, and has read anything yet."""
        connection = Payload(NAME, self._get("/introspect").body)
        status = connection.inner("connection_status").take("status", str)
        wrong = "" if status == "connected" else f"it is {status[:40]!r}"
        yield Check("connection", wrong, "have the client's admin connect payroll again in Finch")
        lacking = sorted(PRODUCTS - set(map(str, connection.take("products", list))))
        wrong = f"it lacks {', '.join(lacking)}" if lacking else ""
        yield Check("products", wrong, "have the client connect again with all of these products")
        remedy = "wait until Finch has read the client's payroll once"
        yield tried("directory", remedy, lambda: next(self._directory(), None))
        yield from self._api.health()

    def _entered(self, request: CreateHire) -> Receipt | None:
        """Find who has this e-mail address and begins on the day of the hire."""
        alike = [ref for ref, row in self._directory_rows() if may_be(row, request)]
        people = self._asked("individual", alike)
        same = [ref for ref in alike if has_email(_there(people, ref), request.email)]
        jobs = self._asked("employment", same)
        ours = [ref for ref in same if request.start_on.isoformat() in begins(_there(jobs, ref))]
        if len(ours) == 1:
            return Receipt(external_id=f"{request.application_key}:{ours[0]}")
        if same:
            raise Refused(
                NAME,
                f"{', '.join(same)}: the e-mail address of {request.application_key}; exactly one "
                f"must begin on {request.start_on}: correct it in payroll, then retry",
            )
        return None

    def _by_hand(self, request: CorrectHire) -> str:
        """Which terms differ, in words; "" if none do."""
        told = self._asked("employment", [request.employee_ref])
        held = read_employment(request.employee_ref, _there(told, request.employee_ref))
        place = request.work_place
        pairs = {
            "first day": (held.start_on, request.start_on),
            "pay": (held.pay, (request.rate_cents, request.unit)),
            "work place": (held.place, f"{place.city}, {place.region}"),
        }
        return " and ".join(term for term, (is_, signed) in pairs.items() if is_ != signed)

    def _hired(self, told: Mapping[str, Row], ref: str) -> tuple[Observed, ...]:
        """Read a hire; nothing while Finch is still fetching it."""
        application_key, individual = ref.rpartition(":")[0], _individual(ref)
        if not application_key:
            raise Refused(NAME, f"{ref!r} is no hire of ours: settle it as APPLICATION:INDIVIDUAL")
        if (body := body_of(told, individual)) is None:
            return ()
        employment = read_employment(individual, body)
        cents, unit = employment.pay
        hire = Employee(
            external_id=employment.id,
            updated_at=datetime.combine(employment.start_on, datetime.min.time(), UTC),
            document=employment.document,
            application_key=application_key,
            onboarding=employment.onboarding,
            entity=self._entity,
            title=employment.title,
            start_on=employment.start_on,
            rate_cents=cents,
            unit=unit,
            work_place=employment.place,
        )
        return (hire,)

    def _paid(self, cursor: str | None, refs: Sequence[str]) -> Iterator[Page]:
        """Read each statement once. The cursor maps each watched individual to payments read."""
        if not refs:
            return
        told = self._asked("employment", refs)
        payments, lines = cache(partial(self._payments, self._today())), cache(self._lines)

        def statements(ref: str, read: list[str]) -> Sequence[PayStatement]:
            if (body := body_of(told, ref)) is None:
                return ()
            employment = read_employment(ref, body)
            found = list(self._statements(employment, read, payments, lines))
            read += [statement.external_id.partition(":")[0] for statement in found]
            return found

        yield from watched.once(refs, cursor, statements)

    def _statements(
        self, employment: Employment, read: Sequence[str], payments: Payments, lines: Lines
    ) -> Iterator[PayStatement]:
        # From the first of a month on: so hires of one month share what is asked for.
        for payment in payments(employment.start_on.replace(day=1)):
            id = Payload(NAME, payment).take("id", str)
            if id in read or not is_of(payment, employment):
                continue
            mine = (lines(id) or {}).get(employment.id, [])
            if len(mine) > 1:
                raise Unreadable(NAME, f"payment {id} has two statements of one individual")
            if mine:
                yield read_statement(payment, mine[0], employment, self._entity)

    def _payments(self, until: date, since: date) -> list[Row]:
        asked = {"start_date": since.isoformat(), "end_date": until.isoformat()}
        rows: list[Row] = self._get("/employer/payment", asked).body
        items(NAME, rows)
        return rows

    def _lines(self, payment: str) -> dict[str, list[Row]] | None:
        """All statements of a payment, by individual; None: Finch is still fetching them."""
        lines: dict[str, list[Row]] = {}
        offset, before = 0, None
        while True:
            asked = {"payment_id": payment, "limit": PAGE_SIZE, "offset": offset}
            told = self._post("/employer/pay-statement", [asked])
            if (body := body_of(answers(told, "payment_id"), payment)) is None:
                return None
            rows: list[Row] = Payload(NAME, body).take("pay_statements", list)
            if not rows or rows == before:
                return lines
            for row in rows:
                lines.setdefault(Payload(NAME, row).take("individual_id", str), []).append(row)
            offset, before = offset + len(rows), rows

    def _directory(self) -> Iterator[str]:
        return (ref for ref, _ in self._directory_rows())

    def _directory_rows(self) -> Iterator[tuple[str, Row]]:
        """Everybody, each once, whoever comes or goes meanwhile."""
        met: set[str] = set()
        offset = 0
        while True:
            page = Payload(
                NAME, self._get("/employer/directory", {"limit": PAGE_SIZE, "offset": offset}).body
            )
            rows: list[Row] = page.take("individuals", list)
            count = page.inner("paging").maybe("count", int)
            new = {Payload(NAME, row).take("id", str): row for row in rows}
            yield from ((ref, row) for ref, row in new.items() if ref not in met)
            offset += len(rows)
            if new.keys() <= met or offset == count:
                return
            met |= new.keys()

    def _asked(self, what: str, refs: Sequence[str]) -> dict[str, Row]:
        """Ask about individuals in one batch; each one's item, by their id."""
        if not refs:
            return {}
        asked = [{"individual_id": ref} for ref in refs]
        return answers(self._post(f"/employer/{what}", asked), "individual_id")

    def _today(self) -> date:
        """The day by Finch's own clock."""
        told = self._get("/introspect").headers.get("Date", "")
        try:
            return parsedate_to_datetime(told).date()
        except ValueError:
            raise Unreadable(NAME, "an answer has no date") from None

    def _post(self, path: str, asked: Sequence[Mapping[str, Any]]) -> Any:
        return _ready(self._api.read("POST", path, json={"requests": asked})).body

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> Reply:
        return _ready(self._api.read("GET", path, params=params))


def _ready(reply: Reply) -> Reply:
    if reply.status == NOT_YET:
        raise Unavailable(NAME, "is still fetching this from payroll", status=NOT_YET)
    return reply


def _there(told: Mapping[str, Row], ref: str) -> Row:
    """What was told of an individual; raises Unavailable while Finch is still fetching it."""
    if (body := body_of(told, ref)) is None:
        raise Unavailable(NAME, f"is still fetching {ref} from payroll", status=NOT_YET)
    return body


def _individual(ref: str) -> str:
    return ref.rpartition(":")[2]


VENDOR = Vendor(
    kind="payroll",
    name=NAME,
    title="Finch",
    documents="https://developer.tryfinch.com",
    reads=(
        "hires that a person has entered into the client's payroll, with first day, place and pay;"
        " pay statements; everybody's ids for the reconciliation"
    ),
    writes="nothing: a person enters and corrects hires in payroll, and Finch proves it",
    connect=connect,
    addresses={"production": HOST, "sandbox": HOST},
    key="the access token of the client's connection",
    settings=(Setting("legal_entity", "the employer's name, as offers say it", required=True),),
    scopes=tuple(sorted(PRODUCTS)),
)
