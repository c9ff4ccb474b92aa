"""Posting once: a post is announced to the database before it leaves, and looked for where its fate is not known."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from bots.slack.desk.posting import Post, Poster
from gateway.channels import Rate
from gateway.errors import Rejected, Throttled, Unreachable
from gateway.ports import Clock
from gateway.rates import Limiter

log = structlog.get_logger()

RATE = Rate(per_second=20, burst=20, per_address=1, address_burst=3)
"""About one message a second and channel: https://docs.slack.dev/apis/web-api/rate-limits/."""

OF_THE_MESSAGE = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_too_long",
        "msg_blocks_too_long",
        "no_text",
        "invalid_arguments",
        "invalid_metadata_format",
        "metadata_too_large",
    }
)
"""Refusals that mean these words, not the room."""

Note = Callable[[datetime | None], Awaitable[None]]
"""Keeps since when a post is being tried; None: it surely is not there."""


class Once:
    """Posts of one desk, at Slack's pace."""

    def __init__(
        self,
        poster: Poster,
        clock: Clock,
        *,
        rate: Rate = RATE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._poster = poster
        self._clock = clock
        self._monotonic = monotonic
        self._limiter = Limiter(rate, monotonic())

    def delay(self, room: str) -> float:
        """Seconds until the room may be posted to."""
        return self._limiter.delay(room, self._monotonic())

    async def post(self, post: Post, head: str, tried_at: datetime | None, note: Note, plain: Post) -> tuple[str, str]:
        """(ts, mark) of the post, made now or found to be made before, by a mark that begins with `head`.

        `plain` goes in its place where Slack does not take these words or files. Raises SendError.
        """
        if tried_at is not None:
            found = await self._poster.find(post.room, post.ts, head, tried_at)
            if found is not None:
                return found
        self._limiter.take(post.room, self._monotonic())
        await note(tried_at or self._clock())
        try:
            return await self._poster.post(post) or "", post.mark
        except Rejected as error:
            await note(None)
            if error.reason in OF_THE_MESSAGE or post.files:
                log.warning("desk_post_refused", mark=post.mark, reason=error.reason)
                return await self._poster.post(plain) or "", plain.mark
            raise
        except (Throttled, Unreachable):
            await note(None)  # surely not posted
            raise
