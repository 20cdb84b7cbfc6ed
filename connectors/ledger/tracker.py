"""The built-in applicant tracker, for clients that have none: what it holds, changed and read.

An application's id is its key, a job's the requisition's code. Whoever changes anything takes the
client's lock first (`alone`), and numbers the change inside it: so the numbers are in the order of
commits, and whoever has read up to one has missed none before it. It holds nothing of anybody's
self-identification, and cannot read it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from connectors.errors import Refused
from connectors.ledger.audit import Act, keep
from connectors.ledger.store import Ledger
from connectors.records import (
    AddApplication,
    AddNote,
    Answer,
    Application,
    ArchiveKind,
    Interview,
    InterviewStatus,
    Job,
    Observed,
    OpenJob,
    Receipt,
    Recommendation,
    ScheduleInterview,
    Scorecard,
    TrackerStage,
)

NAME = "built_in"
Decided = AbstractContextManager[Connection]
SCREEN_ROUND = "recruiter_screen"


@dataclass(frozen=True, slots=True)
class Round:
    """One planned interview as it stands now: who conducts it, and who has handed in feedback."""

    name: str
    status: str
    ends_at: datetime
    interviewers: tuple[str, ...]
    handed_in: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Whose scorecards are awaited."""
        return tuple(who for who in self.interviewers if who not in self.handed_in)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an application stands in the tracker; of each round the newest interview."""

    application: str
    requisition: str
    stage: TrackerStage
    source: str
    applied_at: datetime
    screened: bool
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """What the tracker holds of one application; personal data."""

    name: str
    email: str | None
    phone: str | None
    archive_reason: str
    notes: tuple[str, ...]
    scorecards: tuple[Scorecard, ...]


def alone(connection: Connection, client: str) -> None:
    """Wait until nobody else changes the client's tracker, and keep others out until the commit."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('tracker'), hashtext(:client))"),
        {"client": client},
    )


@contextmanager
def decided(ledger: Ledger, act: Act) -> Iterator[Connection]:
    """A transaction in which a person's decision changes the tracker, and leaves its act."""
    with ledger.transaction() as connection:
        alone(connection, ledger.client)
        yield connection
        keep(connection, ledger.client, act)


def receipt(connection: Connection, client: str, key: str) -> Receipt | None:
    """What a write with this key gave back, if it was done."""
    found = connection.execute(
        text(
            "SELECT external_id, others FROM tracker_receipt WHERE client = :client AND key = :key"
        ),
        {"client": client, "key": key},
    ).first()
    return Receipt(external_id=found.external_id, others=found.others) if found else None


def keep_receipt(connection: Connection, client: str, key: str, given: Receipt) -> None:
    """Remember what a write gave back, in the transaction of what it did."""
    connection.execute(
        text(
            "INSERT INTO tracker_receipt (client, key, external_id, others)"
            " SELECT :client, :key, external_id, others FROM"
            " jsonb_to_record(CAST(:given AS jsonb)) AS r(external_id text, others jsonb)"
        ),
        {"client": client, "key": key, "given": given.model_dump_json()},
    )


def open_job(connection: Connection, client: str, request: OpenJob) -> Receipt:
    """Open the requisition's job."""
    connection.execute(
        text(
            """
            INSERT INTO tracker_job (client, requisition, title, headcount, status)
            VALUES (:client, :requisition, :title, :headcount, 'open')
            ON CONFLICT (client, requisition) DO UPDATE SET status = 'open'
            """
        ),
        {
            "client": client,
            "requisition": request.requisition,
            "title": request.title,
            "headcount": request.headcount,
        },
    )
    return Receipt(external_id=request.requisition)


def close_job(connection: Connection, client: str, job_ref: str) -> Receipt:
    """Close a job; raises Refused if there is none."""
    closed = connection.execute(
        text(
            "UPDATE tracker_job SET status = 'closed'"
            " WHERE client = :client AND requisition = :job RETURNING id"
        ),
        {"client": client, "job": job_ref},
    ).first()
    if closed is None:
        raise Refused(NAME, f"no job {job_ref}")
    return Receipt(external_id=job_ref)


