from connectors.records import SendMessage, Sms
from deployments.sandbox.twilio import ACCOUNT, Twilio
from tests.contracts.asked import DAY, messaging
from tests.contracts.trial import NOW, Bench, Trial, Write


def texting(bench: Bench) -> SendMessage:
    """A message to somebody who has agreed to be texted."""
    phone, body = "+12125550123", "Harbor Works: your interview is tomorrow at 10."
    sms = Sms(to_phone=phone, body=body, consent_at=NOW - DAY, residence="US-NY")
    return messaging(bench).model_copy(update={"sms": sms})


TRIAL = Trial(
    "twilio",
    Twilio,
    lambda _: [],
    (Write("send", "POST .*/Messages.json", texting, "texts"),),
    spec="twilio/twilio_api_v2010.messages.subset.json",
    undescribed=f"/twilio/2010-04-01/Accounts/{ACCOUNT}.json",
)
