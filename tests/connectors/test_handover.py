"""The hand-over: whole files, written once whatever happens, and proof of what payroll did."""

import asyncio
import csv
import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import deadline
from connectors.access import Access
from connectors.deadline import TooLate
from connectors.errors import Misconfigured, Refused, Unavailable, Unsupported
from connectors.payroll.handover import connect
from connectors.payroll.handover.files import acknowledged, handed, hire_file
from connectors.ports import Payroll
from connectors.records import (
    CloseJob,
    CorrectHire,
    CreateHire,
    Employee,
    OnboardingStatus,
    Page,
    PayStatement,
    PayUnit,
    Place,
)
from deployments.sandbox.handover import PayrollClerk
from deployments.sandbox.world import World

DENVER = Place(code="US-CO", city="Denver", region="CO", country="US")
START = date(2026, 3, 16)
HEADER = (
    "reference,employee_id,status,message,on,title,entity,start_on,rate,unit,work_place,"
    "check_on,period_start_on,period_end_on,gross"
)
TAKEN = "HARBOR-3.aa,E-7,taken,,2026-03-03"
TERMS = 'Electrician,Harbor Works Inc.,2026-03-16,38.50,hour,"Denver, CO"'
PAID = f"HARBOR-3.aa,E-7,paid,,2026-04-03,{TERMS},2026-04-03,2026-03-14,2026-03-27,3080.00"


@dataclass
class Place_:
    """Where the files lie, as payroll sees it, and the port to it."""

    root: Path
    access: Access

    @property
    def port(self) -> Payroll:
        return connect(self.access)

    @property
    def ours(self) -> list[str]:
        return sorted(path.name for path in (self.root / "to_payroll").iterdir())

    def payroll_writes(self, *lines: str, name: str = "1.csv", header: str = HEADER) -> None:
        text = "".join(f"{line}\r\n" for line in (header, *lines))
        (self.root / "from_payroll" / name).write_text(text, newline="")

    def read(self, resource: str, *watching: str) -> list[Page]:
        return list(self.port.changes(resource, None, watching))

    def employees(self, *refs: str) -> list[Employee]:
        pages = self.read("employees", *refs)
        return [r for page in pages for r in page.records if isinstance(r, Employee)]

    def statements(self, *ids: str) -> list[PayStatement]:
        pages = self.read("pay_statements", *ids)
        return [r for page in pages for r in page.records if isinstance(r, PayStatement)]

    def unreadable(self, *refs: str) -> dict[str, str]:
        pages = self.read("employees", *refs)
        return {ref: why for page in pages for ref, why in page.unreadable.items()}


class _Door(asyncssh.SSHServer):
    """An SFTP server's door: one user, who has a password or a key."""

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("fullcycle", "sesame")


class _Files(asyncssh.SFTPServer):
    """A folder in which our user may be forbidden to write or to remove."""

    forbidden: ClassVar[str] = ""

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if self.forbidden == "write" and pflags & asyncssh.FXF_WRITE:
            raise asyncssh.SFTPPermissionDenied("")
        return super().open(path, pflags, attrs)

    def remove(self, path: bytes) -> None:
        if self.forbidden == "remove":
            raise asyncssh.SFTPPermissionDenied("")
        super().remove(path)


class Server:
    """A real SFTP server over one folder, on a loop of its own."""

    def __init__(self, root: Path, ours: asyncssh.SSHKey) -> None:
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

        async def listen() -> asyncssh.SSHAcceptor:
            return await asyncssh.listen(
                "127.0.0.1",
                0,
                server_factory=_Door,
                server_host_keys=[self.host_key],
                authorized_client_keys=asyncssh.import_authorized_keys(
                    ours.export_public_key().decode()
                ),
                sftp_factory=lambda channel: _Files(channel, chroot=bytes(root)),
            )

        self._acceptor = asyncio.run_coroutine_threadsafe(listen(), self._loop).result()
        self.port = self._acceptor.get_port()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._acceptor.close)
        self._loop.call_soon_threadsafe(self._loop.stop)


