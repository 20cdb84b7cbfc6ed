"""HR reports new hires by file: who is due, a draft to fill in, and the file for the state."""

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from connectors.errors import Misconfigured, Refused
from connectors.ledger import day_one, gates, landing, rows, tables
from connectors.ledger.decisions import Decisions
from connectors.ledger.gates import Verdict
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import FormAnswer
from deployments.cli.common import database_url
from deployments.errors import DeploymentError
from deployments.sandbox.people import DATA
from tests.deployments.test_cli_ops import AS_OF, BY, Command, applies, fullcycle, home, subject

assert fullcycle, home  # fixtures

pytestmark = pytest.mark.timeout(180)
NUMBER = "123-45-6780"
EMPLOYER = {
    "ein": "12-3456789",
    "street": "400 McAllister Street",
    "city": "San Francisco",
    "state": "CA",
    "postal_code": "94102",
}
HOME = {"street": "12 Pier Road", "city": "Daly City", "state": "CA", "postal_code": "94014"}


def register(fullcycle: Command, folder: Path, version: int, **payroll: Any) -> None:
    """Register Harbor Works, whose HR reports new hires."""
    process = yaml.safe_load((DATA / "clients/harbor.yaml").read_text(encoding="utf-8"))
    process |= {"version": version, "payroll": {"new_hire_report": "hr"} | payroll}
    file = folder / "process.yaml"
    file.write_text(yaml.safe_dump(process, allow_unicode=True), encoding="utf-8")
    fullcycle("client", "add", *BY, str(file))


def arrives(ledger: Ledger) -> str:
    """Ann has begun her work in San Francisco; returns her application's key."""
    ann = subject(ledger, "application")
    place = {"code": "US-CA", "city": "San Francisco", "region": "CA", "country": "US"}
    offer = {
        "client": "harbor",
        "application_id": ann.id,
        "version": 1,
        "hash": "v1",
        "rate_cents": 70_000_00,
        "currency": "USD",
        "unit": "year",
        "start_on": date(2026, 11, 20),
        "title": "Clerk",
        "entity": "Harbor Works Inc.",
        "work_place": place,
        "expires_at": AS_OF,
        "letter": "Dear Ann",
    }
    answer = FormAnswer(
        external_id="arrival",
        updated_at=AS_OF,
        form="day_one",
        subject=ann.key,
        by="hiring_manager",
        fields={"arrived": "yes"},
    )
    moved = Decisions()
    moved.advance(ann, to="day_one")
    ledger.apply(moved, AS_OF)
    with ledger.transaction() as connection:
        connection.execute(tables.offer.insert(), offer)
        landing.land(connection, "harbor", "forms", [answer], AS_OF)
        door = rows.at_the_door(connection, day_one.ROWS, "day_one", Scope("harbor"), AS_OF)
        gates.admit(connection, "harbor", "day_one", door, Verdict(), AS_OF)
    return ann.key


def fill(draft: Path, filled: Path, **changes: str) -> None:
    with draft.open(encoding="utf-8-sig", newline="") as source:
        (line,) = csv.DictReader(source)
    with filled.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(line))
        writer.writeheader()
        writer.writerow(
            line | {"social_security_number": NUMBER, "last_name": "Lee"} | HOME | changes
        )


def test_from_the_list_to_the_file_for_the_state_and_no_number_is_kept(
    fullcycle: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register(fullcycle, tmp_path, 1)
    fullcycle("requisition", "open", *BY, str(DATA / "requisitions/HARBOR-1.yaml"))
    ledger = Ledger(database_url(), "harbor")
    applies(ledger, name="Ann Lee")
    assert "HARBOR-1" not in fullcycle("new-hires", "list", "harbor")
    key = arrives(ledger)
    draft, filled, out = (tmp_path / name for name in ("draft.csv", "filled.csv", "report.txt"))

    listed = fullcycle("new-hires", "list", "harbor", "--draft", str(draft))
    assert "2026-12-10" in listed
    assert draft.stat().st_mode & 0o777 == 0o600
    fill(draft, filled, social_security_number="000-45-6780", state="California")
    arguments = ("new-hires", "report", "harbor", "US-CA", str(filled), str(out), *BY)
    with pytest.raises(DeploymentError, match="nobody in it can be reported to US-CA"):
        fullcycle(*arguments)
    told = capsys.readouterr().err
    assert f"{key}: social_security_number: is no social security number" in told
    assert f"{key}: state: must be written like NY" in told
    assert "6780" not in told

    fill(draft, filled)
    with pytest.raises(Misconfigured, match="employers says nothing of Harbor Works Inc"):
        fullcycle(*arguments)
    register(fullcycle, tmp_path, 2, employers={"Harbor Works Inc.": EMPLOYER})
    assert "1 to report" in fullcycle(*arguments)

    line = out.read_text(encoding="ascii")
    assert line.startswith("W4123456780ANN ")
    assert line[44 - 1 : 73].rstrip() == "LEE"
    assert line[280 - 1 : 298] == "20261120CA123456789"
    assert out.stat().st_mode & 0o777 == 0o600
    with pytest.raises(DeploymentError, match="is there already"):
        fullcycle(*arguments)
    (*_, act) = json.loads(fullcycle("audit", "--json"))
    assert (act["command"], act["subject"], act["about"]) == ("new-hires report", key, "US-CA")
    with ledger.transaction() as connection:
        kept = connection.execute(text("SELECT json_agg(a)::text FROM act a")).scalar()
    assert "6780" not in str(kept)

    answer = FormAnswer(
        external_id="reported",
        updated_at=AS_OF,
        form="new_hire_report",
        subject=key,
        by="hr",
        fields={"reported": "yes"},
    )
    with ledger.transaction() as connection:
        landing.land(connection, "harbor", "forms", [answer], AS_OF)
    out.unlink()
    with pytest.raises(Refused, match=f"not to be reported to US-CA now: {key}"):
        fullcycle(*arguments)
