"""A desk with people, and somebody who browses it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from httpx import Response
from litestar.testing import AsyncTestClient
from playwright.async_api import Browser, async_playwright

from gateway.staff import Role, Staff
from gateway.storage.engine import Database
from tests.conftest import SteppingClock
from tests.handoff.screens.app import PASSWORD, DeskApp, served
from tests.handoff.screens.samples import Story
from tests.standins.browser import ARGUMENTS, CHROMIUM


@pytest.fixture
def app(sqlite_database: Database, clock: SteppingClock, tmp_path: Path) -> DeskApp:
    return DeskApp(sqlite_database, clock, tmp_path / "media")


@pytest.fixture
async def me(app: DeskApp) -> Staff:
    return await app.hire("me@x.example", "Oksana")


@pytest.fixture
async def other(app: DeskApp) -> Staff:
    return await app.hire("other@x.example", "Taras")


class Agent:
    """A signed-in browser without scripts: asks for pages and posts what their buttons post."""

    def __init__(self, client: AsyncTestClient) -> None:
        self._client = client
        self._token = ""

    async def sign_in(self, email: str) -> None:
        page = await self._client.get("/login")
        self._token = re.findall(r'data-csrf="([^"]+)"', page.text)[0]
        await self.post("/login", email=email, password=PASSWORD)

    async def get(self, path: str, *, htmx: bool = False, **query: str | int) -> Response:
        headers = {"hx-request": "true"} if htmx else {"accept": "text/html"}
        return await self._client.get(path, headers=headers, params=query, follow_redirects=False)

    async def post(self, path: str, **fields: str | int) -> Response:
        headers = {"x-csrftoken": self._token, "hx-request": "true"}
        data = {name: str(value) for name, value in fields.items()}
        return await self._client.post(path, data=data, headers=headers, follow_redirects=False)

    async def say(self, path: str, files: list[tuple[str, bytes, str]] | None = None, **fields: str) -> Response:
        """Send the composer, with files as (name, bytes, MIME type)."""
        headers = {"x-csrftoken": self._token, "hx-request": "true"}
        # httpx makes a multipart body only where there is a file part: the browser sends an empty one.
        uploads = [("files", one) for one in files or [("", b"", "application/octet-stream")]]
        return await self._client.post(path, data=fields, files=uploads, headers=headers)


@pytest.fixture
async def client(app: DeskApp) -> AsyncIterator[AsyncTestClient]:
    async with AsyncTestClient(app.web) as opened:
        yield opened


@pytest.fixture
async def agent(client: AsyncTestClient, me: Staff) -> Agent:
    signed_in = Agent(client)
    await signed_in.sign_in(me.email)
    return signed_in


@pytest.fixture
async def editor(app: DeskApp) -> Staff:
    return await app.hire("editor@x.example", "Editor", Role.EDITOR)


@pytest.fixture
async def base(app: DeskApp, unused_tcp_port: Callable[[], int]) -> AsyncIterator[str]:
    async with served(app.web, unused_tcp_port) as address:
        yield address


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield opened
        await opened.close()


@pytest.fixture
async def waiting(app: DeskApp) -> Story:
    """Somebody in the queue."""
    story = await Story.begin(app, "Олена", "shop_telegram", "uk", address="5", phone="+380671234567")
    await story.hear("Де моя посилка?")
    await story.queue()
    return story


@pytest.fixture
async def ivan(app: DeskApp, me: Staff, waiting: Story) -> Story:
    """A second customer; this agent talks with both."""
    second = await Story.begin(app, "Ivan", "site", "en", address="v")
    await second.hear("hello")
    await second.queue()
    await waiting.claim(me)
    await second.claim(me)
    return second