OURS = asyncssh.generate_private_key("ssh-ed25519")


def sftp_access(server: Server, **changed: Any) -> Access:
    host_key = server.host_key.export_public_key().decode().strip()
    given: dict[str, Any] = {
        "base_url": f"sftp://127.0.0.1:{server.port}/exchange",
        "key": "sesame",
        "options": {"user": "fullcycle", "host_key": host_key},
    }
    return Access(**{**given, **changed})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "exchange"
    for name in ("to_payroll", "from_payroll"):
        (root / name).mkdir(parents=True)
    return root


@pytest.fixture
def server(root: Path) -> Iterator[Server]:
    server = Server(root.parent, OURS)
    yield server
    server.stop()


@pytest.fixture
def folder(root: Path) -> Place_:
    return Place_(root, Access(f"file://{root}"))


@pytest.fixture(params=["folder", "sftp"])
def place(request: pytest.FixtureRequest, root: Path) -> Place_:
    if request.param == "folder":
        return Place_(root, Access(f"file://{root}"))
    return Place_(root, sftp_access(request.getfixturevalue("server")))


def a_hire(**changed: Any) -> CreateHire:
    hire = CreateHire(
        application_key="HARBOR-3.aa",
        first_name="Zoë",
        last_name='O"Byron, Jr.',
        email="ada@example.test",
        title="Electrician",
        start_on=START,
        rate_cents=3850,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=DENVER,
        entity="Harbor Works Inc.",
        report_by=date(2026, 4, 5),
    )
    return hire.model_copy(update=changed)


def a_correction() -> CorrectHire:
    return CorrectHire(
        employee_ref="E-7",
        start_on=START,
        rate_cents=3850,
        unit=PayUnit.HOUR,
        exempt=False,
        work_place=DENVER,
    )


def test_a_hire_is_one_file_of_one_line(place: Place_) -> None:
    receipt = place.port.create_hire(a_hire(), "k1")

    assert receipt.external_id == "HARBOR-3.aa"
    assert place.ours == ["hire-HARBOR-3.aa.csv"]
    text = (place.root / "to_payroll" / "hire-HARBOR-3.aa.csv").read_text(encoding="utf-8")
    assert list(csv.DictReader(io.StringIO(text))) == [
        {
            "reference": "HARBOR-3.aa",
            "action": "create",
            "employee_id": "",
            "first_name": "Zoë",
            "last_name": 'O"Byron, Jr.',
            "email": "ada@example.test",
            "title": "Electrician",
            "start_on": "2026-03-16",
            "rate": "38.50",
            "unit": "hour",
            "exempt": "no",
            "entity": "Harbor Works Inc.",
            "city": "Denver",
            "region": "CO",
            "country": "US",
            "place_code": "US-CO",
            "new_hire_report_to": "US-CO",
            "report_by": "2026-04-05",
        }
    ]


@pytest.mark.parametrize(
    ("code", "country", "by", "told"),
    [
        ("US-NY-NYC", "US", date(2026, 4, 5), ("US-NY", "2026-04-05")),
        ("CA-ON", "CA", None, ("", "")),
    ],
)
def test_the_file_says_which_state_is_told_of_a_hire_and_until_when(
    code: str, country: str, by: date | None, told: tuple[str, str]
) -> None:
    place = Place(code=code, city="Here", country=country)
    written = hire_file(a_hire(work_place=place, report_by=by))
    (row,) = csv.DictReader(io.StringIO(written.decode()))
    assert (row["new_hire_report_to"], row["report_by"]) == told


def test_the_same_hire_written_twice_is_one_file_with_the_same_bytes(place: Place_) -> None:
    first = place.port.create_hire(a_hire(), "k1")
    written = (place.root / "to_payroll" / place.ours[0]).read_bytes()

    assert place.port.create_hire(a_hire(), "k1") == first
    assert place.ours == ["hire-HARBOR-3.aa.csv"]
    assert (place.root / "to_payroll" / place.ours[0]).read_bytes() == written


