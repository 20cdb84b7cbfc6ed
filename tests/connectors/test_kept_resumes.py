"""A résumé that came by the tracker is kept in the client's vault: whole, or not at all.

Links to files are followed at once, without our credentials, and are in no error.
"""

import base64
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors import resume
from connectors.access import Access
from connectors.applicant_tracking.built_in import BuiltIn
from connectors.documents import VAULTS
from connectors.errors import (
    ConnectorError,
    Misconfigured,
    Refused,
    Unavailable,
    Unreadable,
    Unsupported,
)
from connectors.http import LARGEST_FILE, Api
from connectors.ports import ApplicantTracker, DocumentStore
from connectors.records import CancelOffer, KeepResume, OpenJob, Place
from connectors.registry import VENDORS
from deployments.sandbox.ashby import Ashby
from deployments.sandbox.greenhouse import Greenhouse
from deployments.sandbox.lever import Lever
from deployments.sandbox.odoo import Odoo
from deployments.sandbox.paper import pdf
from deployments.sandbox.people import People
from deployments.sandbox.smartrecruiters import SmartRecruiters
from deployments.sandbox.workable import Workable
from deployments.sandbox.world import World
from tests.connectors.tracking import DAY, GRACE, NOW, REQUISITION, applications, applying
from tests.contracts.trial import Bench, Trial

STAND_INS: dict[str, Any] = {
    "ashby": Ashby,
    "greenhouse": Greenhouse,
    "lever": Lever,
    "smartrecruiters": SmartRecruiters,
    "workable": Workable,
}
LINKED = ("ashby", "greenhouse", "workable")  # as a rule; others give their files themselves
FILES = {
    "lever": "GET .*/download",
    "smartrecruiters": "GET .*/attachments/",
    "odoo": "POST .*/ir.attachment/",
}
OPEN = OpenJob(
    requisition="HARBOR-3",
    title="Night nurse",
    place=Place(code="US-CA", city="Oakland", region="CA", country="US"),
    headcount=1,
)
NAME = "resumes/HARBOR-3.grace"
SPOILED = (
    *("429", "500", "drop_before", "html"),
    *("drop_after", "truncated", "html_after", "empty_after"),
)
every = pytest.mark.parametrize("name", [*STAND_INS, "odoo"])
linked = pytest.mark.parametrize("name", [*LINKED, "lever", "smartrecruiters"])


def stand_in(name: str, requisitions: Path, world: World) -> Any:
    return Odoo(world) if name == "odoo" else STAND_INS[name](world, People((GRACE,)), requisitions)


@pytest.fixture
def bench(name: str, tmp_path: Path) -> Iterator[Bench]:
    folder = tmp_path / "requisitions"
    folder.mkdir()
    told = REQUISITION.replace("headcount", "title: Night nurse\nheadcount")
    (folder / "harbor.yaml").write_text(told, encoding="utf-8")
    bench = Bench(Trial(name, partial(stand_in, name, folder), lambda bench: (), ()), tmp_path)
    yield bench
    bench.sandbox.stop()


@pytest.fixture
def vendor(bench: Bench) -> Any:
    return bench.stand_in


@pytest.fixture
def vault(tmp_path: Path) -> DocumentStore:
    options = {"root": str(tmp_path / "vault")}
    store: DocumentStore = VAULTS["folder_vault"].open(Access("", options=options))
    return store


@pytest.fixture
def tracker(bench: Bench, vault: DocumentStore) -> ApplicantTracker:
    return opened(bench, vault)


@pytest.fixture
def came(bench: Bench, tracker: ApplicantTracker) -> KeepResume:
    """What is asked about somebody who applied in the tracker itself."""
    job = tracker.open_job(OPEN, "k").external_id
    if isinstance(bench.stand_in, Odoo):
        person = {"partner_name": "Grace Hopper", "job_id": int(job)}
        ref = str(bench.stand_in.insert("hr.applicant", person)["id"])
        attach(bench.stand_in, ref, "image/png", b"\x89PNG")
        attach(bench.stand_in, ref, "application/pdf", pdf("Resume"))
        attach(bench.stand_in, ref, "application/pdf", pdf("Contract"))
    else:
        bench.sandbox.advance(NOW + 2 * DAY)
        (application,) = applications(tracker)
        ref = application.external_id
    return KeepResume(application_ref=ref, name=NAME)


def opened(bench: Bench, vault: DocumentStore | None) -> ApplicantTracker:
    connect = VENDORS[bench.trial.vendor].connect
    port: ApplicantTracker = connect(bench.account, vault, sleep=lambda _: None)
    return port


def attach(vendor: Odoo, ref: str, mimetype: str, content: bytes) -> dict[str, Any]:
    told = {"name": "file", "res_model": "hr.applicant", "res_id": int(ref), "mimetype": mimetype}
    datas = base64.b64encode(content).decode()
    return vendor.insert("ir.attachment", told | {"datas": datas, "file_size": len(content)})