def open_jobs(connection: Connection, client: str) -> list[Job]:
    """Every job that is open."""
    rows = connection.execute(
        text(
            """
            SELECT j.requisition, j.title, now() AS read_at,
                   nullif(greatest(j.headcount - (SELECT count(*) FROM tracker_application a
                       WHERE a.job_id = j.id AND a.stage = 'hired'), 0), 0) AS wanted
            FROM tracker_job j WHERE j.client = :client AND j.status = 'open' ORDER BY j.id
            """
        ),
        {"client": client},
    )
    return [
        Job(
            external_id=row.requisition,
            updated_at=row.read_at,
            title=row.title,
            headcount=row.wanted,
        )
        for row in rows
    ]


def add(connection: Connection, client: str, request: AddApplication) -> Receipt:
    """Add an application, of a candidate who is known by e-mail address or is new."""
    job = connection.execute(
        text("SELECT id FROM tracker_job WHERE client = :client AND requisition = :job"),
        {"client": client, "job": request.job_ref},
    ).scalar()
    if job is None:
        raise Refused(NAME, f"no job {request.job_ref}")
    who = {
        "client": client,
        "name": request.name,
        "email": request.email.lower() if request.email else None,
        "phone": request.phone,
    }
    candidate = (
        connection.execute(text(_KNOWN), who).scalar()
        or connection.execute(text(_MEET), who).scalar()
    )
    added = connection.execute(
        text(
            """
            INSERT INTO tracker_application
                (client, key, job_id, candidate_id, source, applied_at, stage, changed, changed_at)
            VALUES (:client, :key, :job, :candidate, :source, :applied_at, 'new',
                    nextval('tracker_change'), now())
            ON CONFLICT (client, key) DO UPDATE SET key = excluded.key RETURNING candidate_id
            """
        ),
        {
            "client": client,
            "key": request.application_key,
            "job": job,
            "candidate": candidate,
            "source": request.source,
            "applied_at": request.applied_at,
        },
    ).scalar_one()
    return Receipt(external_id=request.application_key, others={"candidate": str(added)})


_KNOWN = "SELECT min(id) FROM tracker_candidate WHERE client = :client AND email = :email"
_MEET = """
    INSERT INTO tracker_candidate (client, name, email, phone)
    VALUES (:client, :name, :email, :phone) RETURNING id
"""


def move(connection: Connection, client: str, key: str, to: TrackerStage) -> Receipt:
    """Move an application to a stage; raises Refused if there is none, or if it is archived."""
    if _stage(connection, client, key) is TrackerStage.ARCHIVED:
        raise Refused(NAME, f"{key} is archived")
    _change(connection, client, key, to)
    return Receipt(external_id=key)


def reject(
    connection: Connection, client: str, key: str, reason: str, *, by_candidate: bool
) -> bool:
    """Archive an application with a reason; False: it was archived before, and that stands."""
    if _stage(connection, client, key) is TrackerStage.ARCHIVED:
        return False
    kind = ArchiveKind.BY_CANDIDATE if by_candidate else ArchiveKind.BY_EMPLOYER
    _change(connection, client, key, TrackerStage.ARCHIVED, kind, reason)
    return True


def _stage(connection: Connection, client: str, key: str) -> TrackerStage:
    found = connection.execute(
        text("SELECT stage FROM tracker_application WHERE client = :client AND key = :key"),
        {"client": client, "key": key},
    ).scalar()
    if found is None:
        raise Refused(NAME, f"no application {key}; see `fullcycle application list`")
    return TrackerStage(found)


