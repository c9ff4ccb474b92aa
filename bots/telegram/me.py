"""The bot's own name, asked for once with the standard library: a process that only shows screens needs it for
links, and need not load a messenger's library (some sixty megabytes) for that."""

from __future__ import annotations

import asyncio
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from bots.telegram.settings import TelegramSettings
from bots.telegram.wire.replies import Trouble, failure, read_reply

LONGEST = 64 * 1024


async def bot_name(settings: TelegramSettings) -> str | None:
    """The bot's username (https://core.telegram.org/bots/api#getme). Raises SendError subclasses only."""
    status, body = await asyncio.to_thread(_get, settings)
    match read_reply(status, body):
        case {"username": str(username)}:
            return username
    return None


def _get(settings: TelegramSettings) -> tuple[int, bytes]:
    # The settings admit no other scheme than http and https.
    request = Request(f"{settings.api_base.rstrip('/')}/bot{settings.token}/getMe")  # noqa: S310
    try:
        with urlopen(request, timeout=settings.connect_timeout + settings.call_timeout) as answer:  # noqa: S310
            return int(answer.status), answer.read(LONGEST)
    except HTTPError as error:
        return error.code, error.read(LONGEST)
    except (URLError, HTTPException, OSError):
        raise failure(Trouble.NOT_CONNECTED) from None
