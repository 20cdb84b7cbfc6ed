"""An answer that says something else than it did is no crash, and never better news."""

import copy
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.errors import ConnectorError
from connectors.records import (
    Application,
    BackgroundReport,
    Employee,
    Interview,
    InterviewStatus,
    Observed,
    OnboardingStatus,
    PayStatement,
    Recommendation,
    ReportResult,
    ReportStatus,
    Scorecard,
    Signature,
    SignatureStatus,
    TrackerStage,
)
from tests.contracts import trial as trials
from tests.contracts.trial import Bench, Trial, line_of, records
from tests.contracts.trials import TRIALS

# Changes that are tried of each vendor, of about a thousand; all of them take minutes.
FEW, SEED = 60, 7
GONE, MORE = object(), object()
STRANGE: tuple[Any, ...] = (GONE, None, "¿unknown?", -7, {}, MORE)
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Change:
    """In which answer, which value becomes which other."""

    line: str
    path: Path
    value: Any

    def __str__(self) -> str:
        what = {id(GONE): "missing", id(MORE): "with more"}.get(id(self.value), repr(self.value))
        return f"{self.line[:80]} {'.'.join(map(str, self.path))} {what}"

    def made(self, line: str, body: Any) -> Any:
        """The answer as it is told."""
        if line != self.line:
            return body
        changed = copy.deepcopy(body)
        inner = changed
        for step in self.path[:-1]:
            inner = inner[step]
        if self.value is GONE:
            del inner[self.path[-1]]
        elif self.value is MORE:
            inner[self.path[-1]] = {**inner[self.path[-1]], "a_field_of_next_year": 1}
        else:
            inner[self.path[-1]] = self.value
        return changed


def news(record: Observed) -> str | None:
    """What is good to hear: it carries somebody on, or ends a wait."""
    match record:
        case Application(stage=TrackerStage.HIRED):
            return "hired"
        case Interview(status=InterviewStatus.COMPLETED):
            return "talked to"
        case Scorecard(recommendation=Recommendation.YES | Recommendation.STRONG_YES):
            return "recommended"
        case Signature(status=SignatureStatus.SIGNED):
            return "signed"
        case BackgroundReport(
            status=ReportStatus.COMPLETE, result=ReportResult.CLEAR, includes_cancelled=False
        ):
            return "clear"
        case Employee(onboarding=OnboardingStatus.COMPLETE):
            return "onboarded"
        case PayStatement():
            return "paid"
    return None


def heard(bench: Bench, watching: Sequence[str]) -> Counter[str]:
    """How much good news of each kind one reading of each list has; none, where it is refused."""
    found: set[tuple[str, str]] = set()
    port = bench.opened()
    for resource in (*port.resources, *bench.trial.lists):
        try:
            for record in records(port.changes(resource, None, watching)):
                if good := news(record):
                    found.add((f"{resource}: {good}", record.external_id))
        except ConnectorError:
            continue
    return Counter(good for good, _ in found)


def changes(bench: Bench, watching: Sequence[str]) -> list[Change]:
    """Every change of every value in the answers to one reading of everything."""
    bench.sandbox.asked.clear()
    heard(bench, watching)
    told = {line_of(asked): answer for asked, answer in bench.sandbox.asked}
    return [
        Change(line, path, value)
        for line, answer in told.items()
        if answer.status < 300 and isinstance(answer.body, dict | list)
        for path, was in _values(answer.body)
        for value in STRANGE
        if value is not MORE or isinstance(was, dict)
    ]


def _values(body: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value in an answer and where it is; of a list, the first two."""
    inner = body.items() if isinstance(body, dict) else enumerate(body[:2])
    for step, value in inner:
        yield (*path, step), value
        if isinstance(value, dict | list):
            yield from _values(value, (*path, step))


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS)
def test_an_answer_that_is_changed_somewhere_is_no_crash_and_no_good_news(trial: Trial) -> None:
    with trials.bench(trial) as bench:
        watching = trial.filled(bench)
        true = heard(bench, watching)
        every = changes(bench, watching)
        for change in random.Random(SEED).sample(every, min(FEW, len(every))):
            bench.later(minutes=1)  # for the quota
            bench.sandbox.change = change.made
            found = heard(bench, watching)
            assert found <= true, f"{change}: {found - true}"
