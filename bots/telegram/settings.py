"""The settings of a Telegram channel: one table `[channels.NAME]` with `kind = "telegram"`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from gateway.settings import Section

DRIVERS = ("aiogram", "python-telegram-bot")


class TelegramSettings(Section, frozen=True, kw_only=True):
    """How one bot is reached. Times are seconds, sizes are bytes."""

    token: Annotated[
        str,
        Meta(pattern=r"^[0-9]+:[A-Za-z0-9_-]+$", description="The bot's token from @BotFather, `123456:ABC…`."),
    ]
    webhook_secret: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_-]{0,256}$",
            description="Proves that a webhook call is Telegram's (or your bot program's); required when `mode` is "
            "`webhook` or `host`.",
        ),
    ] = ""
    mode: Annotated[
        str,
        Meta(
            pattern="^(polling|webhook|host)$",
            description="`polling` works everywhere; `webhook` is faster and needs `public_url`; with `host` a bot "
            "program of yours takes the updates and hands them over.",
        ),
    ] = "polling"
    driver: Annotated[
        str,
        Meta(
            pattern="^(aiogram|python-telegram-bot)$",
            description="The library that speaks with Telegram: `aiogram` or `python-telegram-bot`.",
        ),
    ] = "aiogram"
    api_base: Annotated[
        str,
        Meta(pattern=r"^https?://\S+$", description="Where the Bot API is, for calls and files alike."),
    ] = "https://api.telegram.org"
    register_webhook: Annotated[
        bool, Meta(description="Whether the gateway itself tells Telegram its webhook address.")
    ] = True
    max_connections: Annotated[int, Meta(ge=1, le=100, description="Webhook calls that Telegram may make at once.")] = (
        40
    )
    poll_timeout: Annotated[int, Meta(ge=0, le=50, description="How long one poll waits for news.")] = 25
    connect_timeout: Annotated[float, Meta(gt=0, description="How long connecting to the Bot API may take.")] = 5.0
    call_timeout: Annotated[float, Meta(gt=0, description="How long a call without a file may take.")] = 20.0
    file_timeout: Annotated[
        float, Meta(gt=0, description="How long an upload, or silence within a download, may take.")
    ] = 40.0
    download_limit: Annotated[
        int, Meta(ge=1, description="Largest customer's file that is fetched (the Bot API itself gives up to 20 MiB).")
    ] = 20 * 1024 * 1024
