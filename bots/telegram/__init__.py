"""Telegram: a bot as a channel, by aiogram or python-telegram-bot over one wire.

`wire` translates and knows no library; `aiogram` and `ptb` are two ways to post the same calls; `channel`
joins them. Only the configured driver's library is ever imported.

Carried: text, photos, videos, audio, voice, stickers, documents, places, contacts, presses, edits, reactions,
replies, deep links, being blocked, groups (one address a group). Not carried, on purpose: channel posts and
other bots (nobody asks there), live location moves, custom emoji (pictures only Telegram can show), forum
topics (an answer goes to the group), receipts (Telegram tells a bot of none).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.telegram.api import BotApi
from bots.telegram.channel import TelegramChannel
from bots.telegram.lazy import LazyDriver
from bots.telegram.settings import TelegramSettings
from gateway.channels import ChannelKind, ChannelTools
from gateway.errors import SettingsError

if TYPE_CHECKING:
    from bots.telegram.driver import Driver


def build(name: str, settings: TelegramSettings, tools: ChannelTools) -> TelegramChannel:
    """The channel `name`. Raises SettingsError for settings that do not go together."""
    if settings.mode in ("webhook", "host") and not settings.webhook_secret:
        reason = f'is missing, and mode = "{settings.mode}" needs it: any 1–256 of A-Z a-z 0-9 _ -'
        raise SettingsError(f"channels.{name}.webhook_secret", reason)
    module = "bots.telegram.aiogram" if settings.driver == "aiogram" else "bots.telegram.ptb"
    driver = make_driver(settings) if tools.sends else LazyDriver(module, lambda: make_driver(settings))
    return TelegramChannel(name, settings, tools, BotApi(driver, settings))


def make_driver(settings: TelegramSettings) -> Driver:
    """The configured driver; its library is imported here and not before."""
    reach = {"token": settings.token, "api_base": settings.api_base}
    if settings.driver == "aiogram":
        from bots.telegram.aiogram import AiogramDriver  # noqa: PLC0415

        return AiogramDriver(**reach, connect_timeout=settings.connect_timeout)
    from bots.telegram.ptb import PythonTelegramBotDriver  # noqa: PLC0415

    return PythonTelegramBotDriver(**reach, connect_timeout=settings.connect_timeout)


KIND = ChannelKind(name="telegram", settings=TelegramSettings, build=build)
