"""What a host bot has not handed over yet, kept on disk: a folder of small files, one a batch, in order.

A file is whole or not there (written beside, made durable, renamed), so a host that dies loses nothing that
it has told Telegram it took.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

SUFFIX = ".json"


class Spool:
    """The batches under `folder`, oldest first. One process at a time may use a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last = 0

    def add(self, bodies: Sequence[bytes]) -> Path:
        """Keep `bodies` durably; the name to `read` and `drop` them by. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # The clock may stand still or be set back; the order must not.
        self._last = max(time.time_ns(), self._last + 1, self._newest() + 1 if not self._last else 0)
        place = self._folder / f"{self._last:020d}{SUFFIX}"
        beside = place.with_suffix(".part")
        with beside.open("w", encoding="ascii") as file:
            json.dump([base64.b64encode(body).decode() for body in bodies], file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
        _make_durable(self._folder)
        return place

    def waiting(self) -> list[Path]:
        """The batches that are kept, oldest first."""
        return sorted(self._folder.glob(f"*{SUFFIX}"))

    def read(self, place: Path) -> list[bytes]:
        """The bodies of a batch. Raises OSError, or ValueError for a file that is none of ours."""
        return [base64.b64decode(body, validate=True) for body in json.loads(place.read_text(encoding="ascii"))]

    def drop(self, place: Path) -> None:
        """A batch is handed over."""
        place.unlink(missing_ok=True)

    def _newest(self) -> int:
        return max(self._numbers(), default=0)

    def _numbers(self) -> Iterator[int]:
        return (int(place.stem) for place in self.waiting() if place.stem.isdecimal())


def _make_durable(folder: Path) -> None:
    """A rename is durable when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
