"""The commands that keep an installation, beside the running program and without it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.conftest import run, write_config
from tests.standins.program import Program


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A migrated installation that knows nothing."""
    write_config(tmp_path)
    run(tmp_path, "migrate")
    return tmp_path


def test_one_process_serves_and_the_small_commands_go_on(empty: Path) -> None:
    with Program("serve", folder=empty) as first:
        pid = (empty / "frontdesk.db.lock").read_text().strip()
        second = run(empty, "serve", "--port", "0", check=False)
        assert second.returncode == 2
        assert len(second.stderr.strip().splitlines()) == 1
        assert f"in use by process {pid}" in second.stderr
        assert str(empty / "frontdesk.db") in second.stderr
        assert "frontdesk copy-database" in second.stderr
        run(empty, "backup", "b.tar")
        run(empty, "add-staff", "a@b.example", "--name", "Ада", "--role", "agent", FRONTDESK_PASSWORD="long-enough")
        told = json.loads(run(empty, "doctor", "--json", check=False).stdout)
        assert any(f"served by process {pid}" in finding["says"] for finding in told["findings"])
        for words in (["migrate"], ["restore", "b.tar", "--force"]):
            assert run(empty, *words, check=False).returncode == 2, words
        first.kill()
        first.start()
    run(empty, "restore", "b.tar", "--force")
    with closing(sqlite3.connect(empty / "frontdesk.db")) as restored:
        assert restored.execute("SELECT count(*) FROM staff").fetchone() == (0,)
    assert (empty / "frontdesk.db").stat().st_mode & 0o077 == 0


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'frontdesk.db'}"


def test_an_installation_moves_to_postgresql(installation: Path, empty_database: str) -> None:
    """A small house grows: everything is there afterwards, counted, and the program serves it."""
    moved = run(installation, "copy-database", url(installation), empty_database)
    rows = [line.split() for line in moved.stdout.splitlines()[1:] if line.strip()]
    assert all(source == target for _, source, target in rows)
    counted = {name: int(source) for name, source, _ in rows}
    assert counted["articles"] > 10
    assert counted["nlu_models"] == 1
    assert counted["all"] == sum(counted.values()) - counted["all"]
    write_config(installation, top=f'database_url = "{empty_database}"')
    answer = run(installation, "ask", "скільки коштує доставка", "--json")
    assert json.loads(answer.stdout)["article"] == "delivery-cost"
    again = run(installation, "copy-database", url(installation), empty_database, check=False)
    assert again.returncode == 1
    assert "TO is not empty" in again.stderr
    dump = run(installation, "backup", "b.tar", check=False)
    assert dump.returncode == 1
    assert "pg_dump" in dump.stderr
