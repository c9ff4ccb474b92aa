"""Editors and supervisors keep agents' texts: nobody else, no double shortcut, and no words lost."""

from __future__ import annotations

import re

import pytest
from litestar.testing import AsyncTestClient

from gateway.staff import Role, Staff
from tests.handoff.screens.app import DeskApp
from tests.handoff.screens.conftest import Agent


@pytest.fixture
async def supervisor(app: DeskApp, client: AsyncTestClient) -> Agent:
    boss = await app.hire("boss@x.example", "Stepan", Role.SUPERVISOR)
    signed_in = Agent(client)
    await signed_in.sign_in(boss.email)
    return signed_in


async def test_agents_do_not_change_them(agent: Agent) -> None:
    assert (await agent.get("/canned")).status_code == 403
    assert (await agent.post("/canned", shortcut="x", **{"text.en": "Hi"})).status_code == 403


async def test_a_text_is_written_changed_and_deleted(supervisor: Agent, app: DeskApp) -> None:
    assert "No texts yet" in (await supervisor.get("/canned")).text
    done = await supervisor.post("/canned", do="save", shortcut="/Hello", **{"text.en": "Hello {{ contact.name }}!"})
    assert (done.status_code, done.headers["location"]) == (303, "/canned?done=saved")
    (one,) = await app.desk.views.all_canned()
    assert (one.shortcut, one.texts) == ("hello", {"en": "Hello {{ contact.name }}!"})
    assert "Hello Оксана!" in (await supervisor.get("/canned?done=saved")).text
    await supervisor.post("/canned", id=one.id, do="save", shortcut="hello", **{"text.uk": "Вітаю!"})
    assert [known.texts for known in await app.desk.views.all_canned()] == [{"uk": "Вітаю!"}]
    await supervisor.post("/canned", id=one.id, do="delete")
    assert await app.desk.views.all_canned() == []


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"shortcut": "two words", "text.en": "Precious words"}, 422, "without spaces"),
        ({"shortcut": "empty"}, 422, "at least one language"),
        ({"shortcut": "taken", "text.en": "Precious words"}, 409, "shortcut already"),
        ({"shortcut": "long", "text.en": "Precious words" * 400}, 422, "at most 4096"),
    ],
)
async def test_what_is_refused_keeps_its_words(
    supervisor: Agent, fields: dict[str, str], status: int, reason: str
) -> None:
    await supervisor.post("/canned", do="save", shortcut="taken", **{"text.en": "First"})
    response = await supervisor.post("/canned", do="save", **fields)
    assert response.status_code == status
    assert reason in response.text
    assert fields.get("text.en", "empty") in response.text


async def test_what_is_gone_says_so_and_keeps_its_words(supervisor: Agent, me: Staff) -> None:
    gone = await supervisor.post("/canned", id=4711, do="save", shortcut="x", **{"text.en": "Precious words"})
    assert gone.status_code == 404
    assert "A colleague has deleted this text" in gone.text
    assert 'name="id" value=""' in gone.text.partition("Precious words")[0]
    assert "4711" not in gone.text


async def test_a_colleagues_change_is_shown_before_it_is_replaced(supervisor: Agent, app: DeskApp) -> None:
    await supervisor.post("/canned", do="save", shortcut="hello", **{"text.en": "Hello"})
    (one,) = await app.desk.views.all_canned()
    form = (await supervisor.get("/canned")).text
    fields = {"id": one.id, "do": "save", "shortcut": "hello", "seen": seen_in(form)}
    await supervisor.post("/canned", **fields, **{"text.en": "Their words"})
    response = await supervisor.post("/canned", **fields, **{"text.en": "My words"})
    assert response.status_code == 409
    assert "A colleague has changed this text meanwhile" in response.text
    assert "Their words" in response.text
    assert "My words" in response.text
    assert [known.texts["en"] for known in await app.desk.views.all_canned()] == ["Their words"]
    again = {**fields, "seen": seen_in(response.text)}
    assert (await supervisor.post("/canned", **again, **{"text.en": "My words"})).status_code == 303
    assert [known.texts["en"] for known in await app.desk.views.all_canned()] == ["My words"]


def seen_in(page: str) -> str:
    return re.findall(r'name="seen" value="(\w+)"', page)[0]
