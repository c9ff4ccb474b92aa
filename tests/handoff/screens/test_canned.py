"""Editors and supervisors keep agents' texts: nobody else, no double shortcut, and no words lost."""

from __future__ import annotations

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


async def test_what_is_gone_says_so(supervisor: Agent, me: Staff) -> None:
    gone = await supervisor.post("/canned", id=4711, do="save", shortcut="x", **{"text.en": "Hi"})
    assert gone.status_code == 404
