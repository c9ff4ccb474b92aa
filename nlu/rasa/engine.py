"""Understanding by a Rasa server, with the embedded engine beside it for all that Rasa does not do, and as fallback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import structlog
from msgspec import structs

from gateway.assisting.settings import Rasa
from gateway.ports import Engine, Understanding, Utterance
from gateway.settings import Dialogue
from nlu.rasa.client import RasaClient, RasaFailed
from nlu.rasa.ranking import joined, ranking_of
from nlu.rasa.wire import Parse

log = structlog.get_logger(__name__)

BATCH_TIMEOUTS = 2
"""A batch waits as long as that many single answers; what has no answer by then is understood by ourselves."""


class RasaEngine:
    """A `gateway.ports.Engine`: intents by Rasa; language, entities, mood, and what Rasa fails on, by `inner`.

    Args:
        inner: the embedded engine, which is trained whenever articles are published.
        known: whether an article of that id is published; a model that knows none is another firm's.
    """

    def __init__(
        self, inner: Engine, client: RasaClient, settings: Rasa, policy: Dialogue, known: Callable[[str], bool]
    ) -> None:
        self._inner = inner
        self._client = client
        self._settings = settings
        self._policy = policy
        self._known = known
        self._foreign = False

    @property
    def revision(self) -> int | None:
        """That of the embedded engine: Rasa's model has no number of ours."""
        return self._inner.revision

    async def refresh(self) -> bool:
        """Take over a newer model of the embedded engine; a Rasa that failed is looked at here, where no
        customer waits for it."""
        changed = await self._inner.refresh()
        await self._client.probe()
        return changed

    async def understand(self, utterances: Sequence[Utterance]) -> list[Understanding]:
        """See `Engine.understand`; never later than `BATCH_TIMEOUTS` time-outs."""
        found = await self._inner.understand(utterances)
        if not self._client.available:
            return found
        parses = await self._parse_all([text for one in found if (text := spoken(one.text))])
        return [self._merge(one, parses.get(spoken(one.text))) for one in found]

    async def _parse_all(self, texts: Sequence[str]) -> dict[str, Parse]:
        """What Rasa says in time, by text."""
        different = list(dict.fromkeys(texts))
        waiting, found = iter(different), dict[str, Parse]()
        with suppress(TimeoutError):
            async with asyncio.timeout(BATCH_TIMEOUTS * self._settings.timeout), asyncio.TaskGroup() as group:
                for _ in range(min(self._settings.concurrency, len(different))):
                    group.create_task(self._work_off(waiting, found))
        if len(found) < len(different):
            log.warning("rasa_left_texts_to_the_embedded_engine", texts=len(different) - len(found))
        return found

    async def _work_off(self, waiting: Iterator[str], found: dict[str, Parse]) -> None:
        for text in waiting:
            try:
                found[text] = await self._client.parse(text)
            except RasaFailed as error:
                log.debug("rasa_failed", reason=str(error))
                if not self._client.available:
                    return

    def _merge(self, ours: Understanding, parse: Parse | None) -> Understanding:
        if parse is None:
            return ours
        ranking = ranking_of(parse, self._settings, self._policy, self._known)
        self._note_foreign(ranking is None)
        if ranking is None:
            return ours
        heard = spoken(ours.text)
        entities = joined(ours.entities, parse.entities, ours.text, ours.text.find(heard))
        return structs.replace(ours, ranking=ranking, entities=entities)

    def _note_foreign(self, foreign: bool) -> None:
        if foreign and not self._foreign:
            log.warning("rasa_knows_other_intents", remedy="frontdesk rasa export DIR, rasa train, restart Rasa")
        self._foreign = foreign


def spoken(text: str) -> str:
    """`text` as a customer's words: behind a slash Rasa reads the name of an intent, which is no customer's to say."""
    return text.strip().lstrip("/").strip()
