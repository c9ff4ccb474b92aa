"""A spine with the real handoff room: customers write, agents act at the desk, the clock moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from gateway.channels import Capabilities, Channel
from gateway.conversations import Conversation
from gateway.echoes import Echoes
from gateway.inbox import Inbox
from gateway.messages import ButtonPress, Inbound, Message, Part, Sender, Text, plain_text
from gateway.outbox import ChannelSender
from gateway.people.assembly import People
from gateway.people.rerouting import Rerouting
from gateway.ports import Action, Entity, Mood, Ranked, Understanding, Utterance
from gateway.processes.wakeups import Wakeups
from gateway.recalling import Recalling
from gateway.receipts import Receipts
from gateway.replies import Replies
from gateway.settings import Settings
from gateway.speaking import Speaker
from gateway.staff import Role, Staff
from gateway.steps import Watch, unwatched
from gateway.storage.engine import Database
from gateway.taking import Taker
from gateway.texts import Texts
from gateway.timers import Timers
from gateway.turns import Turns
from handoff.desk_service import DeskService
from handoff.service import HandoffService
from handoff.storage.callbacks import CallbackTable
from handoff.storage.handoffs import HandoffTable
from handoff.timers import Alarms
from handoff.yielding import HandoffYielding
from nlu.mood import Moods
from tests.conftest import SteppingClock
from tests.fakes import PLAIN, FakeChannel, FakeKnowledge, envelope_of

ACTIONS = {
    "price": Action.ANSWER,
    "person": Action.HANDOFF,
    "call": Action.CALLBACK,
    "call-move": Action.CALLBACK_MOVE,
    "call-cancel": Action.CALLBACK_CANCEL,
}


@cache
def all_texts() -> Texts:
    """The catalogues, read once for all tests."""
    return Texts()


class Engine:
    """Understands what it was told: text → (intent, entities, anger)."""

    revision = 1

    def __init__(self) -> None:
        self.known: dict[str, tuple[str | None, tuple[Entity, ...], float]] = {
            "ціна": ("price", (), 0.0),
            "скільки коштує доставка": ("price", (), 0.0),
            "людину": ("person", (), 0.0),
            "жах, ганьба": (None, (), 0.9),
            "зателефонуйте мені": ("call", (), 0.0),
            "перенесіть дзвінок": ("call-move", (), 0.0),
            "скасуйте дзвінок": ("call-cancel", (), 0.0),
        }

    async def understand(self, utterances: Sequence[Utterance]) -> list[Understanding]:
        return [self._one(utterance.text) for utterance in utterances]

    def _one(self, text: str) -> Understanding:
        intent, entities, anger = self.known.get(text, (None, (), 0.0))
        return Understanding(
            text=text,
            language="uk",
            language_confidence=1.0,
            ranking=(Ranked(intent=intent, confidence=0.9),) if intent else (),
            entities=entities,
            mood=Mood(anger=anger),
        )

    async def refresh(self) -> bool:
        return False


class Room:
    """What a test drives. `hear` is a customer writing, `press` one pressing a button by its label."""

    def __init__(
        self,
        database: Database,
        clock: SteppingClock,
        settings: Settings,
        capabilities: Capabilities = PLAIN,
        *,
        channel: FakeChannel | None = None,
        others: Mapping[str, Channel] | None = None,
        watch: Watch = unwatched,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.database = database
        self.clock = clock
        self.settings = settings
        self.channel = channel or FakeChannel(capabilities=capabilities)
        self.engine = Engine()
        channels: dict[str, Channel] = {"shop": self.channel, **(others or {})}
        self.channels = channels
        knowledge = FakeKnowledge(ACTIONS)
        texts = all_texts()
        self.wakeups = Wakeups()
        self.speaker = Speaker(channels, clock)
        self.inbox = Inbox(database, clock, watch=watch)
        self.service = HandoffService(channels, knowledge, texts, settings, clock)
        yielding = HandoffYielding(clock)
        self.people = People(channels, self.speaker, yielding, texts, settings.company, clock, secret="a secret")
        taker = Taker(
            channels=channels,
            knowledge=knowledge,
            handoffs=self.service,
            speaker=self.speaker,
            replies=Replies(knowledge, texts, settings.company, {}),
            policy=lambda: settings.dialogue,
            company=settings.company,
            clock=clock,
            recalling=Recalling(Moods()),
            arrivals=self.people.arrivals,
        )
        self.turns = Turns(
            database,
            channels,
            self.engine,
            taker,
            Receipts(clock),
            Echoes(clock),
            self.people.moving,
            clock=clock,
            wakeups=self.wakeups,
            company=settings.company,
            watch=watch,
        )
        alarms = Alarms(self.speaker, texts, settings, clock)
        rerouting = Rerouting(channels, self.speaker, texts, settings.company, settings.people, clock)
        handlers = {**alarms.handlers(), **rerouting.handlers(), **self.people.moving.handlers()}
        self.timers = Timers(database, handlers, clock=clock, wakeups=self.wakeups)
        self.sender = ChannelSender(
            database,
            self.channel,
            clock=clock,
            wakeups=self.wakeups,
            settings=settings.outbox,
            jitter=lambda: 0.0,
            monotonic=monotonic,
            watch=watch,
        )
        self.desk = DeskService(database, self.speaker, channels, texts, settings, clock)
        self._heard = 0

    # --- the customer ------------------------------------------------------------------------

    async def hear(self, *parts: str | Part, address: str = "7", name: str = "Оля", quiet: bool = False) -> list[str]:
        """The customer says `parts` (texts or parts) at once; what is said back, in order."""
        self._heard += 1
        said = tuple(Text(text=part) if isinstance(part, str) else part for part in parts)
        sender = Sender(address=address, name=name)
        event = Inbound(sender=sender, parts=said, platform_id=f"in-{self._heard}", quiet=quiet)
        before = await self._seen(address)
        await self.inbox.take("shop", [envelope_of(event)])
        while await self.turns.take_waiting():
            pass
        return [plain_text(message.parts) for message in await self._seen(address) if message not in before][1:]

    async def press(self, label: str, *, address: str = "7") -> list[str]:
        """The customer presses the newest button whose label begins with `label`."""
        for message in reversed(await self._seen(address)):
            for button in message.buttons:
                if button.label.startswith(label) and button.payload:
                    return await self.hear(ButtonPress(payload=button.payload, label=button.label), address=address)
        raise AssertionError(f"no button {label}")

    async def labels(self, address: str = "7") -> list[str]:
        """The buttons under the last message."""
        return [button.label for button in (await self._seen(address))[-1].buttons]

    async def _seen(self, address: str) -> list[Message]:
        """Everything ever said with this person, over all conversations."""
        async with self.database.read() as work:
            found = await work.contacts.find([("shop", address)])
            if not found:
                return []
            conversations = await work.conversations.of_contact(found["shop", address].contact_id)
            return [m for one in reversed(conversations) for m in await work.messages.after(one.id, 0, notes=False)]

    # --- looking -----------------------------------------------------------------------------

    async def conversation(self, address: str = "7") -> Conversation:
        async with self.database.read() as work:
            found = await work.contacts.find([("shop", address)])
            conversation = await work.conversations.latest_of(found["shop", address].contact_id)
        assert conversation is not None
        return conversation

    async def handoff(self, address: str = "7"):
        conversation = await self.conversation(address)
        async with self.database.read() as work:
            return await HandoffTable(work).latest(conversation.id)

    async def calls(self, address: str = "7"):
        conversation = await self.conversation(address)
        async with self.database.read() as work:
            return await CallbackTable(work).of_contact(conversation.contact_id)

    async def said(self, address: str = "7") -> str:
        """The last words said to the customer."""
        return plain_text((await self._seen(address))[-1].parts)

    async def ring(self, **later: float) -> int:
        """Move the clock and ring what is due."""
        self.clock.advance(**later)
        return await self.timers.ring_due()

    # --- people ------------------------------------------------------------------------------

    async def agent(self, name: str, *roles: Role, language: str = "uk") -> Staff:
        async with self.database.write() as work:
            return await work.staff.add(
                email=f"{name}@example.org",
                name=name,
                password_hash="x",
                roles=frozenset(roles or {Role.AGENT}),
                now=self.clock(),
                language=language,
            )
