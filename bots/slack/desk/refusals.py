"""Words for who tried something in Slack that is not done: who they are is not known, or it cannot be done."""

from __future__ import annotations

from collections.abc import Sequence

from bots.slack.desk.people import Person
from bots.slack.desk.storage.events import StoredEvent
from bots.slack.desk.storage.people import Whisper
from bots.slack.desk.wire import cards
from bots.slack.desk.wire.deeds import Changed, Deed, Deleted, Nothing, Spot
from bots.slack.desk.wire.pieces import Block, actions, button, safe, section
from gateway.errors import NotFound
from gateway.texts import Texts


class Refusals:
    """Puts refusals into words of the one who reads them, and offers what can be done instead."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def stranger(self, deed: Deed, spot: Spot, person: Person) -> Whisper | None:
        """Whoever is not known reads what to do; nothing of theirs goes anywhere."""
        if isinstance(deed, Deleted | Changed | Nothing):
            return None
        texts = self._texts.translator(person.language)
        words = texts.gettext(
            "Nothing was done: I do not know which account of the web desk is yours. Your address in Slack is not "
            "that of an agent. Ask whoever runs Frontdesk to add it, or open the web desk, make a code there "
            "(Link Slack), and press the button."
        )
        link = actions(button(cards.CODE, texts.gettext("I have a code"), "code"))
        return whisper_to(deed.user, spot, words, [section(safe(words, 3000)), *link])

    def held(self, event: StoredEvent, user: str, spot: Spot, person: Person, holder: str) -> Whisper:
        """A colleague has the conversation: it can be taken over, and said then."""
        texts = self._texts.translator(person.language)
        words = texts.gettext("{name} has this conversation. Your words were not sent.").format(name=holder)
        press = button(cards.TAKE_OVER, texts.gettext("Take over and send"), str(event.id), "primary")
        return whisper_to(user, spot, words, [section(safe(words, 3000)), *actions(press)])

    def refusal(self, user: str, spot: Spot, person: Person, error: Exception) -> Whisper:
        """Why it cannot be done."""
        texts = self._texts.translator(person.language)
        words = texts.gettext("This does not exist any more.") if isinstance(error, NotFound) else str(error)
        return whisper_to(user, spot, words)


def whisper_to(user: str, spot: Spot, words: str, blocks: Sequence[Block] = ()) -> Whisper:
    """Words that one person sees at `spot`."""
    return Whisper(room=spot.room, ts=spot.ts, user=user, words=words, blocks=tuple(blocks))
