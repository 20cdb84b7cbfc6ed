"""A folder of this machine, served to the public by any web server.

Docs: https://docs.python.org/3/library/os.html#os.replace
Access: `base_url` is the public address of the folder, `options["root"]` the folder itself.

Quirks
- A file appears whole or not at all: it is written beside its name and renamed over it. The
  unfinished one has a name that begins with a dot, so names with such a part are refused.
- Symbolic links that lead out of the folder are refused.
- Permissions follow the umask; nothing here decides who may read.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from connectors import deadline, health
from connectors.access import Access
from connectors.errors import Misconfigured, Refused, Unavailable
from connectors.health import PROBE, Check
from connectors.ports import DocumentStore
from connectors.vendor import Setting, Vendor

NAME = "filesystem"


def connect(access: Access) -> DocumentStore:
    """Open a folder."""
    return Filesystem(Path(access.options["root"]).resolve(), access.base_url.rstrip("/"))


class Filesystem:
    """Files below one folder."""

    def __init__(self, root: Path, base_url: str) -> None:
        self._root, self._base_url = root, base_url

    def put(self, name: str, content: bytes, content_type: str) -> str:
        """Store a file, whole or not at all; the type is the web server's to tell by the suffix."""
        deadline.check()
        path = self._path(name)
        unfinished = path.with_name(f".{uuid4().hex}.tmp")
        with _named(name):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with unfinished.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                deadline.check()  # whoever slept while writing must not replace what came after
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
        return f"{self._base_url}/{quote(name)}"

    def get(self, name: str) -> bytes:
        """Read a file; raises Refused if there is none."""
        with _named(name):
            return self._path(name).read_bytes()

    def delete(self, name: str) -> None:
        """Remove a file; removing what is not there is harmless."""
        deadline.check()
        with _named(name):
            self._path(name).unlink(missing_ok=True)

    def names(self, prefix: str) -> Sequence[str]:
        """List the names that begin with a prefix, sorted."""
        folder = prefix.rpartition("/")[0]
        top = self._path(folder) if folder else self._root
        found = (p.relative_to(self._root) for p in top.rglob("*") if p.is_file())
        names = (p.as_posix() for p in found if not p.name.startswith("."))
        return sorted(name for name in names if name.startswith(prefix))

    def check(self) -> Iterator[Check]:
        """Whether a file can be written, read and removed."""

        def probe() -> None:
            self.put(PROBE, b"", "text/plain")
            self.get(PROBE)
            self.delete(PROBE)

        yield health.files(probe)

    def _path(self, name: str) -> Path:
        hidden = any(part == "" or part.startswith(".") for part in name.split("/"))
        if hidden or "\\" in name or "\0" in name:
            raise Refused(NAME, "a name is a relative path without '..' or hidden parts")
        path = self._root / name
        if not path.resolve().is_relative_to(self._root):
            raise Refused(NAME, "a name may not lead out of the folder")
        return path


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError):
        raise Refused(NAME, f"there is no file {name!r}") from None
    except PermissionError:
        raise Misconfigured(NAME, f"no permission for {name!r}") from None
    except OSError:
        raise Unavailable(NAME, f"{name!r} cannot be read or written now") from None


VENDOR = Vendor(
    kind="documents",
    name=NAME,
    title="Filesystem",
    documents="",
    reads="files below one folder",
    writes=(
        "files below one folder, served to the public by any web server (the embedded system:"
        " by the receiver, under `/public`)"
    ),
    connect=connect,
    address="the folder's public address",
    settings=(Setting("root", "the folder", required=True),),
)
