"""How sure the bot must be before it answers: the settings file's say, or what people have set since.

A setting is a row in the database. Every process looks with each refresh of its knowledge, and is told at once
by the same hint, so the next message is decided by it wherever it arrives.
"""

from __future__ import annotations

from itertools import pairwise

import structlog
from msgspec import structs

from gateway.learning import DialPoint, TrainingReport
from gateway.ports import Clock
from gateway.processes.wakeups import KNOWLEDGE
from gateway.settings import Dialogue
from gateway.storage.dials import Dials, Setting
from gateway.storage.engine import Database

log = structlog.get_logger()

LEAST, MOST = 0.05, 0.95
"""What the dial can be set to: below the bot guesses, above it falls silent."""
REMEMBERED = 10


class Dial:
    """The policy that counts now; `policy` is read at each decision."""

    def __init__(self, database: Database, policy: Dialogue, clock: Clock) -> None:
        self._database = database
        self._written = policy
        self._clock = clock
        self._set: int | None = None
        self.policy = policy

    def __call__(self) -> Dialogue:
        """The policy that counts now."""
        return self.policy

    @property
    def written(self) -> Dialogue:
        """What the settings file says."""
        return self._written

    async def refresh(self) -> bool:
        """Take over a newer setting if there is one."""
        async with self._database.read() as view:
            newest = await Dials(view.connection).newest()
        if newest is None or newest.id == self._set:
            return False
        self._set = newest.id
        self.policy = turned(self._written, newest.confidence)
        log.info("dial_turned", confidence=self.policy.answer_confidence)
        return True

    async def turn(self, confidence: float | None, *, author: str, staff_id: int | None) -> None:
        """Answer from `confidence` on, here at once and elsewhere with the next look; None: as the settings
        file says. What is out of bounds is brought to the nearest bound."""
        if confidence is not None:
            confidence = min(max(round(confidence, 2), LEAST), MOST)
        async with self._database.write() as work:
            await Dials(work.connection).add(confidence, self._clock(), author=author, staff_id=staff_id)
            work.announce(KNOWLEDGE, "dial")
        await self.refresh()

    async def history(self) -> list[Setting]:
        """Who set it to what, newest first."""
        async with self._database.read() as view:
            return await Dials(view.connection).latest(REMEMBERED)


def turned(policy: Dialogue, confidence: float | None) -> Dialogue:
    """`policy` answering from `confidence` on; asking back begins as far below as it did before."""
    if confidence is None or confidence == policy.answer_confidence:
        return policy
    share = policy.clarify_confidence / policy.answer_confidence if policy.answer_confidence else 0.0
    clarify = round(min(share, 1.0) * confidence, 4)
    return structs.replace(policy, answer_confidence=confidence, clarify_confidence=clarify)


def point_at(report: TrainingReport | None, confidence: float) -> DialPoint | None:
    """What `confidence` gives by the measured points, between two of them in proportion; None where nothing
    was measured."""
    points = sorted(report.dial, key=lambda point: point.confidence) if report else []
    if not points:
        return None
    for low, high in pairwise(points):
        if low.confidence <= confidence <= high.confidence:
            part = (confidence - low.confidence) / ((high.confidence - low.confidence) or 1.0)
            return DialPoint(
                confidence=confidence,
                answered=low.answered + part * (high.answered - low.answered),
                right=low.right + part * (high.right - low.right),
                strange=low.strange + part * (high.strange - low.strange),
            )
    return structs.replace(points[0] if confidence < points[0].confidence else points[-1], confidence=confidence)
