"""E-mail: a mailbox as a channel, read by IMAP and written by SMTP.

`wire` reads and writes mails and knows no server; `listening` and `arriving` bring them in, `submitting` and
`copies` carry them out; `channel` joins them. The libraries are imported for a configured channel only.

Carried: text, files both ways, threads, replies, bounces and read reports. Not carried, on purpose: HTML as it
was meant (it is kept, sanitised, beside the text), automatic mail and lists (two robots must not talk), what is
encrypted (shown as a file), reactions, edits and presses (no mail has them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.mail.settings import MailSettings, server
from gateway.channels import ChannelKind, ChannelTools
from gateway.errors import SettingsError

if TYPE_CHECKING:
    from bots.mail.channel import MailChannel


def build(name: str, settings: MailSettings, tools: ChannelTools) -> MailChannel:
    """The channel `name`. Raises SettingsError for settings that do not go together."""
    for field, url in (("imap", settings.imap), ("smtp", settings.smtp)):
        try:
            server(url)
        except ValueError:
            raise SettingsError(f"channels.{name}.{field}", "is no address; say for example imaps://host:993") from None
    _check_login(name, settings)
    if settings.after == "move" and settings.move_to in ("", settings.mailbox):
        reason = 'must name another folder, and after = "move" needs it'
        raise SettingsError(f"channels.{name}.move_to", reason)
    from bots.mail.channel import MailChannel  # noqa: PLC0415

    return MailChannel(name, settings, tools)


def _check_login(name: str, settings: MailSettings) -> None:
    """Raises SettingsError unless we can sign in, and by one way."""
    if not settings.oauth_url:
        if not settings.password:
            raise SettingsError(f"channels.{name}.password", "is missing; or name oauth_url, to sign in without one")
        return
    if settings.password:
        raise SettingsError(f"channels.{name}.oauth_url", "and a password are set; leave one of them out")
    if not settings.oauth_client:
        raise SettingsError(f"channels.{name}.oauth_client", "is missing; oauth_url needs it")
    if not (settings.oauth_secret or settings.oauth_refresh):
        raise SettingsError(f"channels.{name}.oauth_secret", "is missing; oauth_url needs it, or oauth_refresh")


KIND = ChannelKind(name="mail", settings=MailSettings, build=build)
