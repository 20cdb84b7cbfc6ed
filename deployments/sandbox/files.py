"""Résumés of those who came through the careers page, by links that are signed and end soon.

They are answered below `/files`, beside their tracker's API, as by the store of somebody else: it
refuses whoever sends credentials along, and every link whose time is over.
"""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from deployments.sandbox.ashby_records import Row
from deployments.sandbox.paper import pdf
from deployments.sandbox.server import Answer, Request
from deployments.sandbox.tracker_people import Staff

LETTER = "https://files.example/letter"  # where nobody looks
LIFE = timedelta(minutes=10)
CREDENTIALS = {"authorization", "x-smarttoken"}


class Files:
    """What one tracker has stored. Tests may exchange files, and shorten the life of links.

    `instead`: the file that everybody has; `hops`: how often a link leads on before there is one.
    """

    def __init__(self, prefix: str, staff: Staff) -> None:
        self._path, self._staff, self._world = f"{prefix}/files", staff, staff.world
        self.life, self.hops, self.instead = LIFE, 0, b""

    def has(self, application: Row) -> bool:
        """Whether a résumé came with an application."""
        return bool(application["applicationFormSubmissions"])

    def of(self, application: Row) -> bytes:
        """The résumé that came with it: as text, or as a PDF of one blank page."""
        persona = self._staff.persona(application)
        text = persona.resume_text if persona else ""
        return self.instead or text.encode() or pdf(f"Resume of {application['id']}")

    def link(self, host: str, ref: str) -> str:
        """Where the résumé of an application is for the next minutes."""
        ends = (self._world.now + self.life).isoformat()
        query = urlencode({"ends": ends, "signature": self._signed(ref, ends)})
        return f"http://{host}{self._path}/{ref}?{query}"

    def get(self, request: Request, ref: str) -> Answer:
        """Give a file to whoever has its link."""
        asked = dict(request.query)
        if CREDENTIALS & request.headers.keys():
            return Answer(400, b"<Error><Code>InvalidArgument</Code></Error>")
        ends, hop = asked.get("ends", ""), int(asked.pop("hop", "0"))
        if asked.get("signature") != self._signed(ref, ends):
            return Answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if datetime.fromisoformat(ends) <= self._world.now:
            return Answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        if hop < self.hops:
            onward = urlencode({**asked, "hop": hop + 1})
            return Answer(302, headers={"Location": f"{self._path}/{ref}?{onward}"})
        content = self.of(self._staff.records.tables["application"][ref])
        return Answer(body=content, headers={"Content-Type": "application/octet-stream"})

    def _signed(self, ref: str, ends: str) -> str:
        return self._world.digest("file", self._path, ref, ends)
