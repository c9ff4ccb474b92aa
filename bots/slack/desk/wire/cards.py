"""A handoff's card as blocks: who it is, why, what the bot made of it, and what can be done.

Nothing is said by an emoji or a colour alone: each stands beside its words.
"""

from __future__ import annotations

from bots.slack.desk.wire.pieces import Block, actions, button, code, context, moment, safe, section
from gateway.desks import Card, CardState
from gateway.texts import Translator

CLAIM, TEMPLATE, CALLBACK, NOTE = "desk:claim", "desk:template", "desk:callback", "desk:note"
TRANSFER, BOT, CLOSE = "desk:transfer", "desk:bot", "desk:close"
EARLIER, TAKE_OVER, CODE = "desk:earlier", "desk:take_over", "desk:code"
"""The `action_id` of each button."""

_MARKS = {CardState.WAITING: "🔔", CardState.HELD: "🙋", CardState.BOT: "🤖", CardState.CLOSED: "✔️"}
_QUOTE = 280
_LINE = 300


def card_blocks(card: Card, key: str, link: str | None, texts: Translator, *, prefix: str = "//") -> list[Block]:
    """The card; its buttons bear `key`, `link` leads to the web desk, `prefix` begins a private note."""
    blocks = [section(_headline(card, texts)), context(_circumstances(card, texts))]
    blocks += [section(words) for words in (_understood(card, texts), _facts(card, texts)) if words]
    if small := _small_print(card, link, texts, prefix):
        blocks.append(context(small))
    return [*blocks, *_buttons(card, key, texts)]


def card_words(card: Card) -> str:
    """What a notification shows of the card."""
    return safe(f"{card.status}: {card.name} · {card.channel} · {card.reason}", 300)


def _headline(card: Card, texts: Translator) -> str:
    _ = texts.gettext
    lines = [
        f"{_MARKS[card.state]} *{safe(card.status, 150)}*",
        f"*{safe(card.name, 150)}* · {safe(card.channel, 60)}"
        + (f" · {safe(card.language, 40)}" if card.language else ""),
        _("Why: {reason}").format(reason=safe(card.reason, 150)),
    ]
    if card.topic:
        lines.append(_("About: {topic}").format(topic=safe(card.topic, _LINE)))
    return "\n".join(lines)


def _circumstances(card: Card, texts: Translator) -> str:
    _ = texts.gettext
    said = [_("Handed over {when}").format(when=moment(card.began_at))]
    if card.waits_since is not None:
        said.append("⏳ " + _("the customer has waited since {when}").format(when=moment(card.waits_since)))
    elif card.state is CardState.HELD:
        said.append("✍️ " + _("the customer has an answer"))
    if card.mood:
        said.append("❗ " + _("sounds {mood}").format(mood=safe(card.mood, 60)))
    if card.rating is not None:
        said.append("⭐ " + _("rated {score} of 5").format(score=card.rating))
    return " · ".join(said)


def _understood(card: Card, texts: Translator) -> str:
    """What the bot understood and tried."""
    lines = []
    for one in card.tried:
        did = f"{one.did} ({one.topic})" if one.topic else one.did
        lines.append(f"• «{safe(one.text, _QUOTE)}» → {safe(did, 150)}")
    if not lines:
        return ""
    title = texts.gettext("What the bot understood and did")
    return "\n".join([f"*{title}*", *lines])


def _facts(card: Card, texts: Translator) -> str:
    """What one can copy."""
    lines = [f"{safe(fact.label, 60)}: {code(fact.value, 150)}" for fact in card.facts]
    if card.form:
        lines.append(texts.gettext("Open form: {form}").format(form=safe(card.form, 100)))
    if card.call:
        lines.append("📞 " + texts.gettext("Call: {call}").format(call=safe(card.call, 200)))
    return "\n".join(lines)


def _small_print(card: Card, link: str | None, texts: Translator, prefix: str) -> str:
    said = []
    if card.earlier:
        words = texts.ngettext("{count} earlier conversation", "{count} earlier conversations", card.earlier)
        said.append(words.format(count=card.earlier))
    if link:
        words = texts.gettext("Open in the web desk")
        said.append(f"<{link}|{safe(words, 100)}>")
    if card.state in (CardState.WAITING, CardState.HELD):
        words = texts.gettext("What you write in this thread goes to the customer; begin with {prefix} for a note.")
        said.append(words.format(prefix=code(prefix, 40)))
    return " · ".join(said)


def _buttons(card: Card, key: str, texts: Translator) -> list[Block]:
    _ = texts.gettext
    call = button(CALLBACK, _("Call…") if card.call else _("Callback…"), key)
    close = button(CLOSE, _("Close…"), key)
    match card.state:
        case CardState.WAITING:
            return actions(button(CLAIM, _("Claim"), key, "primary"), call, button(NOTE, _("Note…"), key), close)
        case CardState.HELD:
            return actions(
                button(TEMPLATE, _("Template…"), key),
                call,
                button(NOTE, _("Note…"), key),
                button(TRANSFER, _("Transfer…"), key),
                button(BOT, _("Give back to the bot"), key),
                close,
            )
        case CardState.BOT:
            return actions(button(CLAIM, _("Claim"), key))
        case CardState.CLOSED:
            return []
