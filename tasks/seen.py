"""What a person says was done, and under which id, is looked at there before it is believed."""

from connectors.errors import Refused, Unreadable
from connectors.ledger.decisions import subject_of
from connectors.records import BackgroundReport, Employee, Signature
from tasks.desk import Desk

# What is read by its id later on: at which system of the process, and as what.
READ_AS = {
    "offer.send": ("signatures", "signature_requests"),
    "background.order": ("background_checks", "reports"),
    "payroll.create": ("payroll", "employees"),
}


def check(desk: Desk, key: str, ref: str) -> None:
    """Raise Refused if the vendor shows nothing under the id, or something of somebody else.

    Jobs and applications, and what payroll has not yet processed, are taken at the person's word.
    Raises what a reading raises if the vendor cannot be read now, or what it shows makes no sense.
    """
    kind = key.partition(":")[0]
    if kind not in READ_AS:
        return
    role, resource = READ_AS[kind]
    vendor = getattr(desk.process.systems, role)
    pages = list(desk.systems[vendor].changes(resource, None, [ref]))
    for page in pages:
        if page.unreadable:
            raise Unreadable(vendor, f"{ref}: {page.unreadable[ref]}")
        if page.refused:
            raise Refused(vendor, f"shows nothing of ours under the id {ref}: {page.refused[ref]}")
    for record in (record for page in pages for record in page.records):
        match record:
            case Signature() | BackgroundReport() | Employee():
                if record.application_key != subject_of(key):
                    raise Refused(vendor, f"{ref} is not about {subject_of(key)}")