def _change(
    connection: Connection,
    client: str,
    key: str,
    stage: TrackerStage,
    kind: ArchiveKind | None = None,
    reason: str = "",
) -> None:
    connection.execute(
        text(
            """
            UPDATE tracker_application SET stage = :stage, archive_kind = :kind,
                archive_reason = :reason, changed = nextval('tracker_change'), changed_at = now()
            WHERE client = :client AND key = :key
            """
        ),
        {"client": client, "key": key, "stage": stage, "kind": kind, "reason": reason},
    )


def note(connection: Connection, client: str, request: AddNote) -> Receipt:
    """Write a note on a candidate; raises Refused if there is none of this id."""
    written = connection.execute(
        text(
            """
            INSERT INTO tracker_note (client, candidate_id, text, written_at)
            SELECT :client, id, :text, now() FROM tracker_candidate
            WHERE client = :client AND CAST(id AS text) = :candidate RETURNING id
            """
        ),
        {"client": client, "candidate": request.candidate_ref, "text": request.text},
    ).scalar()
    if written is None:
        raise Refused(NAME, f"no candidate {request.candidate_ref}")
    return Receipt(external_id=str(written))


def schedule(connection: Connection, client: str, request: ScheduleInterview) -> Receipt:
    """Schedule an interview of an application; raises Refused if there is none, or archived."""
    key = request.application_ref
    if _stage(connection, client, key) is TrackerStage.ARCHIVED:
        raise Refused(NAME, f"{key} is archived")
    scheduled = connection.execute(
        text(
            """
            INSERT INTO tracker_interview (client, application_id, round, starts_at, ends_at,
                interviewers, status, changed, changed_at)
            SELECT :client, id, :round, :starts_at, :ends_at, to_jsonb(CAST(:who AS text[])),
                   'scheduled', nextval('tracker_change'), now()
            FROM tracker_application WHERE client = :client AND key = :key RETURNING id
            """
        ),
        {
            "client": client,
            "key": key,
            "round": request.round,
            "starts_at": request.starts_at,
            "ends_at": request.ends_at,
            "who": list(request.interviewers),
        },
    ).scalar_one()
    return Receipt(external_id=str(scheduled))


def record_interview(
    connection: Connection,
    client: str,
    key: str,
    round: str,
    status: InterviewStatus,
    as_of: datetime,
) -> None:
    """Say what became of a round's newest interview.

    Raises Refused if none is scheduled, or if it is to have taken place before its time.
    """
    _stage(connection, client, key)
    asked = {"client": client, "key": key, "round": round}
    found = connection.execute(text(_NEWEST), asked).first()
    if found is None:
        raise Refused(NAME, f"{key} has no interview of the round {round!r}")
    if found.starts_at > as_of and status in (InterviewStatus.COMPLETED, InterviewStatus.NO_SHOW):
        raise Refused(NAME, f"{round!r} of {key} begins at {found.starts_at:%Y-%m-%d %H:%M} UTC")
    connection.execute(
        text(
            "UPDATE tracker_interview SET status = :status, changed = nextval('tracker_change'),"
            " changed_at = now() WHERE id = :id"
        ),
        {"id": found.id, "status": status},
    )


_NEWEST = """
    SELECT i.id, i.status, i.starts_at, i.interviewers
    FROM tracker_interview i JOIN tracker_application a ON a.id = i.application_id
    WHERE a.client = :client AND a.key = :key AND i.round = :round ORDER BY i.id DESC LIMIT 1
"""


