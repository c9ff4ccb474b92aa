"""Sentence vectors for the serving process: in a thread of their own, in time or not at all."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import structlog

from gateway.embeddings_settings import Embeddings
from gateway.errors import FrontdeskError
from nlu.embeddings.encoder import open_encoder
from nlu.embeddings.joined import Encodes
from nlu.features import Floats

PATIENCE = 2.0
"""Seconds that a portion of texts waits for its vectors; then it is understood without."""
WAITING = 16
"""Portions that may wait at once; a further one is understood without."""
AGAIN = 60.0
"""Seconds after which a model that could not be loaded is tried again: somebody may have put it there."""

log = structlog.get_logger(__name__)


class Embedder:
    """One model a process, one thread. Loads in the background; whoever asks before gets none.

    Args:
        settings: name the model.
        open_: loads it.
        patience: seconds that a portion waits.
        now: seconds of a clock that only goes forward.
    """

    def __init__(
        self,
        settings: Embeddings,
        *,
        open_: Callable[[Embeddings], Encodes] = open_encoder,
        patience: float = PATIENCE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._open = open_
        self._patience = patience
        self._now = now
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embeddings")
        self._loading: Future[Encodes] | None = None
        self._tried_at = 0.0
        self._encoder: Encodes | None = None
        self._places = threading.Semaphore(WAITING)
        self._rests = False
        self.failure = ""
        """Why there is no model; empty while there is one, or none was tried."""

    @property
    def fingerprint(self) -> str | None:
        """That of the loaded model."""
        return self._encoder.fingerprint if self._encoder else None

    def look(self) -> None:
        """Begin to load the model, or take over what was loaded; never waits."""
        if self._encoder:
            return
        if self._loading is None:
            if self.failure and self._now() - self._tried_at < AGAIN:
                return
            self._tried_at = self._now()
            self._loading = self._thread.submit(self._open, self._settings)
        elif self._loading.done():
            self._take(self._loading)

    async def ready(self) -> bool:
        """Wait for the model to be loaded; whether it was."""
        self.look()
        if self._loading:
            await asyncio.wait([asyncio.wrap_future(self._loading)])
            self.look()
        return self._encoder is not None

    async def vectors(self, texts: Sequence[str]) -> Floats | None:
        """A row for each text; None where there is no model, no time, or it fails."""
        encoder = self._encoder
        if encoder is None or not self._places.acquire(blocking=False):
            return None
        begun = self._thread.submit(encoder.vectors, texts)
        begun.add_done_callback(lambda _: self._places.release())
        try:
            async with asyncio.timeout(self._patience):
                found = await asyncio.wrap_future(begun)
        except TimeoutError:
            self._note("they took too long")
            return None
        except FrontdeskError as error:
            self._note(str(error))
            return None
        self._note("")
        return found

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _take(self, loading: Future[Encodes]) -> None:
        self._loading = None
        try:
            self._encoder, self.failure = loading.result(), ""
        except FrontdeskError as error:
            if str(error) != self.failure:
                log.error("embeddings_missing", reason=str(error), until_then="the embedded engine understands alone")
            self.failure = str(error)
        else:
            log.info("embeddings_loaded", model=self._encoder.fingerprint)

    def _note(self, reason: str) -> None:
        """Tell once that they rest, and once that they are back."""
        if bool(reason) == self._rests:
            return
        self._rests = bool(reason)
        if reason:
            log.warning("embeddings_rest", reason=reason)
        else:
            log.info("embeddings_are_back")
