"""Screener questions: the requisition's own, as a JSON file that Indeed reads for a job.

Each is a must-have's, answered with yes or no; its id comes back with the answer, so that answers
to it are evidence of that must-have. None has a qualification: Indeed knocks nobody out. A file is
named by what it says, so it never changes: Indeed keeps one for an hour.
"""

import json
from collections.abc import Iterable
from hashlib import sha256

from connectors.ports import DocumentStore
from connectors.records import Posting

FOLDER = "indeed/questions/"
OPTIONS = ({"value": "yes", "label": "Yes"}, {"value": "no", "label": "No"})


class Questions:
    """The files of one client; `site` is the public address of their folder, "" if there is none.

    Without one nobody is asked anything. Files of postings that are gone stay: somebody may be
    filling one in.
    """

    def __init__(self, documents: DocumentStore, site: str) -> None:
        self._documents, self._site = documents, site.rstrip("/")

    def address(self, posting: Posting) -> str:
        """Where Indeed reads what is asked of who applies; "" if nothing is."""
        if not posting.questions or not self._site:
            return ""
        return f"{self._site}/{_file(definition(posting))}"

    def publish(self, postings: Iterable[Posting]) -> None:
        """Write the files that are not there yet."""
        for name, content in self._missing(postings).items():
            self._documents.put(name, content, "application/json")

    def are_there(self, postings: Iterable[Posting]) -> bool:
        """Whether every file is where Indeed reads it."""
        return not self._missing(postings)

    def _missing(self, postings: Iterable[Posting]) -> dict[str, bytes]:
        contents = (definition(each) for each in postings if self.address(each))
        wanted = {FOLDER + _file(content): content for content in contents}
        there = set(self._documents.names(FOLDER)) if wanted else set[str]()
        return {name: wanted[name] for name in sorted(wanted.keys() - there)}


def definition(posting: Posting) -> bytes:
    """The questions in Indeed's format, version 1."""
    questions = [
        {"id": id, "type": "select", "question": asked, "required": True, "options": OPTIONS}
        for id, asked in posting.questions
    ]
    told = {"schemaVersion": "1.0", "screenerQuestions": {"questions": questions}}
    return json.dumps(told, ensure_ascii=False).encode()


def _file(content: bytes) -> str:
    return f"{sha256(content).hexdigest()[:32]}.json"
