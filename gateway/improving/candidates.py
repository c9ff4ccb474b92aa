"""Candidate models: what the bot would understand if other articles were live. Never put into service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.learning import Phrase
from gateway.messages import Value
from gateway.ports import Ranked

Ranking = tuple[Ranked, ...]
"""Intents, likeliest first; may be empty."""


class Trial(Value, frozen=True, kw_only=True):
    """What two models say of the same texts, in their order: `before` is that of the newest stored model (None
    where there is none that can be read), `after` that of the candidate, which learnt `phrases` in `seconds`."""

    before: tuple[Ranking, ...] | None
    after: tuple[Ranking, ...]
    phrases: int
    seconds: float


class Candidates(Protocol):
    """Trains models for a moment, to ask them."""

    async def ask(self, phrases: Sequence[Phrase], texts: Sequence[str]) -> Trial:
        """Learn from `phrases` (and from what people labelled, as every training) and rank `texts`.

        Raises FrontdeskError with a clear reason where training is not possible; nothing in service is touched.
        """
        ...
