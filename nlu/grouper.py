"""Puts alike texts together in a process of its own: `gateway.improving.likeness.Grouping`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec

from gateway.errors import FrontdeskError
from nlu.processes import run_apart

COMMAND = (sys.executable, "-m", "nlu.grouping")
SECONDS = 60.0


class ProcessGrouping:
    """A process for each task, which ends with it.

    Args:
        limit: seconds after which it is killed.
        command: the program and its arguments.
    """

    def __init__(self, *, limit: float = SECONDS, command: Sequence[str] = COMMAND) -> None:
        self._limit = limit
        self._command = tuple(command)

    async def group(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """See `Grouping.group`."""
        if len(texts) < 2:
            return [(place,) for place in range(len(texts))]
        output = await run_apart(self._command, msgspec.json.encode(list(texts)), limit=self._limit, name="grouping")
        try:
            return msgspec.json.decode(output, type=list[tuple[int, ...]])
        except msgspec.MsgspecError as error:
            raise FrontdeskError("the grouping process gave no groups") from error
