"""A backup brings the same ledger back elsewhere, or is refused before anything is touched."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
import yaml
from sqlalchemy import create_engine, text

from connectors.ledger import audit, effects, hold
from connectors.ledger import client as clients
from connectors.ledger import requisition as ledger_requisition
from connectors.ledger.decisions import Decisions, Subject
from connectors.ledger.scope import Scope
from connectors.ledger.store import Ledger
from connectors.records import AddNote
from connectors.requisition import Requisition
from deployments import backup, postgres
from deployments.cli import app
from deployments.errors import DeploymentError
from deployments.sandbox.people import DATA
from deployments.settings import Settings

AS_OF = datetime(2026, 10, 19, 13, tzinfo=UTC)
BY = ("R. Lee", "the machine is gone")


@pytest.fixture
def home() -> Iterator[Path]:
    """Where nothing has ever run; not under pytest's own directory, which is closed to others."""
    with tempfile.TemporaryDirectory(prefix="fullcycle-") as directory:
        yield Path(directory) / "home"


@pytest.fixture
def system(installation: Settings, ledger: Ledger, tmp_path: Path) -> Settings:
    """A system with a requisition, a document and the keys to its secrets."""
    fields = yaml.safe_load((DATA / "requisitions/HARBOR-1.yaml").read_text(encoding="utf-8"))
    wanted = Requisition.model_validate(fields | {"client": ledger.client})
    with ledger.transaction() as connection:
        ledger_requisition.put(connection, wanted, AS_OF)
    (tmp_path / "documents/indeed").mkdir(parents=True)
    (tmp_path / "documents/indeed/feed.xml").write_text("<source/>")
    (tmp_path / "prefect-encryption-key").write_text("key")
    settings = installation.model_copy(update={"home": tmp_path})
    assert settings.link_secret
    return settings


def test_what_was_backed_up_is_restored_in_an_empty_place_and_is_sound(
    system: Settings, ledger: Ledger, home: Path, tmp_path: Path
) -> None:
    fingerprints = backup.backup(system, tmp_path / "backup")

    restored = backup.restore(Settings(home=home), tmp_path / "backup", *BY)

    assert restored.fingerprints == fingerprints
    assert restored.violations[ledger.client] == []
    assert (home / "documents/indeed/feed.xml").read_text() == "<source/>"
    assert (home / "secret").read_text() == system.link_secret
    assert (home / "prefect-encryption-key").read_text() == "key"


@pytest.fixture
def tampered(system: Settings, ledger: Ledger) -> Iterator[Settings]:
    """Somebody has changed the log behind the ledger's back; undone after the test."""

    def change(reason: str | None) -> None:
        engine = create_engine(system.admin_database_url or "")
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE transition DISABLE TRIGGER append_only"))
            connection.execute(
                text("UPDATE transition SET reason = :reason WHERE client = :client"),
                {"reason": reason, "client": ledger.client},
            )
            connection.execute(text("ALTER TABLE transition ENABLE TRIGGER append_only"))
        engine.dispose()

    with ledger.transaction() as connection:
        reason = connection.execute(text("SELECT reason FROM transition")).scalar_one()
    change("another")
    yield system
    change(reason)


