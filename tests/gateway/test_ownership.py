"""One process serves a SQLite file; which one is said, and a dead one holds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.errors import StorageUnavailable
from gateway.storage.ownership import owner, owning

HOLDER = """
import sys, time
from gateway.storage.ownership import owning
with owning(sys.argv[1]):
    print("owned", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_process(url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that owns `url` until it is killed."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "owned\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'a.db'}"


def test_a_second_process_is_refused_until_the_first_is_killed(url: str, tmp_path: Path) -> None:
    with another_process(url) as first:
        with pytest.raises(StorageUnavailable) as refused, owning(url, "stop it first"):
            pass
        assert str(refused.value) == f"the database {tmp_path / 'a.db'} is in use by process {first.pid}; stop it first"
        assert owner(url) == first.pid
    assert owner(url) is None
    with owning(url):
        assert owner(url) == os.getpid()


def test_a_link_leads_to_the_same_database(url: str, tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    (tmp_path / "linked").symlink_to(tmp_path)
    with owning(url), pytest.raises(StorageUnavailable), owning(f"sqlite:///{tmp_path / 'linked' / 'a.db'}"):
        pass


def test_who_just_looks_disturbs_nobody(url: str) -> None:
    assert owner(url) is None
    for _ in range(200):
        with owning(url):
            pass
        owner(url)


def test_two_databases_have_two_owners(url: str, tmp_path: Path) -> None:
    with owning(url), owning(f"sqlite:///{tmp_path / 'b.db'}"):
        pass


def test_postgresql_may_be_served_by_many() -> None:
    url = "postgresql://a@localhost/b"
    with owning(url), owning(url):
        assert owner(url) is None


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="does not exist; create it"), owning(f"sqlite:///{tmp_path}/no/a.db"):
        pass


def test_what_root_made_belongs_to_the_databases_own_user(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make what others cannot open")
    (tmp_path / "a.db").touch()
    os.chown(tmp_path / "a.db", 12345, 12346)
    with owning(f"sqlite:///{tmp_path / 'a.db'}"):
        made = (tmp_path / "a.db.lock").stat()
    assert (made.st_uid, made.st_gid) == (12345, 12346)
