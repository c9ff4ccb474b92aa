"""What went before, as far as it bears on what is said now: the order named earlier, and the question put again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from gateway.contacts import Contact
from gateway.conversations import Conversation
from gateway.ports import EntityKind, HandoffContext, Mood, Moods, Reason, Situation, Tried, Understanding
from gateway.storage.work import Work

ORDER = "order_number"
"""Where a contact's details keep the order they named last; templates fall back to it."""


class Recalling:
    """Looks back over a conversation, only where that can make a difference."""

    def __init__(self, moods: Moods) -> None:
        self._moods = moods

    async def hold(self, work: Work, said: Iterable[tuple[int, Understanding]]) -> None:
        """Read at once what `amid` will look back at: for each contact, what they `said`."""
        wanted = []
        for contact_id, understanding in said:
            conversation = await work.conversations.open_of(contact_id)
            if conversation is not None and _may_differ(conversation, understanding):
                wanted.append(conversation.id)
        await work.turns.hold(wanted)

    async def amid(self, work: Work, conversation: Conversation, said: Understanding) -> Understanding:
        """`said` in the mood that what went before makes of it."""
        if not _may_differ(conversation, said):
            return said
        before = await work.turns.texts(conversation.id)
        return structs.replace(said, mood=self._moods.amid(said, before, conversation.misses))


def _may_differ(conversation: Conversation, said: Understanding) -> bool:
    """Whether earlier texts matter: who is calm, was understood so far and now asks something else has said
    nothing again."""
    same = said.best is not None and said.best.intent == conversation.article
    return same or bool(conversation.misses) or said.mood.anger > 0


def named_order(contact: Contact, said: Understanding | None) -> dict[str, str] | None:
    """The contact's details with the order that is named in what is `said`; None where nothing changes."""
    entities = said.entities if said is not None else ()
    order = next((entity.value for entity in entities if entity.kind is EntityKind.ORDER), None)
    if order is None or contact.details.get(ORDER) == order:
        return None
    return contact.details | {ORDER: order}


def handoff_context(
    turns: Sequence[tuple[Tried, Understanding]], situation: Situation, reason: Reason, article: str | None
) -> HandoffContext:
    """What an agent should know of `turns`, oldest first, and of what is said now."""
    understood = [said for _, said in turns] + ([situation.understanding] if situation.understanding else [])
    entities = {(entity.kind, entity.value): entity for said in understood for entity in said.entities}
    return HandoffContext(
        reason=reason,
        language=situation.language,
        tried=tuple(tried for tried, _ in turns),
        entities=tuple(entities.values()),
        mood=max((said.mood for said in understood), key=lambda mood: mood.anger, default=Mood()),
        article=article,
    )
