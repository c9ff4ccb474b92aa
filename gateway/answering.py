"""The part of the composition root that decides: turns, alarms and what has to be tidied.

Made only where the process's role is to decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.echoes import Echoes
from gateway.housekeeping import Housekeeping
from gateway.loops import Loop
from gateway.receipts import Receipts
from gateway.rerouting import Rerouting
from gateway.sweeping import Sweeper
from gateway.taking import Taker
from gateway.timers import Timers
from gateway.turns import Turns
from handoff.service import HandoffService
from handoff.timers import Alarms

if TYPE_CHECKING:
    from gateway.app import Frontdesk


class Answering:
    """What works off the inbox and rings the timers of `house`."""

    def __init__(self, house: Frontdesk) -> None:
        self._house = house
        self.handoffs = HandoffService(house.channels, house.brain.knowledge, house.texts, house.settings, house.clock)
        self.turns = self._turns()
        alarms = Alarms(house.speaker, house.texts, house.settings, house.clock)
        rerouting = Rerouting(
            house.channels, house.speaker, house.texts, house.settings.company, house.settings.people, house.clock
        )
        handlers = {**alarms.handlers(), **rerouting.handlers()}
        self.timers = Timers(house.database, handlers, clock=house.clock, wakeups=house.wakeups)

    def loops(self) -> dict[str, Loop]:
        """By name; each ends by itself when the wakeups are stopped."""
        return {
            "turns": self.turns.run,
            "timers": self.timers.run,
            "housekeeping": self._house.duties.alone("housekeeping", self._housekeeping().run),
        }

    def _turns(self) -> Turns:
        house, brain = self._house, self._house.brain
        taker = Taker(
            channels=house.channels,
            knowledge=brain.knowledge,
            handoffs=self.handoffs,
            speaker=house.speaker,
            replies=brain.replies,
            policy=house.settings.dialogue,
            company=house.settings.company,
            clock=house.clock,
            arrivals=house.people.arrivals,
        )
        return Turns(
            house.database,
            house.channels,
            brain.engine,
            taker,
            Receipts(house.clock),
            Echoes(house.clock),
            clock=house.clock,
            wakeups=house.wakeups,
            company=house.settings.company,
            watch=house.watch,
            observer=house.metrics,
        )

    def _housekeeping(self) -> Housekeeping:
        house = self._house
        sweeper = Sweeper(
            house.database, house.media, house.settings.retention, clock=house.clock, wakeups=house.wakeups
        )
        return Housekeeping(
            house.database,
            sweeper,
            clock=house.clock,
            wakeups=house.wakeups,
            idle_hours=house.settings.dialogue.idle_hours,
        )
