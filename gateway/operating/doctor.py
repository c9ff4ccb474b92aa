"""`frontdesk doctor`: looks at everything an installation needs, changes nothing, and says what to mend.

One look that fails is a finding and keeps none of the others from being taken.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.app import DESK_KINDS, KINDS, Frontdesk
from gateway.clock import utc_now
from gateway.errors import FrontdeskError, SettingsError
from gateway.operating import diagnosis, variables
from gateway.operating.checkup import Checkable, Finding, fine, problem
from gateway.ports import Clock
from gateway.processes.secret import FILE as SECRET_FILE
from gateway.settings import Settings
from gateway.staff import Role
from gateway.storage.examination import QUICK_CHECK_LIMIT, Examination, sqlite_file
from gateway.storage.ownership import owner
from gateway.storage.revision import known_revisions, newest_revision

PATIENCE = timedelta(seconds=30)
"""For one look."""

Look = Callable[[], Awaitable[Sequence[Finding]]]


async def examine(settings: Settings, clock: Clock = utc_now, environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """Every finding, in the order in which one would mend them."""
    strangers = [
        variables.finding(one)
        for one in (
            *variables.of_settings(settings, environ),
            *variables.of_tables(settings, KINDS, DESK_KINDS, environ),
        )
    ]
    try:
        house = Frontdesk(settings, clock)
    except SettingsError as error:
        return [problem("settings", str(error), "mend this setting; nothing else was looked at"), *strangers]
    except FrontdeskError as error:
        return [problem("database", str(error), "mend this; nothing else was looked at"), *strangers]
    try:
        return [fine("settings", "are in order"), *strangers, *[one async for one in Doctor(house).findings()]]
    finally:
        await house.close()


class Doctor:
    """Takes the looks, one after the other."""

    def __init__(self, house: Frontdesk) -> None:
        self._house = house
        self._settings = house.settings
        self._clock = house.clock
        self._data_dir = Path(house.settings.data_dir).resolve()

    async def findings(self) -> AsyncIterator[Finding]:
        """All of them; what needs the database only where it answers."""
        for finding in self._outside():
            yield finding
        reached = await self._take("database", self._database)
        for finding in reached:
            yield finding
        if any(finding.fix for finding in reached if finding.subject in ("database", "migrations")):
            return
        looks: dict[str, Look] = {
            "clock": self._clocks,
            "queues": self._queues,
            "knowledge": self._knowledge,
            "staff": self._staff,
            "redis_url": self._redis,
            "engine": self._house.brain.checkup,
        }
        for name, channel in self._house.channels.items():
            if isinstance(channel, Checkable):
                looks[f"channels.{name}"] = channel.checkup
        looks |= {f"desks.{name}": desk.checkup for name, desk in self._house.desks.items()}
        for subject, look in looks.items():
            for finding in await self._take(subject, look):
                yield finding

    async def _take(self, subject: str, look: Look) -> Sequence[Finding]:
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                return await look()
        except FrontdeskError as error:
            return [problem(subject, str(error), "mend this and look again")]
        except TimeoutError:
            return [problem(subject, f"no answer in {PATIENCE.seconds} seconds", "see what it waits for")]
        except Exception as error:
            return [problem(subject, f"could not be looked at: {type(error).__name__}", "please report this")]

    # --- looks -------------------------------------------------------------------------------

    def _outside(self) -> list[Finding]:
        shared = not self._house.database.is_sqlite
        return [
            diagnosis.of_public_url(self._settings),
            diagnosis.of_secret(self._settings, self._data_dir / SECRET_FILE, shared=shared),
            _disk("data_dir", self._data_dir),
        ]

    async def _database(self) -> list[Finding]:
        found: list[Finding] = []
        file = sqlite_file(self._settings.database_url)
        if self._house.database.is_sqlite:
            if file is None:
                return [
                    problem("database", f"there is no file {self._settings.database_url}", "run: frontdesk migrate")
                ]
            found += diagnosis.of_sqlite(file, owner(self._settings.database_url))
            found.append(_disk("database.disk", file.path.parent))
        async with self._house.database.read() as view:
            asked = Examination(view)
            if file is None:
                found.append(fine("database", f"PostgreSQL {await asked.server_version()} answers"))
            elif file.size <= QUICK_CHECK_LIMIT and (damage := await asked.damage()):
                fix = "stop the gateway, keep a copy of the file, and restore the last backup: frontdesk restore FILE"
                found.append(problem("database", f"{file.path} is damaged: {damage}", fix))
            found.append(diagnosis.of_revision(await asked.revision(), newest_revision(), known_revisions()))
        return found

    async def _clocks(self) -> list[Finding]:
        async with self._house.database.read() as view:
            asked = Examination(view)
            server = None if self._house.database.is_sqlite else await asked.server_time()
            now = self._clock()
            newest = await asked.newest_message()
        return [diagnosis.of_clocks(now, ZoneInfo(self._settings.company.zone), server=server, newest=newest)]

    async def _queues(self) -> list[Finding]:
        async with self._house.database.read() as view:
            waiting = await Examination(view).waiting()
        return list(diagnosis.of_waiting(waiting, self._clock()))

    async def _knowledge(self) -> list[Finding]:
        brain = self._house.brain
        await brain.refresh()
        return [diagnosis.of_knowledge(brain.knowledge.revision, brain.engine.revision)]

    async def _staff(self) -> list[Finding]:
        async with self._house.database.read() as view:
            people = await view.staff.all()
        return [diagnosis.of_staff(sum(person.may(Role.AGENT) for person in people))]

    async def _redis(self) -> list[Finding]:
        if not self._settings.redis_url:
            return []
        from gateway.processes.redis_bus import RedisBus  # noqa: PLC0415 — 30 MB that most installations do not need
        from gateway.processes.relay import LineLost  # noqa: PLC0415

        try:
            async with RedisBus(self._settings.redis_url).connect():
                return [fine("redis_url", "Redis answers")]
        except LineLost as error:
            fix = "start Redis or mend redis_url; until then other processes' news come a second late"
            return [problem("redis_url", f"Redis does not answer: {error}", fix)]


def _disk(subject: str, folder: Path) -> Finding:
    return diagnosis.of_disk(
        subject, folder, shutil.disk_usage(folder).free, writable=os.access(folder, os.W_OK | os.X_OK)
    )
