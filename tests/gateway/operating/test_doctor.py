"""`frontdesk doctor` over real installations: whole ones, and ones with something missing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from gateway.app import Frontdesk
from gateway.clock import utc_now
from gateway.commands import doctor as doctor_commands
from gateway.operating.checkup import Checkable, Finding, Verdict
from gateway.operating.doctor import Doctor, examine
from gateway.settings import Settings
from gateway.staff import Role
from gateway.storage.engine import Database
from gateway.storage.ownership import owning
from tests.fakes import FakeChannel


def settings(database_url: str, tmp_path: Path, **fields: object) -> Settings:
    return Settings(database_url=database_url, data_dir=str(tmp_path / "var"), **fields)  # type: ignore[arg-type]


def verdicts(findings: Sequence[Finding]) -> dict[str, Verdict]:
    return {finding.subject: finding.verdict for finding in findings}


async def test_a_new_installation_lacks_knowledge_and_people(database_url: str, tmp_path: Path) -> None:
    found = await examine(settings(database_url, tmp_path))
    bad = {subject for subject, verdict in verdicts(found).items() if verdict is not Verdict.OK}
    sqlite = database_url.startswith("sqlite")
    assert bad == {"knowledge", "staff"} | ({"database.rights"} if sqlite else {"secret"})
    fine = {finding.subject for finding in found} - bad
    assert fine >= {"settings", "database", "migrations", "clock", "inbox", "outbox", "channels.site", "data_dir"}


async def test_people_and_rights_are_mended(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    async with database.write() as work:
        await work.staff.add(
            email="a@b", name="Ada", password_hash="", roles=frozenset({Role.OPERATOR}), now=utc_now(), language="en"
        )
    await database.close()
    if database_url.startswith("sqlite"):
        Path(database_url.removeprefix("sqlite:///")).chmod(0o600)
    found = verdicts(await examine(settings(database_url, tmp_path, secret="x" * 40)))
    assert {subject for subject, verdict in found.items() if verdict is not Verdict.OK} == {"knowledge"}


async def test_an_empty_database_is_told_and_nothing_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    found = await examine(settings(f"sqlite:///{path}", tmp_path))
    assert [(one.subject, one.fix) for one in found if one.fix] == [("database", "run: frontdesk migrate")]
    assert not path.exists()
    path.touch(mode=0o600)
    found = await examine(settings(f"sqlite:///{path}", tmp_path))
    assert [(one.subject, one.fix) for one in found if one.fix] == [("migrations", "run: frontdesk migrate")]


async def test_a_database_that_is_away_is_one_finding(tmp_path: Path) -> None:
    found = await examine(settings("postgresql://nobody@127.0.0.1:1/none", tmp_path, secret="x" * 40))
    assert [one.subject for one in found if one.verdict is Verdict.PROBLEM] == ["database"]


async def test_a_damaged_file_is_found(migrated_sqlite: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    whole = bytearray(migrated_sqlite.read_bytes())
    # The last page is some table's or index's root: free of bytes that would make a sound page.
    whole[-4096:] = b"\xff" * 4096
    path.write_bytes(whole)
    found = await examine(settings(f"sqlite:///{path}", tmp_path))
    assert any(one.verdict is Verdict.PROBLEM and one.subject == "database" for one in found), found


async def test_who_serves_is_told(migrated_sqlite: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    with owning(f"sqlite:///{path}"):
        found = await examine(settings(f"sqlite:///{path}", tmp_path))
    assert any("served by process" in one.says for one in found)


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({"channels": {"shop": {"kind": "pigeon"}}}, "settings"),
        ({"channels": {"shop": {"kind": "telegram"}}}, "settings"),
        ({"database_url": "sqlite:////nowhere/a.db"}, "database"),
    ],
)
async def test_what_cannot_be_built_is_told(tmp_path: Path, fields: dict[str, object], subject: str) -> None:
    (found,) = await examine(settings(**{"database_url": f"sqlite:///{tmp_path}/a.db", "tmp_path": tmp_path} | fields))  # type: ignore[arg-type]
    assert (found.subject, found.verdict) == (subject, Verdict.PROBLEM)


async def test_redis_that_is_away_is_told(migrated_sqlite: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    found = await examine(settings(f"sqlite:///{path}", tmp_path, redis_url="redis://127.0.0.1:1/0"))
    assert verdicts(found)["redis_url"] is Verdict.PROBLEM


class Broken(FakeChannel):
    """Its look at itself is a bug."""

    async def checkup(self) -> Sequence[Finding]:
        raise KeyError("a secret")


async def test_a_look_that_breaks_keeps_none_from_being_taken(migrated_sqlite: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    house = Frontdesk(settings(f"sqlite:///{path}", tmp_path))
    house.channels = {"old": FakeChannel(), "broken": Broken(), **house.channels}
    found = [one async for one in Doctor(house).findings()]
    await house.close()
    assert not isinstance(house.channels["old"], Checkable)
    assert verdicts(found)["channels.broken"] is Verdict.PROBLEM
    assert verdicts(found)["channels.site"] is Verdict.OK
    assert "a secret" not in str(found)


# --- on the screen ---------------------------------------------------------------------------


async def look(folder: Path, config: str, *, as_json: bool) -> tuple[int, str]:
    (folder / "frontdesk.toml").write_text(config)
    screen = StringIO()
    code = await doctor_commands.look(
        folder / "frontdesk.toml", as_json=as_json, out=Console(file=screen, width=60, highlight=False)
    )
    return code, screen.getvalue()


async def test_json_has_every_field_and_the_worst_verdict(tmp_path: Path) -> None:
    code, said = await look(
        tmp_path, f'database_url = "sqlite:///{tmp_path}/a.db"\ndata_dir = "{tmp_path}"', as_json=True
    )
    told = json.loads(said)
    assert (code, told["verdict"]) == (1, "problem")
    assert {tuple(one) for one in told["findings"]} == {("subject", "verdict", "says", "fix")}


async def test_a_wrong_setting_is_a_finding(tmp_path: Path) -> None:
    code, said = await look(tmp_path, "port = 'eighty'", as_json=False)
    assert code == 1
    assert "PROBLEM" in said
    assert "port" in said


async def test_lines_are_not_broken_up(tmp_path: Path) -> None:
    _, said = await look(
        tmp_path, f'database_url = "sqlite:///{tmp_path}/a.db"\ndata_dir = "{tmp_path}"', as_json=False
    )
    lines = said.splitlines()
    assert all(line.startswith(("OK ", "warning ", "PROBLEM ", "   ")) for line in lines[:-1])
    assert lines[-1].endswith("looked at, 1 problems, 0 warnings.")
