"""Signed links to our own forms: who is asked what about whom, sealed against alteration."""

from dataclasses import asdict, dataclass

from itsdangerous import BadSignature, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from connectors.errors import Refused


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one person.

    `form` names the form, `client` and `subject` (application key or requisition code) say whom it
    is about, `about` what exactly (an approval hash, a referee's number), `by` the role asked.
    """

    client: str
    form: str
    subject: str
    about: str
    by: str


class Links:
    """Makes and reads signed links. The same question always gives the same link."""

    def __init__(self, base_url: str, secret: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._seal = URLSafeSerializer(secret, salt="fullcycle-form")

    def to(self, question: Question) -> str:
        """The address of the page where the question can be answered."""
        return f"{self._base_url}/forms/{self._seal.dumps(list(asdict(question).values()))}"

    def read(self, token: str) -> Question:
        """The question behind a token; raises Refused if the token was not made by us.

        Base64 can spell one signature in several ways; only ours counts.
        """
        try:
            question = Question(*self._seal.loads(token))
        except (BadSignature, TypeError, ValueError):
            raise Refused("forms", "this link is not valid") from None
        signature = token.rpartition(".")[2]
        if base64_encode(base64_decode(signature)).decode() != signature:
            raise Refused("forms", "this link is not spelled as we made it")
        return question
