"""What messengers' documents show is read: whether a message has left us, and who said stop."""

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from connectors.errors import OutcomeUnknown, Refused
from deployments.sandbox.server import Answer
from tests.contracts import documents
from tests.contracts.asked import KEY, messaging
from tests.contracts.quoting import example, needs_examples, quoting
from tests.contracts.trial import Bench
from tests.contracts.trials import TRIALS
from tests.contracts.trials.twilio import texting

pytestmark = needs_examples
Json = dict[str, Any]
MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
NOTHING: Json = {"messages": [], "next_page_uri": None}


def of_twilio(method: str, status: int) -> list[Json]:
    """Every example of what is answered."""
    return documents.examples(TRIALS["twilio"].spec, method, MESSAGES, status)


def twilio_says(made: Json, listed: Json = NOTHING) -> Json:
    return {"POST .*/Messages.json": Answer(201, made), "GET .*/Messages.json": listed}


def sent(bench: Bench, **told: Any) -> str:
    sms = texting(bench).sms
    assert sms is not None
    request = texting(bench).model_copy(update={"sms": sms.model_copy(update=told)})
    return str(bench.port.send(request, KEY).external_id)


def test_every_message_that_twilio_shows_as_made_was_sent() -> None:
    examples = of_twilio("post", 201)
    for made in examples:
        with quoting("twilio", twilio_says(made)) as bench:
            assert sent(bench) == made["sid"]
    assert len(examples) > 3


def test_every_state_of_a_message_is_known_and_one_of_next_year_proves_nothing() -> None:
    document = documents.described(TRIALS["twilio"].spec)
    states = document["components"]["schemas"]["message_enum_status"]["enum"]
    made = of_twilio("post", 201)[0]
    never_ours = {"canceled", "received", "receiving"}
    for state in (*states, "of-next-year"):
        with quoting("twilio", twilio_says({**made, "status": state})) as bench:
            if state in {*never_ours, "of-next-year"}:
                with pytest.raises(OutcomeUnknown):
                    sent(bench)
            else:
                assert sent(bench) == made["sid"]


def test_what_twilio_lists_is_found_and_who_said_stop_in_it_is_not_texted() -> None:
    listed = {**of_twilio("get", 200)[0], "next_page_uri": None}
    ours, theirs = listed["messages"]
    made = of_twilio("post", 201)[0]
    with quoting("twilio", twilio_says(made, listed)) as bench:
        bench.sandbox.world.now = parsedate_to_datetime(ours["date_created"]).astimezone(UTC)
        sms = texting(bench).sms
        assert sms is not None
        same = sms.model_copy(update={"to_phone": ours["to"], "body": ours["body"]})
        found = bench.port.find(texting(bench).model_copy(update={"sms": same}), KEY)
        assert found is not None
        assert found.external_id == ours["sid"]

    stop = {**listed, "messages": [ours, {**theirs, "body": "Stop"}]}
    with quoting("twilio", twilio_says(made, stop)) as bench, pytest.raises(Refused, match="stop"):
        sent(bench)


def test_an_empty_list_of_twilios_finds_nothing() -> None:
    for listed in of_twilio("get", 200)[1:]:
        with quoting("twilio", twilio_says({}, listed)) as bench:
            assert bench.port.find(texting(bench), KEY) is None


def test_what_ses_is_asked_and_answers_is_as_its_model_says() -> None:
    model = ServiceModel(example("amazon_ses/sesv2.2019-09-27.subset.service-2.json"))
    sending = model.operation_model("SendEmail")
    with quoting("amazon_ses", {}) as bench:
        bench.port.send(messaging(bench), KEY)
        [(asked, answer)] = bench.sandbox.asked
    for told, shape in ((asked.json, sending.input_shape), (answer.body, sending.output_shape)):
        assert shape
        report = ParamValidator().validate(told, shape)
        assert not report.has_errors(), report.generate_report()
