"""A gateway small enough for these tests: real database, inbox, speaker, sockets — and an echo as the bot."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import uvicorn
from litestar import Litestar
from litestar.static_files import create_static_files_router

from bots.webchat import pages as webchat_pages
from bots.webchat.audience import Audience
from bots.webchat.channel import KIND, WebchatChannel
from bots.webchat.routes import routes
from bots.webchat.settings import WebchatSettings
from bots.webchat.tokens import VisitorTokens
from gateway.channels import Channel, ChannelTools
from gateway.conversations import Conversation, State
from gateway.errors import StorageUnavailable
from gateway.inbox import Inbox
from gateway.live import Live
from gateway.media import MediaStore
from gateway.messages import Author, Button, ButtonPress, Inbound, Media, MediaKind, Outbound, Text, plain_text
from gateway.people.assembly import People
from gateway.people.identifying import Identifying
from gateway.people.settings import SignedTokens as TokenSettings
from gateway.people.signed import SignedTokens
from gateway.processes.wakeups import INBOX, Wakeups, wait_for
from gateway.settings import Company
from gateway.speaking import Speaker
from gateway.storage.engine import Database
from gateway.storage.schema import metadata
from gateway.storage.work import Work
from gateway.texts import Texts
from gateway.web.faults import FaultPages
from gateway.web.pages import Pages, Room
from gateway.web.patience import PatientHttp, PatientSocket
from gateway.web.security import add_headers
from handoff.yielding import HandoffYielding

SECRET = "a secret for tests only"
COMPANY = Company(name={"uk": "Журавлик", "ru": "Журавлик", "en": "Zhuravlyk"}, phone="0 800 123 456")
ROOT = Path(__file__).parents[3]
MENU = (
    Button(label="Де моя посилка?", payload="a:track-parcel"),
    Button(label="Ціна доставки", payload="a:delivery-cost"),
    Button(label="Відділення на карті", url="https://example.org/map"),
)
VOTES = (Button(label="Допомогло", payload="v:1:1"), Button(label="Не допомогло", payload="v:0:1"))
RATING = tuple(Button(label="★" * stars, payload=f"f:rating:{stars}:7") for stars in range(1, 6))


def now() -> datetime:
    return datetime.now(UTC)


@cache
def make_pages() -> Pages:
    """Catalogues and templates, read once for all tests."""
    gateway_web = Room(name="gateway", folder=str(ROOT / "gateway" / "web"))
    return Pages(Texts(), COMPANY, [gateway_web, webchat_pages.ROOM])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class House:
    """Everything one process holds. `start` and `stop` may be called again: the folder stays."""

    def __init__(self, folder: Path, settings: WebchatSettings | None = None, *, secret: str = SECRET) -> None:
        self.folder = folder
        self.settings = settings or WebchatSettings()
        self.secret = secret
        self.others: dict[str, Channel] = {}
        self.tokens_settings = TokenSettings(key="a key of thirty-two bytes or more")
        self.port = free_port()
        self.answering = True
        self.heard: list[Inbound] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self.live = Live()
        self.wakeups = Wakeups()
        self.database = Database(f"sqlite:///{self.folder / 'test.db'}", announce=self._announce)
        async with self.database.write() as work:
            await work.connection.run_sync(metadata.create_all)
        self.inbox = Inbox(self.database, now)
        self.media = MediaStore(self.folder / "files", self.database, now)
        tools = ChannelTools(media=self.media, public_url=None, publish=self.live.publish)
        channel = KIND.build("site", self.settings, tools)
        assert isinstance(channel, WebchatChannel)
        self.channel = channel
        self.speaker = Speaker({"site": channel}, now)
        channels: dict[str, Channel] = {"site": channel, **self.others}
        self.people = People(channels, self.speaker, HandoffYielding(now), make_pages().texts, COMPANY, now, secret="s")
        self.audience = Audience(self.database)
        self.tokens = VisitorTokens(self.secret, now)
        self._bell = self.wakeups.bell(INBOX)
        config = uvicorn.Config(
            self._app(),
            host="127.0.0.1",
            port=self.port,
            log_level="error",
            lifespan="on",
            timeout_graceful_shutdown=2,
            http=PatientHttp,
            ws=PatientSocket,
            ws_per_message_deflate=False,
            ws_ping_interval=None,
        )
        self._server = uvicorn.Server(config)
        self._tasks = [asyncio.create_task(self._server._serve()), asyncio.create_task(self._bot())]
        while not self._server.started:  # noqa: ASYNC110 — uvicorn offers no event
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.wakeups.stop()
        self._server.should_exit = True
        await asyncio.gather(*self._tasks)
        await self.database.close()

    def _announce(self, changes: Sequence[object]) -> None:
        self.wakeups.ring(changes)  # type: ignore[arg-type]
        self.live.publish(changes)  # type: ignore[arg-type]

    def _app(self) -> Litestar:
        pages = make_pages()
        handlers = routes(
            channels={"site": self.channel},
            database=self.database,
            inbox=self.inbox,
            live=self.live,
            media=self.media,
            clock=now,
            secret=self.secret,
            texts=pages.texts,
            pages=pages,
            company=COMPANY,
            public_url=None,
            upload_limit=20 * 1024 * 1024,
            suggestions=lambda language: MENU[:2],
            audience=self.audience,
            stopping=lambda: self._server.should_exit,
            people=self.people,
            identifying=Identifying(self.database, SignedTokens(self.tokens_settings, now), self.people.proving, now),
        )
        static = [
            create_static_files_router(path=f"/static/{name}", directories=[folder])
            for name, folder in (
                ("gateway", ROOT / "gateway" / "web" / "static"),
                ("webchat", ROOT / "bots" / "webchat" / "static"),
            )
        ]
        return Litestar(
            route_handlers=[*handlers, *static],
            exception_handlers=FaultPages(pages).handlers(),
            after_request=add_headers,
            openapi_config=None,
            logging_config=None,
        )

    # --- the bot ---

    async def _bot(self) -> None:
        while not self.wakeups.stopping:
            if not self.answering or not await self.turn():
                await wait_for(self._bell, 0.2)

    async def turn(self) -> bool:
        """Hear and answer one waiting message; False where none waits."""
        try:
            async with self.database.write() as work:
                rows = await work.inbox.waiting(1)
                for row in rows:
                    inbound = self.channel.parse(row.body)
                    assert isinstance(inbound, Inbound)
                    conversation = await self._conversation(work, row.contact_id, row.identity_id)
                    await self.speaker.hear(work, conversation, inbound, "site")
                    await self.speaker.say(work, conversation, *self._answer(inbound))
                    work.inbox.settle([row.id])
                    self.heard.append(inbound)
        except StorageUnavailable:
            return False
        return bool(rows)

    async def _conversation(self, work: Work, contact_id: int, identity_id: int) -> Conversation:
        conversation = await work.conversations.open_of(contact_id)
        if conversation is None:
            conversation = await work.conversations.add(
                identity=await work.contacts.identity(identity_id), language="uk", now=now()
            )
        return conversation

    def _answer(self, inbound: Inbound) -> list[Outbound]:
        words = plain_text(inbound.parts)
        if words.startswith("тихо"):
            return []
        if "меню" in words:
            return [Outbound(parts=(Text(text="Оберіть, будь ласка:"),), buttons=MENU)]
        if "корисне" in words:
            return [Outbound(parts=(Text(text="Тариф такий."),), buttons=(*MENU, *VOTES))]
        if "оцінка" in words:
            return [Outbound(parts=(Text(text="Як ми впоралися?"),), buttons=RATING, author=Author.SYSTEM)]
        for part in inbound.parts:
            if isinstance(part, ButtonPress):
                words = part.label or part.payload
            if isinstance(part, Media):
                words = part.name or "файл"
        return [Outbound(parts=(Text(text=f"Ви сказали: {words}", markdown=True),))]

    async def say(self, address: str, *outbounds: Outbound) -> None:
        """Say something to a visitor who has spoken before."""
        async with self.database.write() as work:
            identity = (await work.contacts.find([("site", address)]))["site", address]
            conversation = await work.conversations.latest_of(identity.contact_id)
            assert conversation is not None
            await self.speaker.say(work, conversation, *outbounds)

    async def close(self, address: str) -> None:
        """Close the visitor's conversation, so that the next message opens another."""
        async with self.database.write() as work:
            identity = (await work.contacts.find([("site", address)]))["site", address]
            conversation = await work.conversations.open_of(identity.contact_id)
            assert conversation is not None
            work.conversations.change(conversation.id, state=State.CLOSED, closed_at=now())

    async def is_open(self, address: str) -> bool:
        async with self.database.write() as work:
            identity = (await work.contacts.find([("site", address)]))["site", address]
            return await work.conversations.open_of(identity.contact_id) is not None

    async def note(self, address: str, text: str) -> None:
        """A private note, which takes a sequence number and must never reach the visitor."""
        async with self.database.write() as work:
            identity = (await work.contacts.find([("site", address)]))["site", address]
            conversation = await work.conversations.latest_of(identity.contact_id)
            assert conversation is not None
            staff = await work.staff.by_email("olena@example.org") or await work.staff.add(
                email="olena@example.org", name="Олена", password_hash="-", roles=frozenset(), now=now()
            )
            await self.speaker.note(work, conversation, staff.id, text)

    async def send_file(self, address: str, content: bytes, *, name: str, mime: str) -> str:
        """Staff sends a file; returns its id."""

        async def stream() -> AsyncIterator[bytes]:
            yield content

        file = await self.media.save(stream(), name=name, mime=mime, owner="staff:1", limit=10**7)
        kind = MediaKind.IMAGE if mime.startswith("image/") else MediaKind.FILE
        part = Media(kind=kind, ref=f"file:{file.id}", name=name, mime=mime, size=len(content))
        await self.say(address, Outbound(parts=(part,), author=Author.AGENT))
        return file.id


@asynccontextmanager
async def running(folder: Path, settings: WebchatSettings | None = None) -> AsyncIterator[House]:
    house = House(folder, settings)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()
