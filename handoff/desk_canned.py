"""What editors and supervisors do with agents' canned texts."""

from __future__ import annotations

from gateway.ports import Clock
from gateway.storage.joined import Transactions
from gateway.texts import Texts
from handoff.canned import Canned, check
from handoff.storage.canned import CannedTable


class DeskCanned:
    """Keeping and forgetting. Refusals are worded in the language asked for."""

    def __init__(self, database: Transactions, texts: Texts, clock: Clock) -> None:
        self._database = database
        self._texts = texts
        self._clock = clock

    async def save(self, canned: Canned, language: str | None = None, seen: str | None = None) -> Canned:
        """Keep a canned text (`id` 0: a new one), last `seen` so. Raises RequestRefused, Conflict or NotFound."""
        checked = check(canned, self._texts.translator(language).gettext)
        async with self._database.write() as work:
            return await CannedTable(work).save(checked, self._clock(), seen)

    async def delete(self, canned_id: int) -> None:
        """Forget a canned text."""
        async with self._database.write() as work:
            await CannedTable(work).delete(canned_id)
