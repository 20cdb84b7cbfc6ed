"""Who finds us away for a while comes back, and is not late for it."""

from email.message import Message
from urllib.error import HTTPError

import pytest

from deployments.sandbox import outgoing
from deployments.sandbox.outgoing import NO_ANSWER, patient


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "AGAIN_SECONDS", 0)


def answered(status: int) -> HTTPError:
    return HTTPError("http://127.0.0.1", status, "", Message(), None)


@pytest.mark.parametrize("away", [NO_ANSWER, 500, 503])
def test_who_is_patient_asks_until_somebody_is_there(away: int) -> None:
    answers = iter([away, away, 202])

    assert patient(lambda: next(answers), 60)() == 202


def test_a_door_that_is_shut_is_tried_again_and_a_refusal_is_not() -> None:
    failures: list[Exception] = [ConnectionRefusedError(), answered(503)]

    def visit() -> str:
        if failures:
            raise failures.pop(0)
        return "page"

    assert patient(visit, 60)() == "page"
    failures.append(answered(404))
    with pytest.raises(HTTPError):
        patient(visit, 60)()


def test_without_patience_once_is_enough() -> None:
    answers = iter([NO_ANSWER])

    assert patient(lambda: next(answers), 0)() == NO_ANSWER
