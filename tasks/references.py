"""At least the required number of referees answer; a silent one is reminded, then replaced."""

from collections.abc import Sequence
from datetime import datetime

from connectors.ledger import references as ledger
from connectors.ledger.decisions import Decisions, Due
from connectors.ledger.references import Row
from connectors.records import AskReference
from tasks.clock import after_business_days
from tasks.messages import tell_candidate, tell_colleague
from tasks.process import Process
from tasks.stage import Stage

STAGE = Stage("references", ledger.Row, ledger.ROWS)


def decide(rows: Sequence[Row], process: Process, as_of: datetime) -> Decisions:
    """Ask the candidate for consent and names, then the referees; pass on what is complete.

    A provider may ask referees only with the candidate's prior consent to exactly that
    (15 USC 1681a(o)); the consent comes with the names, in writing.
    """
    decisions = Decisions()
    plan = process.references
    for row in rows:
        named = row.answer("referees")
        if row.answered >= plan.required:
            decisions.advance(row, to=process.next_stage("references", row.order_rules))
        elif named is None:
            _ask_candidate(decisions, row, process, as_of)
        elif named.get("consent") != "yes":
            due = Due(after_business_days(as_of, 2, row.jurisdictions), "provider")
            decisions.hold(row, "consent_refused", due)
        else:
            _ask_referees(decisions, row, process, named, as_of)
    return decisions


def _ask_candidate(decisions: Decisions, row: Row, process: Process, as_of: datetime) -> None:
    due = Due(after_business_days(as_of, 3, row.jurisdictions), "candidate")
    decisions.hold(row, "consent_asked", due)
    tell_candidate(decisions, row, process, "referees")


def _ask_referees(
    decisions: Decisions, row: Row, process: Process, named: dict[str, str], as_of: datetime
) -> None:
    """Ask as many as are wanted; each who stays silent or cannot answer makes room for a spare."""
    plan = process.references
    due = after_business_days(as_of, plan.replace_business_days, row.jurisdictions)
    decisions.hold(row, "requested", Due(due, "candidate"))
    wanted, hoped_for = plan.asked, 0
    for number in range(1, plan.named + 1):
        if number > wanted or not named.get(f"referee{number}_email"):
            break
        if row.asked("references.ask", str(number)) is None:
            _ask(decisions, row, process, named, number, reminder=0)
            hoped_for += 1
        elif _given_up(row, process, number, as_of):
            wanted += 1
        elif row.answer("reference", f"referee-{number}") is None:
            hoped_for += 1
        if _to_be_reminded(row, process, number, as_of):
            _ask(decisions, row, process, named, number, reminder=1)
    if not hoped_for:
        _by_telephone(decisions, row, process, named)


def _given_up(row: Row, process: Process, number: int, as_of: datetime) -> bool:
    answer = row.answer("reference", f"referee-{number}")
    if answer is not None:
        return answer["worked_together"] != "yes"
    asked = row.asked("references.ask", str(number))
    if asked is not None and asked["state"] == "waived":
        return True
    return _silent_for(row, number, process.references.replace_business_days, as_of)


def _to_be_reminded(row: Row, process: Process, number: int, as_of: datetime) -> bool:
    unanswered = row.answer("reference", f"referee-{number}") is None
    return unanswered and _silent_for(row, number, process.references.remind_business_days, as_of)


def _silent_for(row: Row, number: int, days: int, as_of: datetime) -> bool:
    heard_at = row.done_at("references.ask", str(number))
    return heard_at is not None and as_of >= after_business_days(heard_at, days, row.jurisdictions)


def _by_telephone(decisions: Decisions, row: Row, process: Process, named: dict[str, str]) -> None:
    """Nobody is left to ask: the recruiter calls the silent ones and writes the answers down.

    It is the referee's own question that is answered, so a letter that comes after all counts no
    second time. Where too few are silent, the recruiter finds others.
    """
    plan = process.references
    referees = [f"referee-{n}" for n in range(1, plan.named + 1) if named.get(f"referee{n}_email")]
    others = [f"telephone-{n}" for n in range(1, plan.required + 1)]
    silent = [call for call in referees + others if row.answer("reference", call) is None]
    for call in silent[: plan.required - row.answered]:
        tell_colleague(
            decisions,
            row,
            process,
            "reference_by_telephone",
            process.person("recruiter"),
            "recruiter",
            about=call,
            candidate=row.name,
            call=call,
            referee=named.get(f"{call.replace('-', '')}_name", ""),
        )


def _ask(
    decisions: Decisions,
    row: Row,
    process: Process,
    named: dict[str, str],
    number: int,
    reminder: int,
) -> None:
    request = AskReference(
        application_key=row.key,
        about=str(number),
        candidate_name=row.name,
        referee_name=named[f"referee{number}_name"],
        referee_email=named[f"referee{number}_email"],
        company=process.brand.display_name,
        reminder=reminder,
    )
    about = f"{number}:reminder-{reminder}" if reminder else str(number)
    decisions.effect(row, process.systems.references, "references.ask", request, about=about)