def put_scorecard(
    connection: Connection,
    client: str,
    key: str,
    round: str,
    author: str,
    recommendation: Recommendation | None,
    answers: Mapping[str, str],
    as_of: datetime,
) -> None:
    """Hand in a scorecard; one that the same author hands in later for the round replaces it.

    Raises Refused if an interview has not taken place, or if the author has not conducted it.
    """
    _stage(connection, client, key)
    if round != SCREEN_ROUND:
        asked = {"client": client, "key": key, "round": round}
        held = connection.execute(text(_NEWEST), asked).first()
        if held is None or held.status != InterviewStatus.COMPLETED:
            raise Refused(NAME, f"first record that {round!r} of {key} has taken place")
        if author not in held.interviewers:
            raise Refused(NAME, f"the interviewers of {round!r} hand in, by their e-mail addresses")
    connection.execute(
        text(
            """
            INSERT INTO tracker_scorecard (client, application_id, round, author, submitted_at,
                recommendation, answers, changed, changed_at)
            SELECT :client, id, :round, :author, :as_of, :recommendation,
                   (SELECT coalesce(jsonb_agg(jsonb_build_object('question', q, 'value', v)), '[]')
                    FROM unnest(CAST(:questions AS text[]), CAST(:values AS text[])) AS u(q, v)),
                   nextval('tracker_change'), now()
            FROM tracker_application WHERE client = :client AND key = :key
            ON CONFLICT (application_id, round, author) DO UPDATE SET
                submitted_at = excluded.submitted_at, recommendation = excluded.recommendation,
                answers = excluded.answers, changed = excluded.changed,
                changed_at = excluded.changed_at
            """
        ),
        {
            "client": client,
            "key": key,
            "round": round,
            "author": author,
            "as_of": as_of,
            "recommendation": recommendation,
            "questions": list(answers),
            "values": list(answers.values()),
        },
    )


def changed(
    connection: Connection, client: str, resource: str, after: int, most: int
) -> tuple[list[Observed], int]:
    """Up to so many records of a resource that changed after a number, and the last one's number.

    Waits for whoever is changing anything, so that none of an earlier number can still come.
    """
    alone(connection, client)
    rows = connection.execute(
        text(_CHANGED[resource] + " AND t.changed > :after ORDER BY t.changed LIMIT :most"),
        {"client": client, "after": after, "most": most},
    ).all()
    read = _READERS[resource]
    return [read(row) for row in rows], rows[-1].changed if rows else after


_APPLICATION = """
    SELECT t.key, t.source, t.applied_at, t.stage, t.archive_kind, t.archive_reason, t.changed,
           t.changed_at, t.candidate_id, j.requisition, c.name, c.email, c.phone
    FROM tracker_application t JOIN tracker_job j ON j.id = t.job_id
    JOIN tracker_candidate c ON c.id = t.candidate_id WHERE t.client = :client
"""
_INTERVIEW = """
    SELECT t.id, t.round, t.starts_at, t.ends_at, t.interviewers, t.status, t.changed, t.changed_at,
           a.key
    FROM tracker_interview t JOIN tracker_application a ON a.id = t.application_id
    WHERE t.client = :client
"""
_SCORECARD = """
    SELECT t.id, t.round, t.author, t.submitted_at, t.recommendation, t.answers, t.changed,
           t.changed_at, a.key
    FROM tracker_scorecard t JOIN tracker_application a ON a.id = t.application_id
    WHERE t.client = :client
"""
_CHANGED = {"applications": _APPLICATION, "interviews": _INTERVIEW, "scorecards": _SCORECARD}


def _application(row: Any) -> Application:
    return Application(
        external_id=row.key,
        updated_at=row.changed_at,
        job_ref=row.requisition,
        candidate_ref=str(row.candidate_id),
        name=row.name,
        emails=(row.email,) if row.email else (),
        phones=(row.phone,) if row.phone else (),
        source=row.source,
        applied_at=row.applied_at,
        stage=TrackerStage(row.stage),
        archive_kind=ArchiveKind(row.archive_kind) if row.archive_kind else None,
        archive_reason=row.archive_reason,
    )


def _interview(row: Any) -> Interview:
    return Interview(
        external_id=str(row.id),
        updated_at=row.changed_at,
        application_ref=row.key,
        round=row.round,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        status=InterviewStatus(row.status),
        interviewers=tuple(row.interviewers),
    )


def _scorecard(row: Any) -> Scorecard:
    return Scorecard(
        external_id=str(row.id),
        updated_at=row.changed_at,
        application_ref=row.key,
        round=row.round,
        author=row.author,
        submitted_at=row.submitted_at,
        recommendation=Recommendation(row.recommendation) if row.recommendation else None,
        answers=tuple(Answer.model_validate(answer) for answer in row.answers),
    )


