"""Finding out what a change would do, once for each change: a candidate model is asked in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
import structlog

from gateway.errors import FrontdeskError
from gateway.improving.candidates import Candidates
from gateway.messages import Value
from gateway.ports import Clock
from gateway.settings import Company, Dialogue
from gateway.storage.engine import Database
from knowledge_base.base import phrases_of
from knowledge_base.changes import ChangeSet
from knowledge_base.consequences import Asking, Effect, Weigher, asking
from knowledge_base.links import DeadLink, LinkChecker
from knowledge_base.publishing import LIVE_TOPIC
from knowledge_base.storage_reviews import Checks, CheckState, StoredCheck, TestQuestions

log = structlog.get_logger()

DAYS = 30
"""How far back customers' messages are asked again."""
MESSAGES = 2_000
"""Different messages at most, the newest."""
PATIENCE = timedelta(minutes=6)
"""After this a check that does not end was cut off: the trial itself is stopped after five minutes."""


class Look(Value, frozen=True, kw_only=True):
    """How far the check of a change is; `state` None says that nobody has begun it."""

    key: str
    state: CheckState | None = None
    effect: Effect | None = None
    reason: str | None = None


class Weighing:
    """Checks changes; what was found is kept for everybody who asks about the same change."""

    def __init__(
        self,
        database: Database,
        candidates: Candidates,
        policy: Callable[[], Dialogue],
        company: Company,
        clock: Clock,
        links: LinkChecker | None = None,
    ) -> None:
        self._database = database
        self._candidates = candidates
        self._policy = policy
        self._zone = ZoneInfo(company.zone)
        self._clock = clock
        self._links = links

    async def look(self, change: ChangeSet) -> Look:
        """What is known of `change` by now."""
        async with self._database.read() as work:
            questions = await TestQuestions(work.connection).all()
            # Whole, not by number: a question that is kept again keeps its number and gets another answer.
            key = self._key(change, [(one.id, one.text, one.language, one.article) for one in questions])
            stored = await Checks(work.connection).get(key)
        if stored is None or self._cut_off(stored):
            return Look(key=key)
        effect = None if stored.result is None else _read(stored.result)
        if stored.state is CheckState.DONE and effect is None:
            return Look(key=key)
        return Look(key=key, state=stored.state, effect=effect, reason=stored.reason)

    async def begin(self, look: Look) -> bool:
        """Whether it falls to the caller to `run` the check; then everybody sees that it is running."""
        async with self._database.write() as work:
            return await Checks(work.connection).begin(look.key, self._clock(), PATIENCE)

    async def again(self, look: Look) -> None:
        """Forget what was found, so that it can be looked at anew: customers have written more since."""
        async with self._database.write() as work:
            await Checks(work.connection).forget(look.key)

    async def run(self, change: ChangeSet, look: Look) -> None:
        """Find out and keep it. What goes wrong is kept as well, for the editor to read."""
        result = reason = None
        try:
            effect = await self._find_out(change)
            result = msgspec.json.encode(effect).decode()
        except FrontdeskError as error:
            reason = str(error)
            log.warning("check_failed", reason=reason)
        finally:
            if result is None and reason is None:
                reason = "it was cut off"
            async with self._database.write() as work:
                await Checks(work.connection).end(look.key, result=result, reason=reason)
                work.announce(LIVE_TOPIC, "checked")

    async def _find_out(self, change: ChangeSet) -> Effect:
        now = self._clock()
        async with self._database.read() as work:
            messages = await Checks(work.connection).asked(now - timedelta(days=DAYS), MESSAGES)
            questions = await TestQuestions(work.connection).all()
        asked: Asking = asking(change, messages, questions)
        phrases = phrases_of(list(change.after.values()), now, self._zone)
        trial = await self._candidates.ask(phrases, asked.texts)
        links = await self._dead_links(change)
        weigher = Weigher(change, self._policy(), now, self._zone)
        # Thousands of decisions: the event loop belongs to customers meanwhile.
        effect = await asyncio.to_thread(weigher.weigh, asked, trial, links)
        log.info("change_checked", articles=len(change.changes), messages=effect.messages, moved=effect.moved)
        return effect

    async def _dead_links(self, change: ChangeSet) -> list[DeadLink]:
        if self._links is None:
            return []
        concerned = {one.article.id for one in change.changes if not one.removed}
        concerned |= {name for one in change.snippets for name in one.articles}
        return await self._links.dead(change.after[name] for name in sorted(concerned))

    def _key(self, change: ChangeSet, *more: object) -> str:
        policy = self._policy()
        return change.key(*more, policy.answer_confidence, policy.clarify_confidence, self._links is not None)

    def _cut_off(self, stored: StoredCheck) -> bool:
        return stored.state is CheckState.RUNNING and stored.started_at < self._clock() - PATIENCE


def _read(stored: str) -> Effect | None:
    """What was kept; None where another version kept it."""
    try:
        return msgspec.json.decode(stored, type=Effect)
    except msgspec.MsgspecError:
        return None
