"""Putting alike texts together, for whoever reads what many customers wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Grouping(Protocol):
    """Groups texts that mean much the same, whatever their language."""

    async def group(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """The places of `texts` in groups, the largest group first; each place is in exactly one, and the
        first place of a group is the text most like its others.

        Some 5,000 texts take a few seconds, during which the event loop is free.
        Raises FrontdeskError where it fails or takes too long.
        """
        ...
