"""Telling staff, outside the desk, that a customer waits: a call must come, and a person, though no desk is open.

An alert is remembered when it has left. A process that dies between the two tells it once more, which staff can bear;
a customer who waits unseen cannot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog
from msgspec import structs

from gateway.alerts_settings import Alerts
from gateway.channels import Channel, Send
from gateway.errors import MovedAway, SendError, SettingsError, StorageUnavailable
from gateway.messages import Author, Text
from gateway.ports import Clock
from gateway.processes.wakeups import Wakeups, wait_for
from gateway.settings import LANGUAGES, Settings
from gateway.storage.engine import Database
from gateway.texts import Texts
from handoff.alerts import Alert, latest_arrival, words
from handoff.hours import OpeningHours
from handoff.storage.alerts import AlertTable

log = structlog.get_logger()

ALERTS = "work:alerts"
"""Nobody rings it; a stop does."""
LOOK_SECONDS = 15.0
AGAIN = timedelta(minutes=1)
"""After an alert that could not be sent."""
SEND_SECONDS = 60.0
KEPT = timedelta(days=30)
"""Who waits for longer is told of once more."""


def carrier(channels: Mapping[str, Channel], wanted: Alerts) -> Channel:
    """The channel that carries alerts. Raises SettingsError where it cannot."""
    channel = channels.get(wanted.channel)
    if channel is None:
        known = ", ".join(sorted(channels)) or "none"
        raise SettingsError("alerts.channel", f"{wanted.channel!r} is no channel of these settings; known are {known}")
    if channel.capabilities.stored:
        raise SettingsError("alerts.channel", f"{wanted.channel!r} reaches nobody who is not looking; name another")
    if not wanted.to:
        raise SettingsError("alerts.to", "is missing; say for example the id of a group, or a mail address")
    if wanted.language not in ("", *LANGUAGES):
        raise SettingsError("alerts.language", f"must be one of {', '.join(LANGUAGES)}")
    return channel


class Alerting:
    """Looks who waits, and tells it through `channel`.

    One process at a time runs this (`gateway.processes.duties`).
    """

    def __init__(
        self,
        database: Database,
        channel: Channel,
        settings: Settings,
        texts: Texts,
        clock: Clock,
        wakeups: Wakeups,
        *,
        moved: Callable[[str], None] = lambda _: None,
    ) -> None:
        """
        Args:
            moved: is told where the staff's group goes on, if it does so elsewhere.
        """
        self._database = database
        self._channel = channel
        self._wanted = settings.alerts
        self._to = settings.alerts.to
        self._moved = moved
        self._zone = settings.company.zone
        self._texts = texts.translator(settings.alerts.language or settings.company.language)
        self._hours = OpeningHours(settings.hours, settings.company.zone)
        self._desk = f"{settings.public_url.rstrip('/')}/desk" if settings.public_url else ""
        self._clock = clock
        self._wakeups = wakeups
        self._bell = wakeups.bell(ALERTS)
        self._not_before = clock()

    async def run(self) -> None:
        """Look until told to stop."""
        while not self._wakeups.stopping:
            try:
                await self.look()
            except StorageUnavailable as error:
                log.warning("alerts_wait", reason=str(error))
            await wait_for(self._bell, LOOK_SECONDS)

    async def look(self) -> int:
        """Tell what is to be told now; of how much. Raises StorageUnavailable."""
        if self._clock() < self._not_before:
            return 0
        alerts = await self._untold()
        if not alerts or not await self._send(alerts):
            return 0
        now = self._clock()
        async with self._database.write() as work:
            table = AlertTable(work)
            await table.tell(alerts, now)
            await table.forget(now - KEPT)
        log.info("alert_sent", channel=self._channel.name, alerts=len(alerts))
        return len(alerts)

    async def _untold(self) -> list[Alert]:
        now, wanted = self._clock(), self._wanted
        arrived = latest_arrival(self._hours, timedelta(minutes=wanted.waiting), now)
        async with self._database.read() as work:
            table = AlertTable(work)
            last = await table.last()
            if last is not None and now - last < timedelta(minutes=wanted.pause):
                return []
            calls = await table.calls(now - timedelta(minutes=wanted.calls))
            return [*calls, *(await table.waiting(arrived) if arrived else [])]

    async def _send(self, alerts: list[Alert]) -> bool:
        """Whether it left; the key is the same at each try for the same first alert."""
        first = alerts[0]
        text = words(alerts, self._texts, self._zone, self._clock(), self._desk)
        send = Send(
            address=self._to,
            part=Text(text=text),
            key=f"alert.{first.matter}.{first.subject}.{int(first.since.timestamp())}",
            author=Author.SYSTEM,
        )
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._carry(send)
        except (SendError, TimeoutError) as error:
            reason = error.reason if isinstance(error, SendError) else "time-out"
            log.warning("alert_not_sent", channel=self._channel.name, reason=reason)
            self._not_before = self._clock() + AGAIN
            return False
        return True

    async def _carry(self, send: Send) -> None:
        try:
            await self._channel.send(send)
        except MovedAway as error:
            # Telegram made another chat of the group. Not until the settings say so do we know it after a restart.
            log.warning(
                "alerts_group_moved",
                channel=self._channel.name,
                fix="the group has a new id: put it into alerts.to, or what staff write there counts as a customer's",
            )
            self._to = error.address
            self._moved(error.address)
            await self._channel.send(structs.replace(send, address=self._to))
