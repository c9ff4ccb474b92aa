"""The composition root: the place where things meet, and the only one that names what is in which package.

`Frontdesk` puts together what every process needs; the rest is made where the process's role needs it:
`brain` (what knows and understands), `answering` (what decides) and `site` (what the world sees).
Building opens no connection and starts nothing; `Frontdesk.web` gives the application whose lifespan
runs the loops.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from litestar import Litestar

from gateway.breaker import Breaker
from gateway.channels import ChannelTools
from gateway.clock import utc_now
from gateway.desk_loops import desk_listeners, desk_workers
from gateway.desks import DeskTools
from gateway.inbox import Inbox
from gateway.live import Change, Live
from gateway.media import MediaStore
from gateway.operating.backlog import Backlog
from gateway.operating.health import health_routes
from gateway.operating.metrics import Metrics
from gateway.operating.observing import Source
from gateway.operating.probes import of_breakers, of_live, of_revisions
from gateway.operating.readiness import Readiness
from gateway.operating.vitals import Vitals
from gateway.outbox import ChannelSender
from gateway.people.codes import CodeSender
from gateway.people.continuing import Names
from gateway.ports import Clock
from gateway.processes.duties import Duties
from gateway.processes.loops import Loop, running
from gateway.processes.relay import Bus, Relay
from gateway.processes.roles import ProcessRole, require_room
from gateway.processes.secret import ensure_folder, load_secret
from gateway.processes.wakeups import Wakeups
from gateway.registry import build_channels, build_desks, desk_kinds_of, kinds_of
from gateway.settings import Settings
from gateway.speaking import Speaker
from gateway.steps import Step, Watch, unwatched
from gateway.storage.engine import Database
from gateway.storage.work import Work
from gateway.texts import Texts
from gateway.web.application import Application

if TYPE_CHECKING:
    from gateway.answering import Answering
    from gateway.brain import Brain
    from gateway.people.assembly import People
    from gateway.site import Site

KINDS = kinds_of("bots")
"""Where each kind of channel is registered; only configured ones are loaded."""
DESK_KINDS = desk_kinds_of("bots")
"""The same of desks beside the web desk."""
MIB = 1024 * 1024


class Frontdesk:
    """One process of the program, put together once."""

    def __init__(self, settings: Settings, clock: Clock = utc_now, *, watch: Watch = unwatched) -> None:
        require_room(settings)
        self.settings = settings
        self.role = ProcessRole(settings.role)
        self.clock = clock
        self._watching = watch
        data_dir = ensure_folder(Path(settings.data_dir), "data_dir")
        self.secret = load_secret(settings.secret, data_dir)
        self.wakeups = Wakeups()
        self._relay = self._make_relay()
        self.live = Live(self._relay)
        self.texts = Texts()
        self.database = Database(settings.database_url, announce=self._announce)
        self.duties = Duties(self.database, wakeups=self.wakeups)
        self.media = MediaStore(data_dir / "media", self.database, clock)
        self.channels = build_channels(
            KINDS,
            settings.channels,
            ChannelTools(
                media=self.media,
                public_url=settings.public_url.rstrip("/") or None,
                publish=self.live.publish,
                sends=self.role.sends,
                database=self.database,
                company=settings.company,
                texts=self.texts,
            ),
        )
        self.speaker = Speaker(self.channels, clock)
        # Their libraries are of no use to a process that only sends.
        wanted = settings.desks if self._knows else {}
        self.desks = build_desks(DESK_KINDS, wanted, self._desk_tools()) if wanted else {}
        self.vitals = Vitals()
        self._breakers: dict[str, Breaker] = {}
        self.metrics = Metrics(
            self.database,
            worker=str(os.getpid()),
            probes=[
                self.vitals.figures,
                of_live(self.live),
                of_breakers(self._breakers),
                of_revisions(self._revisions),
            ],
            sources=self._sources(),
        )
        self.readiness = Readiness(
            self.database,
            clock,
            wakeups=self.wakeups,
            vitals=self.vitals,
            revisions=self._revisions,
            hints=lambda: self.live.healthy,
        )
        alerts = settings.alerts
        staffs_own = [(alerts.channel, alerts.to)] if alerts.channel else []
        self.inbox = Inbox(self.database, clock, watch=self.watch, staffs_own=staffs_own)

    # --- what not every role needs: loaded and made at its first use -------------------------

    @cached_property
    def brain(self) -> Brain:
        """What the bot knows and understands."""
        from gateway.brain import Brain  # noqa: PLC0415

        return Brain(self.settings, self.database, self.texts, self.clock, at_once=self.role.decides)

    @cached_property
    def people(self) -> People:
        """Who is one person with whom."""
        from gateway.people.assembly import People  # noqa: PLC0415
        from handoff.yielding import HandoffYielding  # noqa: PLC0415

        yielding = HandoffYielding(self.clock)
        return People(
            self.channels,
            self.speaker,
            yielding,
            self.texts,
            self.settings.company,
            self.clock,
            secret=self.secret,
            code_channel=self.settings.people.code_channel,
        )

    @cached_property
    def answering(self) -> Answering:
        """What decides."""
        from gateway.answering import Answering  # noqa: PLC0415

        return Answering(self)

    @cached_property
    def site(self) -> Site:
        """What the world sees."""
        from gateway.site import Site  # noqa: PLC0415

        return Site(self, sorted(KINDS))

    @property
    def _knows(self) -> bool:
        return self.role.serves or self.role.decides

    def _sources(self) -> list[Source]:
        sources: list[Source] = [Backlog(self.channels, self.clock)]
        sources += [desk.figures for desk in self.desks.values()]
        if self._knows:
            from handoff.figures import HandoffFigures  # noqa: PLC0415

            sources.append(HandoffFigures(self.clock))
        return sources

    def _desk_tools(self) -> DeskTools:
        """What desks beside the web desk need; only where there are such desks."""
        from handoff.desks.calls import CallPort  # noqa: PLC0415
        from handoff.desks.port import DeskPort  # noqa: PLC0415

        def title(article: str, language: str) -> str | None:
            return self.brain.knowledge.title(article, language)

        settings = self.settings
        acts = DeskPort(self.speaker, self.channels, self.texts, settings, title, self.clock)
        return DeskTools(
            database=self.database,
            acts=acts,
            calls=CallPort(acts.desk, self.channels, self.texts, settings, self.clock),
            search=lambda *asked: self.brain.lookup.search(*asked),  # noqa: PLW0108 — the brain comes later
            media=self.media,
            channels=self.channels,
            texts=self.texts,
            company=settings.company,
            clock=self.clock,
            wakeups=self.wakeups,
            public_url=settings.public_url.rstrip("/") or None,
            file_limit=settings.upload_limit * MIB,
            keep_days=settings.retention.body_days,
        )

    def _make_relay(self) -> Relay | None:
        """The line to the other processes: Redis where it is set, else PostgreSQL itself."""
        bus: Bus
        if self.settings.redis_url:
            from gateway.processes.redis_bus import RedisBus  # noqa: PLC0415

            bus = RedisBus(self.settings.redis_url)
        elif not self.settings.database_url.startswith("sqlite"):
            from gateway.storage.notices import PostgresBus  # noqa: PLC0415

            bus = PostgresBus(self.settings.database_url)
        else:
            return None
        return Relay(bus, self.wakeups.answered)

    # --- for whoever runs us -----------------------------------------------------------------

    async def seed_canned(self, work: Work) -> None:
        """Give agents a first set of canned texts."""
        from handoff.canned import DEMO  # noqa: PLC0415
        from handoff.storage.canned import CannedTable  # noqa: PLC0415

        await CannedTable(work).add_missing(DEMO, self.clock())

    def web(self) -> Litestar:
        """The ASGI application; everything our role needs is made by then. Raises SettingsError."""
        if self.role.decides:
            self.answering  # noqa: B018 — made here, where a bad setting can still be told
        health = health_routes(self.readiness, self.metrics)
        if self.role.serves:
            return self.site.application(health)
        return Application(route_handlers=health, lifespan=[self.lifespan], openapi_config=None, logging_config=None)

    async def close(self) -> None:
        """Let go of channels, the helper processes and the database."""
        await self.inbox.close()
        await self.metrics.close()
        for channel in self.channels.values():
            await channel.close()
        for desk in self.desks.values():
            await desk.close()
        if "brain" in self.__dict__:
            await self.brain.close()
        await self.database.close()

    # --- what happens here and elsewhere -----------------------------------------------------

    def watch(self, step: Step, count: int) -> None:
        """A `gateway.steps.Watch`: tells the figures, and whoever else watches."""
        self.metrics.watch(step, count)
        self._watching(step, count)

    def _announce(self, changes: Sequence[Change]) -> None:
        self.wakeups.ring(changes)
        self.live.publish(changes)
        self.watch(Step.PUSHED, len(changes))

    def _hear(self, changes: Sequence[Change]) -> None:
        """Another process announced `changes`."""
        self.wakeups.ring(changes)
        self.live.deliver(changes)

    def _revisions(self) -> tuple[int | None, int | None]:
        return (self.brain.knowledge.revision, self.brain.engine.revision) if self.role.decides else (None, None)

    # --- loops -------------------------------------------------------------------------------

    @asynccontextmanager
    async def lifespan(self, _app: Litestar) -> AsyncIterator[None]:
        """Runs the loops of our role while the application lives."""
        if self._knows:
            await self.brain.refresh()
        if self.role.sends:
            await self._take_over_sends()
        await self.readiness.look()
        async with running(self.wakeups, self._workers(), self._listeners(), self.vitals):
            yield

    async def _take_over_sends(self) -> None:
        async with self.database.write() as work:
            # What waits for a channel that was taken out of the settings would hold up its conversation.
            await work.deliveries.give_up_others(self.channels, self.clock())
            if self.database.is_sqlite:
                # One process owns a SQLite file, so what is still leased was a predecessor's.
                await work.deliveries.end_leases(self.clock())

    @cached_property
    def senders(self) -> dict[str, ChannelSender]:
        """Who sends, by channel: nobody in a process that does not, or where the database is the transport."""
        senders = {
            channel.name: ChannelSender(
                self.database,
                channel,
                clock=self.clock,
                wakeups=self.wakeups,
                settings=self.settings.outbox,
                watch=self.watch,
                observer=self.metrics,
            )
            for channel in self.channels.values()
            if self.role.sends and not channel.capabilities.stored
        }
        self._breakers.update((name, sender.breaker) for name, sender in senders.items())
        return senders

    def _workers(self) -> dict[str, Loop]:
        """What runs beside the web server; each ends by itself when the wakeups are stopped."""
        workers: dict[str, Loop] = {"readiness": self.readiness.run}
        if self._knows:
            workers["refresh"] = partial(self.brain.keep_fresh, self.wakeups)
            if self.people.codes.things:
                workers["codes"] = CodeSender(self.database, self.people.codes, self.texts, self.wakeups).run
            names = Names(self.channels, self.wakeups)
            workers |= {"names": names.run} if names.needed else {}
        if self.role.decides:
            workers |= self.answering.loops()
            workers |= desk_workers(self.desks, self.duties)
        return workers | {f"outbox:{name}": sender.run for name, sender in self.senders.items()}

    def _listeners(self) -> dict[str, Loop]:
        """What listens to others, and is cancelled when the workers have ended."""
        listeners: dict[str, Loop] = {}
        if self.role.decides:
            listeners["training"] = self.duties.alone("training", self.brain.keep_learning)
        if self._relay is not None:
            listeners["relay"] = partial(self._relay.run, self._hear, self.live.resync)
        if not self.role.serves:
            return listeners
        for name, channel in self.channels.items():
            run = partial(channel.run, self.inbox.take)
            # Telegram refuses a second poller, and one registration of a webhook is enough.
            alone = run if channel.capabilities.stored else self.duties.alone(f"channel:{name}", run)
            listeners[f"channel:{name}"] = alone
        return listeners | desk_listeners(self.desks, self.duties) | self.site.listeners()
