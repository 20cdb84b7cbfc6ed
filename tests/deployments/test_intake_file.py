"""Every row of a file is opened or refused with its reasons, and none is lost on the way."""

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from connectors.ledger import audit
from connectors.ledger.store import Ledger
from deployments import intake_file
from deployments.errors import DeploymentError
from deployments.intake_file import mended
from deployments.postgres import Urls
from deployments.sandbox.people import DATA

NYC = DATA / "nyc_jobs.csv"
PLAN: dict[str, Any] = {
    "defaults": {
        "level": "1",
        "hiring_manager": {"name": "Mia Berg", "email": "mia@client.example"},
        "requested_by": {"name": "Mia Berg", "email": "mia@client.example"},
        "business_reason": "New",
        "places": [{"code": "US-NY", "city": "Albany", "country": "US"}],
        "must_haves": [{"id": "licence", "text": "A licence"}],
        "rounds": [
            {
                "name": "talk",
                "competency": "Craft",
                "interviewers": [{"name": "Mia Berg", "email": "mia@client.example"}],
            }
        ],
    },
    "fields": {
        "code": {"prefix": "JOB-", "join": ["Id"]},
        "title": "Title",
        "description": "Title",
        "headcount": {"column": "Openings", "as": "int", "default": "1"},
        "pay.min_cents": {"column": "Pay", "as": "cents"},
        "pay.max_cents": {"column": "Pay", "as": "cents"},
    },
}
HEADER = "Id,Title,Openings,Pay\n"


class Import:
    """Imports of one client in a directory of their own."""

    def __init__(self, directory: Path, url: str, client: str) -> None:
        self.directory, self.url, self.client = directory, url, client
        plan = PLAN | {"client": client, "defaults": PLAN["defaults"] | {"client": client}}
        (directory / "map.yaml").write_text(yaml.safe_dump(plan))

    def __call__(self, content: str | bytes) -> dict[str, int]:
        file = self.directory / "jobs.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.of(file, self.directory / "map.yaml")

    def of(self, file: Path, mapping: Path) -> dict[str, int]:
        refused = self.directory / "refused.csv"
        return intake_file.import_rows(file, mapping, refused, self.url, "R. Lee", "a new client")

    @property
    def acts(self) -> list[str]:
        """What is kept of those who imported: command, requisition, outcome, by whom and why."""
        with Ledger(self.url, self.client).transaction() as connection:
            return [
                f"{act.command} {act.subject} {act.about}: {act.by}, {act.why}"
                for act in audit.acts(connection, self.client)
            ]

    @property
    def refused(self) -> list[dict[str, str]]:
        with (self.directory / "refused.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @property
    def titles(self) -> list[str]:
        with Ledger(self.url, self.client).transaction() as connection:
            found = connection.execute(text("SELECT title FROM requisition ORDER BY key"))
            return list(found.scalars())


@pytest.fixture
def importing(database: Urls, client_name: str, tmp_path: Path) -> Import:
    return Import(tmp_path, database.app_url, client_name)


def test_every_posting_of_new_york_city_is_opened_or_refused_and_a_second_import_changes_nothing(
    importing: Import, tmp_path: Path
) -> None:
    plan = yaml.safe_load((DATA / "nyc_jobs.map.yaml").read_text())
    plan |= {
        "client": importing.client,
        "defaults": plan["defaults"] | {"client": importing.client},
    }
    mapping = tmp_path / "nyc.yaml"
    mapping.write_text(yaml.safe_dump(plan))

    first = importing.of(NYC, mapping)
    refused = importing.refused
    again = importing.of(NYC, mapping)

    assert first == {"rows": 3977, "opened": 3584, "unchanged": 39, "refused": 354}
    assert first["opened"] + first["unchanged"] + first["refused"] == first["rows"]
    assert again == {"rows": 3977, "unchanged": 3623, "refused": 354}
    assert importing.refused == refused
    assert len(importing.titles) == len(importing.acts) == 3584
    assert len(refused) == 354
    assert {row["reasons"] for row in refused} == {
        "employment_type: Full-Time/Part-Time indicator must be one of F, P",
        "pay.min_cents: Input should be greater than 0",
    }


def test_a_refused_row_is_kept_whole_with_its_line_and_every_reason(importing: Import) -> None:
    counts = importing(HEADER + '1,"Clerk\nof the court",1,20\n2,Driver,many,"a lot, please"\n')

    assert counts == {"rows": 2, "opened": 1, "refused": 1}
    assert importing.refused == [
        {
            "line": "4",
            "reasons": "headcount: not a number; correct the cell; "
            "pay.max_cents: not a number; correct the cell; "
            "pay.min_cents: not a number; correct the cell",
            "Id": "2",
            "Title": "Driver",
            "Openings": "many",
            "Pay": "a lot, please",
        }
    ]


def test_a_bad_row_keeps_none_of_its_neighbours_out(importing: Import) -> None:
    counts = importing(
        HEADER + "1,Clerk,1,20\n2,,1,20\n3,Driver,1\n4,Cook,1,20,5\n\n5,Nurse,1,20\n"
    )

    assert counts == {"rows": 5, "opened": 2, "refused": 3}
    assert importing.titles == ["Clerk", "Nurse"]
    assert [row["line"] for row in importing.refused] == ["3", "4", "5"]


def test_a_row_that_stands_twice_is_opened_once_and_a_changed_one_is_changed(
    importing: Import,
) -> None:
    twice = importing(HEADER + "1,Clerk,1,20\n1,Clerk,1,20\n")
    reworded = importing(HEADER + "1,Court clerk,1,20\n")
    raised = importing(HEADER + "1,Court clerk,1,21\n2,Cook,1,20\n2,Chef,1,20\n")

    assert twice == {"rows": 2, "opened": 1, "unchanged": 1}
    assert reworded == {"rows": 1, "edited": 1}
    assert raised == {"rows": 3, "changed": 1, "opened": 1, "edited": 1}
    assert importing.titles == ["Court clerk", "Chef"]
    assert importing.acts == [
        "requisition import JOB-1 opened: R. Lee, a new client",
        "requisition import JOB-1 edited: R. Lee, a new client",
        "requisition import JOB-1 changed: R. Lee, a new client",
        "requisition import JOB-2 opened: R. Lee, a new client",
        "requisition import JOB-2 edited: R. Lee, a new client",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_file_is_read_in_the_encoding_it_has(importing: Import, encoding: str) -> None:
    importing((HEADER + "1,Café manager – nights,1,20\n").encode(encoding))

    assert importing.titles == ["Café manager – nights"]


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("New Yorkâ€™s", "New York’s"),
        ("â€œgoodâ€\x9d â€“ ok", "“good” – ok"),
        ("rÃ©sumÃ©", "résumé"),
        ("résumé, Übung, naïve, 10 €", "résumé, Übung, naïve, 10 €"),
        ("日本語 Łódź ñandú", "日本語 Łódź ñandú"),
    ],
)
def test_text_that_was_decoded_wrongly_is_mended_and_other_text_is_left_alone(
    broken: str, whole: str
) -> None:
    assert mended(broken) == whole


