"""A room with two messengers and the web chat's like, in which one person writes from several places."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.channels import Capabilities, Envelope, Send
from gateway.contacts import Contact, Identity
from gateway.conversations import Conversation, State
from gateway.errors import MovedAway
from gateway.messages import (
    ButtonPress,
    Direction,
    Event,
    Inbound,
    Message,
    Moved,
    Part,
    Sender,
    Start,
    Text,
    plain_text,
)
from gateway.outbox import ChannelSender
from gateway.settings import Company, Settings
from gateway.storage.engine import Database
from gateway.storage.joins import Join, Joins
from tests.conftest import SteppingClock
from tests.fakes import PLAIN, FakeChannel
from tests.handoff.room import Room

MOVED = b"moved:"
"""How the body of a chat's move begins on a fake's wire."""


class Linked(FakeChannel):
    """A messenger that a link opens, and whose chats may go on elsewhere: `moved` says where."""

    def __init__(self, name: str, capabilities: Capabilities = PLAIN) -> None:
        super().__init__(name, capabilities)
        self.moved: dict[str, str] = {}

    async def send(self, send: Send) -> str | None:
        if send.address in self.moved:
            raise MovedAway("400 group chat was upgraded", address=self.moved[send.address])
        return await super().send(send)

    async def prepare(self) -> None:
        return None

    def link(self, payload: str) -> str | None:
        return f"https://{self.name}.example/?start={payload}"

    def parse(self, body: bytes) -> Event:
        if body.startswith(MOVED):
            return msgspec.json.decode(body.removeprefix(MOVED), type=Moved)
        return super().parse(body)


class PeopleRoom(Room):
    """Customers write to `web`, `telegram` and `mail` (whose addresses prove themselves)."""

    def __init__(self, database: Database, clock: SteppingClock, settings: Settings | None = None) -> None:
        mail = msgspec.structs.replace(PLAIN, address_is="email")
        app = msgspec.structs.replace(PLAIN, person_is="account")
        self.web = Linked("web", msgspec.structs.replace(PLAIN, buttons=8))
        self.telegram = Linked("telegram", msgspec.structs.replace(PLAIN, buttons=8))
        self.mail = FakeChannel("mail", mail)
        self.app = FakeChannel("app", app)
        for channel in (self.telegram, self.mail):
            channel.kind = channel.name
        self.web.kind = "webchat"
        super().__init__(
            database,
            clock,
            settings or Settings(company=Company(name={"en": "Zhuravlyk"})),
            others={one.name: one for one in (self.web, self.telegram, self.mail, self.app)},
        )
        self._count = 0

    async def write(self, channel: str, address: str, *parts: str | Part, **sender: Any) -> list[str]:
        """Somebody writes; what is said back there, in order."""
        await self.post(channel, address, *parts, **sender)
        return await self.work_off(channel, address)

    async def post(self, channel: str, address: str, *parts: str | Part, **sender: Any) -> None:
        """Somebody writes, and nobody has read it yet."""
        self._count += 1
        said = tuple(Text(text=part) if isinstance(part, str) else part for part in parts)
        event = Inbound(
            sender=Sender(address=address, **{"name": "Оля", **sender}), parts=said, platform_id=f"in-{self._count}"
        )
        body = msgspec.json.encode(event)
        await self.inbox.take(channel, [Envelope(platform_id=f"m:{self._count}", address=address, body=body)])

    async def move(self, channel: str, old: str, new: str, *, told_at: str) -> None:
        """The platform says, in one of the two chats, that `old` goes on at `new`; nobody has read it yet."""
        self._count += 1
        body = MOVED + msgspec.json.encode(Moved(address=old, to=new))
        await self.inbox.take(channel, [Envelope(platform_id=f"m:{self._count}", address=told_at, body=body)])

    async def work_off(self, channel: str, address: str) -> list[str]:
        """Take all turns; what was said back there."""
        before = {message.id for message in await self.thread(channel, address)}
        while await self.turns.take_waiting():
            pass
        return [
            plain_text(message.parts)
            for message in await self.thread(channel, address)
            if message.id not in before and message.direction is Direction.OUTBOUND and message.channel == channel
        ]

    async def choose(self, channel: str, address: str, label: str) -> list[str]:
        """Somebody presses the newest button whose label begins so."""
        for message in reversed(await self.thread(channel, address)):
            for button in message.buttons:
                if button.label.startswith(label) and button.payload:
                    return await self.write(channel, address, ButtonPress(payload=button.payload, label=button.label))
        raise AssertionError(f"no button {label}")

    async def code(self, channel: str, address: str) -> str:
        """A code for whoever is there."""
        async with self.database.write() as work:
            identity = await work.contacts.meet(channel, address, self.clock())
            return (await self.people.continuing.offer(work, identity)).code

    async def follow(self, channel: str, address: str, code: str, **sender: Any) -> list[str]:
        """Somebody opens a channel by a link with `code`."""
        return await self.write(channel, address, Start(payload=code), **sender)

    async def send(self, channel: FakeChannel) -> None:
        """Send all that is due on `channel`."""
        sender = self.sender_of(channel)
        while await sender.send_due():
            pass

    def sender_of(self, channel: FakeChannel) -> ChannelSender:
        """Who sends on `channel`."""
        return ChannelSender(
            self.database,
            channel,
            clock=self.clock,
            wakeups=self.wakeups,
            settings=self.settings.outbox,
            jitter=lambda: 0.0,
        )

    # --- looking -----------------------------------------------------------------------------

    async def identity(self, channel: str, address: str) -> Identity:
        async with self.database.read() as work:
            return (await work.contacts.find([(channel, address)]))[channel, address]

    async def contact(self, channel: str, address: str) -> Contact:
        async with self.database.read() as work:
            return await work.contacts.get((await self.identity(channel, address)).contact_id)

    async def talks(self, channel: str, address: str) -> list[Conversation]:
        """All conversations of whoever is there, newest first."""
        async with self.database.read() as work:
            return await work.conversations.of_contact((await self.identity(channel, address)).contact_id)

    async def open(self, channel: str, address: str) -> Conversation:
        [found] = [talk for talk in await self.talks(channel, address) if talk.state is not State.CLOSED]
        return found

    async def thread(self, channel: str, address: str) -> list[Message]:
        async with self.database.read() as work:
            found = await work.contacts.find([(channel, address)])
            if not found:
                return []
            talks = await work.conversations.of_contact(found[channel, address].contact_id)
            return [m for one in reversed(talks) for m in await work.messages.after(one.id, 0)]

    async def log(self, channel: str, address: str) -> list[Join]:
        async with self.database.read() as work:
            return await Joins(work.connection).of((await self.identity(channel, address)).contact_id)

    async def picture(self) -> dict[str, list[Any]]:
        """Everything a join may move, as it is: for holding a state against another."""
        tables = {
            "contacts": "id, name, language, zone, phone, email, details",
            "identities": "id, contact_id, channel, address, verified, blocked",
            "conversations": "id, contact_id, identity_id, state, agent_id, form, offers, misses, closed_at, rating",
            "callbacks": "id, contact_id, conversation_id, state",
            "handoffs": "id, conversation_id, state, outcome, claimed_by, closed_at",
        }
        async with self.database.read() as work:
            return {
                table: [
                    tuple(row)
                    for row in await work.connection.exec_driver_sql(f"SELECT {columns} FROM {table} ORDER BY 1")
                ]
                for table, columns in tables.items()
            }
