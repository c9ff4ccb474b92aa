"""How often articles were the answer, and whether that was enough: what reports ask of the knowledge base."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.messages import Value

if TYPE_CHECKING:
    from gateway.storage.work import Work


class Usage(Value, frozen=True, kw_only=True):
    """How often an article was the bot's answer, and in how many conversations no person was needed after; how many
    customers said that it helped (`yes`), and that it did not (`no`)."""

    used: int = 0
    conversations: int = 0
    helped: int = 0
    yes: int = 0
    no: int = 0


class Uses(Protocol):
    """Counts the use of articles."""

    async def __call__(self, work: Work, since: datetime, until: datetime) -> Mapping[str, Usage]:
        """The use of each article that was used in the time, by id."""
        ...