def test_what_was_left_of_a_crash_is_written_over(place: Place_) -> None:
    (place.root / "to_payroll" / ".hire-HARBOR-3.aa.csv.tmp").write_bytes(b"half")
    assert place.port.find(a_hire(), "k1") is None

    place.port.create_hire(a_hire(), "k1")

    assert place.ours == ["hire-HARBOR-3.aa.csv"]
    assert place.port.find(a_hire(), "k1") is not None


def test_a_hire_payroll_has_acknowledged_is_found_although_its_file_is_gone(place: Place_) -> None:
    place.port.create_hire(a_hire(), "k1")
    place.payroll_writes(TAKEN)
    (place.root / "to_payroll" / "hire-HARBOR-3.aa.csv").unlink()

    assert place.port.find(a_hire(), "k1") is not None


def test_a_correction_is_a_file_of_its_own_and_found_by_its_key(place: Place_) -> None:
    assert place.port.find(a_correction(), "c1") is None
    for _ in range(2):
        place.port.correct_hire(a_correction(), "c1")

    assert place.port.find(a_correction(), "c1") is not None
    assert place.port.find(a_correction(), "c2") is None
    assert len(place.ours) == 1


def test_a_hire_counts_when_payroll_says_so_and_not_before(place: Place_) -> None:
    place.port.create_hire(a_hire(), "k1")
    assert place.employees("HARBOR-3.aa") == []

    place.payroll_writes(TAKEN)
    (ada,) = place.employees("HARBOR-3.aa")

    assert (ada.external_id, ada.application_key) == ("E-7", "HARBOR-3.aa")
    assert ada.onboarding is OnboardingStatus.IN_PROGRESS
    assert (ada.entity, ada.title, ada.work_place) == (
        "Harbor Works Inc.",
        "Electrician",
        "Denver, CO",
    )
    assert (ada.start_on, ada.rate_cents, ada.unit) == (START, 3850, PayUnit.HOUR)
    assert ada.updated_at == datetime(2026, 3, 3, tzinfo=UTC)


def test_the_first_pay_statement_is_proved_by_a_line(place: Place_) -> None:
    place.port.create_hire(a_hire(), "k1")
    place.payroll_writes(TAKEN)
    assert place.statements("E-7") == []

    place.payroll_writes(PAID, name="2.csv")
    (paid,) = place.statements("E-7")

    assert (paid.external_id, paid.employee_ref) == ("E-7:2026-04-03", "E-7")
    assert (paid.gross_cents, paid.rate_cents, paid.unit) == (308_000, 3850, PayUnit.HOUR)
    assert (paid.start_on, paid.work_place, paid.entity) == (
        START,
        "Denver, CO",
        "Harbor Works Inc.",
    )
    assert (paid.period_start_on, paid.period_end_on) == (date(2026, 3, 14), date(2026, 3, 27))
    assert [e.onboarding for e in place.employees("HARBOR-3.aa")] == [OnboardingStatus.COMPLETE]
    assert place.statements("E-8") == []


def test_the_terms_payroll_says_count_more_than_ours_and_its_last_word_most(
    folder: Place_,
) -> None:
    folder.port.create_hire(a_hire(), "k1")
    typo = TERMS.replace("38.50", "35.80")
    folder.payroll_writes(f"{TAKEN},{typo}")
    assert [hire.rate_cents for hire in folder.employees("HARBOR-3.aa")] == [3580]

    folder.payroll_writes(f"HARBOR-3.aa,E-7,complete,,2026-03-05,{TERMS}", name="2.csv")
    assert [hire.rate_cents for hire in folder.employees("HARBOR-3.aa")] == [3850]


