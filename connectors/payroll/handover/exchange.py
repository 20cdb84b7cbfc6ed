"""Where the files of a hand-over lie: a folder of this machine, or an SFTP server.

A file appears whole or not at all: it is written beside its name and renamed over it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast
from urllib.parse import unquote, urlsplit

from connectors import deadline
from connectors.access import Access
from connectors.errors import Misconfigured, Unavailable
from connectors.health import PROBE
from connectors.payroll.handover.files import NAME

if TYPE_CHECKING:
    import asyncssh

TO_PAYROLL, FROM_PAYROLL = "to_payroll", "from_payroll"
HIDDEN = f".{PROBE}"
SECONDS = 30

T = TypeVar("T")


class Exchange(Protocol):
    """Two folders; payroll makes them, so that an empty mount point is not taken for them."""

    def put(self, name: str, content: bytes) -> None:
        """Put a file into `to_payroll`; doing it twice is harmless."""

    def get(self, name: str) -> bytes | None:
        """Read a file in `to_payroll`; None if there is none."""

    def received(self) -> Mapping[str, bytes]:
        """Read all files in `from_payroll` that end in .csv and are not hidden."""

    def probe(self) -> None:
        """Write an empty hidden file into `to_payroll`, read it, and remove it."""


def open_exchange(access: Access) -> Exchange:
    """Open the address; raises Misconfigured if it is none, or lacks what it needs."""
    url = urlsplit(access.base_url)
    if url.scheme == "file":
        return Folder(Path(unquote(url.path)))
    if url.scheme != "sftp" or not url.hostname:
        raise Misconfigured(NAME, "the address is file:///FOLDER or sftp://HOST/FOLDER")
    if missing := [name for name in ("user", "host_key") if not access.options.get(name)]:
        raise Misconfigured(NAME, f"options missing: {', '.join(missing)}")
    return Sftp(access, url.hostname, url.port or 22, unquote(url.path).rstrip("/"))


class Folder:
    """A folder of this machine, or one that is mounted here."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, content: bytes) -> None:
        """Put a file into `to_payroll`, whole or not at all."""
        deadline.check()
        with _local():
            path = self._folder(TO_PAYROLL) / name
            unfinished = path.with_name(f".{name}.tmp")
            unfinished.write_bytes(content)
            deadline.check()
            unfinished.replace(path)

    def get(self, name: str) -> bytes | None:
        """Read a file in `to_payroll`."""
        with _local():
            path = self._folder(TO_PAYROLL) / name
            return path.read_bytes() if path.is_file() else None

    def received(self) -> Mapping[str, bytes]:
        """Read what payroll has written."""
        with _local():
            files = [path for path in self._folder(FROM_PAYROLL).iterdir() if path.is_file()]
            return {path.name: path.read_bytes() for path in files if _is_meant(path.name)}

    def probe(self) -> None:
        """Write, read and remove a hidden file in `to_payroll`."""
        with _local():
            path = self._folder(TO_PAYROLL) / HIDDEN
            path.write_bytes(b"")
            path.read_bytes()
            path.unlink()

    def _folder(self, name: str) -> Path:
        folder = self._root / name
        if not folder.is_dir():
            raise Misconfigured(NAME, f"there is no folder {name!r}: is it mounted, and made?")
        return folder


