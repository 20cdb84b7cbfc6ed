"""Prepare a running system for work: the ledger's schema, the law, clients and their accounts."""

from datetime import datetime
from typing import Any

from pydantic import SecretStr

from connectors.job_boards import feeds
from connectors.ledger import client as ledger_client
from connectors.ledger.audit import Act, keep
from connectors.ledger.migrate import migrate
from connectors.ledger.store import Ledger
from deployments.sandbox import (
    adp,
    adp_certificate,
    adzuna,
    deel,
    docusign,
    docusign_key,
    finch,
    greenhouse,
    greenhouse_board,
    indeed,
    lever_records,
    usajobs,
)
from deployments.sandbox.ashby_records import LOCATION, PLAN, TEAM
from deployments.sandbox.bamboohr import REFERENCE_FIELD
from deployments.sandbox.greenhouse_records import TEMPLATE
from deployments.sandbox.gusto import COMPANY
from deployments.sandbox.gusto_tokens import CLIENT_ID, CLIENT_SECRET, GRANT
from deployments.sandbox.postman import CLIENT
from deployments.sandbox.smartrecruiters_records import SETTINGS
from deployments.sandbox.twilio import ACCOUNT, PHONE
from deployments.sandbox.workable_records import MEMBER
from deployments.settings import Settings
from expectations.law import rules
from tasks.process import Process

SANDBOX_CLIENT = CLIENT


def prepare_ledger(settings: Settings) -> None:
    """Bring the ledger's schema and the law in it up to date."""
    known = {"id", "topic", "place", "min_employees", "effective_from", "effective_to"}
    known |= {"wait_days", "wait_unit", "first", "then", "text", "source"}
    law = [rule.model_dump(include=known) for rule in rules()]
    migrate(settings.admin_database_url or "", law)


def register(settings: Settings, process: Process, by: str, why: str, as_of: datetime) -> None:
    """Store a client's process in the ledger; the newest version stands, and leaves an act."""
    client, stored = process.client, process.model_dump(mode="json")
    with Ledger(settings.database_url or "", client).transaction() as connection:
        if ledger_client.read(connection, client) == stored:
            return
        ledger_client.put(connection, client, stored, process.version)
        about = f"version {process.version}"
        act = Act(at=as_of, by=by, command="client add", about=about, why=why)
        keep(connection, client, act)


async def connect_sandbox(settings: Settings, client: str) -> None:
    """Create the accounts of a client whose vendors are all stand-ins; tokens stay as renewed."""
    from tasks.account import account_name, account_type, read

    for vendor, values in sandbox_accounts(settings, client).items():
        if "refresh" in values.get("secrets", {}) and (kept := await read(client, vendor)):
            values |= {"key": kept.key, "secrets": kept.secrets}
        account = account_type(vendor).filled(**values)
        await account.save(account_name(client, vendor), overwrite=True)


