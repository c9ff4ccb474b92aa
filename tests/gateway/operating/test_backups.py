"""Backing up while the gateway writes, and putting it back: all that was acked, or a clear no."""

from __future__ import annotations

import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from rich.console import Console

from gateway.commands import storage as storage_commands
from gateway.errors import FrontdeskError, StorageUnavailable
from gateway.operating.backups import make_backup
from gateway.settings import Settings
from gateway.storage.ownership import owning
from gateway.storage.snapshot import examine

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class Home:
    """An installation in a folder, and the two commands on it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.database = folder / "frontdesk.db"
        self.data_dir = folder / "var"
        self.data_dir.mkdir()
        self.settings = Settings(database_url=f"sqlite:///{self.database}", data_dir=str(self.data_dir))
        self._screen = StringIO()
        self.console = Console(file=self._screen, width=300)

    @property
    def said(self) -> str:
        return self._screen.getvalue()

    def backup(self, target: Path, *, force: bool = False) -> Path:
        return storage_commands.backup(self.settings, target, force=force, console=self.console)

    def restore(self, source: Path, *, force: bool = False) -> None:
        storage_commands.restore(self.settings, source, force=force, console=self.console)

    def upload(self, data: bytes) -> Path:
        """A file as the media store keeps it, in the database and in the folder."""
        file_id = str(uuid4())
        path = self.data_dir / "media" / file_id[:2] / file_id
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.execute("INSERT INTO media VALUES (?, 'a', 'text/plain', ?, 'staff:1', 1)", file_id, len(data))
        return path

    def execute(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def contents(self) -> dict[str, list[tuple[object, ...]]]:
        tables = [str(row[0]) for row in self.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: self.execute(f"SELECT * FROM {table}") for table in tables}


@pytest.fixture
def home(tmp_path: Path, migrated_sqlite: Path) -> Home:
    made = Home(tmp_path / "home")
    made.database.write_bytes(migrated_sqlite.read_bytes())
    (made.data_dir / "secret").write_text("hush")
    made.execute("PRAGMA journal_mode=WAL")
    return made


@contextmanager
def writing(database: Path) -> Iterator[list[int]]:
    """Somebody who writes without pause, two rows a transaction; the numbers that were acked so far."""
    acked: list[int] = []
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as connection:
            while not stop.is_set():
                number = len(acked)
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO marks VALUES (?, ?)", (f"first {number}", number))
                connection.execute("INSERT INTO sessions VALUES (?, zeroblob(20000), ?)", (f"second {number}", number))
                connection.execute("COMMIT")
                acked.append(number)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while len(acked) < 50 and thread.is_alive():
            stop.wait(0.01)
        yield acked
    finally:
        stop.set()
        thread.join()


def test_what_was_acked_before_is_in_it_while_others_write(home: Home, tmp_path: Path) -> None:
    with writing(home.database) as acked:
        before = list(acked)
        backup = home.backup(tmp_path / "b.tar")
        assert len(acked) > len(before), "nobody wrote meanwhile"
    other = Home(tmp_path / "other")
    other.restore(backup)
    first = {row[0] for row in other.execute("SELECT value FROM marks")}
    second = {row[0] for row in other.execute("SELECT expires_at FROM sessions")}
    assert first == second, "a transaction is half in it"
    assert first >= set(before)
    assert first == set(range(len(first)))
    examine(other.database)


def test_everything_comes_back(home: Home, tmp_path: Path) -> None:
    kept, unknown = home.upload(b"a file"), home.data_dir / "media" / "00" / str(uuid4())
    unknown.parent.mkdir(parents=True, exist_ok=True)
    unknown.write_bytes(b"nobody speaks of it")
    backup = home.backup(tmp_path)
    assert backup.name.startswith("frontdesk-2")
    assert backup.stat().st_mode & 0o777 == 0o600
    other = Home(tmp_path / "other")
    other.restore(backup)
    assert other.contents() == home.contents()
    assert (other.data_dir / "secret").read_text() == "hush"
    found = [path.relative_to(other.data_dir) for path in (other.data_dir / "media").rglob("*") if path.is_file()]
    assert found == [kept.relative_to(home.data_dir)]
    assert (other.data_dir / found[0]).read_bytes() == b"a file"
    assert sorted(path.name for path in tmp_path.iterdir()) == [backup.name, "home", "other"]


def test_a_lost_upload_is_told(home: Home, tmp_path: Path) -> None:
    home.upload(b"a file").unlink()
    home.backup(tmp_path / "b.tar")
    assert "1 uploaded files were lost before" in home.said


def test_what_is_there_is_not_overwritten_unasked(home: Home, tmp_path: Path) -> None:
    backup = home.backup(tmp_path / "b.tar")
    with pytest.raises(FrontdeskError, match=r"b\.tar exists; .*--force"):
        home.backup(tmp_path / "b.tar")
    home.execute("INSERT INTO marks VALUES ('later', 1)")
    with pytest.raises(FrontdeskError, match=r"frontdesk\.db exists; say --force"):
        home.restore(backup)
    assert home.execute("SELECT name FROM marks") == [("later",)]


def test_what_is_replaced_is_kept_beside(home: Home, tmp_path: Path) -> None:
    backup = home.backup(tmp_path / "b.tar")
    (home.data_dir / "secret").write_text("newer")
    with closing(sqlite3.connect(home.database)) as reader:  # keeps what was written last in the -wal file
        reader.execute("SELECT 1")
        home.execute("INSERT INTO marks VALUES ('later', 1)")
        home.restore(backup, force=True)
    assert home.execute("SELECT name FROM marks") == []
    assert (home.data_dir / "secret").read_text() == "hush"
    (old,) = home.database.parent.glob("frontdesk.db.replaced-??????????????*[0-9]")
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("SELECT name FROM marks").fetchall() == [("later",)]
    (secret,) = home.data_dir.glob("secret.replaced-*")
    assert secret.read_text() == "newer"


def test_nothing_is_restored_while_it_is_served(home: Home, tmp_path: Path) -> None:
    backup = home.backup(tmp_path / "b.tar")
    with owning(home.settings.database_url), pytest.raises(StorageUnavailable, match="in use by process"):
        home.restore(backup, force=True)
    with owning(home.settings.database_url):
        home.backup(tmp_path / "c.tar")


@pytest.mark.parametrize("harm", ["cut", "changed", "foreign", "empty", "newer"])
def test_a_bad_backup_is_refused_and_touches_nothing(home: Home, tmp_path: Path, harm: str) -> None:
    home.upload(b"a file" * 10_000)
    if harm == "newer":
        home.execute("UPDATE alembic_version SET version_num = '9999'")
    backup = home.backup(tmp_path / "b.tar")
    whole = backup.read_bytes()
    match harm:
        case "cut":
            backup.write_bytes(whole[: len(whole) * 2 // 3])
        case "changed":
            place = whole.index(b"CREATE TABLE staff")
            backup.write_bytes(whole[:place] + b"X" + whole[place + 1 :])
        case "foreign":
            with tarfile.open(backup, "w") as archive:
                archive.add(home.data_dir / "secret", "../../secret")
        case "empty":
            backup.write_bytes(b"")
    other = Home(tmp_path / "other")
    with pytest.raises(FrontdeskError, match="newer Frontdesk" if harm == "newer" else "backup|manifest|cut off"):
        other.restore(backup)
    assert [path.name for path in other.database.parent.rglob("*") if not path.name.endswith(".lock")] == ["var"]


def test_a_damaged_database_is_not_backed_up_in_silence(home: Home, tmp_path: Path) -> None:
    home.execute("PRAGMA journal_mode=DELETE")
    size = home.database.stat().st_size
    with home.database.open("r+b") as file:
        file.seek(size // 8192 * 4096)
        file.write(b"\xff" * 8192)
    with pytest.raises((FrontdeskError, StorageUnavailable), match=r"damaged|malformed"):
        home.backup(tmp_path / "b.tar")
    assert not (tmp_path / "b.tar").exists()


@pytest.mark.parametrize("makes", ["", "CREATE TABLE alembic_version (version_num VARCHAR)"])
def test_an_empty_database_is_told_from_one_with_something_in_it(home: Home, tmp_path: Path, makes: str) -> None:
    home.database.unlink()
    home.execute(makes)
    with pytest.raises(FrontdeskError, match=r"frontdesk\.db is empty; run: frontdesk migrate"):
        home.backup(tmp_path / "b.tar")
    assert not (tmp_path / "b.tar").exists()


def test_no_room_is_told_before_anything_is_written(home: Home, tmp_path: Path) -> None:
    with home.database.open("r+b") as file:
        file.truncate(1 << 42)  # four TiB, on paper
    with pytest.raises(FrontdeskError, match=r"has room for \d+ MiB and the backup needs"):
        home.backup(tmp_path / "b.tar")
    with pytest.raises(FrontdeskError, match="does not exist; create it"):
        home.backup(tmp_path / "nowhere" / "b.tar")


def test_postgresql_is_backed_up_by_its_own_program(tmp_path: Path) -> None:
    settings = Settings(database_url="postgresql+asyncpg://desk:hush@db:5433/desk", data_dir="/var/lib/frontdesk")
    with pytest.raises(FrontdeskError) as refused:
        storage_commands.backup(settings, tmp_path / "b c.tar", force=False, console=Console(file=StringIO()))
    said = str(refused.value)
    assert f"pg_dump --format=custom '--file={tmp_path}/b c.tar' postgresql://desk@db:5433/desk" in said
    assert "/var/lib/frontdesk" in said
    assert "hush" not in said


def test_the_moment_and_the_sizes_stand_in_it(home: Home, tmp_path: Path) -> None:
    place = storage_commands.place_of(home.settings, "")
    manifest = make_backup(place, tmp_path / "b.tar", NOW, lambda *_: None)
    assert manifest.made_at == NOW
    assert set(manifest.sizes) == {"frontdesk.db", "secret"}
    with tarfile.open(tmp_path / "b.tar") as archive:
        assert archive.getnames() == ["manifest.json", "frontdesk.db", "secret"]
