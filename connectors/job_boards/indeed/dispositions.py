"""Disposition Sync: what becomes of an application that Indeed has delivered.

Nobody can ask Indeed what it was told. The same state of the same application at the same instant
is the same news, so what may have been lost is told again. No reason is told, and nobody's name.
"""

from datetime import UTC

from connectors.errors import Refused
from connectors.job_boards.indeed.calls import Calls
from connectors.job_boards.indeed.names import NAME
from connectors.payload import Payload
from connectors.records import ApplicantStatus, Receipt, TellBoard

ATS = "Fullcycle"
STATUSES = {
    ApplicantStatus.RECEIVED: "NEW",
    ApplicantStatus.SCREENING: "SCREEN",
    ApplicantStatus.SHORTLISTED: "LIKED",
    ApplicantStatus.INTERVIEWING: "INTERVIEW",
    ApplicantStatus.OFFERED: "OFFER_MADE",
    ApplicantStatus.CHECKED: "BACKGROUND_CHECK",
    ApplicantStatus.HIRED: "HIRED",
    ApplicantStatus.NOT_SELECTED: "NOT_SELECTED",
    ApplicantStatus.WITHDRAWN: "WITHDRAWN",
    ApplicantStatus.DECLINED: "OFFER_DECLINED",
    ApplicantStatus.DUPLICATE: "UNABLE_TO_MAP",
}
SEND = """
mutation SendDispositions($input: SendPartnerDispositionInput!) {
  partnerDisposition { send(input: $input) {
    numberGoodDispositions failedDispositions { rationale } } }
}
"""


def send(calls: Calls, request: TellBoard) -> Receipt:
    """Tell one state; raises Refused if Indeed does not take it."""
    disposition = {
        "dispositionStatus": STATUSES[request.status],
        "rawDispositionStatus": request.status.value,
        "identifiedBy": {"indeedApplyID": request.application_ref},
        "atsName": ATS,
        "statusChangeDateTime": request.since.astimezone(UTC).isoformat(),
    }
    calls.write(SEND, {"input": {"dispositions": [disposition]}}, _read_sent)
    return Receipt(external_id=f"{request.application_ref} {request.status}")


def _read_sent(data: Payload) -> None:
    told = data.inner("partnerDisposition").inner("send")
    good, failed = told.take("numberGoodDispositions", int), told.take("failedDispositions", list)
    if good != 1 or failed:
        raise Refused(NAME, "it does not take this state: look whether it knows the application")