def sandbox_accounts(settings: Settings, client: str) -> dict[str, dict[str, Any]]:
    """The fields of every account, by vendor: the stand-ins' addresses, keys and ids."""
    vendors = f"http://127.0.0.1:{settings.sandbox_port}"
    public = f"http://{settings.reached_at}:{settings.receiver_port}"
    pages = f"{public}/public/jobs/{client}"

    def keyed(vendor: str, path: str, **options: str) -> dict[str, Any]:
        return {
            "base_url": f"{vendors}/{path}",
            "key": SecretStr(f"sandbox-{vendor}"),
            "options": options,
        }

    certificate, private_key = adp_certificate.pems()
    ashby = keyed("ashby", "ashby", team_id=TEAM, location_id=LOCATION, interview_plan_id=PLAN)
    return {
        "adp": {
            **keyed(
                "adp",
                "adp",
                client_id=adp.CLIENT_ID,
                auth_url=f"{vendors}/adp",
                template=adp.TEMPLATE,
                company_code=adp.COMPANY_CODE,
                legal_entity=adp.LEGAL_NAME,
                pay_periods="26",
                change_reason=adp.REASON,
            ),
            "secrets": {"certificate": certificate, "private_key": private_key},
        },
        "adzuna": keyed("adzuna", "adzuna", app_id=adzuna.APP_ID),
        "ashby": {**ashby, "secrets": {"webhook": "sandbox-ashby-webhook"}},
        "certn": {
            **keyed(
                "certn",
                "certn",
                client=client,
                person="Grace Okafor",
                person_email="screening@harborworks.example",
                **{"package:tasker_standard": '{"IDENTITY_VERIFICATION_1": {}}'},
            ),
            "secrets": {"webhook": "sandbox-certn-webhook"},
        },
        "bamboohr": {
            **keyed("bamboohr", "bamboohr", reference_field=REFERENCE_FIELD),
            "secrets": {"webhook": "sandbox-bamboohr-webhook"},
        },
        "checkr": keyed("checkr", "checkr"),
        "deel": {
            **keyed(
                "deel",
                "deel/rest/v2",
                profile_url="https://tracker.harborworks.example/find?name=",
                gross_label=deel.GROSS,
            ),
            "secrets": {"webhook": "sandbox-deel-webhook"},
        },
        "docusign": {
            **keyed(
                "docusign",
                "docusign",
                account_id=docusign.ACCOUNT,
                integration_key=docusign.INTEGRATION_KEY,
                user_id=docusign.USER,
                auth_url=f"{vendors}/docusign/account",
            ),
            "key": SecretStr(docusign_key.pem()),
            "secrets": {"webhook": "sandbox-docusign-webhook"},
        },
        "dropbox_sign": keyed("dropbox_sign", "dropbox_sign"),
        "finch": keyed("finch", "finch", legal_entity=finch.LEGAL_NAME),
        "greenhouse": {
            **keyed(
                "greenhouse",
                "greenhouse/v3",
                client_id=greenhouse.CLIENT_ID,
                user_id=greenhouse.USER,
                auth_url=f"{vendors}/greenhouse/auth",
                template_job_id=str(TEMPLATE),
                board_url=f"{vendors}/greenhouse/boards-api/v1",
            ),
            "secrets": {"webhook": "sandbox-greenhouse-webhook", "board_key": greenhouse_board.KEY},
        },
        "gusto": {
            **keyed("gusto", "gusto", company=COMPANY, client_id=CLIENT_ID),
            "key": SecretStr("an access token that has ended"),
            "secrets": {
                "refresh": GRANT,
                "client": CLIENT_SECRET,
                "webhook": "sandbox-gusto-webhook",
            },
        },
        "handover": {"base_url": f"file://{settings.home.resolve()}/sandbox/handover"},
        "odoo": keyed("odoo", "odoo"),
        "odoo_employees": keyed("odoo", "odoo"),
        "indeed": {
            "base_url": pages,
            "key": SecretStr("sandbox-indeed"),
            "options": {
                "api_token": "sandbox-token",
                "apply_url": f"{public}/indeed/{client}/apply",
                "feed": f"indeed/{client}.xml",
                "job_register": f"indeed/{client}.json",
                "questions_url": f"{public}/public/indeed/questions",
                "api_url": f"{vendors}/indeed",
                "client_id": indeed.CLIENT_ID,
            },
            "secrets": {"client": indeed.CLIENT_SECRET},
        },
        "lever": {
            **keyed(
                "lever",
                "lever/v1",
                user_id=lever_records.USER,
                team=lever_records.TEAM,
                feedback_template_id=lever_records.TEMPLATE,
            ),
            "secrets": {"webhook": "sandbox-lever-webhook"},
        },
        **{board.name: {"base_url": pages} for board in feeds.VENDORS},
        "google_for_jobs": {
            "base_url": f"{public}/public",
            "options": {"prefix": client, "apply_url": f"{pages}/apply"},
        },
        "smtp": {
            "base_url": f"smtp://127.0.0.1:{settings.smtp_port}",
            "key": SecretStr("sandbox-smtp"),
            "options": {
                "from_name": "Harbor Works",
                "from_email": "hiring@harborworks.example",
                "journal": f"imap://127.0.0.1:{settings.imap_port}",
                "journal_user": "journal@harborworks.example",
            },
        },
        "manual_screening": {
            "options": {
                "client": client,
                "screener": "Harbor Screening",
                "person": "Grace Okafor",
                "person_email": "screening@harborworks.example",
            }
        },
        "twilio": keyed(
            "twilio",
            "twilio",
            account_sid=ACCOUNT,
            from_phone=PHONE,
            webhook_url=f"http://127.0.0.1:{settings.receiver_port}/webhooks/{client}/twilio",
        ),
        "usajobs": keyed("usajobs", "usajobs", email=usajobs.EMAIL),
        "workable": keyed("workable", "workable/spi/v3", member_id=MEMBER),
        "smartrecruiters": {
            **keyed("smartrecruiters", "smartrecruiters", **SETTINGS),
            "secrets": {"webhook": "sandbox-smartrecruiters-webhook"},
        },
        "questionnaire": {"options": {"client": client}},
        "folder_vault": {"options": {"root": str(settings.home / "vault")}},
        "filesystem": {
            "base_url": f"{public}/public",
            "options": {"root": str(settings.home / "documents")},
        },
    }
