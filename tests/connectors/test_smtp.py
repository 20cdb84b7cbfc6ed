"""Mail leaves once, as the client, and a lost answer can be looked up."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connectors import deadline
from connectors.access import Access
from connectors.deadline import TooLate
from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Unavailable, Unsupported
from connectors.messaging.smtp import connect
from connectors.ports import Messenger
from connectors.records import CloseJob
from tests.connectors.post_office import NOW, OPTIONS, PostOffice, a_message


@pytest.fixture
def office() -> Iterator[PostOffice]:
    office = PostOffice()
    yield office
    office.stop()


@pytest.fixture
def messenger(office: PostOffice) -> Messenger:
    return connect(office.access())


def test_a_message_arrives_as_the_client_wrote_it(office: PostOffice, messenger: Messenger) -> None:
    link = "http://forms.example/forms/" + "x" * 200
    body = f"Grüße, Ada.\n{link}\n.\nBye\n"

    receipt = messenger.send(a_message(subject="Größe", body=body), "k1")

    [message] = office.messages("ADA@people.example")
    assert message["body"] == body
    assert message["headers"]["from"] == '"Harbor Goods, Talent" <talent@harbor.example>'
    assert message["headers"]["to"] == "Ada Byron <ada@people.example>"
    assert message["headers"]["subject"] == "Größe"
    assert message["headers"]["x-template"] == "acknowledgement"
    assert message["headers"]["message-id"] == receipt.external_id
    assert message["received_at"] == NOW.isoformat()


def test_a_message_that_is_too_late_is_not_sent(office: PostOffice, messenger: Messenger) -> None:
    with deadline.within(-1), pytest.raises(TooLate):
        messenger.send(a_message(), "k1")

    assert office.messages("ADA@people.example") == []


def test_the_same_key_always_gives_the_same_message_id(messenger: Messenger) -> None:
    first = messenger.send(a_message(), "k1")
    again = messenger.send(a_message(subject="Something else"), "k1")
    other = messenger.send(a_message(), "k2")

    assert first == again != other
    assert first.external_id.endswith("@harbor.example>")


def test_a_message_sent_twice_is_visible_in_the_servers_record(
    office: PostOffice, messenger: Messenger
) -> None:
    receipt = messenger.send(a_message(), "k1")
    messenger.send(a_message(), "k1")

    assert office.mail.received["messages"] == [receipt.external_id] * 2


def test_several_threads_may_send(office: PostOffice, messenger: Messenger) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: messenger.send(a_message(), f"k{n}"), range(20)))

    assert len(set(office.mail.received["messages"])) == 20


def test_an_unknown_mailbox_is_refused(messenger: Messenger) -> None:
    with pytest.raises(Refused) as failure:
        messenger.send(a_message("bounce@people.example"), "k1")

    assert "bounce" not in str(failure.value)


def test_a_greylisted_message_goes_through_later(office: PostOffice, messenger: Messenger) -> None:
    with pytest.raises(Unavailable):
        messenger.send(a_message("delay@people.example"), "k1")

    messenger.send(a_message("delay@people.example"), "k1")

    assert len(office.messages("delay@people.example")) == 1


def test_a_busy_server_is_unavailable_and_keeps_nothing(
    office: PostOffice, messenger: Messenger
) -> None:
    office.mail.faults.append("451")

    with pytest.raises(Unavailable):
        messenger.send(a_message(), "k1")

    assert messenger.find(a_message(), "k1") is None


def test_a_message_taken_without_an_answer_is_found_in_the_journal(
    office: PostOffice, messenger: Messenger
) -> None:
    office.mail.faults.append("drop_after")

    with pytest.raises(OutcomeUnknown):
        messenger.send(a_message(), "k1")

    found = messenger.find(a_message(), "k1")
    assert found is not None
    assert office.mail.received["messages"] == [found.external_id]
    assert office.sandbox.injected["mail drop_after"] == 1


def test_a_message_lost_before_it_was_taken_is_not_found(
    office: PostOffice, messenger: Messenger
) -> None:
    messenger.send(a_message(), "another")
    office.mail.faults.append("drop_before")

    with pytest.raises(OutcomeUnknown):
        messenger.send(a_message(), "k1")

    assert messenger.find(a_message(), "k1") is None


def test_without_a_journal_a_person_decides(office: PostOffice) -> None:
    with pytest.raises(OutcomeUnknown):
        connect(office.access(journal="")).find(a_message(), "k1")


def test_only_messages_can_be_found(messenger: Messenger) -> None:
    with pytest.raises(Unsupported):
        messenger.find(CloseJob(job_ref="7"), "k1")


def test_mail_can_be_sent_after_logging_in(office: PostOffice) -> None:
    connect(office.access(user="talent")).send(a_message(), "k1")

    assert len(office.messages("ada@people.example")) == 1


def test_wrong_credentials_are_our_fault(office: PostOffice) -> None:
    wrong = connect(office.access(key="wrong", user="talent"))

    with pytest.raises(Misconfigured):
        wrong.send(a_message(), "k1")
    with pytest.raises(Misconfigured):
        wrong.find(a_message(), "k1")


def test_a_server_without_starttls_is_never_used_in_production(office: PostOffice) -> None:
    access = office.access()
    production = Access(access.base_url, access.key, "production", access.options)

    with pytest.raises(Misconfigured):
        connect(production).send(a_message(), "k1")

    assert office.mail.messages == []


def test_a_journal_needs_its_user(office: PostOffice) -> None:
    with pytest.raises(Misconfigured, match="journal_user"):
        connect(office.access(journal_user=""))


def test_a_server_that_is_down_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nowhere = {**OPTIONS, "journal": f"imap://127.0.0.1:{port}", "journal_user": "journal"}
    messenger = connect(Access(f"smtp://127.0.0.1:{port}", options=nowhere))

    with pytest.raises(Unavailable):
        messenger.send(a_message(), "k1")
    with pytest.raises(Unavailable):
        messenger.find(a_message(), "k1")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "a@b.example, c@d.example",
        "a@b.example>\r\nBcc: x@y.example",
        "ä@b.example",
    ],
)
def test_what_is_not_one_address_is_refused(messenger: Messenger, address: str) -> None:
    with pytest.raises(Refused):
        messenger.send(a_message(address), "k1")


def test_a_name_or_subject_cannot_add_a_header(office: PostOffice, messenger: Messenger) -> None:
    messenger.send(
        a_message(to_name="Ada\r\nBcc: x@y.example", subject="Hi\nX-Template: offer"), "k1"
    )

    [message] = office.messages("ada@people.example")
    assert message["headers"]["x-template"] == "acknowledgement"
    assert "bcc" not in message["headers"]


def test_nothing_is_read_from_mail(messenger: Messenger) -> None:
    assert messenger.resources == ()
    assert list(messenger.changes("messages", None, [])) == []


def test_a_restarted_server_remembers_what_it_took(tmp_path: Path) -> None:
    before = PostOffice(tmp_path / "journal")
    connect(before.access()).send(a_message(), "k1")
    taken = before.mail.messages
    before.stop()

    after = PostOffice(tmp_path / "journal")

    assert after.mail.messages == taken
    assert connect(after.access()).find(a_message(), "k1")
    after.stop()


def test_a_sound_account_has_nothing_wrong_and_nothing_is_sent(office: PostOffice) -> None:
    checks = list(connect(office.access(user="talent")).check())

    assert [(check.what, check.wrong) for check in checks] == [("server", ""), ("journal", "")]
    assert office.mail.messages == []


def test_what_is_wrong_with_an_account_is_said_before_anything_is_sent(office: PostOffice) -> None:
    wrong = list(connect(office.access(key="wrong", user="talent")).check())
    without = list(connect(office.access(journal="")).check())

    assert [bool(check.wrong and check.remedy) for check in wrong] == [True, True]
    assert without[1].wrong.startswith("none")
