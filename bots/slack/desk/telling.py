"""What is told in Slack beside cards and lines: words for one person, and what did not reach a customer."""

from __future__ import annotations

import structlog

from bots.slack.desk.posting import Poster
from bots.slack.desk.storage.people import Whisper, WhisperTable
from bots.slack.desk.storage.threads import LineTable, ThreadTable
from gateway.errors import Ambiguous, Rejected
from gateway.ports import Clock
from gateway.storage.deliveries import DeliveryState
from gateway.storage.joined import Transactions
from gateway.texts import Translator

log = structlog.get_logger()

WHISPERS = 20
WHISPER_TRIES = 5
_FATES = {
    DeliveryState.FAILED: "failed",
    DeliveryState.UNKNOWN: "unknown",
    DeliveryState.DROPPED: "dropped",
}


class Teller:
    """Tells what is kept to be told, in order. What one person reads twice does no harm, so that is tried again."""

    def __init__(self, name: str, database: Transactions, poster: Poster, texts: Translator, clock: Clock) -> None:
        self._name = name
        self._database = database
        self._poster = poster
        self._texts = texts
        self._clock = clock

    async def tell(self) -> bool:
        """Tell the oldest; whether there are more. Raises SendError."""
        async with self._database.read() as view:
            whispers = await WhisperTable(view, self._name).all(WHISPERS)
        for whisper in whispers:
            try:
                await self._poster.tell(whisper)
            except Rejected as error:
                log.warning("desk_whisper_refused", desk=self._name, reason=error.reason)
            except Ambiguous:
                async with self._database.write() as work:
                    await WhisperTable(work, self._name).tried(whisper.id)
                if whisper.attempts + 1 < WHISPER_TRIES:
                    raise
            async with self._database.write() as work:
                await WhisperTable(work, self._name).told([whisper.id])
        return len(whispers) == WHISPERS

    async def settle_fates(self) -> bool:
        """Keep to be told in the thread what of an agent's words did not arrive; whether there was such."""
        async with self._database.read() as view:
            unsettled = await LineTable(view, self._name).unsettled(100)
            sends = await view.deliveries.of_messages([message_id for _, message_id in unsettled]) if unsettled else {}
        told = False
        for thread_id, message_id in unsettled:
            states = {send.state for send in sends.get(message_id, [])}
            if states & {DeliveryState.QUEUED, DeliveryState.SENDING}:
                continue
            fate = next((word for state, word in _FATES.items() if state in states), "settled")
            await self._settle_fate(thread_id, message_id, fate)
            told |= fate != "settled"
        return told

    async def _settle_fate(self, thread_id: int, message_id: int, fate: str) -> None:
        async with self._database.write() as work:
            await LineTable(work, self._name).settle(message_id, fate)
            thread = await ThreadTable(work, self._name).get(thread_id)
            if fate == "settled" or thread is None or thread.ts is None:
                return
            _ = self._texts.gettext
            words = (
                _("⚠️ Perhaps not delivered: nobody knows whether the last reply arrived. Look in the web desk.")
                if fate == "unknown"
                else _("❌ Not delivered: the customer did not get the last reply. Look in the web desk.")
            )
            whisper = Whisper(room=thread.room, ts=thread.ts, words=words)
            await WhisperTable(work, self._name).add(whisper, self._clock())
