"""Where a request leads when its deed is done, and the training that follows some deeds."""

from __future__ import annotations

import structlog
from litestar.background_tasks import BackgroundTask
from litestar.response import Redirect

from gateway.errors import FrontdeskError
from knowledge_base.flash import TRAINS, Done, Flash
from knowledge_base.publishing import Publisher
from knowledge_base.storage import Publication

log = structlog.get_logger()


class Afterwards:
    """Redirects; a training that is due runs when the answer is out."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def to(self, path: str, flash: Flash) -> Redirect:
        """To `path`, which says what was done."""
        if flash.done not in TRAINS:
            return Redirect(flash.after(path), status_code=303)
        self._publisher.begin_training()
        return Redirect(flash.after(path), status_code=303, background=BackgroundTask(self._train))

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
