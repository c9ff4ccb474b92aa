"""What the state machine drives: the real spine, handoff and sockets over one database, a messenger that
does as it is told, widgets that come and go, and a process that dies wherever it is told to."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import uuid4

from litestar.exceptions import WebSocketDisconnect
from sqlalchemy import Row, Table, select

from bots.webchat.audience import Audience
from bots.webchat.channel import KIND
from bots.webchat.service import Webchat
from bots.webchat.settings import WebchatSettings
from bots.webchat.socket import Session, _serve
from gateway.channels import ChannelTools, Envelope, Send
from gateway.errors import Ambiguous, Rejected, Throttled, Unreachable
from gateway.live import Change, Live
from gateway.media import MediaStore
from gateway.messages import Edit, Inbound, Part, Sender, Text
from gateway.people.identifying import Identifying
from gateway.people.signed import SignedTokens
from gateway.settings import Company, Settings
from gateway.staff import Staff
from gateway.steps import Step
from gateway.storage import tables
from gateway.storage.engine import Database
from handoff.storage import tables as handoff_tables
from tests.conftest import SteppingClock
from tests.fakes import FakeChannel, envelope_of
from tests.handoff.room import Room, all_texts

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SECRET = "a secret for tests only"
SETTINGS = Settings(company=Company(name={"en": "Zhuravlyk"}))


class Crash(BaseException):
    """The process is killed here. No handler of ours catches it, as none catches SIGKILL."""


class Fate(StrEnum):
    """What becomes of a send."""

    OK = "ok"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    REJECTED = "rejected"
    LOST = "lost"
    """No answer, and it did not arrive."""
    LATE = "late"
    """No answer, but it arrived."""


class Messenger(FakeChannel):
    """The platform of channel `shop`: it outlives every process of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.fates: deque[Fate] = deque()
        self.arrived: list[str] = []
        self.excused: Counter[str] = Counter()
        """By key of a send, how often it may come again: an answer that never reached us."""

    async def send(self, send: Send) -> str | None:
        fate = self.fates.popleft() if self.fates else Fate.OK
        match fate:
            case Fate.THROTTLED:
                raise Throttled("429", retry_after=3)
            case Fate.UNREACHABLE:
                raise Unreachable("no route")
            case Fate.REJECTED:
                raise Rejected("chat not found")
            case Fate.LOST:
                raise Ambiguous("reset")
            case Fate.LATE:
                self.arrived.append(send.key)
                self.excused[send.key] += 1
                raise Ambiguous("reset")
        self.arrived.append(send.key)
        return f"out-{len(self.arrived)}"


class Wire:
    """A widget's line as the session sees it: the two methods of a socket that it uses."""

    def __init__(self, hear: Callable[[dict[str, Any]], None]) -> None:
        self._hear = hear
        self._said: asyncio.Queue[str | None] = asyncio.Queue()
        self._cut = False
        self.waiting = False

    @property
    def idle(self) -> bool:
        """Whether the session has taken everything and waits for more."""
        return self.waiting and self._said.empty()

    def say(self, frame: dict[str, Any]) -> None:
        self._said.put_nowait(json.dumps(frame))

    def cut(self) -> None:
        """The line is gone."""
        self._cut = True
        self._said.put_nowait(None)

    async def receive_data(self, mode: str) -> str:
        self.waiting = True
        said = await self._said.get()
        self.waiting = False
        if said is None:
            raise WebSocketDisconnect(detail="gone", code=1006)
        return said

    async def send_text(self, text: str) -> None:
        if self._cut:
            raise WebSocketDisconnect(detail="gone", code=1006)
        self._hear(json.loads(text))


