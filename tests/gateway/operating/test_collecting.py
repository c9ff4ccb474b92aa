"""What lasts is searched once, and once more after an hour."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from gateway.operating.collecting import THAW_SECONDS, Sparing


class Ring:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.itself: Ring | None = self


@pytest.fixture
def time() -> Iterator[list[float]]:
    now = [0.0]
    sparing = Sparing(lambda: now[0])
    gc.callbacks.append(sparing)
    yield now
    gc.callbacks.remove(sparing)
    gc.unfreeze()


def test_what_outlived_a_search_is_left_out_until_the_thaw(time: list[float]) -> None:
    kept = Ring()
    gc.collect()
    assert gc.get_freeze_count() > 0
    dropped = ref(kept)
    del kept
    gc.collect()
    assert dropped() is not None
    time[0] = THAW_SECONDS
    gc.collect()
    assert dropped() is None


def test_what_does_not_last_is_found_as_ever(time: list[float]) -> None:
    gc.collect()
    dropped = ref(Ring())
    gc.collect()
    assert dropped() is None
    short = ref(Ring())
    gc.collect(1)
    assert short() is None
