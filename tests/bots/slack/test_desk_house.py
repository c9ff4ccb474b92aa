"""The real program with a desk in it: settings, webhook, Socket Mode, the loops, the page that links accounts."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import DESK_KINDS, Frontdesk
from gateway.errors import SettingsError
from gateway.settings import Settings
from gateway.staff import Role
from gateway.storage.engine import Database
from gateway.web.passwords import hash_password
from tests.bots.slack.desk_room import words_of
from tests.standins.program import Program
from tests.standins.slack import APP_TOKEN, BOT_TOKEN, SECRET, SlackStandin, as_form, signed

KEY = b"k" * 32
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
APP = {"kind": "http", "url": "http://127.0.0.1:9/app", "secret": "whsec_" + base64.b64encode(KEY).decode()}
DESK = {"kind": "slack", "bot_token": BOT_TOKEN, "signing_secret": SECRET, "app_token": APP_TOKEN, "room": "C1"}


def settings(folder: Path, **desk: Any) -> Settings:
    return Settings(
        database_url=f"sqlite:///{folder}/only.db",
        data_dir=str(folder / "data"),
        channels={"app": APP},
        desks={"team": {**DESK, "language": "en", **desk}},
    )


async def prepared(folder: Path, migrated: Path, desk: dict[str, str]) -> Program:
    """The program with one agent, not started."""
    shutil.copy(migrated, folder / "only.db")
    database = Database(f"sqlite:///{folder}/only.db")
    async with database.write() as work:
        await work.staff.add(
            email="iryna@example.org",
            name="Iryna",
            password_hash=hash_password("a long password"),
            roles=frozenset({Role.AGENT}),
            now=datetime.now(UTC),
            language="en",
        )
    await database.close()
    tables = {"channels.app": APP, **({"desks.team": desk} if desk else {})}
    toml = f'database_url = "sqlite:///{folder}/only.db"\ndata_dir = "{folder}/data"\n'
    toml += "[hours]\n" + "".join(f'{day} = "00:00-24:00"\n' for day in DAYS)  # people are there whenever this runs
    for name, fields in tables.items():
        toml += f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items())
    (folder / "frontdesk.toml").write_text(toml, encoding="utf-8")
    return Program("serve", folder=folder)


@asynccontextmanager
async def serving(folder: Path, migrated: Path, desk: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """The program running, and a client of it."""
    program = await prepared(folder, migrated, desk)
    await asyncio.to_thread(program.start)
    try:
        async with httpx.AsyncClient(base_url=program.base, follow_redirects=True) as client:
            yield client
    finally:
        assert await asyncio.to_thread(program.stop) == 0
        assert "Traceback" not in program.log


async def ask_for_a_person(client: httpx.AsyncClient) -> None:
    """A customer of the firm's own app is not understood twice."""
    for number in range(2):
        parts = [{"part": "text", "text": "qwxz vvv"}]
        said = {"type": "message", "id": f"m{number}", "sender": {"address": "7", "name": "Olha"}, "parts": parts}
        body, stamp = json.dumps(said).encode(), str(int(time.time()))
        digest = hmac.new(KEY, f"m{number}.{stamp}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "webhook-id": f"m{number}",
            "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        }
        answer = await client.post("/channels/app/webhook", content=body, headers=headers)
        assert answer.status_code == 200, answer.text


async def until(slack: SlackStandin, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        await slack.until(condition)


@pytest.mark.parametrize("mode", ["events", "socket"])
async def test_a_handoff_is_shown_and_answered(tmp_path: Path, migrated_sqlite: Path, mode: str) -> None:
    async with (
        SlackStandin() as slack,
        serving(tmp_path, migrated_sqlite, {**DESK, "language": "en", "api_base": slack.api, "mode": mode}) as client,
    ):
        slack.people["U1"] = {"profile": {"email": "iryna@example.org"}}
        await ask_for_a_person(client)
        await until(slack, lambda: len(slack.messages["C1"]) >= 2)
        card = slack.messages["C1"][0]
        reply, press = slack.write("C1", card["ts"], "U1", "Hello!"), slack.press("C1", card, "desk:note", "U1")
        if mode == "events":
            body, form = json.dumps(reply).encode(), as_form(press)
            answer = await client.post("/channels/team/webhook", content=body, headers=signed(body))
            assert (answer.status_code, answer.content) == (200, b"")
            await client.post("/channels/team/webhook", content=form, headers=signed(form, form=True))
            forged = await client.post("/channels/team/webhook", content=body, headers=signed(body, secret="x"))
            assert forged.status_code == 403
        else:
            slack.push(reply)
            slack.push(press, "interactive")
        await until(slack, lambda: bool(slack.views) and "Iryna has it" in words_of(slack.messages["C1"][0]))
        await until(slack, lambda: "Automatic" in words_of(slack.messages["C1"][-1]))
        figures = (await client.get("/metrics")).text
        assert 'frontdesk_desk_waiting{desk="team"} 0.0' in figures
    database = Database(f"sqlite:///{tmp_path}/only.db")
    async with database.read() as view:
        said = await view.messages.after(1, 0)
    await database.close()
    assert [message.parts[0].text for message in said if message.agent_id] == ["Hello!"]  # type: ignore[union-attr]


async def test_killed_again_and_again_nothing_is_lost_or_done_twice(tmp_path: Path, migrated_sqlite: Path) -> None:
    async with SlackStandin() as slack:
        slack.people["U1"] = {"profile": {"email": "iryna@example.org"}}
        program = await prepared(tmp_path, migrated_sqlite, {**DESK, "language": "en", "api_base": slack.api})
        await asyncio.to_thread(program.start)
        async with httpx.AsyncClient(base_url=program.base) as client:
            await ask_for_a_person(client)
        await until(slack, lambda: bool(slack.messages["C1"]))
        for number in range(3):
            card = slack.messages["C1"][0]
            body = json.dumps(slack.write("C1", card["ts"], "U1", f"words {number}")).encode()
            async with httpx.AsyncClient(base_url=program.base) as client:
                answer = await client.post("/channels/team/webhook", content=body, headers=signed(body))
            await asyncio.sleep(0.02 * number)
            await asyncio.to_thread(program.kill)
            assert answer.status_code == 200
            await asyncio.to_thread(program.start)
        await until(slack, lambda: "Iryna has it" in words_of(slack.messages["C1"][0]))
        await until(slack, lambda: any("*Automatic*" in words_of(one) for one in slack.messages["C1"]))
        await asyncio.to_thread(program.wait_for_metric, 'frontdesk_desk_waiting{desk="team"}', 0)
        assert await asyncio.to_thread(program.stop) == 0
        assert len([one for one in slack.messages["C1"] if "thread_ts" not in one]) == 1
        thread = " ".join(words_of(one) for one in slack.messages["C1"])
        assert thread.count("*Automatic*") == 1
    database = Database(f"sqlite:///{tmp_path}/only.db")
    async with database.read() as view:
        said = [message.parts[0] for message in await view.messages.after(1, 0) if message.agent_id]
    await database.close()
    assert [part.text for part in said] == [f"words {number}" for number in range(3)]  # type: ignore[union-attr]


async def test_an_agent_makes_a_code_on_the_web(tmp_path: Path, migrated_sqlite: Path) -> None:
    async with (
        SlackStandin() as slack,
        serving(tmp_path, migrated_sqlite, {**DESK, "language": "en", "api_base": slack.api}) as client,
    ):
        assert "a long" not in (await client.get("/slack")).text  # who is not signed in is asked to
        await sign_in(client)
        shown = await client.get("/slack")
        assert "Make a code" in shown.text
        assert 'href="/slack"' in shown.text
        made = await client.post("/slack", data={"_csrf_token": token_of(shown.text)})
        code = made.text.split("<strong>")[1].split("</strong>")[0]
        assert made.headers["cache-control"] == "no-store"
        await ask_for_a_person(client)
        await until(slack, lambda: len(slack.messages["C1"]) >= 2)
        card = slack.messages["C1"][0]
        await post(client, slack.press("C1", {**card, "blocks": [CODE_ROW]}, "desk:code", "U9"))
        await until(slack, lambda: bool(slack.views))
        await post(client, slack.submit(slack.views[-1], "U9", code=code.lower()))
        await until(slack, lambda: bool(slack.whispers))
        assert slack.whispers[-1]["text"].startswith("You are Iryna here")


async def test_without_a_desk_there_is_no_page(tmp_path: Path, migrated_sqlite: Path) -> None:
    async with serving(tmp_path, migrated_sqlite, {}) as client:
        await sign_in(client)
        assert (await client.get("/slack")).status_code == 404
        assert 'href="/slack"' not in (await client.get("/desk")).text


CODE_ROW = {
    "type": "actions",
    "elements": [
        {
            "type": "button",
            "action_id": "desk:code",
            "value": "code",
            "text": {"type": "plain_text", "text": "I have a code"},
        }
    ],
}


async def post(client: httpx.AsyncClient, payload: dict[str, Any]) -> None:
    form = as_form(payload)
    answer = await client.post("/channels/team/webhook", content=form, headers=signed(form, form=True))
    assert answer.status_code == 200


async def sign_in(client: httpx.AsyncClient) -> None:
    page = await client.get("/login")
    form = {
        "_csrf_token": token_of(page.text),
        "email": "iryna@example.org",
        "password": "a long password",
        "next": "/desk",
    }
    assert (await client.post("/login", data=form)).status_code == 200


def token_of(page: str) -> str:
    return page.split('name="_csrf_token" value="')[1].split('"', maxsplit=1)[0]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"room": ""}, "desks.team.room"),
        ({"signing_secret": ""}, "desks.team.signing_secret"),
        ({"mode": "socket", "app_token": ""}, "desks.team.app_token"),
        ({"rooms": {"uk": "C2"}}, "desks.team.rooms"),
        ({"rom": "C1"}, "desks.team.rom"),
        ({"kind": "teams"}, "desks.team.kind"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, fields: dict[str, str], field: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Frontdesk(settings(tmp_path, **fields))
    assert caught.value.field == field


def test_a_desk_is_not_called_as_a_channel_is(tmp_path: Path) -> None:
    chosen = Settings(
        database_url=f"sqlite:///{tmp_path}/only.db",
        data_dir=str(tmp_path / "data"),
        channels={"team": APP},
        desks={"team": DESK},
    )
    with pytest.raises(SettingsError) as caught:
        Frontdesk(chosen)
    assert caught.value.field == "desks.team"
    assert DESK_KINDS == {"slack": "bots.slack.desk"}


def test_a_desks_secret_may_come_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_DESKS_TEAM_SIGNING_SECRET", SECRET)
    chosen = settings(tmp_path, signing_secret="")
    assert Frontdesk(chosen).desks["team"].name == "team"