class Widget:
    """A visitor: holds a thread and a queue as the real widget does, over all its lines."""

    def __init__(self, token: str, visitor: str, cursor: str | None) -> None:
        self.token = token
        self.visitor = visitor
        self.cursor = cursor
        self.queue: dict[str, dict[str, Any]] = {}
        self.acked: list[str] = []
        self.thread: list[dict[str, Any]] = []
        self.held: dict[int, int] = {}
        self.wire: Wire | None = None
        self.session: Session | None = None
        self.task: asyncio.Task[int | None] | None = None

    @property
    def connected(self) -> bool:
        return self.task is not None and not self.task.done()

    @property
    def settled(self) -> bool:
        """Whether nothing is under way on the line."""
        if not self.connected:
            return True
        assert self.wire
        assert self.session
        return self.wire.idle and not self.session._writing

    def connect(self, webchat: Webchat) -> None:
        self.wire = wire = Wire(self._hear)
        self.session = Session(wire, webchat, webchat.channel("site"))  # type: ignore[arg-type]
        self.task = asyncio.get_running_loop().create_task(_serve(self.session))
        wire.say({"type": "hello", "token": self.token, "after": self.cursor, "language": "uk"})
        for frame in self.queue.values():
            wire.say(frame)

    async def disconnect(self) -> None:
        """Lose the line without a word."""
        if self.task is not None and self.wire is not None:
            self.wire.cut()
            await self.task
        self.task = None

    async def lose(self) -> None:
        """The process at the other end dies."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        self.task = None

    def write(self, **words: Any) -> str:
        frame = {"type": "message", "id": str(uuid4()), "language": "uk", **words}
        self.queue[frame["id"]] = frame
        if self.connected and self.wire:
            self.wire.say(frame)
        return frame["id"]

    def _hear(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "ack":
                if self.queue.pop(frame["id"], None):
                    self.acked.append(frame["id"])
            case "messages":
                if frame["snapshot"]:
                    self.thread, self.held = [], {}
                for message in frame["messages"]:
                    self._keep(message, known=not frame["snapshot"])
                self.cursor = frame["cursor"]

    def _keep(self, message: dict[str, Any], *, known: bool) -> None:
        conversation = message["conversation"]
        if known or conversation in self.held:
            assert self.held.get(conversation, 0) == message["prev"], "a gap, or something twice"
        self.held[conversation] = message["seq"]
        self.thread.append(message)


@dataclass
class Snapshot:
    """All that is in the database, by id."""

    conversations: dict[int, Row[Any]] = field(default_factory=dict)
    messages: dict[int, Row[Any]] = field(default_factory=dict)
    deliveries: dict[int, Row[Any]] = field(default_factory=dict)
    handoffs: dict[int, Row[Any]] = field(default_factory=dict)
    inbox: dict[int, Row[Any]] = field(default_factory=dict)
    identities: dict[int, Row[Any]] = field(default_factory=dict)

    def of(self, conversation_id: int) -> list[Row[Any]]:
        """The conversation's messages, by `seq`."""
        found = [message for message in self.messages.values() if message.conversation_id == conversation_id]
        return sorted(found, key=lambda message: message.seq)

    def bots_words(self, conversation_id: int, state: str) -> list[Row[Any]]:
        """The bot's deliveries of a conversation that are in `state`."""
        own = [one for one in self.deliveries.values() if one.conversation_id == conversation_id]
        return [one for one in own if one.author == "bot" and one.state == state]

    def heard(self, channel: str, address: str) -> list[str]:
        """The platform ids of what `address` said, in the order of its transcripts."""
        [person] = [
            one.contact_id for one in self.identities.values() if (one.channel, one.address) == (channel, address)
        ] or [None]
        own = {one.id for one in self.conversations.values() if one.contact_id == person}
        return [
            message.platform_id
            for message in self.messages.values()
            if message.conversation_id in own and message.direction == "inbound"
        ]


