"""The part of the composition root that decides: turns, alarms and what has to be tidied.

Made only where the process's role is to decide.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from gateway.acting import Acts
from gateway.assisting.asks import KIND as ASK
from gateway.assisting.asks import Asks
from gateway.assisting.assistant import Assistant
from gateway.assisting.fetching import Fetcher
from gateway.assisting.standing_by import StandingBy
from gateway.assisting.telling import Telling
from gateway.echoes import Echoes
from gateway.operating.housekeeping import Housekeeping
from gateway.operating.sweeping import Sweeper
from gateway.people.rerouting import Rerouting
from gateway.processes.loops import Loop
from gateway.recalling import Recalling
from gateway.receipts import Receipts
from gateway.taking import Taker
from gateway.timers import Timers
from gateway.turns import Turns
from handoff.alerting import Alerting, carrier
from handoff.leaving import Leaving
from handoff.service import HandoffService
from handoff.timers import Alarms

if TYPE_CHECKING:
    from gateway.app import Frontdesk

MIB = 1024 * 1024


class Answering:
    """What works off the inbox and rings the timers of `house`."""

    def __init__(self, house: Frontdesk) -> None:
        self._house = house
        self.handoffs = HandoffService(
            house.channels,
            house.brain.knowledge,
            house.texts,
            house.settings,
            house.clock,
            policy=house.brain.dial,
        )
        assistant = house.brain.rasa.assistant if house.brain.rasa else None
        self.asks = self._asks(assistant) if assistant else None
        self.standing_by = StandingBy(house.database, assistant, house.wakeups) if assistant else None
        self.receipts = Receipts(house.clock)
        self.turns = self._turns()
        self.alerting = self._alerting() if house.settings.alerts.channel else None
        alarms = Alarms(house.speaker, house.texts, house.settings, house.clock)
        rerouting = Rerouting(
            house.channels, house.speaker, house.texts, house.settings.company, house.settings.people, house.clock
        )
        handlers = {**alarms.handlers(), **rerouting.handlers(), **self.receipts.handlers()}
        handlers |= house.people.moving.handlers()
        handlers |= {ASK: self.asks.ring} if self.asks else {}
        self.timers = Timers(house.database, handlers, clock=house.clock, wakeups=house.wakeups)

    def loops(self) -> dict[str, Loop]:
        """By name; each ends by itself when the wakeups are stopped."""
        alone = self._house.duties.alone
        loops = {
            "turns": self.turns.run,
            "timers": self.timers.run,
            "housekeeping": alone("housekeeping", self._housekeeping().run),
        }
        if self.alerting:
            loops["alerts"] = alone("alerts", self.alerting.run)
        if self.asks and self.standing_by:
            # One process asks: two could put the questions of one conversation in the wrong order.
            loops["assistant"] = alone("assistant", partial(_both, self.asks.run, self.standing_by.run))
        return loops

    def _asks(self, assistant: Assistant) -> Asks:
        house, brain = self._house, self._house.brain
        settings = house.settings
        telling = Telling(
            assistant=assistant,
            acts=Acts(self.handoffs, house.speaker, brain.replies, house.people.arrivals),
            channels=house.channels,
            knowledge=brain.knowledge,
            replies=brain.replies,
            speaker=house.speaker,
            policy=brain.dial,
            company=settings.company,
            fetcher=Fetcher(house.media, limit=settings.upload_limit * MIB, seconds=settings.rasa.timeout),
            clock=house.clock,
        )
        return Asks(
            house.database,
            assistant,
            brain.engine,
            telling,
            settings.company,
            clock=house.clock,
            wakeups=house.wakeups,
            timeout=settings.rasa.timeout,
        )

    def _turns(self) -> Turns:
        house, brain = self._house, self._house.brain
        taker = Taker(
            channels=house.channels,
            knowledge=brain.knowledge,
            handoffs=self.handoffs,
            speaker=house.speaker,
            replies=brain.replies,
            policy=brain.dial,
            company=house.settings.company,
            clock=house.clock,
            recalling=Recalling(brain.moods),
            arrivals=house.people.arrivals,
            asks=self.asks,
        )
        return Turns(
            house.database,
            house.channels,
            brain.engine,
            taker,
            self.receipts,
            Echoes(house.clock),
            house.people.moving,
            clock=house.clock,
            wakeups=house.wakeups,
            company=house.settings.company,
            watch=house.watch,
            observer=house.metrics,
            at_hand=house.settings.engine == "embedded",
            senders=tuple(house.senders.values()) if house.database.is_sqlite else (),
        )

    def _alerting(self) -> Alerting:
        house = self._house
        return Alerting(
            house.database,
            carrier(house.channels, house.settings.alerts),
            house.settings,
            house.texts,
            house.clock,
            house.wakeups,
            moved=partial(house.inbox.count_as_staffs, house.settings.alerts.channel),
        )

    def _housekeeping(self) -> Housekeeping:
        house = self._house
        sweeper = Sweeper(
            house.database, house.media, house.settings.retention, clock=house.clock, wakeups=house.wakeups
        )
        leaving = Leaving(house.speaker, house.texts, house.settings, house.clock)
        return Housekeeping(
            house.database,
            sweeper,
            clock=house.clock,
            wakeups=house.wakeups,
            idle_hours=house.settings.dialogue.idle_hours,
            chores=(partial(leaving.look, house.database),),
        )


async def _both(one: Loop, other: Loop) -> None:
    """Run two loops until both have ended."""
    async with asyncio.TaskGroup() as group:
        for loop in (one, other):
            group.create_task(_run(loop))


async def _run(loop: Loop) -> None:
    await loop()