_READERS = {"applications": _application, "interviews": _interview, "scorecards": _scorecard}


def standing(
    connection: Connection, client: str, requisition: str | None = None, key: str | None = None
) -> list[Standing]:
    """The applications that are not archived, by key; of all or of one requisition, or just one."""
    rows = connection.execute(
        text(_STANDING), {"client": client, "requisition": requisition, "key": key}
    )
    return [
        Standing(
            application=row.key,
            requisition=row.requisition,
            stage=TrackerStage(row.stage),
            source=row.source,
            applied_at=row.applied_at,
            screened=row.screened,
            rounds=tuple(_round(each) for each in row.rounds),
        )
        for row in rows
    ]


def _round(row: Mapping[str, Any]) -> Round:
    return Round(
        name=row["round"],
        status=row["status"],
        ends_at=datetime.fromisoformat(row["ends_at"]),
        interviewers=tuple(row["interviewers"]),
        handed_in=tuple(row["handed_in"]),
    )


_STANDING = f"""
    SELECT a.key, j.requisition, a.stage, a.source, a.applied_at,
           EXISTS (SELECT 1 FROM tracker_scorecard k
                   WHERE k.application_id = a.id AND k.round = '{SCREEN_ROUND}') AS screened,
           coalesce((SELECT jsonb_agg(to_jsonb(n) ORDER BY n.starts_at) FROM (
               SELECT DISTINCT ON (i.round) i.round, i.status, i.starts_at, i.ends_at,
                      i.interviewers,
                      (SELECT coalesce(jsonb_agg(k.author), '[]') FROM tracker_scorecard k
                       WHERE k.application_id = a.id AND k.round = i.round) AS handed_in
               FROM tracker_interview i WHERE i.application_id = a.id
               ORDER BY i.round, i.id DESC) n), '[]') AS rounds
    FROM tracker_application a JOIN tracker_job j ON j.id = a.job_id
    WHERE a.client = :client
      AND (CAST(:requisition AS text) IS NULL OR j.requisition = :requisition)
      AND CASE WHEN CAST(:key AS text) IS NULL THEN a.stage <> 'archived' ELSE a.key = :key END
    ORDER BY length(j.requisition), j.requisition, a.key
"""


def dossier(connection: Connection, client: str, key: str) -> Dossier | None:
    """Everything about one application, but for what interviewers must not read yet.

    Of a round whose interviewers have not all handed in, no scorecard is shown.
    """
    asked = {"client": client, "key": key}
    person = connection.execute(text(f"{_APPLICATION} AND t.key = :key"), asked).first()
    if person is None:
        return None
    notes: Sequence[str] = (
        connection.execute(
            text(
                "SELECT text FROM tracker_note WHERE client = :client AND candidate_id = :candidate"
                " ORDER BY id"
            ),
            {"client": client, "candidate": person.candidate_id},
        )
        .scalars()
        .all()
    )
    cards = connection.execute(text(f"{_SCORECARD} AND a.key = :key ORDER BY t.id"), asked)
    (stands,) = standing(connection, client, key=key)
    hidden = {each.name for each in stands.rounds if each.missing}
    return Dossier(
        name=person.name,
        email=person.email,
        phone=person.phone,
        archive_reason=person.archive_reason,
        notes=tuple(notes),
        scorecards=tuple(_scorecard(card) for card in cards if card.round not in hidden),
    )


def must_haves(connection: Connection, client: str, key: str) -> list[str]:
    """The ids of the must-haves of an application's requisition."""
    found = connection.execute(
        text(
            """
            SELECT m ->> 'id' FROM application a JOIN requisition r ON r.id = a.requisition_id,
                jsonb_array_elements(r.fields -> 'must_haves') m
            WHERE a.client = :client AND a.key = :key
            """
        ),
        {"client": client, "key": key},
    )
    return list(found.scalars())