def elsewhere(bench: Bench) -> None:
    """Let the trackers that may give their files themselves give links."""
    if isinstance(bench.stand_in, Lever):
        bench.stand_in.redirects = True
    if isinstance(bench.stand_in, SmartRecruiters):
        bench.stand_in.elsewhere = True


def fault(bench: Bench, *faults: str) -> None:
    match = FILES.get(bench.trial.vendor, "GET /files/")
    vendor = bench.trial.vendor
    bench.sandbox.faults.append({"vendor": vendor, "match": match, "faults": list(faults)})


@every
def test_a_resume_is_kept_under_its_name_with_its_ending(
    tracker: ApplicantTracker, vault: DocumentStore, came: KeepResume
) -> None:
    first = tracker.keep_resume(came, "k")
    again = tracker.keep_resume(came, "k")

    assert first == again
    assert first.external_id == f"/{NAME}.pdf"
    assert vault.names("") == [f"{NAME}.pdf"]
    assert b"% Resume" in vault.get(f"{NAME}.pdf")
    assert tracker.find(came, "k") is None  # to be kept again, which changes nothing


@every
def test_who_brought_no_resume_has_none(
    tracker: ApplicantTracker, vault: DocumentStore, bench: Bench
) -> None:
    job = tracker.open_job(OPEN, "k").external_id
    added = tracker.add_application(applying(job), "a")

    asked = KeepResume(application_ref=added.external_id, name=NAME)

    assert tracker.keep_resume(asked, "k") == resume.NONE
    assert vault.names("") == []


@linked
def test_our_credentials_do_not_go_where_a_link_leads(
    tracker: ApplicantTracker, vault: DocumentStore, vendor: Any, bench: Bench, came: KeepResume
) -> None:
    elsewhere(bench)
    vendor.files.hops = 2
    bench.sandbox.asked.clear()

    tracker.keep_resume(came, "k")

    there = [asked for asked, _ in bench.sandbox.asked if "/files/" in asked.path]
    assert len(there) == 3
    assert not any({"authorization", "x-smarttoken"} & asked.headers.keys() for asked in there)
    assert vault.names("") == [f"{NAME}.pdf"]


@every
@pytest.mark.parametrize("spoiled", SPOILED)
def test_half_a_resume_is_never_kept(
    tracker: ApplicantTracker, vault: DocumentStore, bench: Bench, came: KeepResume, spoiled: str
) -> None:
    fault(bench, spoiled, spoiled)

    tracker.keep_resume(came, "k")

    assert vault.get(f"{NAME}.pdf").rstrip().endswith(b"%%EOF")


@every
def test_a_vendor_that_stays_away_leaves_nothing_behind(
    tracker: ApplicantTracker, vault: DocumentStore, bench: Bench, came: KeepResume
) -> None:
    fault(bench, *["truncated"] * 9)

    with pytest.raises(Unavailable) as told:
        tracker.keep_resume(came, "k")

    assert vault.names("") == []
    assert "signature" not in str(told.value)


@linked
def test_a_link_that_is_dead_is_not_named_and_another_time_there_is_another(
    tracker: ApplicantTracker, vault: DocumentStore, vendor: Any, bench: Bench, came: KeepResume
) -> None:
    elsewhere(bench)
    life = vendor.files.life
    vendor.files.life = 0 * DAY

    with pytest.raises(Refused, match=r"GET a link to a file: it is dead.*HTTP 403") as told:
        tracker.keep_resume(came, "k")

    assert "signature" not in str(told.value)
    vendor.files.life = life
    tracker.keep_resume(came, "k")
    assert vault.names("") == [f"{NAME}.pdf"]


@linked
def test_a_link_that_leads_on_and_on_is_left(
    tracker: ApplicantTracker, vault: DocumentStore, vendor: Any, bench: Bench, came: KeepResume
) -> None:
    elsewhere(bench)
    vendor.files.hops = 9

    with pytest.raises(Refused, match="from one address to the next"):
        tracker.keep_resume(came, "k")


@linked
@pytest.mark.parametrize("page", [b"<html>My life", b'{"error": "internal"}'])
def test_a_page_in_place_of_a_resume_is_no_fault_of_the_vendor(
    tracker: ApplicantTracker, vault: DocumentStore, vendor: Any, came: KeepResume, page: bytes
) -> None:
    vendor.files.instead = page

    with pytest.raises(Refused, match="no file, but a page: look at it in the tracker"):
        tracker.keep_resume(came, "k")

    assert vault.names("") == []


@every
def test_what_is_too_large_is_not_kept(
    tracker: ApplicantTracker, vault: DocumentStore, vendor: Any, came: KeepResume
) -> None:
    if isinstance(vendor, Odoo):
        for row in vendor.tables["ir.attachment"].values():
            row["file_size"] = LARGEST_FILE + 1
    else:
        vendor.files.instead = b"%PDF-" + bytes(LARGEST_FILE)

    with pytest.raises(Refused, match="larger than 20 MB"):
        tracker.keep_resume(came, "k")

    assert vault.names("") == []


