"""A backup: one tar file with the database, the uploaded files and the secret, made while the gateway runs.

`manifest.json` comes first in it and says what follows, so that a file that was cut off or changed is found
out before anything is restored from it.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

from gateway.errors import FrontdeskError, NotFound
from gateway.media import path_of
from gateway.messages import Value
from gateway.processes.secret import FILE as SECRET
from gateway.storage.snapshot import examine, files_of, revision_of, take_snapshot

MANIFEST, DATABASE, MEDIA = "manifest.json", "frontdesk.db", "media"
FORMAT = 1
CHUNK = 1024 * 1024

Advance = Callable[[str, int, int], None]
"""Called with what is being done, how much is done and how much there is."""


class Manifest(Value, frozen=True, kw_only=True):
    """What a backup holds. `sizes` are bytes by name within it, `digest` is the database's SHA-256."""

    format: int
    made_at: datetime
    revision: str | None
    digest: str
    sizes: dict[str, int]
    missing: int = 0
    """Uploaded files that the database speaks of and the folder did not have."""


class Place(Value, frozen=True, kw_only=True):
    """Where an installation keeps its things."""

    database: Path
    data_dir: Path

    @property
    def secret(self) -> Path:
        """The generated secret, where there is one."""
        return self.data_dir / SECRET

    @property
    def media(self) -> Path:
        """The uploaded files."""
        return self.data_dir / MEDIA


def make_backup(place: Place, target: Path, now: datetime, advance: Advance) -> Manifest:
    """Write the backup `target`, readable by its owner alone; it appears only when it is whole.

    Raises FrontdeskError: no room, no right to write there, a damaged or an empty database.
    """
    _require_room(place, target.parent)
    with _told(target.parent), tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
        copy = Path(folder) / DATABASE
        take_snapshot(place.database, copy, lambda done, total: advance("database", done, total))
        revision = revision_of(copy)
        if revision is None:
            raise FrontdeskError(f"the database {place.database} is empty; run: frontdesk migrate")
        sources = _sources(place, copy)
        manifest = Manifest(
            format=FORMAT,
            made_at=now,
            revision=revision,
            digest=_digest(copy),
            sizes={name: path.stat().st_size for name, path in sources.items()},
            missing=len(files_of(copy)) - sum(name.startswith(MEDIA) for name in sources),
        )
        packed = Path(folder) / "packed"
        _pack(packed, manifest, sources, advance)
        packed.replace(target)
        _sync(target.parent)
    return manifest


def restore_backup(source: Path, place: Place, known: frozenset[str], advance: Advance, *, suffix: str) -> Manifest:
    """Put the installation `place` back to what `source` holds; what stood there is kept beside it, its
    names ending in `suffix`. `known` are the schema revisions this program can bring up to date.

    Nothing is touched before all of it was found sound. Raises FrontdeskError.
    """
    with _told(place.database.parent):
        for parent in (place.database.parent, place.data_dir):
            parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=place.database.parent) as name:
            folder = Path(name)
            manifest = _unpack(source, folder, advance)
            if manifest.revision not in known:
                raise FrontdeskError(f"{source} was made by a newer Frontdesk; update this one first")
            _examine(folder, manifest)
            _put_files(folder, place, manifest, advance)
            _put_aside_and_replace(folder, place, suffix)
    return manifest


# --- making ----------------------------------------------------------------------------------


def _sources(place: Place, copy: Path) -> dict[str, Path]:
    """Files by their name in the backup. A file is on disk before the database speaks of it, so all that the
    copy speaks of is there, but for what was lost earlier."""
    sources = {DATABASE: copy}
    if place.secret.is_file():
        sources[SECRET] = place.secret
    for file_id in files_of(copy):
        try:
            path = path_of(place.media, file_id)
        except NotFound:
            continue
        if path.is_file():
            sources[f"{MEDIA}/{path.name}"] = path
    return sources


def _pack(packed: Path, manifest: Manifest, sources: dict[str, Path], advance: Advance) -> None:
    total, done = sum(manifest.sizes.values()), 0
    with packed.open("xb") as raw:
        packed.chmod(0o600)
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
            head = msgspec.json.format(msgspec.json.encode(manifest))
            archive.addfile(_member(MANIFEST, len(head), manifest.made_at), io.BytesIO(head))
            for name, path in sources.items():
                with path.open("rb") as content:
                    archive.addfile(_member(name, manifest.sizes[name], manifest.made_at), content)
                done += manifest.sizes[name]
                advance("backup file", done, total)
        raw.flush()
        os.fsync(raw.fileno())


