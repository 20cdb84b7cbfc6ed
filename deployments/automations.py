"""Automations: alarms reach people by a webhook or by e-mail, as the settings say.

Made by name each time the system is served, so that they are there once; one whose setting is gone
is removed with its block. One that somebody has switched off in Prefect stays off. Addresses and
passwords are in the blocks, which Prefect encrypts.
"""

from contextlib import suppress
from datetime import timedelta
from urllib.parse import quote, urlsplit
from uuid import UUID

from prefect import get_client
from prefect.automations import AutomationCore, EventTrigger, Posture
from prefect.blocks.core import Block
from prefect.blocks.notifications import SlackWebhook
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import CallWebhook, SendNotification
from pydantic import SecretStr

from deployments.errors import DeploymentError
from deployments.settings import Settings
from tasks.alarms import PREFIX, WORDS

WEBHOOK, EMAIL = "fullcycle-alarm-webhook", "fullcycle-alarm-email"
# How a mail server is reached, in Apprise's words.
MODES = {
    "smtp": ("mailto", "insecure"),
    "smtp+starttls": ("mailtos", "starttls"),
    "smtps": ("mailtos", "ssl"),
}
# Chat systems show `text`; the rest is for whoever reads more.
PAYLOAD = (
    '{"event": {{ event.event | tojson }}, "text": {{ event.payload.text | tojson }},'
    ' "details": {{ event.payload | tojson }}}'
)
SUBJECT = "{{ event.event }}: {{ event.payload.client }} {{ event.payload.about }}"
BODY = "{{ event.payload.text }}\nConcerns: {{ event.payload.subjects | join(', ') }}"


def ensure(settings: Settings) -> None:
    """Make, renew or remove the automations that notify."""
    with get_client(sync_client=True) as client:
        if settings.alert_webhook:
            webhook = Webhook(
                url=settings.alert_webhook, headers={"Content-Type": "application/json"}
            )
            call = CallWebhook(block_document_id=_saved(webhook, WEBHOOK), payload=PAYLOAD)
            _put(client, WEBHOOK, call)
        else:
            _remove(client, WEBHOOK, Webhook)
        if settings.alert_email:
            send = SendNotification(
                block_document_id=_saved(_mail(settings), EMAIL), subject=SUBJECT, body=BODY
            )
            _put(client, EMAIL, send)
        else:
            _remove(client, EMAIL, SlackWebhook)


def _mail(settings: Settings) -> SlackWebhook:
    """A block that sends mail by SMTP.

    Prefect's e-mail blocks want a cloud or another package, and its server cannot load blocks of
    our own. Its Slack block hands addresses that are not Slack's to Apprise, which knows SMTP.
    """
    assert settings.alert_smtp and settings.alert_email
    smtp = urlsplit(settings.alert_smtp.get_secret_value())
    if smtp.scheme not in MODES:
        names = ", ".join(f"{scheme}://" for scheme in MODES)
        raise DeploymentError(f"FULLCYCLE_ALERT_SMTP must begin with one of {names}")
    scheme, mode = MODES[smtp.scheme]
    address = quote(settings.alert_email)
    return SlackWebhook(
        url=SecretStr(f"{scheme}://{smtp.netloc}/?mode={mode}&from={address}&to={address}")
    )


def _saved(block: Block, name: str) -> UUID:
    identity = block.save(name, overwrite=True)
    assert isinstance(identity, UUID)
    return identity


def _put(client: SyncPrefectClient, name: str, action: CallWebhook | SendNotification) -> None:
    known = client.read_automations_by_name(name)
    automation = AutomationCore(
        name=name,
        description="Tells people what happened to Fullcycle; made from its settings.",
        enabled=all(each.enabled for each in known),
        trigger=EventTrigger(
            expect={PREFIX + kind for kind in WORDS},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[action],
    )
    if known:
        client.update_automation(known[0].id, automation)
    else:
        client.create_automation(automation)


def _remove(client: SyncPrefectClient, name: str, kind: type[Block]) -> None:
    for automation in client.read_automations_by_name(name):
        client.delete_automation(automation.id)
    with suppress(ValueError):  # it never was
        kind.delete(name)
