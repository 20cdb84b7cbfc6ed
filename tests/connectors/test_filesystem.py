"""The folder: whole files, inside the folder, by name."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors import deadline
from connectors.access import Access
from connectors.deadline import TooLate
from connectors.documents import filesystem
from connectors.errors import Refused, Unavailable
from connectors.ports import DocumentStore


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return filesystem.connect(
        Access("https://files.example.test/docs/", options={"root": str(tmp_path / "served")})
    )


def test_what_is_put_can_be_got_at_a_public_address(store: DocumentStore) -> None:
    address = store.put("letters/Offer 1.txt", b"hello", "text/plain")

    assert address == "https://files.example.test/docs/letters/Offer%201.txt"
    assert store.get("letters/Offer 1.txt") == b"hello"


def test_the_last_bytes_win_and_nothing_unfinished_stays(
    store: DocumentStore, tmp_path: Path
) -> None:
    store.put("a/b.txt", b"one", "text/plain")
    store.put("a/b.txt", b"two", "text/plain")

    assert store.get("a/b.txt") == b"two"
    assert [path.name for path in (tmp_path / "served" / "a").iterdir()] == ["b.txt"]


def test_names_are_listed_by_prefix_and_sorted(store: DocumentStore) -> None:
    for name in ("jobs/b.html", "jobs/a.html", "jobs-old/c.html", "top.txt"):
        store.put(name, b"x", "text/html")

    assert store.names("jobs/") == ["jobs/a.html", "jobs/b.html"]
    assert store.names("jobs") == ["jobs-old/c.html", "jobs/a.html", "jobs/b.html"]
    assert store.names("nothing/") == []


def test_removing_twice_is_harmless(store: DocumentStore) -> None:
    store.put("a.txt", b"x", "text/plain")
    store.delete("a.txt")
    store.delete("a.txt")
    store.delete("never/was.txt")

    assert store.names("") == []


def test_a_missing_file_is_refused(store: DocumentStore) -> None:
    with pytest.raises(Refused):
        store.get("nobody.txt")


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/passwd", "", "a//b", ".hidden", "a\\b", "a\0b", "./a"]
)
def test_a_name_never_leads_out_of_the_folder(store: DocumentStore, name: str) -> None:
    acts: list[Callable[[], object]] = [
        lambda: store.put(name, b"x", "text/plain"),
        lambda: store.get(name),
        lambda: store.delete(name),
    ]
    for act in acts:
        with pytest.raises(Refused):
            act()


def test_a_link_out_of_the_folder_is_refused(store: DocumentStore, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    store.put("a.txt", b"x", "text/plain")
    (tmp_path / "served" / "out").symlink_to(tmp_path)

    with pytest.raises(Refused):
        store.get("out/secret.txt")


def test_a_write_that_fails_is_named_and_leaves_nothing(
    store: DocumentStore, tmp_path: Path
) -> None:
    store.put("folder/a.txt", b"x", "text/plain")

    with pytest.raises(Refused):
        store.put("folder", b"x", "text/plain")
    with pytest.raises(Refused):
        store.put("folder/a.txt/b.txt", b"x", "text/plain")
    with pytest.raises(Unavailable):
        store.put("n" * 300, b"x", "text/plain")
    assert [path.name for path in (tmp_path / "served").rglob("*")] == ["folder", "a.txt"]


def test_what_is_too_late_changes_nothing(store: DocumentStore) -> None:
    store.put("jobs.xml", b"newer", "application/xml")

    with deadline.within(-1):
        with pytest.raises(TooLate):
            store.put("jobs.xml", b"older", "application/xml")
        with pytest.raises(TooLate):
            store.delete("jobs.xml")

    assert store.get("jobs.xml") == b"newer"


def test_who_slept_while_writing_replaces_nothing(
    store: DocumentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("jobs.xml", b"newer", "application/xml")
    with deadline.within(60), monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: deadline._until.set(0.0))
        with pytest.raises(TooLate):
            store.put("jobs.xml", b"older", "application/xml")

    assert store.get("jobs.xml") == b"newer"
    assert [path.name for path in (tmp_path / "served").iterdir()] == ["jobs.xml"]
