"""A whole house in this process, its loops running, and a customer who writes through a fake channel."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import httpx
from litestar import Litestar
from msgspec import structs

from gateway.app import Frontdesk
from gateway.assisting.assistant import sender_of
from gateway.assisting.settings import Rasa
from gateway.conversations import Conversation, State
from gateway.messages import Author, Button, ButtonPress, Inbound, Message, Outbound, Sender, Text
from tests.fakes import FakeChannel, envelope_of
from tests.rasa.server import TOKEN, demo_settings

PATIENCE = 40.0


Found = TypeVar("Found")


async def until(look: Callable[[], Awaitable[Found | None]]) -> Found:
    """What `look` gives, once it gives something."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await look()
            if found is not None:
                return found
            await asyncio.sleep(0.05)


class Talk:
    """One customer's conversation. `says` and `presses` write, `hears` waits for the answer."""

    def __init__(self, house: Frontdesk, channel: FakeChannel, rasa: Rasa) -> None:
        self.house = house
        self.channel = channel
        self._rasa = rasa
        self._numbers = count(1)
        self._heard = 0

    @classmethod
    @asynccontextmanager
    async def opened(cls, rasa: Rasa, database: Path, folder: Path) -> AsyncIterator[Talk]:
        shutil.copy(database, folder / "frontdesk.db")
        settings = structs.replace(
            demo_settings(),
            database_url=f"sqlite:///{folder / 'frontdesk.db'}",
            data_dir=str(folder),
            channels={},
            engine="rasa",
            rasa=rasa,
        )
        house = Frontdesk(settings)
        channel = FakeChannel()
        house.channels[channel.name] = channel  # type: ignore[index]
        house.answering  # noqa: B018 — made before the loops begin, as `web` does
        async with house.lifespan(Litestar([])):
            yield cls(house, channel, rasa)
        await house.close()

    async def says(self, text: str) -> None:
        await self._writes(Text(text=text))

    async def presses(self, button: Button) -> None:
        assert button.payload is not None
        await self._writes(ButtonPress(payload=button.payload, label=button.label))

    async def hears(self) -> Message:
        """The next thing the bot says."""
        return await until(self._next_said)

    async def remembers(self, fits: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Rasa's tracker, once it `fits`."""

        async def look() -> dict[str, Any] | None:
            tracker = await self.tracker()
            return tracker if fits(tracker) else None

        return await until(look)

    async def conversation(self) -> Conversation:
        """The one there is, once it is there."""

        async def look() -> Conversation | None:
            async with self.house.database.read() as view:
                found = await view.conversations.in_states([State.BOT, State.QUEUED, State.AGENT])
            return found[0] if found else None

        return await until(look)

    async def person_takes(self, state: State) -> None:
        """A person takes the conversation, or gives it back."""
        conversation = await self.conversation()
        async with self.house.database.write() as work:
            work.conversations.change(conversation.id, state=state)

    async def person_says(self, text: str) -> None:
        conversation = await self.conversation()
        async with self.house.database.write() as work:
            said = Outbound(parts=(Text(text=text),), author=Author.AGENT)
            await self.house.speaker.say(work, conversation, said)

    async def tracker(self) -> dict[str, Any]:
        """What Rasa remembers of the conversation."""
        sender = sender_of(await self.conversation())
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(
                f"{self._rasa.url}/conversations/{sender}/tracker",
                params={"token": TOKEN, "include_events": "ALL"},
            )
        return dict(answer.json())

    async def _writes(self, part: Text | ButtonPress) -> None:
        """Write, and wait until the turn is over."""
        number = next(self._numbers)
        event = Inbound(sender=Sender(address="7", name="Оля"), parts=(part,), platform_id=str(number))
        await self.house.inbox.take(self.channel.name, [envelope_of(event)])

        async def heard() -> bool | None:
            conversation = await self.conversation()
            async with self.house.database.read() as view:
                messages = await view.messages.after(conversation.id, 0)
            return sum(message.author is Author.CONTACT for message in messages) == number or None

        await until(heard)

    async def _next_said(self) -> Message | None:
        conversation = await self.conversation()
        async with self.house.database.read() as view:
            messages = await view.messages.after(conversation.id, self._heard, notes=False)
        said = [one for one in messages if one.author in (Author.BOT, Author.SYSTEM)]
        if not said:
            return None
        self._heard = said[0].seq
        return said[0]
