"""A vendor that answers with its own examples; what they leave open, its stand-in says.

The examples are not ours to pass on: see `documents`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployments.sandbox.server import Answer, Request, StandIn
from tests.contracts import documents
from tests.contracts import trial as trials
from tests.contracts.trial import Bench, Trial, records
from tests.contracts.trials import TRIALS

Quotes = Mapping[str, Any]
"""Bodies, or whole answers, by a pattern of method and path."""

needs_examples = pytest.mark.skipif(
    not documents.FOLDER, reason="FULLCYCLE_VENDOR_SPECS is not set"
)


class Quoting(StandIn):
    """A stand-in that is told what to answer to some requests."""

    def __init__(self, inner: StandIn, quotes: Quotes) -> None:
        super().__init__(inner.world)
        self.inner, self.prefix, self.quotes = inner, inner.prefix, quotes

    def handle(self, request: Request) -> Answer:
        for pattern, told in self.quotes.items():
            if re.fullmatch(pattern, f"{request.method} {request.path}"):
                return told if isinstance(told, Answer) else Answer(body=told)
        return self.inner.handle(request)


@contextmanager
def quoting(vendor: str, quotes: Quotes) -> Iterator[Bench]:
    """Our connector to a vendor who says this, as long as the context lasts."""
    trial: Trial = TRIALS[vendor]
    told = replace(trial, stand_in=lambda world: Quoting(trial.stand_in(world), quotes))
    with trials.bench(told) as bench:
        yield bench


def read(bench: Bench, resource: str, *watching: str) -> list[Any]:
    """Every record of one resource; none may be missing."""
    found, why = unread(bench, resource, *watching)
    assert why == [], why
    return found


def unread(bench: Bench, resource: str, *watching: str) -> tuple[list[Any], list[str]]:
    """What is read of one resource, and why others are not."""
    pages = list(bench.port.changes(resource, None, watching))
    lost = [why for page in pages for why in {**page.unreadable, **page.refused}.values()]
    return list(records(pages)), lost


def example(name: str) -> Any:
    """A file of examples."""
    return json.loads((Path(documents.FOLDER) / name).read_text(encoding="utf-8"))


def changed(told: Any, **names: Any) -> Any:
    """An example in which something is otherwise."""
    return json.loads(json.dumps({**told, **names}))