def test_a_hire_payroll_refuses_is_named_without_its_words(folder: Place_) -> None:
    folder.payroll_writes("HARBOR-3.aa,,refused,Ada has no visa,2026-03-03", TAKEN_BY_BOB)

    pages = folder.read("employees", "HARBOR-3.aa", "HARBOR-3.bb")

    assert [ref for page in pages for ref in page.refused] == ["HARBOR-3.aa"]
    assert "visa" not in str([page.refused for page in pages])


TAKEN_BY_BOB = f"HARBOR-3.bb,E-8,taken,,2026-03-03,{TERMS}"


@pytest.mark.parametrize(
    "line",
    [
        "HARBOR-3.aa,E-7,swallowed,,2026-03-03",
        "HARBOR-3.aa,,taken,,2026-03-03",
        "HARBOR-3.aa,E-7,taken,,yesterday",
        "HARBOR-3.aa,E-7,,,2026-03-03",
        "HARBOR-3.aa,E-7,paid,,2026-04-03",
        PAID.replace("3080.00", "Infinity"),
        PAID.replace("3080.00", "3.080,00"),
        PAID.replace("hour", "fortnight"),
        f"{TAKEN},Electrician",
        f"{TAKEN},{TERMS.replace('38.50', '38.505')}",
    ],
)
def test_a_line_that_makes_no_sense_is_unreadable_for_that_hire_alone(
    folder: Place_, line: str
) -> None:
    folder.payroll_writes(f"{TAKEN},{TERMS}", line, TAKEN_BY_BOB)

    assert list(folder.unreadable("HARBOR-3.aa", "HARBOR-3.bb")) == ["HARBOR-3.aa"]
    assert [e.application_key for e in folder.employees("HARBOR-3.aa", "HARBOR-3.bb")] == [
        "HARBOR-3.bb"
    ]
    assert folder.statements("E-7") == []


@pytest.mark.parametrize(
    ("lines", "spoilt"),
    [
        ([f"{TAKEN},{TERMS}", PAID.replace("E-7", "E-9")], ["HARBOR-3.aa"]),
        ([f"{TAKEN},{TERMS}", TAKEN_BY_BOB.replace("E-8", "E-7")], ["HARBOR-3.aa", "HARBOR-3.bb"]),
    ],
)
def test_one_hire_has_one_employee_id_and_shares_it_with_nobody(
    folder: Place_, lines: list[str], spoilt: list[str]
) -> None:
    folder.payroll_writes(*lines)
    assert sorted(folder.unreadable("HARBOR-3.aa", "HARBOR-3.bb")) == spoilt
    assert folder.statements("E-7") == folder.statements("E-9") == []


def test_a_file_still_being_written_is_read_when_its_last_line_has_an_end(folder: Place_) -> None:
    torn = f"{HEADER}\r\n{PAID.removesuffix('.00')}"[:-1]
    path = folder.root / "from_payroll" / "1.csv"
    path.write_text(torn)
    assert list(folder.unreadable()) == ["1.csv"]
    assert folder.statements("E-7") == []

    folder.payroll_writes(f"{TAKEN},{TERMS}", PAID)
    assert folder.unreadable() == {}
    assert len(folder.statements("E-7")) == 1


@pytest.mark.parametrize("content", [b"\xff\xfe\n", b"a,b\n", b"\n", b"\x00\n", b'"\n'])
def test_a_file_that_is_no_acknowledgement_is_named_and_keeps_no_other_from_being_read(
    folder: Place_, content: bytes
) -> None:
    folder.payroll_writes(TAKEN_BY_BOB)
    (folder.root / "from_payroll" / "0.csv").write_bytes(content)

    assert list(folder.unreadable("HARBOR-3.bb")) == ["0.csv"]
    assert len(folder.employees("HARBOR-3.bb")) == 1


def test_hidden_files_and_others_are_left_alone(folder: Place_) -> None:
    for name in (".1.csv", "1.csv.tmp", "notes.txt"):
        folder.payroll_writes("nonsense", name=name)
    assert folder.unreadable("HARBOR-3.aa") == {}