def test_what_was_broken_before_the_backup_is_restored_and_said_by_the_exit_code(
    tampered: Settings,
    ledger: Ledger,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    nobody_yet = Ledger(ledger.url, f"{ledger.client}_new")
    with nobody_yet.transaction() as connection:
        clients.put(connection, nobody_yet.client, {}, 1)
    backup.backup(tampered, tmp_path / "backup")

    with patch.dict(os.environ, {"FULLCYCLE_HOME": str(home)}):
        told = ["restore", str(tmp_path / "backup"), "--by", BY[0], "--why", BY[1]]
        code = app(told, standalone_mode=False)

    said = " ".join(capsys.readouterr().err.split())
    assert code == 1
    assert f"{ledger.client}: chain: HARBOR-1 number 1 was changed after it was written" in said
    assert "restored, but not sound" in said


def test_a_restored_ledger_keeps_its_guards(
    system: Settings, ledger: Ledger, home: Path, tmp_path: Path
) -> None:
    backup.backup(system, tmp_path / "backup")
    backup.restore(Settings(home=home), tmp_path / "backup", *BY)

    try:
        url = postgres.start(home).app_url
        with Ledger(url, ledger.client).transaction() as mine:
            assert mine.execute(text("SELECT key FROM requisition")).scalars().all() == ["HARBOR-1"]
        with Ledger(url, "somebody_else").transaction() as theirs:
            assert theirs.execute(text("SELECT key FROM requisition")).scalars().all() == []
    finally:
        postgres.stop(home)


def test_after_a_restore_nothing_is_sent_unseen(
    system: Settings, ledger: Ledger, home: Path, tmp_path: Path
) -> None:
    """It may have been done since the backup: it is looked up first, when a person says go on."""
    decisions = Decisions()
    with ledger.transaction() as connection:
        (row,) = connection.execute(text("SELECT * FROM requisition")).mappings()
    columns = ("id", "key", "stage", "state", "since", "ready_for", "seq", "head_hash")
    subject = Subject(subject_kind="requisition", **{name: row[name] for name in columns})
    note = AddNote(candidate_ref="c1", text="hello")
    decisions.effect(subject, "ashby", "tracker.note", note)
    ledger.apply(decisions, AS_OF)
    backup.backup(system, tmp_path / "backup")
    backup.restore(Settings(home=home), tmp_path / "backup", *BY)

    try:
        restored = Ledger(postgres.start(home).app_url, ledger.client)
        with restored.transaction() as connection:
            (standing,) = hold.standing(connection, ledger.client)
            assert (str(standing), standing.by) == ("the whole client", "restore")
            (act,) = audit.acts(connection, ledger.client)
            assert (act.command, act.by, act.why) == ("restore", *BY)
            assert act.about.startswith("backup of 20")
            hold.lift(connection, ledger.client, "ops", "compared", AS_OF)
            effects.abandon(connection, ledger.client)
            (due,) = effects.claim(connection, Scope(ledger.client), AS_OF, 9, False)
        assert due.sent_before
    finally:
        postgres.stop(home)


def test_only_its_owner_can_read_a_backup(system: Settings, tmp_path: Path) -> None:
    backup.backup(system, tmp_path / "backup")

    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    for name in ("ledger.dump", "prefect.dump", *backup.KEYS):
        assert (tmp_path / "backup" / name).stat().st_mode & 0o077 == 0


def test_a_backup_does_not_overwrite_another(system: Settings, tmp_path: Path) -> None:
    backup.backup(system, tmp_path / "backup")

    with pytest.raises(DeploymentError, match="is not empty"):
        backup.backup(system, tmp_path / "backup")


@pytest.mark.parametrize("name", ["ledger.dump", "secret", "documents/indeed/feed.xml"])
def test_a_damaged_backup_is_refused_by_the_name_of_the_file(
    system: Settings, home: Path, tmp_path: Path, name: str
) -> None:
    backup.backup(system, tmp_path / "backup")
    with (tmp_path / "backup" / name).open("ab") as file:
        file.write(b"x")

    with pytest.raises(DeploymentError, match=f"damaged: {name}"):
        backup.restore(Settings(home=home), tmp_path / "backup", *BY)
    assert not home.exists()


def test_a_backup_that_was_cut_off_is_refused(system: Settings, home: Path, tmp_path: Path) -> None:
    backup.backup(system, tmp_path / "backup")
    (tmp_path / "backup" / "manifest.json").unlink()

    with pytest.raises(DeploymentError, match="no finished backup"):
        backup.restore(Settings(home=home), tmp_path / "backup", *BY)


def test_nothing_is_restored_over_a_ledger_that_is_in_use(
    system: Settings, home: Path, tmp_path: Path
) -> None:
    backup.backup(system, tmp_path / "backup")
    used = system.model_copy(update={"home": home})

    with pytest.raises(DeploymentError, match=r"'fullcycle' is not empty; .* FULLCYCLE_HOME"):
        backup.restore(used, tmp_path / "backup", *BY)
