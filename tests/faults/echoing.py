"""What the bot knows in these tests: to say back what it was told, with a mark that each turn makes anew.

The mark is what tells a second turn from a second send: a turn that is done again words its answer again, a
send that is repeated carries the stored words.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from gateway.app import Frontdesk
from gateway.ports import Action, Answer, Entity, EntityKind, Ranked, Understanding, Utterance, Variables

ARTICLE = "echo"


def make_it_echo(frontdesk: Frontdesk) -> None:
    """Let the engine find the one article in every text, and the knowledge base answer it by an echo."""
    engine, knowledge = frontdesk.brain.engine, frontdesk.brain.knowledge
    engine.understand = understand  # type: ignore[method-assign]
    knowledge.action = action  # type: ignore[method-assign]
    knowledge.answer = answer  # type: ignore[method-assign]


async def understand(utterances: Sequence[Utterance]) -> list[Understanding]:
    """See `gateway.ports.Engine.understand`; the whole text is an order number, for `answer` to find."""
    return [
        Understanding(
            text=one.text,
            language="en",
            language_confidence=1.0,
            ranking=(Ranked(intent=ARTICLE, confidence=1.0),),
            entities=(Entity(kind=EntityKind.ORDER, text=one.text, value=one.text, start=0, end=len(one.text)),),
        )
        for one in utterances
    ]


def action(article: str, now: datetime) -> Action | None:
    """See `gateway.ports.Knowledge.action`."""
    return Action.ANSWER if article == ARTICLE else None


def answer(article: str, language: str, channel_kind: str, variables: Variables) -> Answer:
    """See `gateway.ports.Knowledge.answer`."""
    said = variables["entities"].get("order_number", "")
    return Answer(article=article, text=f"{said}#{uuid4().hex[:12]}", language=language)
