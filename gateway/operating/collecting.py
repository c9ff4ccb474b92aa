"""Sparing the garbage collector: what outlived one search of the whole memory is left out of the next ones.

With ten thousand open widgets such a search takes a second or two, in which nobody is answered, and
visitors who come cause one again and again. Nearly everything of ours is freed by counting references, so
what is left out and later dropped in a ring of references waits for the thaw, and that is little.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

FULL = 2
SEARCHES = (5000, 5, 2)
"""New objects before a search of the newest, such searches before one of the newer, and these before a full one.
Python has 700, 10 and 10: that is every other message, and a tenth of its time. A full one looks through few,
and takes ten milliseconds."""
THAW_SECONDS = 3600.0
"""So often everything is searched after all."""


class Sparing:
    """A callback for `gc.callbacks` (https://docs.python.org/3/library/gc.html#gc.callbacks)."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._thawed_at = monotonic()

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        """Before a full search thaw, if it is time; after it freeze what it found alive."""
        if info["generation"] < FULL:
            return
        if phase == "stop":
            gc.freeze()
        elif self._monotonic() - self._thawed_at >= THAW_SECONDS:
            self._thawed_at = self._monotonic()
            gc.unfreeze()


def spare_what_lasts() -> None:
    """From now on, in this process. Full searches come oftener, so each finds little that is new."""
    gc.set_threshold(*SEARCHES)
    gc.callbacks.append(Sparing())
