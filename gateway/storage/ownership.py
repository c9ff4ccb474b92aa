"""Who may serve a SQLite file: one process, the owner, which holds an advisory lock for as long as it lives.

The lock is `flock` on a file of its own beside the database (`frontdesk.db.lock`): the database file
itself carries SQLite's POSIX locks, and those are lost as soon as anybody in the process closes it
(https://www.sqlite.org/howtocorrupt.html#posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
The operating system lets go of it with the process, however that ends; the file stays, and says nothing then.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import StorageUnavailable
from gateway.storage.engine import parse_url

SUFFIX = ".lock"
REMEDY = "stop that one first, or move to PostgreSQL, which many may serve: frontdesk copy-database FROM TO"
TRIES = 4
AGAIN_SECONDS = 0.05


def file_of(url: str) -> Path | None:
    """The SQLite file that `url` names, with links followed; None for PostgreSQL. Raises SettingsError."""
    parsed = parse_url(url)
    if not parsed.drivername.startswith("sqlite") or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database)).resolve()


@contextmanager
def owning(url: str, remedy: str = REMEDY) -> Iterator[None]:
    """Own the SQLite file of `url` while the block lasts; on PostgreSQL anybody may.

    Raises StorageUnavailable where another process owns it, with its number and `remedy`.
    """
    path = file_of(url)
    if path is None:
        yield
        return
    descriptor = _open(path)
    try:
        if not _lock_soon(descriptor):
            pid = _written(descriptor)
            process = f"process {pid}" if pid else "another process"
            raise StorageUnavailable(f"the database {path} is in use by {process}; {remedy}")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def owner(url: str) -> int | None:
    """The number of the process that owns the SQLite file of `url`; 0 where it cannot be told, None for
    nobody."""
    path = file_of(url)
    if path is None:
        return None
    try:
        descriptor = os.open(_beside(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return None if _lock(descriptor, fcntl.LOCK_SH) else _written(descriptor)
    finally:
        os.close(descriptor)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def _open(path: Path) -> int:
    try:
        descriptor = os.open(_beside(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        _hand_over(descriptor, path)
    except FileNotFoundError:
        reason = f"database folder {path.parent} does not exist; create it or change database_url"
        raise StorageUnavailable(reason) from None
    except OSError as error:
        reason = f"cannot lock the database at {_beside(path)}: {error.strerror}; make the folder writable"
        raise StorageUnavailable(reason) from None
    return descriptor


def _hand_over(descriptor: int, path: Path) -> None:
    """What root made for a moment must not shut out the database's own user, as SQLite has it with its own
    files beside the database."""
    if os.geteuid() == 0:
        beside = (path if path.exists() else path.parent).stat()
        os.fchown(descriptor, beside.st_uid, beside.st_gid)


def _lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Whether the lock is ours now. A file system that knows no locks guards nobody, and refuses nobody."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
    return True


def _lock_soon(descriptor: int) -> bool:
    """`_lock`, with a little patience: somebody may just be looking who the owner is."""
    for _ in range(TRIES):
        if _lock(descriptor):
            return True
        time.sleep(AGAIN_SECONDS)
    return False


def _written(descriptor: int) -> int:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else 0
