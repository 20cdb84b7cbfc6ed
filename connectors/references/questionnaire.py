"""Our own reference questionnaire: a letter to the referee with a signed link to a short form.

Docs: https://www.law.cornell.edu/uscode/text/15/1681a (why the candidate's consent is stated)
Auth: none of its own; letters leave through the client's messenger.
Access: option `client` names the client whose form is linked.
Paging and limits: those of the messenger.

Quirks
- A reminder is another letter with the same link: one referee, one answer.
- Answers arrive as `FormAnswer` (form "reference", about "referee-1" to "referee-4") through the
  forms, not through `changes`.
"""

from collections.abc import Iterator, Sequence

from connectors.access import Access
from connectors.errors import Unsupported
from connectors.health import Check
from connectors.links import Links, Question
from connectors.ports import Messenger, ReferenceChecker
from connectors.records import AskReference, Page, Receipt, Request, SendMessage
from connectors.vendor import Setting, Vendor

NAME = "questionnaire"

SUBJECT = "A reference for {candidate}"
REMINDER_SUBJECT = "Reminder: a reference for {candidate}"
BODY = """\
Dear {referee},

{candidate} has applied to {company} and named you as someone who knows their work.
{candidate} has agreed that we ask you for a reference.

{opening} It takes about five minutes and has four questions:

1. Did you work together, and in what relation?
2. What are their strengths?
3. Is there anything that concerned you?
4. Would you work with them again?

{link}

If you would rather not answer, simply ignore this letter.

With thanks,
{company}
"""
FIRST = "May we ask you to answer a short questionnaire?"
AGAIN = "We wrote to you a few days ago and would still value your answer."


def connect(access: Access, messenger: Messenger, links: Links) -> ReferenceChecker:
    """Ask referees by letter, through the client's own messenger."""
    return Questionnaire(access.options["client"], messenger, links)


class Questionnaire:
    """Referees answer our form; what is sent and found is the messenger's."""

    resources: tuple[str, ...] = ()
    search_lag = 5  # as long as its messenger's

    def __init__(self, client: str, messenger: Messenger, links: Links) -> None:
        self._client, self._messenger, self._links = client, messenger, links

    def changes(self, resource: str, cursor: str | None, watching: Sequence[str]) -> Iterator[Page]:
        """Nothing: answers arrive through the forms."""
        return iter(())

    def ask(self, request: AskReference, key: str) -> Receipt:
        """Write to one referee, or remind them; the receipt is the messenger's."""
        return self._messenger.send(self._letter(request), key)

    def find(self, request: Request, key: str) -> Receipt | None:
        """Look whether the letter left."""
        if not isinstance(request, AskReference):
            raise Unsupported(NAME, "only questions to referees can be found")
        return self._messenger.find(self._letter(request), key)

    def check(self) -> Iterator[Check]:
        """Nothing of its own: letters are the messenger's."""
        return iter(())

    def _letter(self, request: AskReference) -> SendMessage:
        question = Question(
            client=self._client,
            form="reference",
            subject=request.application_key,
            about=f"referee-{request.about}",
            by="referee",
        )
        subject = REMINDER_SUBJECT if request.reminder else SUBJECT
        return SendMessage(
            to_name=request.referee_name,
            to_email=request.referee_email,
            subject=subject.format(candidate=request.candidate_name),
            body=BODY.format(
                referee=request.referee_name,
                candidate=request.candidate_name,
                company=request.company,
                opening=AGAIN if request.reminder else FIRST,
                link=self._links.to(question),
            ),
            template="reference_reminder" if request.reminder else "reference_request",
        )


VENDOR = Vendor(
    kind="references",
    name=NAME,
    title="Questionnaire",
    documents="https://www.law.cornell.edu/uscode/text/15/1681a",
    reads="nothing here: answers arrive through the receiver's forms",
    writes="letters to referees with a signed link, through the client's messenger",
    connect=connect,
    needs=("messenger", "links"),
    addresses={"production": "", "sandbox": ""},
    settings=(Setting("client", "whose form is linked", required=True),),
)
