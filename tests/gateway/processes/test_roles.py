"""What a process does by its role, and that it loads no more than it needs for that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.processes.roles import ProcessRole, require_room
from gateway.settings import Settings

POSTGRESQL = "postgresql://u@127.0.0.1:1/none"
TELEGRAM = {"kind": "telegram", "token": "1:a", "mode": "webhook", "webhook_secret": "x"}

BUILD = """
import json, sys
from gateway.settings import Settings
from gateway.app import Frontdesk
settings = json.loads(sys.argv[1])
house = Frontdesk(Settings(**settings))
house.web()
house._workers(), house._listeners()
import gateway.processes.serving
print(json.dumps([sorted(sys.modules), sorted(house._workers()), sorted(house._listeners())]))
"""


def build(folder: Path, **settings: object) -> tuple[set[str], set[str], set[str]]:
    """(modules loaded, workers, listeners) of a process with these settings, built and not started."""
    settings = {"data_dir": str(folder), "database_url": POSTGRESQL, **settings}
    made = subprocess.run(
        [sys.executable, "-c", BUILD, json.dumps(settings)], check=True, capture_output=True, text=True
    )
    modules, workers, listeners = json.loads(made.stdout)
    return set(modules), set(workers), set(listeners)


def test_each_role_is_a_part_of_all() -> None:
    parts = {role: (role.serves, role.decides, role.sends) for role in ProcessRole}
    assert parts == {
        ProcessRole.ALL: (True, True, True),
        ProcessRole.WEB: (True, False, False),
        ProcessRole.TURNS: (False, True, False),
        ProcessRole.OUTBOX: (False, False, True),
    }


def test_sqlite_belongs_to_one_process() -> None:
    require_room(Settings())
    require_room(Settings(database_url=POSTGRESQL, workers=4, role="web"))
    for settings, field in ((Settings(workers=2), "workers"), (Settings(role="outbox"), "role")):
        with pytest.raises(SettingsError, match="frontdesk copy-database") as caught:
            require_room(settings)
        assert caught.value.field == field


def test_web_chat_alone_loads_no_messenger_and_no_migrations(tmp_path: Path) -> None:
    modules, workers, listeners = build(tmp_path, database_url=f"sqlite:///{tmp_path}/none.db")
    assert workers == {"turns", "timers", "housekeeping", "refresh", "readiness"}
    assert listeners == {"training", "channel:site", "webchat", "signin"}
    unwanted = {
        "aiogram",
        "telegram",
        "httpx",
        "pydantic",
        "alembic",
        "sklearn",
        "scipy",
        "redis",
        "jwt",
        "bots.telegram",
    }
    assert not unwanted & modules


@pytest.mark.parametrize(
    ("role", "workers", "listeners", "unwanted"),
    [
        (
            "web",
            {"readiness", "refresh", "names"},
            {"relay", "channel:site", "channel:shop", "webchat", "signin"},
            {"aiogram", "numpy", "gateway.turns", "gateway.processes.redis_bus"},
        ),
        (
            "turns",
            {"readiness", "refresh", "names", "turns", "timers", "housekeeping"},
            {"relay", "training"},
            {"aiogram", "gateway.site", "handoff.screens", "knowledge_base.screens", "gateway.web.pages"},
        ),
        (
            "outbox",
            {"readiness", "outbox:shop"},
            {"relay"},
            {"numpy", "gateway.site", "gateway.brain", "gateway.answering", "knowledge_base", "handoff.service"},
        ),
    ],
)
def test_a_role_runs_its_part_and_loads_no_other(
    tmp_path: Path, role: str, workers: set[str], listeners: set[str], unwanted: set[str]
) -> None:
    channels = {"site": {"kind": "webchat"}, "shop": {**TELEGRAM, "driver": "python-telegram-bot"}}
    if role != "outbox":  # which alone sends, and so alone loads a messenger's library
        channels["shop"]["driver"] = "aiogram"
    modules, found, heard = build(tmp_path, role=role, channels=channels)
    assert (found, heard) == (workers, listeners)
    assert not unwanted & modules