def test_a_file_with_a_byte_order_mark_and_columns_of_its_own_is_read(folder: Place_) -> None:
    folder.payroll_writes(
        f"{TAKEN},{TERMS},,,,,123-45-6789", header="\ufeff" + HEADER + ",Social Security"
    )
    (ada,) = folder.employees("HARBOR-3.aa")
    assert b"123-45" not in ada.document


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\tx"])
def test_a_name_that_a_spreadsheet_would_run_is_refused(folder: Place_, name: str) -> None:
    with pytest.raises(Refused, match="by hand") as told:
        folder.port.create_hire(a_hire(first_name=name), "k1")
    assert name not in str(told.value)
    assert folder.ours == []


def test_a_reference_that_is_no_file_name_leads_nowhere_else(folder: Place_) -> None:
    folder.port.create_hire(a_hire(application_key="../../up"), "k1")
    (name,) = folder.ours
    assert name.startswith("hire-")
    assert ".." not in name


def test_everybody_payroll_has_taken_is_listed(folder: Place_) -> None:
    folder.payroll_writes(TAKEN, TAKEN_BY_BOB, "HARBOR-3.cc,,refused,,2026-03-03")
    (page,) = folder.read("all_employees")
    assert [record.external_id for record in page.records] == ["E-7", "E-8"]


def test_a_folder_that_is_not_mounted_is_not_written_to(tmp_path: Path) -> None:
    port = connect(Access(f"file://{tmp_path}"))
    with pytest.raises(Misconfigured, match="mounted"):
        port.create_hire(a_hire(), "k1")
    with pytest.raises(Misconfigured, match="mounted"):
        list(port.changes("employees", None, ["HARBOR-3.aa"]))
    assert list(tmp_path.iterdir()) == []


def test_a_look_finds_both_folders_and_leaves_nothing_in_them(place: Place_) -> None:
    place.payroll_writes("HARBOR-3.aa,E-1,taken,,2026-03-16,,,,,,,,,,")

    checks = {check.what: check.wrong for check in place.port.check()}

    assert checks == {"to_payroll": "", "from_payroll": ""}
    assert place.ours == []


@pytest.mark.parametrize("missing", ["to_payroll", "from_payroll"])
def test_the_folder_that_is_missing_is_named(place: Place_, missing: str) -> None:
    (place.root / missing).rmdir()

    [wrong] = [check for check in place.port.check() if check.wrong]

    assert (wrong.what, "have payroll make the folder" in wrong.remedy) == (missing, True)


@pytest.mark.parametrize(("forbidden", "wrong"), [("write", ["to_payroll"]), ("remove", [])])
def test_a_server_on_which_no_hire_can_be_written_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch, forbidden: str, wrong: list[str]
) -> None:
    monkeypatch.setattr(_Files, "forbidden", forbidden)

    checks = list(connect(sftp_access(server)).check())

    assert [check.what for check in checks if check.wrong] == wrong


def test_what_comes_too_late_is_not_written(place: Place_) -> None:
    with deadline.within(-1), pytest.raises(TooLate):
        place.port.create_hire(a_hire(), "k1")
    assert place.ours == []


def test_our_own_key_opens_the_server_too(root: Path, server: Server) -> None:
    private = OURS.export_private_key().decode()
    access = sftp_access(server, key="", secrets={"private_key": private})
    connect(access).create_hire(a_hire(), "k1")
    assert Place_(root, access).ours == ["hire-HARBOR-3.aa.csv"]


class _Clumsy:
    """Everybody's rate is mistyped."""

    def by_email(self, email: str) -> Any:
        return SimpleNamespace(behaviour=SimpleNamespace(pay_error=True))


