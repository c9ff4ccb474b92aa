"""What is said of what was found, and how bad it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway.operating import diagnosis
from gateway.operating.checkup import Finding, Verdict
from gateway.settings import Settings
from gateway.storage.examination import SqliteFile, Waiting
from gateway.storage.figures import Sends

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
KYIV = ZoneInfo("Europe/Kyiv")
MIB = 1024 * 1024
OK, WARNING, PROBLEM = Verdict


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("", OK),
        ("https://desk.example", OK),
        ("http://localhost:8000", WARNING),
        ("http://desk.example", PROBLEM),
        ("desk.example", PROBLEM),
        ("https://", PROBLEM),
    ],
)
def test_public_url(url: str, verdict: Verdict) -> None:
    assert diagnosis.of_public_url(Settings(public_url=url)).verdict is verdict


@pytest.mark.parametrize(
    ("given", "shared", "mode", "verdict"),
    [
        ("", False, 0o600, OK),
        ("", False, 0o644, WARNING),
        ("", True, 0o600, WARNING),
        ("x" * 40, True, 0o600, OK),
        ("short", False, 0o600, WARNING),
    ],
)
def test_secret(tmp_path: Path, given: str, shared: bool, mode: int, verdict: Verdict) -> None:
    kept = tmp_path / "secret"
    kept.write_text("hush")
    kept.chmod(mode)
    found = diagnosis.of_secret(Settings(secret=given), kept, shared=shared)
    assert found.verdict is verdict
    assert "hush" not in found.says + found.fix
    assert not given or given not in found.says + found.fix


@pytest.mark.parametrize(("free", "writable", "verdict"), [(5000, True, OK), (500, True, WARNING), (50, True, PROBLEM)])
def test_disk(free: int, writable: bool, verdict: Verdict) -> None:
    assert diagnosis.of_disk("disk", Path("/a"), free * MIB, writable=writable).verdict is verdict
    assert diagnosis.of_disk("disk", Path("/a"), free * MIB, writable=False).verdict is PROBLEM


@pytest.mark.parametrize(
    ("mode", "wal", "bad"),
    [
        (0o600, 0, []),
        (0o660, 0, []),
        (0o644, 0, ["database.rights"]),
        (0o600, 600 * MIB, ["database.wal"]),
    ],
)
def test_sqlite_file(mode: int, wal: int, bad: list[str]) -> None:
    file = SqliteFile(path=Path("/a/b.db"), size=10 * MIB, wal=wal, mode=mode)
    assert [one.subject for one in diagnosis.of_sqlite(file, 77) if one.verdict is not OK] == bad
    assert "served by process 77" in next(diagnosis.of_sqlite(file, 77)).says
    assert "nobody serves it" in next(diagnosis.of_sqlite(file, None)).says


@pytest.mark.parametrize(
    ("revision", "verdict", "fix"),
    [("2", OK, ""), ("1", PROBLEM, "migrate"), (None, PROBLEM, "migrate"), ("3", PROBLEM, "update this program")],
)
def test_migrations(revision: str | None, verdict: Verdict, fix: str) -> None:
    found = diagnosis.of_revision(revision, "2", frozenset({"1", "2"}))
    assert found.verdict is verdict
    assert fix in found.fix


@pytest.mark.parametrize(
    ("now", "server", "newest", "verdict"),
    [
        (NOW, NOW, None, OK),
        (NOW, ago(seconds=1), None, OK),
        (NOW, ago(seconds=-10), None, WARNING),
        (NOW, ago(minutes=5), None, PROBLEM),
        (NOW, None, None, OK),
        (NOW, None, ago(days=300), OK),
        (NOW, None, ago(minutes=-2), PROBLEM),
        (datetime(1970, 1, 2, tzinfo=UTC), None, None, PROBLEM),
    ],
)
def test_clock(now: datetime, server: datetime | None, newest: datetime | None, verdict: Verdict) -> None:
    found = diagnosis.of_clocks(now, KYIV, server=server, newest=newest)
    assert found.verdict is verdict
    assert verdict is not OK or "10:00 in Europe/Kyiv" in found.says


QUIET = Waiting(events=0, quarantined=0, oldest_event=None, next_timer=None, sends=())


def sends(state: str, oldest: datetime | None = None, count: int = 1) -> Sends:
    return Sends(channel="shop", state=state, count=count, oldest=oldest)


@pytest.mark.parametrize(
    ("waiting", "bad"),
    [
        (QUIET, {}),
        ({"oldest_event": ago(seconds=20), "next_timer": ago(days=-1)}, {}),
        ({"oldest_event": ago(minutes=2)}, {"inbox": WARNING}),
        ({"oldest_event": ago(minutes=20)}, {"inbox": PROBLEM}),
        ({"next_timer": ago(minutes=2)}, {"timers": WARNING}),
        ({"sends": (sends("queued", ago(seconds=2)),)}, {}),
        ({"sends": (sends("queued", ago(minutes=2)), sends("sending", ago(seconds=1)))}, {"outbox": WARNING}),
        ({"sends": (sends("sending", ago(hours=2)),)}, {"outbox": PROBLEM}),
        ({"sends": (sends("failed", count=9), sends("unknown", count=3))}, {"outbox.unknown": WARNING}),
        ({"quarantined": 2}, {"inbox.quarantined": WARNING}),
    ],
)
def test_queues(waiting: Waiting | dict[str, object], bad: dict[str, Verdict]) -> None:
    facts = waiting if isinstance(waiting, Waiting) else Waiting(**{**_fields(QUIET), **waiting})  # type: ignore[arg-type]
    found = list(diagnosis.of_waiting(facts, NOW))
    assert {one.subject: one.verdict for one in found if one.verdict is not OK} == bad
    assert {one.subject for one in found} >= {"inbox", "timers", "outbox"}


def _fields(value: Waiting) -> dict[str, object]:
    return {name: getattr(value, name) for name in Waiting.__struct_fields__}


@pytest.mark.parametrize(
    ("published", "trained", "verdict"), [(None, None, PROBLEM), (3, None, PROBLEM), (3, 2, WARNING), (3, 3, OK)]
)
def test_knowledge(published: int | None, trained: int | None, verdict: Verdict) -> None:
    assert diagnosis.of_knowledge(published, trained).verdict is verdict


def test_staff() -> None:
    assert [diagnosis.of_staff(agents).verdict for agents in (0, 1)] == [WARNING, OK]


def test_what_is_not_fine_has_a_fix() -> None:
    found: list[Finding] = [
        diagnosis.of_public_url(Settings(public_url="http://a")),
        diagnosis.of_staff(0),
        diagnosis.of_knowledge(None, None),
        diagnosis.of_disk("disk", Path("/a"), 0, writable=True),
    ]
    assert all(one.fix for one in found)
