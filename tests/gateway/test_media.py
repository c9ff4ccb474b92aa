"""Uploaded files: on disk before their row, never larger than allowed, never outside their folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.errors import NotFound, RequestRefused, StorageUnavailable
from gateway.media import MediaStore, kind_of
from gateway.messages import MediaKind
from gateway.storage.engine import Database
from tests.gateway.flaky import FlakyDatabase

MIB = 1024 * 1024
UNKNOWN = "8da03259-656f-4c6a-b1db-dbaaa28f64dc"


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def store(sqlite_database: Database, tmp_path: Path, clock) -> MediaStore:
    return MediaStore(tmp_path / "media", sqlite_database, clock)


async def test_a_file_comes_back_as_it_was(store: MediaStore, sqlite_database: Database, clock) -> None:
    file = await store.save(
        stream(b"one ", b"", b"two"), name="a.txt", mime="text/plain", owner="identity:7", limit=MIB
    )
    assert await store.read(f"file:{file.id}") == b"one two"
    assert (file.size, file.owner, file.created_at) == (7, "identity:7", clock())
    async with sqlite_database.read() as view:
        assert await view.media.get(file.id) == file


async def test_an_empty_file_is_a_file(store: MediaStore) -> None:
    file = await store.save(stream(), name=None, mime=None, owner="staff:1", limit=MIB)
    assert (file.size, await store.read(f"file:{file.id}")) == (0, b"")


async def test_two_files_of_one_name_are_two(store: MediaStore) -> None:
    one, two = [await store.save(stream(b"x"), name="a", mime=None, owner="staff:1", limit=MIB) for _ in range(2)]
    assert one.id != two.id


@pytest.mark.parametrize(("size", "taken"), [(2 * MIB, True), (2 * MIB + 1, False)])
async def test_the_limit_holds_to_the_byte(store: MediaStore, tmp_path: Path, size: int, taken: bool) -> None:
    body = stream(b"x" * MIB, b"x" * (size - MIB))
    if taken:
        assert (await store.save(body, name="a", mime=None, owner="staff:1", limit=2 * MIB)).size == size
        return
    with pytest.raises(RequestRefused, match="larger than 2 MiB") as refused:
        await store.save(body, name="a", mime=None, owner="staff:1", limit=2 * MIB)
    assert refused.value.status == 413
    assert files_below(tmp_path / "media") == []


async def test_an_upload_that_breaks_off_leaves_nothing(store: MediaStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.save(broken(), name="a", mime=None, owner="staff:1", limit=MIB)
    assert files_below(tmp_path / "media") == []


async def test_a_file_without_a_row_does_not_stay(migrated_sqlite: Path, tmp_path: Path, clock) -> None:
    path = tmp_path / "flaky.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    database = FlakyDatabase(f"sqlite:///{path}")
    database.failures = [StorageUnavailable("away")]
    with pytest.raises(StorageUnavailable):
        await MediaStore(tmp_path / "media", database, clock).save(
            stream(b"x"), name="a", mime=None, owner="staff:1", limit=MIB
        )
    await database.close()
    assert files_below(tmp_path / "media") == []


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "file:",
        "file:..",
        "file:../secret",
        "file:../../etc/passwd",
        "/etc/passwd",
        "file:/etc/passwd",
        "file:..%2fsecret",
        "file:AgACAgIAAx",
        f"file:{UNKNOWN}/../../secret",
        f"file:{UNKNOWN}\x00",
        f"file:{UNKNOWN}",
    ],
)
async def test_nothing_but_our_own_files_is_read(store: MediaStore, tmp_path: Path, ref: str) -> None:
    (tmp_path / "secret").write_text("hush")
    with pytest.raises(NotFound):
        await store.read(ref)


def test_whatever_counts_as_an_id_stays_in_the_folder(store: MediaStore, tmp_path: Path) -> None:
    plain = uuid4()
    for spelling in (str(plain), str(plain).upper(), f"{{{plain}}}", f"urn:uuid:{plain}", plain.hex):
        path = store.path(spelling)
        assert path == tmp_path / "media" / str(plain)[:2] / str(plain)


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        ("image/png", MediaKind.IMAGE),
        ("video/mp4", MediaKind.VIDEO),
        ("audio/ogg", MediaKind.AUDIO),
        ("application/pdf", MediaKind.FILE),
        ("", MediaKind.FILE),
        (None, MediaKind.FILE),
        ("nonsense", MediaKind.FILE),
    ],
)
def test_kind_of(mime: str | None, kind: MediaKind) -> None:
    assert kind_of(mime) is kind
