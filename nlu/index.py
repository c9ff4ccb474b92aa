"""Feature names by number, kept as hashes: a tenth of the memory of the strings in a dict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlu.features import Ints


class Index:
    """Finds the numbers of names, which are those of their places in `names`.

    Two names of a million share a 64-bit hash once in tens of millions of models; then one of them
    weighs what the other does, and nothing fails.
    """

    def __init__(self, names: Sequence[str]) -> None:
        hashes = _hashes(names)
        self._numbers: Ints = np.argsort(hashes, kind="stable").astype(np.int32)
        self._hashes = hashes[self._numbers]

    def __len__(self) -> int:
        return len(self._hashes)

    def find(self, names: Sequence[str]) -> Ints:
        """The number of each name, -1 for one that is not known."""
        asked = _hashes(names)
        places = self._hashes.searchsorted(asked)
        places[places == len(self._hashes)] = 0
        result: Ints = np.where(self._hashes[places] == asked, self._numbers[places], np.int32(-1))
        return result


def _hashes(names: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.fromiter(map(hash, names), np.int64, len(names))
