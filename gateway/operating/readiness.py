"""Whether this process should get traffic, and what is wrong where it should not, or not quite.

A look is taken every two seconds in a loop of its own and requests are answered from the last one: a
question asked often costs nothing, and a database that does not answer keeps nobody waiting. A look
that does not end is itself a finding.

**Not ready** is what another process might do better, and what only a balancer can help: the database
is away or takes no writes, the schema is another one, the loops break, we are stopping. **Degraded** is
what taking this process out would make worse: turns that are late (the queue is everybody's, so all
would leave together, and platforms would get 502 where their messages are still stored safely), a model
that is not trained yet (people are asked instead), one channel's loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum

import structlog

from gateway.errors import StorageUnavailable
from gateway.messages import Value
from gateway.operating.vitals import Vitals, of_one_channel
from gateway.ports import Clock
from gateway.processes.wakeups import Wakeups, wait_for
from gateway.storage.engine import Database
from gateway.storage.figures import FigureTable
from gateway.storage.revision import current_revision, known_revisions, newest_revision

log = structlog.get_logger()

EVERY_SECONDS = 2.0
STALE_SECONDS = 8.0
"""Longer than SQLite waits for a lock and than a commit on a slow disk takes."""

LATE = timedelta(minutes=1)
"""An event that waited so long for its turn was overlooked, or there are more than can be served."""

OK = "ok"


class Status(StrEnum):
    """What a balancer is told."""

    READY = "ready"
    DEGRADED = "degraded"
    NOT_READY = "not ready"
    STOPPING = "stopping"


class Report(Value, frozen=True, kw_only=True):
    """The answer: every check with `ok` or what is wrong; `reason` is the first thing wrong."""

    status: Status
    checks: dict[str, str]
    reason: str | None = None

    @property
    def takes_traffic(self) -> bool:
        """Whether a balancer should send requests here."""
        return self.status in (Status.READY, Status.DEGRADED)


VITAL = frozenset({"database", "migrations", "writer", "loops"})

Revisions = Callable[[], tuple[int | None, int | None]]
"""(published revision of the knowledge base, revision of the model in service)."""


class Readiness:
    """Looks again and again, and remembers what it saw."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        wakeups: Wakeups,
        vitals: Vitals,
        revisions: Revisions,
        hints: Callable[[], bool] = lambda: True,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._wakeups = wakeups
        self._vitals = vitals
        self._revisions = revisions
        self._hints = hints
        self._seconds = seconds
        self._known = known_revisions()
        self._newest = newest_revision()
        self._seen: dict[str, str] = {}
        self._begun: float | None = None
        self._looking_at: str | None = None

    async def run(self) -> None:
        """Look until told to stop."""
        bell = self._wakeups.bell("work:readiness")
        while not self._wakeups.stopping:
            await self.look()
            await wait_for(bell, EVERY_SECONDS)

    async def look(self) -> None:
        """Ask the database once. Never raises: what goes wrong is what was seen."""
        self._begun = self._seconds()
        seen: dict[str, str] = {}
        for name, check in (("database", self._database_answers), ("writer", self._database_writes)):
            self._looking_at = name
            try:
                seen |= await check()
            except StorageUnavailable as error:
                log.warning("not_ready", check=name, reason=str(error))
                seen[name] = "the database does not answer" if name == "database" else "the database takes no writes"
                break
            except Exception:
                log.exception("look_broke", check=name)
                seen[name] = "cannot be told; see the log"
                break
        self._seen = seen
        self._looking_at = None

    def report(self) -> Report:
        """What is known now."""
        if self._wakeups.stopping:
            return Report(status=Status.STOPPING, checks={}, reason="the program is stopping")
        checks = {"database": "not looked at yet", **self._seen, **self._late(), **self._loops(), **self._model()}
        checks["live"] = OK if self._hints() else "hints do not reach the other processes; they look each second"
        wrong = {name: words for name, words in checks.items() if words != OK}
        vital = [name for name in wrong if name in VITAL]
        if not wrong:
            return Report(status=Status.READY, checks=checks)
        first = vital[0] if vital else next(iter(wrong))
        return Report(
            status=Status.NOT_READY if vital else Status.DEGRADED, checks=checks, reason=f"{first}: {wrong[first]}"
        )

    # --- the checks --------------------------------------------------------------------------

    async def _database_answers(self) -> dict[str, str]:
        async with self._database.read() as view:
            revision = await view.connection.run_sync(current_revision)
            if revision is None or (revision in self._known and revision != self._newest):
                return {"database": OK, "migrations": "the database is not migrated; run frontdesk migrate"}
            oldest = await FigureTable(view).oldest_waiting()
        age = timedelta(0) if oldest is None else self._clock() - oldest
        late = f"the oldest event has waited {age.total_seconds():.0f} seconds for its turn"
        found = {"database": OK, "migrations": OK, "inbox": OK if age < LATE else late}
        if revision not in self._known:
            # Migrations only add, so in a rolling update the old program goes on until it is replaced.
            found["version"] = "the database is newer than this program; update it"
        return found

    async def _database_writes(self) -> dict[str, str]:
        """An empty transaction: on SQLite it takes its turn at the one writer and the file's lock."""
        async with self._database.write() as work:
            refused = await FigureTable(work).read_only()
        return {"writer": "the database is read-only" if refused else OK}

    def _late(self) -> dict[str, str]:
        """A look that does not end says where it hangs."""
        passed = 0.0 if self._begun is None else self._seconds() - self._begun
        return {self._looking_at or "database": f"no answer for {passed:.0f} seconds"} if passed > STALE_SECONDS else {}

    def _loops(self) -> dict[str, str]:
        breaking = self._vitals.breaking()
        everybodys = [loop for loop in breaking if not of_one_channel(loop)]
        one_channels = [loop for loop in breaking if of_one_channel(loop)]
        return {"loops": _broken(everybodys), "channels": _broken(one_channels)}

    def _model(self) -> dict[str, str]:
        published, trained = self._revisions()
        if published is None or trained is not None:
            return {"model": OK}
        return {"model": "articles are published but no model is trained; run frontdesk train"}


def _broken(loops: list[str]) -> str:
    return f"break over and over: {', '.join(loops)}" if loops else OK
