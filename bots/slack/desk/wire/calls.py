"""A due call's card as blocks: whom to call, when, about what, what was tried, and what can be said of it.

Nothing is said by an emoji or a colour alone: each stands beside its words.
"""

from __future__ import annotations

from bots.slack.desk.wire.pieces import Block, actions, button, context, safe, section
from gateway.desk_calls import CallCard
from gateway.texts import Translator

REACHED, NO_ANSWER, ENDING = "desk:reached", "desk:no_answer", "desk:ending"
"""The `action_id` of each button."""

_LINE = 300
_TRIES = 5


def call_blocks(card: CallCard, key: str, link: str | None, texts: Translator, *, moved: bool = False) -> list[Block]:
    """The card; its buttons bear `key`, `link` leads to the web desk. `moved`: this was an earlier time of it."""
    blocks = [section(_headline(card, texts, moved)), context(_times(card, texts))]
    if card.tries:
        blocks.append(section("\n".join(f"• {safe(one, _LINE)}" for one in card.tries[-_TRIES:])))
    if small := _small_print(card, link, texts, moved):
        blocks.append(context(small))
    return [*blocks, *([] if moved or not card.active else _buttons(key, texts))]


def call_words(card: CallCard, texts: Translator) -> str:
    """What a notification shows of the card."""
    return safe(f"{card.status}: {card.name} · {card.window}", 300) or texts.gettext("Callback")


def _headline(card: CallCard, texts: Translator, moved: bool) -> str:
    _ = texts.gettext
    status = _("Moved") if moved else card.status
    mark = "✔️" if moved or not card.active else "❗" if card.overdue else "📞"
    who = f" ({safe(card.by, 150)})" if card.by and not card.active else ""
    lines = [f"{mark} *{safe(status, 150)}*{who}", f"*{safe(card.name, 150)}* · {_dial(card)}"]
    if card.topic:
        lines.append(_("About: {topic}").format(topic=safe(card.topic, _LINE)))
    return "\n".join(lines)


def _dial(card: CallCard) -> str:
    """The number, which a press dials where there is a telephone."""
    return f"<tel:{card.number}|{safe(card.phone, 60)}>" if card.number else safe(card.phone, 60)


def _times(card: CallCard, texts: Translator) -> str:
    said = [texts.gettext("Promised: {window}").format(window=safe(card.window, 150))]
    if card.customers_window:
        said.append(safe(card.customers_window, 150))
    return " · ".join(said)


def _small_print(card: CallCard, link: str | None, texts: Translator, moved: bool) -> str:
    said = []
    if link:
        said.append(f"<{link}|{safe(texts.gettext('Open in the web desk'), 100)}>")
    if card.active and not moved:
        said.append(texts.gettext("What you write in this thread is a note for colleagues."))
    return " · ".join(said)


def _buttons(key: str, texts: Translator) -> list[Block]:
    _ = texts.gettext
    return actions(
        button(REACHED, _("Reached"), key, "primary"),
        button(NO_ANSWER, _("No answer"), key),
        button(ENDING, _("Something else…"), key),
    )
