"""Two transactions that wait for each other: PostgreSQL ends one of them, which is then done again.

Who changes several people at once cannot always lock them in one order: it learns only on the way who they are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from gateway.errors import StorageUnavailable

log = structlog.get_logger()

TRIES = 4
ENDED = ("40P01", "40001")
"""A deadlock, a serialisation failure (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

T = TypeVar("T")


async def again(deed: Callable[[], Awaitable[T]]) -> T:
    """The result of `deed`, one whole transaction, which is done again where it was ended for another's sake.

    Raises StorageUnavailable where that does not end, and everything else as it comes.
    """
    for tried in range(1, TRIES):
        try:
            return await deed()
        except StorageUnavailable as error:
            if not _was_ended(error):
                raise
            log.info("transaction_again", tried=tried)
    return await deed()


def _was_ended(error: StorageUnavailable) -> bool:
    origin = getattr(error.__cause__, "orig", None)
    return getattr(origin, "sqlstate", None) in ENDED