def test_a_hire_is_taken_mistyped_corrected_and_paid_what_was_signed(folder: Place_) -> None:
    world = World(seed=7, now=datetime(2026, 3, 2, 9, tzinfo=UTC))
    PayrollClerk(world, _Clumsy(), folder.root)
    folder.port.create_hire(a_hire(), "k1")
    world.advance(world.now + timedelta(days=1))
    (taken,) = folder.employees("HARBOR-3.aa")
    assert (taken.rate_cents, taken.onboarding) == (3658, OnboardingStatus.IN_PROGRESS)

    correction = a_correction().model_copy(update={"employee_ref": taken.external_id})
    folder.port.correct_hire(correction, "c1")
    world.advance(world.now + timedelta(days=4))
    (complete,) = folder.employees("HARBOR-3.aa")
    assert (complete.rate_cents, complete.onboarding) == (3850, OnboardingStatus.COMPLETE)
    assert folder.statements(taken.external_id) == []

    world = World(seed=7, now=world.now)  # after a restart
    clerk = PayrollClerk(world, _Clumsy(), folder.root)
    world.advance(datetime(2026, 4, 4, tzinfo=UTC))
    (paid,) = folder.statements(taken.external_id)
    assert (paid.rate_cents, paid.gross_cents) == (3850, 308_000)
    assert clerk.received == {"employees": ["HARBOR-3.aa"], "pay_stubs": ["HARBOR-3.aa 2026-04-03"]}


def test_where_nobody_has_made_the_folders_there_is_no_clerk(tmp_path: Path) -> None:
    world = World(seed=7, now=datetime(2026, 3, 2, 9, tzinfo=UTC))
    PayrollClerk(world, _Clumsy(), tmp_path)
    assert world.next_event_at() is None


OTHER = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
Change = Callable[[Access], dict[str, Any]]


@pytest.mark.parametrize(
    "change",
    [
        lambda access: {"key": "guess"},
        lambda access: {"options": {**access.options, "host_key": OTHER}},
        lambda access: {"options": {**access.options, "host_key": "no key"}},
        lambda access: {"secrets": {"private_key": "no key"}},
        lambda access: {"base_url": access.base_url + "/elsewhere"},
    ],
)
def test_a_server_that_is_not_ours_to_use_is_a_matter_of_settings(
    root: Path, server: Server, change: Change
) -> None:
    port = connect(sftp_access(server, **change(sftp_access(server))))
    with pytest.raises(Misconfigured) as told:
        port.create_hire(a_hire(), "k1")
    assert "sesame" not in str(told.value)
    assert Place_(root, Access("")).ours == []


def test_a_server_that_is_away_is_unavailable(server: Server) -> None:
    access = sftp_access(server, base_url="sftp://127.0.0.1:1/exchange")
    with pytest.raises(Unavailable):
        connect(access).create_hire(a_hire(), "k1")


@pytest.mark.parametrize(
    ("base_url", "options"),
    [("https://x.example", {}), ("", {}), ("sftp://x.example", {"user": "me"})],
)
def test_an_address_we_cannot_use_is_told_at_once(base_url: str, options: dict[str, str]) -> None:
    with pytest.raises(Misconfigured):
        connect(Access(base_url, options=options))


def test_what_a_hand_over_cannot_do_has_a_name(folder: Place_) -> None:
    with pytest.raises(Unsupported):
        folder.read("reports")
    with pytest.raises(Unsupported):
        folder.port.find(CloseJob(job_ref="1"), "k1")


@given(st.integers(min_value=1, max_value=10**9), st.sampled_from(PayUnit), st.dates())
def test_terms_are_read_back_as_they_were_written(cents: int, unit: PayUnit, day: date) -> None:
    terms = handed(hire_file(a_hire(rate_cents=cents, unit=unit, start_on=day)))
    assert (terms.rate_cents, terms.unit, terms.start_on) == (cents, unit, day)


@given(st.binary(max_size=60))
def test_whatever_payroll_writes_is_read_or_named(content: bytes) -> None:
    header = b"reference,employee_id,status,message,on\n"
    found = acknowledged({"1.csv": header + content + b"\n"})
    assert found.lines or found.unreadable or not content.strip()
