"""Indeed Apply: applications as Indeed delivers them, signed, and the answers they bring."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from connectors.errors import Unreadable
from connectors.job_boards.indeed.names import NAME
from connectors.payload import Payload, items
from connectors.records import Answer, Application

SELF_IDENTIFICATION = ("demographicQuestionsAndAnswers", "eeo")
UNUSED = frozenset({"locale", "analytics", *SELF_IDENTIFICATION})  # read, understood, not needed
UNUSED_OF_APPLICANT = frozenset({"firstName", "lastName", "coverletter", "verified"})
UNUSED_OF_RESUME = frozenset({"html", "hrXml"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def verify(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Whether a delivery was signed with our secret; compared in constant time."""
    told = next((v for name, v in headers.items() if name.lower() == "x-indeed-signature"), "")
    ours = base64.b64encode(hmac.digest(secret.encode(), raw, "sha1"))
    return hmac.compare_digest(ours, told.encode())


def without_self_identification(raw: bytes) -> tuple[str, dict[str, str]]:
    """Take the voluntary self-identification out of a delivery: the rest, and what was taken out.

    Raises Unreadable if the delivery is not a JSON object.
    """
    try:
        told = json.loads(raw)
        taken = {name: json.dumps(told.pop(name)) for name in SELF_IDENTIFICATION if name in told}
    except (ValueError, AttributeError):
        raise Unreadable(NAME, "a delivery is not a JSON object") from None
    return json.dumps(told, ensure_ascii=False), taken


def read_application(raw: bytes) -> Application:
    """Read one Indeed Apply delivery; raises Unreadable if it is not one.

    `external_id` is Indeed's apply id, `job_ref` the posting's reference.
    """
    try:
        told = json.loads(raw)
    except ValueError:
        raise Unreadable(NAME, "a delivery is not JSON") from None
    row = Payload(NAME, told)
    kept = {name: value for name, value in told.items() if name not in SELF_IDENTIFICATION}
    try:
        document = json.dumps(kept, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Unreadable(NAME, "a delivery holds half a character") from None
    return _application(row, document)


def _application(row: Payload, document: bytes) -> Application:
    applied_at = _applied_at(row)
    applicant, job = row.inner("applicant"), row.inner("job")
    email, phone = applicant.maybe("email", str), applicant.maybe("phoneNumber", str)
    resume = applicant.maybe_inner("resume") or Payload(NAME, {})
    profile = resume.maybe("json", dict)
    link = (profile or {}).get("publicProfileUrl")
    application = Application(
        external_id=row.take("id", str),
        updated_at=applied_at,
        document=document,
        job_ref=job.take("jobId", str),
        name=applicant.take("fullName", str),
        emails=(email,) if email else (),
        phones=(phone,) if phone else (),
        links=(link,) if isinstance(link, str) else (),
        source="Indeed",
        applied_at=applied_at,
        answers=(
            *_answers(row, "screenerQuestionsAndAnswers"),
            *_answers(row, "questionsAndAnswers"),
        ),
        resume_text=_resume_text(resume),
        resume_json=profile,
        consent_at=applied_at,
    )
    resume.close(ignoring=UNUSED_OF_RESUME)
    applicant.close(ignoring=UNUSED_OF_APPLICANT)
    row.close(ignoring=UNUSED)
    return application


def _applied_at(row: Payload) -> datetime:
    try:
        return EPOCH + timedelta(milliseconds=row.take("appliedOnMillis", int))
    except OverflowError:
        raise Unreadable(NAME, "'appliedOnMillis' is not a time") from None


def _answers(row: Payload, key: str) -> list[Answer]:
    """Read the answers below a key: an object that holds the list, or (legacy) the list itself."""
    told = row.maybe(key, object)
    if told is None:
        return []
    rows = told if isinstance(told, list) else Payload(NAME, told).take("questionsAndAnswers", list)
    answers = [_answer(row) for row in items(NAME, rows)]
    return [answer for answer in answers if answer]


def _answer(row: Payload) -> Answer | None:
    question, said = row.inner("question"), row.maybe("answer", object)
    row.close()
    return Answer(question=question.take("id", str), value=_said(said)) if said else None


def _said(answer: object) -> str:
    match answer:
        case str():
            return answer
        case {"value": str(value)}:
            return value
        case {"fileName": str(name)}:
            return name
        case list():
            return ", ".join(_said(each) for each in answer)
    raise Unreadable(NAME, f"an answer is {type(answer).__name__} of a shape we do not know")


def _resume_text(resume: Payload) -> str:
    text, file = resume.maybe("text", str), resume.maybe_inner("file")
    if text or file is None or not file.take("contentType", str).startswith("text/plain"):
        return text or ""
    try:
        return base64.b64decode(file.take("data", str), validate=True).decode(errors="replace")
    except ValueError:
        raise Unreadable(NAME, "the résumé file is not base64") from None
