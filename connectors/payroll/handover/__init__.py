"""A hand-over: files for a payroll that has no interface, and files that prove what it did.

Address: `file:///FOLDER`, a folder of this machine or mounted here, or `sftp://HOST/FOLDER`. In it
are the folders `to_payroll` and `from_payroll`, which payroll makes.
Auth: of a folder, this process's own rights. SFTP: option `user`, and the key (a password) or the
secret `private_key`; option `host_key` is the server's public key, the only one that is trusted.
What we write: one file a hire, `hire-REFERENCE.csv`, one a correction. Its columns are COLUMNS.
Never a social security number, a birth date or bank details: a hire gives them to payroll.
What payroll writes: files of any name that end in .csv, lines added at their end. A line has our
`reference`, payroll's `employee_id`, a `status` (`taken`, `complete`, `refused`, `paid`), a
`message` for people, the day `on` which it was so, and, if payroll says them, its terms:
`title, entity, start_on, rate, unit, work_place`. A line that says `paid` has the terms, and
`check_on, period_start_on, period_end_on, gross`; it proves the pay statement.
Limits: none; every file of payroll's is read at every look, so move old ones away.

Quirks
- The same hire is the same file, so writing it twice is harmless; a payroll that has taken one away
  and meets its reference again has it already.
- That a hire was written proves nothing of payroll; that it is acknowledged does. Terms that
  payroll does not repeat are those of our file: it gives its word to have entered them as they are.
- After a correction payroll acknowledges the hire again, with the terms that hold now.
- Files come in the order of their names. One without a line end at its end is read when it has one.
- Cells that a spreadsheet would run as a formula are refused.
- A message is never repeated: it may say anything of anybody.

Unverified: SFTP servers other than AsyncSSH's own; ones that cannot rename over a file.
"""

from collections.abc import Iterator, Sequence

