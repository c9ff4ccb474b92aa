"""The widget's own words. They travel with its configuration, so that it carries one language, not three."""

from __future__ import annotations

from gateway.texts import Translator


def widget_words(translator: Translator) -> dict[str, str]:
    """Every text the widget shows or says to screen readers; `{0}` stands for a number or a name."""
    _ = translator.gettext
    return {
        "open": _("Open the chat"),
        "close": _("Close the chat"),
        "log": _("Conversation"),
        "write": _("Write a message…"),
        "send": _("Send"),
        "attach": _("Attach a file"),
        "bot": _("Bot assistant"),
        "agent": _("Support agent"),
        "you": _("You"),
        "now": _("We answer at once"),
        "lost": _("No connection. Your messages are kept and will be sent."),
        "typing": _("Typing…"),
        "sending": _("Sending"),
        "sent": _("Sent"),
        "read": _("Read"),
        "failed": _("Not sent."),
        "edit": _("Edit"),
        "drop": _("Remove"),
        "earlier": _("Show earlier messages"),
        "cancel": _("Cancel the upload"),
        "big": _("The file is too large: up to {0} MB."),
        "type": _("Files of this type are not taken here."),
        "broke": _("The file could not be uploaded."),
        "long": _("Too much text: {0} characters over."),
        "file": _("File"),
        "map": _("Show on the map"),
        "answers": _("Quick replies"),
        "rate": _("Rating"),
        "stars": _("Rating: {0} of 5"),
        "new": _("New messages: {0}"),
        "move": _("Continue in another messenger"),
        "goto": _("Continue in {0}"),
        "scan": _("or scan with your phone"),
        "once": _("The link works once and for {0} minutes."),
        "other": _("In another messenger"),
        "send-code": _("Send us this there as a message:"),
        "wait": _("One moment…"),
        "nomove": _("This does not work right now. Please try again a little later."),
        "stay": _("Stay here"),
        "here": _("Drop to attach the file"),
    }
