"""Where a request leads when its deed is done, and what goes on after its answer: trainings, and checks of changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from litestar.background_tasks import BackgroundTask
from litestar.response import Redirect

from gateway.errors import FrontdeskError
from knowledge_base.flash import TRAINS, Done, Flash
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Publication

log = structlog.get_logger()


class Afterwards:
    """Redirects; a training that is due runs when the answer is out.

    Once `stopped` is set nothing goes on: a training takes minutes, and whoever runs next catches up
    (`knowledge_base.unlearned`).
    """

    def __init__(self, publisher: Publisher, stopped: asyncio.Event) -> None:
        self._publisher = publisher
        self._stopped = stopped

    def to(self, path: str, flash: Flash) -> Redirect:
        """To `path`, which says what was done."""
        if flash.done not in TRAINS:
            return Redirect(flash.after(path), status_code=303)
        self._publisher.begin_training()
        return Redirect(flash.after(path), status_code=303, background=self.doing(self._train))

    def doing(self, deed: Callable[[], Awaitable[None]]) -> BackgroundTask:
        """`deed`, for a response that goes out before it."""
        return BackgroundTask(self._until_stopped, deed)

    async def _until_stopped(self, deed: Callable[[], Awaitable[None]]) -> None:
        working = asyncio.ensure_future(deed())
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            put_off = working.cancel()
            await asyncio.wait([working])
        if put_off:
            log.info("put_off_by_stop")
        else:
            working.result()

    async def _train(self) -> None:
        try:
            await self._publisher.train()
        except FrontdeskError as error:
            log.warning("training_failed", reason=str(error))


def published_flash(publication: Publication | None, article_id: str | None = None) -> Flash:
    """What to say of a publication; `article_id` is the one it was made for."""
    if publication is None:
        return Flash(done=Done.NOTHING)
    removed = article_id in publication.changes.removed
    return Flash(done=Done.REMOVED if removed else Done.PUBLISHED, revision=publication.revision)