class World:
    """One process of ours after another over one database, and what lives beside them."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.clock = SteppingClock(MONDAY)
        self.messenger = Messenger()
        self.agents: list[Staff] = []
        self.said: list[Envelope] = []
        self.acked: list[Envelope] = []
        self.widgets: list[Widget] = []
        self.requeued: Counter[int] = Counter()
        self._crash_at: Step | None = None
        self._died = asyncio.Event()
        self.boot()

    async def open(self) -> None:
        """The first process starts, agents sign on, visitors have their tokens."""
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        self.agents = [await self.room.agent("Ольга"), await self.room.agent("Петро")]
        for cursor in (None, ""):
            visitor, token = self.webchat.tokens.welcome("site")
            self.widgets.append(Widget(token, visitor.id, cursor))

    def boot(self) -> None:
        """A new process over what is stored."""
        self.live = Live()
        self.database = Database(self.url, announce=self._announce)
        media = MediaStore(self.folder / "media", self.database, self.clock)
        tools = ChannelTools(media=media, public_url=None, publish=self.live.publish)
        site = KIND.build("site", WebchatSettings(), tools)
        self.room = Room(
            self.database,
            self.clock,
            SETTINGS,
            channel=self.messenger,
            others={"site": site},
            watch=self._watch,
            monotonic=lambda: self.clock().timestamp(),
        )
        self.webchat = Webchat(
            channels={"site": site},
            database=self.database,
            inbox=self.room.inbox,
            live=self.live,
            media=media,
            clock=self.clock,
            secret=SECRET,
            texts=all_texts(),
            company=SETTINGS.company,
            public_url=None,
            upload_limit=1024,
            suggestions=lambda language: [],
            audience=Audience(self.database),
            stopping=lambda: False,
            people=self.room.people,
            identifying=Identifying(
                self.database, SignedTokens(SETTINGS.people.token, self.clock), self.room.people.proving, self.clock
            ),
        )

    async def restart(self) -> None:
        """This process ends, however well, and another begins."""
        self.messenger.fates.clear()
        for widget in self.widgets:
            await widget.lose()
        await self._excuse_unrecorded()
        await self.database.close()
        self.boot()
        async with self.database.write() as work:
            if self.database.is_sqlite:
                await work.deliveries.end_leases(self.clock())

    async def close(self) -> None:
        for widget in self.widgets:
            await widget.disconnect()
        await self.database.close()

    # --- doing -------------------------------------------------------------------------------

    async def survive(self, act: Callable[[], Awaitable[object]], crash_at: Step | None = None) -> bool:
        """Do `act`; where the process dies at `crash_at` begin another. Whether it lived."""
        self._crash_at = crash_at
        self._died.clear()
        acting, dying = asyncio.ensure_future(act()), asyncio.ensure_future(self._died.wait())
        await asyncio.wait([acting, dying], return_when=asyncio.FIRST_COMPLETED)
        dying.cancel()
        self._crash_at = None
        if self._died.is_set():
            acting.cancel()
            await asyncio.gather(acting, return_exceptions=True)
            await self.restart()
            return False
        await acting
        await self.settle()
        return True

    async def settle(self) -> None:
        """Wait until every open line has said all it has to say."""
        async with asyncio.timeout(20):
            while not all(widget.settled for widget in self.widgets):  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def take(self, envelopes: Sequence[Envelope], crash_at: Step | None = None) -> None:
        """The messenger brings events; whoever gets no answer brings them again, sooner or later."""

        async def bring() -> None:
            await self.room.inbox.take("shop", envelopes)

        if await self.survive(bring, crash_at):
            self.acked += envelopes

    async def turns(self) -> None:
        """Take everything that waits."""
        while await self.room.turns.take_waiting():
            pass

    async def sends(self) -> None:
        """Send everything that is due."""
        while await self.room.sender.send_due():
            pass

    def event(self, address: str, *parts: Part) -> Envelope:
        """A new event of somebody on the messenger."""
        event = Inbound(sender=Sender(address=address, name="Оля"), parts=parts, platform_id=f"in-{len(self.said) + 1}")
        self.said.append(envelope_of(event))
        return self.said[-1]

    def edit(self, number: int, text: str) -> Envelope:
        """Somebody changes what they said."""
        earlier = self.said[number % len(self.said)]
        assert earlier.address
        return self.event(earlier.address, Edit(target=earlier.platform_id.removeprefix("m:"), text=text))

    def text(self, address: str, text: str) -> Envelope:
        """Somebody writes."""
        return self.event(address, Text(text=text))

    # --- looking -----------------------------------------------------------------------------

    async def snapshot(self) -> Snapshot:
        """Everything, at one moment."""
        async with self.database.read() as work:

            async def rows(table: Table) -> dict[int, Row[Any]]:
                found = await work.connection.execute(select(table).order_by(table.c.id))
                return {row.id: row for row in found}

            return Snapshot(
                conversations=await rows(tables.conversations),
                messages=await rows(tables.messages),
                deliveries=await rows(tables.deliveries),
                handoffs=await rows(handoff_tables.handoffs),
                inbox=await rows(tables.inbox),
                identities=await rows(tables.identities),
            )

    # --- pieces ------------------------------------------------------------------------------

    async def _excuse_unrecorded(self) -> None:
        """What arrived and was not recorded may come again: nobody can know."""
        for delivery in (await self.snapshot()).deliveries.values():
            key = json.loads(delivery.send)["key"]
            if delivery.state == "sending" and key in self.messenger.arrived:
                self.messenger.excused[key] = self.messenger.arrived.count(key)

    def _watch(self, step: Step, _count: int = 1) -> None:
        if step is self._crash_at:
            self._crash_at = None
            self._died.set()
            raise Crash(step)

    def _announce(self, changes: Sequence[Change]) -> None:
        self.room.wakeups.ring(changes)
        self.live.publish(changes)
