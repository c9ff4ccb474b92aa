"""The settings of what the bot does with a turn: `[dialogue]`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from gateway.section import Section


class Dialogue(Section, frozen=True, kw_only=True):
    """`[dialogue]`: how sure the bot must be, and when it calls a person."""

    answer_confidence: Annotated[float, Meta(ge=0, le=1, description="From this confidence on the bot answers.")] = 0.55
    clarify_confidence: Annotated[
        float, Meta(ge=0, le=1, description="From this confidence on it asks “did you mean…”.")
    ] = 0.3
    misses: Annotated[int, Meta(ge=1, description="Turns not understood in a row before a person is called.")] = 2
    anger: Annotated[float, Meta(ge=0, le=1, description="From this anger on a person is called.")] = 0.7
    people_at_once: Annotated[
        bool,
        Meta(description="Whether asking for a person hands over at once (else the bot asks what about)."),
    ] = True
    ask_helped: Annotated[
        bool,
        Meta(description="Whether two buttons under an answer ask whether it helped, where the channel has buttons."),
    ] = False
    small_talk: Annotated[
        list[str], Meta(description="Categories of articles under which that is never asked: greetings, thanks.")
    ] = field(default_factory=lambda: ["smalltalk"])
    suggestions: Annotated[list[str], Meta(description="Articles that web chat offers as first questions, by id.")] = (
        field(default_factory=list)
    )
    idle_hours: Annotated[
        int, Meta(ge=1, description="Hours of silence after which the bot closes a conversation.")
    ] = 24
