"""Why a frame was not taken, said to the visitor in their language."""

from __future__ import annotations

from bots.webchat.frames import TEXT_LIMIT, Fault, Malformed
from gateway.texts import Translator


def explain(malformed: Malformed, translator: Translator) -> Fault:
    """The error frame for `malformed`: trying again would not help."""
    return Fault(code=malformed.code, message=_words(malformed.code, translator), id=malformed.id)


def unavailable(message_id: str | None, translator: Translator) -> Fault:
    """The error frame while the database is away: the widget keeps the message and tries again."""
    words = translator.gettext("We cannot take messages right now. Yours is kept and will be sent by itself.")
    return Fault(code="unavailable", message=words, id=message_id, retry=True)


def _words(code: str, translator: Translator) -> str:
    _ = translator.gettext
    match code:
        case "too_long":
            return _("The message is too long: at most {limit} characters fit. Please split it.").format(
                limit=TEXT_LIMIT
            )
        case "too_large":
            return _("The message is too large. Please send it in parts.")
        case "too_many":
            return _("Too many files in one message. Please send them in several.")
        case "empty":
            return _("The message is empty.")
        case "unknown_file":
            return _("The file is not here any more. Please attach it again.")
        case _:
            return _("The message could not be read. Please reload the page and try again.")