@every
def test_without_a_vault_nothing_is_read_and_the_remedy_is_named(
    bench: Bench, came: KeepResume
) -> None:
    bench.sandbox.asked.clear()

    with pytest.raises(Misconfigured, match="no vault; name one under systems"):
        opened(bench, None).keep_resume(came, "k")

    assert bench.sandbox.asked == []


@every
def test_a_name_cannot_lead_out_of_the_vault(tracker: ApplicantTracker, came: KeepResume) -> None:
    asked = came.model_copy(update={"name": "../resume"})

    with pytest.raises(ConnectorError, match="relative path"):
        tracker.keep_resume(asked, "k")


@pytest.mark.parametrize("name", ["odoo"])
def test_a_file_that_is_deleted_in_that_moment_is_looked_for_again(
    tracker: ApplicantTracker, vendor: Any, came: KeepResume
) -> None:
    for row in vendor.tables["ir.attachment"].values():
        row["datas"] = False

    with pytest.raises(Unreadable, match="deleted a moment ago"):
        tracker.keep_resume(came, "k")


@pytest.mark.parametrize("name", ["greenhouse"])
def test_a_filter_that_is_ignored_gives_nobody_the_resume_of_another(
    tracker: ApplicantTracker, bench: Bench, came: KeepResume
) -> None:
    def everybodys(line: str, body: Any) -> Any:
        return [{**row, "application_id": 1} for row in body] if "/attachments" in line else body

    bench.sandbox.change = everybodys

    assert tracker.keep_resume(came, "k") == resume.NONE


@pytest.mark.parametrize("name", ["ashby"])
def test_a_resume_that_hangs_on_the_candidate_alone_is_found(
    tracker: ApplicantTracker, vault: DocumentStore, vendor: Any, came: KeepResume
) -> None:
    ref = came.application_ref
    tables = vendor.records.tables
    candidate = tables["candidate"][tables["application"][ref]["candidateId"]]
    candidate["resumeFileHandle"] = {"id": "f", "name": "cv.pdf", "handle": f"resume {ref}"}
    vendor.files.has = lambda application: False

    tracker.keep_resume(came, "k")

    assert vault.names("") == [f"{NAME}.pdf"]


def test_the_built_in_tracker_has_no_resumes() -> None:
    asked = KeepResume(application_ref="HARBOR-3.ada", name=NAME)

    assert BuiltIn.keep_resume(None, asked, "k") == resume.NONE  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "ending", "media_type"),
    [
        (b"%PDF-1.7\n...", "pdf", "application/pdf"),
        (b"\x00junk before\n%PDF-1.4", "pdf", "application/pdf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", "doc", "application/msword"),
        (b"PK\x03\x04\x14\x00...word/document.xml", "docx", resume.WORD),
        (b"{\\rtf1\\ansi Ada}", "rtf", "application/rtf"),
        ("Ada Byron\n\tMathématicienne".encode(), "txt", "text/plain"),
        ("Résumé".encode("cp1252"), "txt", "text/plain"),
        (b"[Ada Byron]\nwrote the first program", "txt", "text/plain"),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_beginning(
    content: bytes, ending: str, media_type: str
) -> None:
    store = Shelf()

    kept = resume.keep("a_tracker", store, NAME, lambda: resume.read(content))

    assert kept.external_id == f"{NAME}.{ending}"
    assert store.kept == [(f"{NAME}.{ending}", content, media_type)]


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\x00\x00", b"PK\x03\x04\x14\x00...content.xml", b"GIF89a\x01\x00"],
)
def test_what_is_no_resume_is_refused_and_its_remedy_is_named(content: bytes) -> None:
    store = Shelf()

    with pytest.raises(Refused, match="neither PDF, Word, RTF nor text: look at it"):
        resume.keep("a_tracker", store, NAME, lambda: content)

    assert store.kept == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        b"<html>Bad gateway",
        b"\n<!DOCTYPE html>",
        b'<?xml version="1.0"?>',
        b'{"e": 1}',
        b"[]",
    ],
)
def test_a_page_in_place_of_a_file_is_none(content: bytes) -> None:
    with pytest.raises(ValueError, match="no file"):
        resume.read(content)


def test_only_a_copy_is_made_again_without_being_looked_for() -> None:
    with pytest.raises(Unsupported, match="cannot look for CancelOffer"):
        resume.looked_for("a_tracker", CancelOffer(signature_ref="1"))


@pytest.mark.parametrize("url", ["http://files.example/1", "ftp://files.example/1", "file:///etc"])
def test_a_link_is_as_safe_as_our_way_to_the_vendor(url: str) -> None:
    api = Api("a_tracker", "https://api.example", sleep=lambda _: None)

    with pytest.raises(Refused, match="not encrypted"):
        api.linked(url, resume.read)


class Shelf:
    """A store that remembers what it was given."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, bytes, str]] = []
        self.get = self.delete = self.names = self.check = _nothing

    def put(self, name: str, content: bytes, content_type: str) -> str:
        self.kept.append((name, content, content_type))
        return name


_nothing: Callable[..., Any] = lambda *_: None  # noqa: E731 - it stands for what is not asked for
