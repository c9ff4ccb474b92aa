"""The few words of ours in a mail, and who we are in it, in the customer's language."""

from __future__ import annotations

from collections.abc import Callable

from bots.mail.settings import MailSettings
from bots.mail.wire.outbound import Quote, Writer
from gateway.channels import ChannelTools
from gateway.messages import Message, Text

LANGUAGE = "en"
ZONE = "UTC"
"""Where nobody told us the company's."""


class Wording:
    """Words of one channel."""

    def __init__(self, settings: MailSettings, tools: ChannelTools) -> None:
        self._settings = settings
        self._company = tools.company
        self._texts = tools.texts

    def writer(self, language: str | None) -> Writer:
        """Us, as a customer of this `language` (None: not known) reads it."""
        name = self._name(language)
        _ = self._gettext(language)
        fallback = _("A message from {company}").format(company=name or self._settings.address)
        return Writer(address=self._settings.address.lower(), name=name, fallback=fallback)

    def quote(self, message: Message, name: str, language: str | None) -> Quote | None:
        """What `name` wrote, to stand below our answer; None where there were no words."""
        said = next((part.text for part in message.parts if isinstance(part, Text) and part.text.strip()), None)
        if said is None:
            return None
        _ = self._gettext(language)
        zone = self._company.zone if self._company else ZONE
        if self._texts is None:
            date = message.created_at.strftime("%Y-%m-%d %H:%M")
        else:
            date = self._texts.translator(self._language(language)).moment(message.created_at, zone)
        return Quote(attribution=_("On {date}, {name} wrote:").format(date=date, name=name), text=said)

    def too_large(self) -> str:
        """How agents are told of a file that was left in the mailbox, with ``{name}`` and ``{size}``."""
        _ = self._gettext(None)
        return _("{name} ({size} MB, too large: it is in the mailbox)")

    def _name(self, language: str | None) -> str:
        if self._settings.name or self._company is None:
            return self._settings.name
        names = self._company.name
        return names.get(self._language(language)) or next(iter(names.values()), "")

    def _language(self, language: str | None) -> str:
        return language or (self._company.language if self._company else LANGUAGE)

    def _gettext(self, language: str | None) -> Callable[[str], str]:
        if self._texts is None:
            return str
        return self._texts.translator(self._language(language)).gettext
