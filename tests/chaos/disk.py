"""A home on a small disk of its own, so that it can be full without harming the machine."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOM_MEGABYTES = 8192
FILLINGS = 50


@contextmanager
def home(keep: bool = False) -> Iterator[Path]:
    """A new home on a disk of its own, if this user may mount one; gone afterwards, if not kept.

    The stand-ins' memory lies beside it: a full disk of ours is none of theirs.
    """
    parent = Path(tempfile.mkdtemp(prefix="fullcycle-"))
    place, vendors = parent / "home", parent / "vendors"
    place.mkdir(mode=0o711)
    vendors.mkdir()
    parent.chmod(0o711)  # the database's own user passes through
    mounted = _mount(place, f"size={ROOM_MEGABYTES}m,mode=0711")
    (place / "sandbox").symlink_to(vendors)
    try:
        yield place
    finally:
        if mounted and not keep:
            subprocess.run(["umount", "--lazy", str(place)], check=False)
        if not keep:
            shutil.rmtree(parent, ignore_errors=True)


def can_be_full(home: Path) -> bool:
    """Whether a home is on a disk of its own."""
    return home.is_mount()


def fill(home: Path) -> None:
    """Let the disk be as large as what is on it; that may grow while it is looked at."""
    for _ in range(FILLINGS):
        used = -(-shutil.disk_usage(home).used // 1024)
        if _mount(home, f"remount,size={used}k"):
            return
    raise AssertionError("the disk cannot be made that small")


def empty(home: Path) -> None:
    """Let there be room again."""
    assert _mount(home, f"remount,size={ROOM_MEGABYTES}m")


def _mount(place: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "fullcycle", str(place)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