def test_what_a_database_cannot_store_or_python_finds_too_long_is_no_obstacle(
    importing: Import,
) -> None:
    counts = importing(HEADER + "1,Cle\0rk,1,20\n2," + "x" * 200_000 + ",1,20\n")

    assert counts == {"rows": 2, "opened": 2}
    assert importing.titles[0] == "Clerk"


def test_a_file_without_a_column_of_the_map_is_refused_before_anything_is_opened(
    importing: Import,
) -> None:
    with pytest.raises(DeploymentError, match=r"no column 'Openings', 'Title'; name the file's"):
        importing("Id,Job,Pay\n1,Clerk,20\n")
    with pytest.raises(DeploymentError, match="no such file"):
        importing.of(Path("nowhere.csv"), Path("nowhere.yaml"))

    assert importing.titles == []


def test_a_requisition_file_is_read_or_refused_with_every_problem_at_once(tmp_path: Path) -> None:
    good = DATA / "requisitions" / "HARBOR-1.yaml"
    fields = yaml.safe_load(good.read_text(encoding="utf-8"))
    del fields["level"]
    fields |= {"code": "harbor 1", "salary": 7, "rounds": [], "headcount": 0}
    fields["hiring_manager"]["email"] = "nobody"
    bad = tmp_path / "bad.yaml"
    bad.write_text(yaml.safe_dump(fields))

    assert intake_file.read(good)[1] == []
    assert intake_file.read(bad) == (
        None,
        [
            "code: must be written like ACME-7, or for a place like US-NY-NYC",
            "level: is missing; add it",
            "hiring_manager.email: must be written like name@company.com",
            "headcount: Input should be greater than or equal to 1",
            "rounds: is empty; add at least one",
            "salary: is not a field we know; correct its name or remove it",
        ],
    )


@pytest.mark.parametrize("content", [b"", b"- a\n- list\n", b"a: [b\n", b"\xff\xfe"])
def test_a_file_that_is_no_requisition_is_refused_not_fatal(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "odd.yaml"
    file.write_bytes(content)

    requisition, problems = intake_file.read(file)

    assert requisition is None
    assert len(problems) == 1
