"""A whole spine over fakes: webhook in at one end, sends out at the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.acting import Acts
from gateway.assisting.asks import Asks
from gateway.assisting.assistant import Assistant
from gateway.assisting.fetching import Fetcher
from gateway.assisting.telling import Telling
from gateway.echoes import Echoes
from gateway.inbox import Inbox
from gateway.media import MediaStore
from gateway.messages import Inbound
from gateway.operating.observing import UNOBSERVED, Observer
from gateway.outbox import ChannelSender
from gateway.people.joining import Joining
from gateway.people.moving import Moving
from gateway.ports import Action, Clock
from gateway.processes.wakeups import Wakeups
from gateway.recalling import Recalling
from gateway.receipts import Receipts
from gateway.replies import Replies
from gateway.settings import Company, Dialogue, Outbox
from gateway.speaking import Speaker
from gateway.steps import Watch, unwatched
from gateway.storage.engine import Database
from gateway.taking import Taker
from gateway.texts import Texts
from gateway.turns import Turns
from handoff.yielding import HandoffYielding
from nlu.mood import Moods
from tests.fakes import FakeChannel, FakeEngine, FakeHandoffs, FakeKnowledge, envelope_of


class Spine:
    """What a test drives: `hear` takes in, `settle` works everything off, `channel.sent` is the result."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        known: Mapping[str, tuple[str, float]],
        actions: Mapping[str, Action],
        channel: FakeChannel | None = None,
        policy: Dialogue | None = None,
        outbox: Outbox | None = None,
        observer: Observer = UNOBSERVED,
        watch: Watch = unwatched,
        assistant: Assistant | None = None,
        at_hand: bool = False,
    ) -> None:
        self.database = database
        self.clock = clock
        self.channel = channel or FakeChannel()
        self.handoffs = FakeHandoffs()
        channels = {self.channel.name: self.channel}
        company = Company(name={"en": "Zhuravlyk"})
        self.knowledge = knowledge = FakeKnowledge(actions)
        self.wakeups = wakeups = Wakeups()
        self.speaker = Speaker(channels, clock)
        self.inbox = Inbox(database, clock)
        replies = Replies(knowledge, Texts(), company, {})
        self.asks = self._asks(assistant, FakeEngine(known), replies, channels, company) if assistant else None
        taker = Taker(
            channels=channels,
            knowledge=knowledge,
            handoffs=self.handoffs,
            speaker=self.speaker,
            replies=replies,
            policy=lambda: policy or Dialogue(),
            company=company,
            clock=clock,
            recalling=Recalling(Moods()),
            asks=self.asks,
        )
        self.sender = ChannelSender(
            database,
            self.channel,
            clock=clock,
            wakeups=wakeups,
            settings=outbox or Outbox(),
            jitter=lambda: 0.0,
            observer=observer,
            monotonic=lambda: clock().timestamp(),
            watch=watch,
        )
        self.engine = FakeEngine(known)
        self.turns = Turns(
            database,
            channels,
            self.engine,
            taker,
            Receipts(clock),
            Echoes(clock),
            Moving(Joining(self.speaker, HandoffYielding(clock), Texts(), company, clock)),
            clock=clock,
            wakeups=wakeups,
            company=company,
            observer=observer,
            at_hand=at_hand,
            senders=(self.sender,) if at_hand else (),
        )

    def _asks(
        self,
        assistant: Assistant,
        engine: FakeEngine,
        replies: Replies,
        channels: Mapping[str, FakeChannel],
        company: Company,
    ) -> Asks:
        telling = Telling(
            assistant=assistant,
            acts=Acts(self.handoffs, self.speaker, replies, None),
            channels=channels,
            knowledge=self.knowledge,
            replies=replies,
            speaker=self.speaker,
            policy=Dialogue,
            company=company,
            fetcher=Fetcher(MediaStore(Path("nowhere"), self.database, self.clock), limit=1, seconds=1),
            clock=self.clock,
        )
        return Asks(
            self.database,
            assistant,
            engine,
            telling,
            company,
            clock=self.clock,
            wakeups=self.wakeups,
            timeout=1,
        )

    async def hear(self, *events: Inbound) -> None:
        """Take `events` in durably, as a webhook would."""
        await self.inbox.take(self.channel.name, [envelope_of(event) for event in events])

    async def settle(self) -> None:
        """Take all turns and send all that is due."""
        while await self.turns.take_waiting():
            pass
        while await self.sender.send_due():
            pass
