"""The vendors' own record of a run, asked for once, when the run is over."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.request import urlopen

from deployments.demo import Control
from deployments.sandbox.postman import WELL

# The answers that end the delivery of a webhook: all others mean that it comes again.
HEARD = {"200", "202", "400", "401", "403", "409", "413", "not sent"}
SECONDS = 120


@dataclass(frozen=True)
class Letter:
    """A message that the mail server took: to whom, in lower case, and when."""

    to: str
    id: str
    template: str
    at: datetime


@dataclass(frozen=True)
class Vendors:
    """What the stand-ins say.

    `done`: by "vendor kind" and name, the instants at which it was really done; `stands`: how their
    objects stand; `faults`: what they were made to do wrong, by "vendor fault", ill webhooks by
    their manner; `wrongly_answered`: webhooks that the receiver must not answer so, forged ones it
    took and what it failed at.
    """

    done: Mapping[str, Mapping[str, list[datetime]]]
    stands: Counter[str]
    faults: Counter[str]
    wrongly_answered: Mapping[str, int]
    letters: list[Letter]

    @property
    def received(self) -> dict[str, Counter[str]]:
        """How often each vendor has done what, by "vendor kind" and name."""
        return {
            kind: Counter({name: len(times) for name, times in names.items()})
            for kind, names in self.done.items()
        }


def read(sandbox_url: str) -> Vendors:
    """Ask the stand-ins of a sandbox that still serves."""
    record = Control(sandbox_url).record()
    with urlopen(f"{sandbox_url}/mail/messages", timeout=SECONDS) as answer:
        messages = json.loads(answer.read())["messages"]
    return Vendors(
        _done(record),
        Counter(
            f"{vendor}: {line}" for vendor, lines in record["stands"].items() for line in lines
        ),
        _faults(record),
        # The receiver rightly takes nothing as long as it cannot store it (503), and nothing of the
        # future as long as its clock is days behind (403).
        {
            what: n
            for what, n in record["webhooks"].get("unexpected", {}).items()
            if not what.endswith((" 503", " 403"))
        },
        [_letter(message) for message in messages],
    )


def _done(record: dict[str, Any]) -> dict[str, dict[str, list[datetime]]]:
    done: dict[str, dict[str, list[datetime]]] = {}
    for vendor, kinds in record["received"].items():
        for kind, names in kinds.items():
            each = done.setdefault(f"{vendor} {kind}", {})
            for name, at in zip(names, record["times"][vendor][kind], strict=True):
                each.setdefault(name, []).append(datetime.fromisoformat(at))
    return done


def _faults(record: dict[str, Any]) -> Counter[str]:
    faults = Counter(record["faults"])
    for manners in record["webhooks"].get("answers", {}).values():
        for manner, answers in manners.items():
            heard = sum(n for answer, n in answers.items() if answer in HEARD)
            if manner != WELL:
                faults[f"webhooks {manner}"] += heard
    return faults


def _letter(message: dict[str, Any]) -> Letter:
    headers = message["headers"]
    at = datetime.fromisoformat(message["received_at"])
    return Letter(message["to"].lower(), headers["message-id"], headers.get("x-template", ""), at)