from connectors import watched
from connectors.access import Access
from connectors.errors import Refused, Unreadable, Unsupported
from connectors.health import Check, tried
from connectors.payroll.handover.exchange import FROM_PAYROLL, TO_PAYROLL, Exchange, open_exchange
from connectors.payroll.handover.files import (
    NAME,
    STATUSES,
    Acknowledged,
    Line,
    Terms,
    acknowledged,
    correction_file,
    correction_name,
    handed,
    hire_file,
    hire_name,
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


def connect(access: Access) -> Payroll:
    """Open the folder or server; raises Misconfigured if the address or a setting is missing."""
    return Handover(open_exchange(access))


class Handover:
    """One client's payroll, by way of files."""

    resources: tuple[str, ...] = ("employees", "pay_statements")  # `all_employees` when asked for

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Yield what payroll has acknowledged of the watched: hires by reference, payments by id.

        `all_employees` lists whom payroll has taken: nobody else is known here.
        """
        if resource not in (*self.resources, "all_employees"):
            raise Unsupported(NAME, f"has no {resource}")
        found = acknowledged(self._exchange.received())
        if strange := {
            ref: why
            for ref, why in found.unreadable.items()
            if ref not in found.lines and ref not in watching
        }:
            yield Page(unreadable=strange)
        if resource == "employees":
            yield from watched.each(watching, lambda ref: self._hired(found, ref))
        elif resource == "pay_statements":
            yield from watched.each(watching, lambda id: _paid(found, id))
        else:
            yield Page(records=tuple(_taken(found)))

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether the file is there, or the hire acknowledged, which is as good."""
        match request:
            case CreateHire(application_key=reference):
                there = self._exchange.get(hire_name(reference)) == hire_file(request)
                if there or acknowledged(self._exchange.received()).lines.get(reference):
                    return Receipt(external_id=reference)
                return None
            case CorrectHire(employee_ref=employee):
                there = self._exchange.get(correction_name(key)) == correction_file(request, key)
                return Receipt(external_id=employee) if there else None
        raise Unsupported(NAME, f"cannot look for {type(request).__name__}")

    def create_hire(self, request: CreateHire, key: str) -> Receipt:
        """Write the hire's file; the receipt's id is the reference that payroll acknowledges."""
        self._exchange.put(hire_name(request.application_key), hire_file(request))
        return Receipt(external_id=request.application_key)

    def correct_hire(self, request: CorrectHire, key: str) -> Receipt:
        """Write a file with all terms the employee is to have."""
        self._exchange.put(correction_name(key), correction_file(request, key))
        return Receipt(external_id=request.employee_ref)

    def check(self) -> Iterator[Check]:
        """Whether hires can be written, which an empty hidden file shows, and payroll's be read."""
        made = "have payroll make the folder, and let our user"
        yield tried(TO_PAYROLL, f"{made} write and read there", self._exchange.probe)
        yield tried(FROM_PAYROLL, f"{made} read there", self._exchange.received)

    def _hired(self, found: Acknowledged, reference: str) -> Sequence[Observed]:
        if why := found.unreadable.get(reference):
            raise Unreadable(NAME, why)
        lines = found.lines.get(reference)
        if not lines:
            return ()
        last = lines[-1]
        onboarding = STATUSES[last.status]
        if onboarding is None:
            raise Refused(NAME, f"payroll has refused {reference}: its message is in its file")
        terms = self._terms(reference, lines)
        hire = Employee(
            external_id=last.employee_id,
            updated_at=last.at,
            document=last.text.encode(),
            application_key=reference,
            onboarding=onboarding,
            entity=terms.entity,
            title=terms.title,
            start_on=terms.start_on,
            rate_cents=terms.rate_cents,
            unit=terms.unit,
            work_place=terms.work_place,
        )
        return (hire,)

    def _terms(self, reference: str, lines: Sequence[Line]) -> Terms:
        """The terms payroll has last said, or else those we handed over."""
        said = [line.terms for line in lines if line.terms and line.status != "paid"]
        if said:
            return said[-1]
        content = self._exchange.get(hire_name(reference))
        if content is None:
            raise Unreadable(NAME, f"{reference} was taken without its terms, and our file is gone")
        return handed(content)


def _paid(found: Acknowledged, employee_id: str) -> Sequence[PayStatement]:
    return [
        PayStatement(
            external_id=f"{employee_id}:{line.payment.check_on.isoformat()}",
            updated_at=line.at,
            document=line.text.encode(),
            employee_ref=employee_id,
            check_on=line.payment.check_on,
            period_start_on=line.payment.period_start_on,
            period_end_on=line.payment.period_end_on,
            gross_cents=line.payment.gross_cents,
            rate_cents=line.terms.rate_cents,
            unit=line.terms.unit,
            start_on=line.terms.start_on,
            work_place=line.terms.work_place,
            entity=line.terms.entity,
        )
        for line in found.of_employee(employee_id)
        if line.payment and line.terms
    ]


def _taken(found: Acknowledged) -> Iterator[Observed]:
    for reference, lines in found.lines.items():
        if reference not in found.unreadable and lines[-1].employee_id:
            yield Observed(external_id=lines[-1].employee_id, updated_at=lines[0].at)


VENDOR = Vendor(
    kind="payroll",
    name=NAME,
    title="Hand-over by file",
    documents="",
    reads="payroll's acknowledgements: who was taken, refused, complete, and what was first paid",
    writes="one file a new hire, one a correction",
    connect=connect,
    address="`file:///FOLDER`, a folder of this machine or mounted here; or `sftp://HOST/FOLDER`",
    key="the user's password at the SFTP server, if it asks for one",
    key_optional=True,
    settings=(
        Setting("user", "the user at the SFTP server"),
        Setting("host_key", "the server's public key, as in ssh-ed25519 AAAA..."),
        Setting("private_key", "our private key in OpenSSH's format, instead", secret=True),
    ),
    reports_new_hires=True,  # who does it is told of each hire to whom it is due
)
