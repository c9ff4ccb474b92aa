"""A handoff in words, for desks that are no web pages: what it is about, and what was said. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.conversations import State
from gateway.desks import Card, CardState, DeskLine, Named, Side, TriedWords
from gateway.messages import (
    Author,
    ButtonPress,
    ContactCard,
    Direction,
    Edit,
    Location,
    Media,
    Message,
    Part,
    Reaction,
    Start,
    Text,
)
from handoff.desk_rows import CustomerContext, Line
from handoff.handoffs import Handoff, HandoffState
from handoff.phones import show_phone
from handoff.screens.about import Fact, Setting, Titles, draw_about
from handoff.screens.words import Words
from handoff.topics import topic_of

TRIED = 5
"""The bot's last turns that a card tells of."""
FACTS = 12

_STATES = {State.QUEUED: CardState.WAITING, State.AGENT: CardState.HELD, State.BOT: CardState.BOT}


def card_of(
    context: CustomerContext,
    handoff: Handoff,
    *,
    waits_since: datetime | None,
    setting: Setting,
    titles: Titles,
    say: Words,
) -> Card:
    """The card of `handoff`, whose conversation is that of `context`."""
    about = draw_about(context, setting, titles, say)
    conversation = context.conversation
    over = handoff.state is HandoffState.CLOSED and context.handoff is not None and context.handoff.id != handoff.id
    state = CardState.CLOSED if over else _STATES.get(conversation.state, CardState.CLOSED)
    told = handoff.context
    facts = [*about.entities, *(fact for fact in about.facts if fact.copied)]
    tried = [one for one in about.tried if one.text][-TRIED:]
    return Card(
        conversation_id=conversation.id,
        state=state,
        name=about.name,
        channel=say.channel(context.channel_kind),
        language=say.language(conversation.language) if conversation.language else "",
        status=_status(context, handoff, state, say),
        reason=say.reason(handoff.reason),
        began_at=handoff.created_at,
        waits_since=waits_since if state in (CardState.WAITING, CardState.HELD) else None,
        mood=say.mood(told.mood.anger if told else 0.0),
        topic=_topic(context, handoff, titles, say),
        phone=show_phone(context.contact.phone) if context.contact.phone else "",
        form=about.form,
        call=next((f"{call.window} · {call.phone_shown} · {call.state}" for call in about.calls if call.active), ""),
        rating=context.rating.score if context.rating else conversation.rating,
        earlier=len(context.earlier),
        holder_id=conversation.agent_id,
        tried=tuple(TriedWords(text=one.text, did=one.did, topic=one.topic) for one in tried),
        facts=_once(facts)[:FACTS],
    )


def _once(facts: Sequence[Fact]) -> tuple[Named, ...]:
    """Each thing once, in order."""
    found = dict.fromkeys((fact.label, fact.value) for fact in facts if fact.value)
    return tuple(Named(label=label, value=value) for label, value in found)


def _topic(context: CustomerContext, handoff: Handoff, titles: Titles, say: Words) -> str:
    article = handoff.context.article if handoff.context else None
    if article:
        return titles(article, say.translator.language) or article
    return topic_of(context.tried) or ""


def _status(context: CustomerContext, handoff: Handoff, state: CardState, say: Words) -> str:
    """Who answers now, or how it ended."""
    if state is CardState.HELD and context.assignee:
        return say.translator.gettext("{name} has it").format(name=context.assignee)
    if state in (CardState.CLOSED, CardState.BOT):
        return say.outcome(handoff.outcome)
    return say.state(context.conversation.state)


# --- lines -----------------------------------------------------------------------------------


def lines_of(lines: Sequence[Line], customer: str, kinds: Mapping[str, str], say: Words) -> list[DeskLine]:
    """`lines` of a transcript in words."""
    return [_line(one, customer, kinds, say) for one in lines]


def _line(line: Line, customer: str, kinds: Mapping[str, str], say: Words) -> DeskLine:
    message = line.message
    media = tuple(part for part in message.parts if isinstance(part, Media))
    words = [text for part in message.parts if (text := _words(part, say))]
    remarks = list(dict.fromkeys(remark for part in message.parts if (remark := _remark(part, say))))
    return DeskLine(
        message_id=message.id,
        seq=message.seq,
        side=_side(message),
        by=_by(line, customer, say),
        at=message.created_at,
        channel=say.channel(kinds.get(message.channel, message.channel)),
        source=message.channel,
        text="\n".join(words),
        markdown=any(isinstance(part, Text) and part.markdown for part in message.parts),
        remark=", ".join(remarks),
        media=media,
    )


def _side(message: Message) -> Side:
    if message.direction is Direction.NOTE:
        return Side.NOTE
    return Side(message.author.value)


def _by(line: Line, customer: str, say: Words) -> str:
    _ = say.translator.gettext
    match line.message.author:
        case Author.CONTACT:
            return customer
        case Author.BOT:
            return _("Bot")
        case Author.SYSTEM:
            return _("Automatic")
        case Author.AGENT:
            return line.agent or _("Agent")


def _words(part: Part, say: Words) -> str:
    match part:
        case Text(text=text) | Edit(text=text):
            return text
        case Media(caption=caption):
            return caption or ""
        case Location():
            point = f"{part.latitude:.6f}&mlon={part.longitude:.6f}"
            link = f"https://www.openstreetmap.org/?mlat={point}"
            return f"{part.title}: {link}" if part.title else link
        case ContactCard(phone=phone, name=name):
            return " ".join(word for word in (name, show_phone(phone)) if word)
        case ButtonPress(label=label, payload=payload):
            return label or payload
        case Reaction(emoji=emoji, removed=False):
            return say.translator.gettext("Reacted with {emoji}").format(emoji=emoji)
        case Start():
            return say.translator.gettext("Opened the conversation")
    return ""


def _remark(part: Part, say: Words) -> str:
    _ = say.translator.gettext
    match part:
        case Edit():
            return _("changed what was said")
        case ButtonPress():
            return _("pressed a button")
        case Reaction(removed=True):
            return _("took a reaction back")
    return ""