class Sftp:
    """A folder of an SFTP server. Each call has a connection of its own, so threads may share it.

    Docs: https://asyncssh.readthedocs.io. The server is known by its key, and no other is trusted.
    """

    def __init__(self, access: Access, host: str, port: int, root: str) -> None:
        self._access, self._host, self._port, self._root = access, host, port, root

    def put(self, name: str, content: bytes) -> None:
        """Put a file into `to_payroll`, whole or not at all."""
        path, unfinished = self._path(TO_PAYROLL, name), self._path(TO_PAYROLL, f".{name}.tmp")

        async def put(sftp: "asyncssh.SFTPClient") -> None:
            if await _content(sftp, path) == content:
                return
            async with sftp.open(unfinished, "wb") as file:
                await file.write(content)
            deadline.check()
            await _rename(sftp, unfinished, path)

        deadline.check()
        self._do(put)

    def get(self, name: str) -> bytes | None:
        """Read a file in `to_payroll`."""
        return self._do(lambda sftp: _content(sftp, self._path(TO_PAYROLL, name)))

    def received(self) -> Mapping[str, bytes]:
        """Read what payroll has written."""

        async def read(sftp: "asyncssh.SFTPClient") -> dict[str, bytes]:
            names = [str(name) for name in await sftp.listdir(self._path(FROM_PAYROLL))]
            files = {
                name: await _content(sftp, self._path(FROM_PAYROLL, name))
                for name in names
                if _is_meant(name)
            }
            return {name: content for name, content in files.items() if content is not None}

        return self._do(read)

    def probe(self) -> None:
        """Write, read and remove a hidden file in `to_payroll`; hires need no right to remove."""
        import asyncssh

        path = self._path(TO_PAYROLL, HIDDEN)

        async def tried(sftp: "asyncssh.SFTPClient") -> None:
            async with sftp.open(path, "wb"):
                pass
            await _content(sftp, path)
            with suppress(asyncssh.SFTPPermissionDenied):
                await sftp.remove(path)

        self._do(tried)

    def _path(self, *parts: str) -> str:
        return "/".join((self._root, *parts))

    def _do(self, what: Callable[["asyncssh.SFTPClient"], Awaitable[T]]) -> T:
        """Connect, and do it on a thread of its own: this may be called where a loop runs."""

        async def connected() -> T:
            import asyncssh  # 0.2 s, for whoever has such an account

            secret = self._access.secrets.get("private_key")
            trusted = asyncssh.import_public_key(self._access.options["host_key"])
            async with (
                asyncssh.connect(
                    self._host,
                    self._port,
                    username=self._access.options["user"],
                    password=self._access.key or None,
                    client_keys=[asyncssh.import_private_key(secret)] if secret else None,
                    known_hosts=([trusted], [], []),
                    agent_path=None,
                    config=None,
                    connect_timeout=SECONDS,
                    login_timeout=SECONDS,
                ) as connection,
                connection.start_sftp_client() as sftp,
            ):
                return await asyncio.wait_for(what(sftp), SECONDS)

        with _remote(), ThreadPoolExecutor(1) as thread:
            return thread.submit(copy_context().run, asyncio.run, connected()).result()


async def _content(sftp: "asyncssh.SFTPClient", path: str) -> bytes | None:
    import asyncssh

    try:
        async with sftp.open(path, "rb") as file:
            return cast(bytes, await file.read())
    except asyncssh.SFTPNoSuchFile:
        return None


async def _rename(sftp: "asyncssh.SFTPClient", old: str, new: str) -> None:
    """Rename over what is there; a server that cannot, renames where nothing is."""
    import asyncssh

    try:
        await sftp.posix_rename(old, new)
    except asyncssh.SFTPOpUnsupported:
        await sftp.rename(old, new)


@contextmanager
def _local() -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise Misconfigured(NAME, "no permission in the folder") from None
    except OSError as failure:
        told = f"the folder cannot be read or written now: {type(failure).__name__}"
        raise Unavailable(NAME, told) from None


@contextmanager
def _remote() -> Iterator[None]:
    """Name what went wrong, and quote nothing: servers tell users and paths."""
    import asyncssh

    ours = (
        asyncssh.PermissionDenied,
        asyncssh.HostKeyNotVerifiable,
        asyncssh.KeyImportError,
        asyncssh.SFTPPermissionDenied,
        asyncssh.SFTPNoSuchFile,
        asyncssh.SFTPNoSuchPath,
    )
    try:
        yield
    except ours as failure:
        told = f"the server or the folder is not ours to use: {type(failure).__name__}"
        raise Misconfigured(NAME, f"{told}: check user, key, host key and folders") from None
    except (asyncssh.Error, OSError, TimeoutError) as failure:
        told = f"the server cannot be reached now: {type(failure).__name__}"
        raise Unavailable(NAME, told) from None


def _is_meant(name: str) -> bool:
    return name.endswith(".csv") and not name.startswith(".")