def _member(name: str, size: int, at: datetime) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(at.timestamp())
    return member


def _require_room(place: Place, folder: Path) -> None:
    """The database is copied and then packed, so for a while it is there twice."""
    if not folder.is_dir():
        raise FrontdeskError(f"the folder {folder} does not exist; create it or choose another")
    wal = place.database.with_name(place.database.name + "-wal")
    database = place.database.stat().st_size + (wal.stat().st_size if wal.exists() else 0)
    files = sum(path.stat().st_size for path in place.media.rglob("*") if path.is_file())
    need, free = 2 * database + files, shutil.disk_usage(folder).free
    if free < need:
        raise FrontdeskError(f"{folder} has room for {free >> 20} MiB and the backup needs {(need >> 20) + 1} MiB")


# --- restoring -------------------------------------------------------------------------------


def _unpack(source: Path, folder: Path, advance: Advance) -> Manifest:
    """Everything that the manifest names, into `folder`; nothing else is looked at."""
    try:
        with source.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|") as archive:
            members = iter(archive)
            manifest = _read_manifest(archive, next(members, None))
            total, done = sum(manifest.sizes.values()), 0
            missing = set(manifest.sizes)
            for member in members:
                content = archive.extractfile(member)
                if content is None or member.name not in missing or member.size != manifest.sizes[member.name]:
                    raise FrontdeskError(f"{source} is not what its manifest says: {member.name}")
                missing.remove(member.name)
                _write(folder / Path(member.name).name, content)
                done += member.size
                advance("backup file", done, total)
    except (tarfile.TarError, msgspec.MsgspecError, EOFError):
        raise FrontdeskError(f"{source} is not a whole backup of Frontdesk") from None
    if missing or DATABASE not in manifest.sizes:
        raise FrontdeskError(f"{source} is cut off: {len(missing)} files are missing from it")
    return manifest


def _read_manifest(archive: tarfile.TarFile, member: tarfile.TarInfo | None) -> Manifest:
    content = archive.extractfile(member) if member is not None and member.name == MANIFEST else None
    if content is None:
        raise tarfile.ReadError("no manifest")
    manifest = msgspec.json.decode(content.read(), type=Manifest)
    if manifest.format != FORMAT:
        raise FrontdeskError("the backup was made by a newer Frontdesk; update this one first")
    return manifest


def _examine(folder: Path, manifest: Manifest) -> None:
    if _digest(folder / DATABASE) != manifest.digest:
        raise FrontdeskError("the database in the backup was changed or damaged after it was made")
    examine(folder / DATABASE)


def _put_files(folder: Path, place: Place, manifest: Manifest, advance: Advance) -> None:
    """Uploaded files first: the database must never speak of a file that is not there."""
    names = [name for name in manifest.sizes if name.startswith(f"{MEDIA}/")]
    for number, name in enumerate(names, 1):
        path = path_of(place.media, Path(name).name)
        for parent in (place.media, path.parent):
            if not parent.is_dir():
                parent.mkdir()
                _hand_over(parent)
        _move(folder / path.name, path)
        advance("uploaded files", number, len(names))


def _put_aside_and_replace(folder: Path, place: Place, suffix: str) -> None:
    if (folder / SECRET).is_file():
        if place.secret.exists() and place.secret.read_bytes() != (folder / SECRET).read_bytes():
            place.secret.rename(place.secret.with_name(SECRET + suffix))
        _move(folder / SECRET, place.secret)
    for ending in ("-wal", "-shm", ""):
        old = place.database.with_name(place.database.name + ending)
        if old.exists():
            old.rename(place.database.with_name(place.database.name + suffix + ending))
    _move(folder / DATABASE, place.database)


def _move(source: Path, target: Path) -> None:
    """On one disk at once, else by copying."""
    shutil.move(source, target)
    _hand_over(target)
    _sync(target.parent)


def _hand_over(path: Path) -> None:
    """What root restores belongs to whom the folder belongs to, who will serve it."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


# --- files -----------------------------------------------------------------------------------


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turn what the disk says into a line for the operator."""
    try:
        yield
    except OSError as error:
        raise FrontdeskError(f"{error.filename or folder}: {error.strerror or error}") from None


def _write(path: Path, content: IO[bytes]) -> None:
    with path.open("xb") as target:
        path.chmod(0o600)
        shutil.copyfileobj(content, target, CHUNK)
        target.flush()
        os.fsync(target.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    """Make names in `folder` as lasting as the files."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
