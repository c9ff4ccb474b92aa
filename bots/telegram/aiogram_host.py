"""The gateway beside an existing aiogram application: it hears every update first, and what the bot says.

    from bots.telegram.aiogram_host import Frontdesk
    Frontdesk("https://gateway.example/channels/shop/webhook", "the webhook_secret").attach(dispatcher, bot)

The session's own JSON reader is where raw bytes pass, before aiogram reads them, confirms them or answers a
webhook: there they are kept. An update that aiogram cannot read makes it refuse the whole batch, again and
again; it is handed to the gateway and passed on without its content, so that the others go their way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot, Dispatcher
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.types import TelegramObject, Update
from pydantic import ValidationError

from bots.telegram.handover import Deliver, Wants, handover_for
from bots.telegram.wire.envelopes import load
from bots.telegram.wire.hosts import bare, updates_in, with_updates
from gateway.errors import Unreadable

log = structlog.get_logger()

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class Frontdesk(BaseMiddleware):
    """The gateway's ear in one aiogram application.

    Args:
        url: the gateway's webhook of this channel, whose `mode` is `host`.
        secret: that channel's `webhook_secret`.
        spool: a folder for what is not handed over yet.
        wants: which updates the gateway is to have; all of them when not given.
        deliver: another way to the gateway than `url` (see `handover.to_intake`).
    """

    def __init__(
        self,
        url: str = "",
        secret: str = "",
        *,
        spool: Path | str = "frontdesk-spool",
        wants: Wants | None = None,
        deliver: Deliver | None = None,
    ) -> None:
        self._handover = handover_for(url, secret, spool, wants, deliver)

    def attach(self, dispatcher: Dispatcher, bot: Bot) -> None:
        """Listen from now on. `bot` needs a session of its own, as it has when nobody gives it another."""
        read = bot.session.json_loads
        bot.session.json_loads = lambda content: read(self._pass(content, bot))
        dispatcher.update.outer_middleware(self)
        dispatcher.startup.register(self._handover.start)
        dispatcher.shutdown.register(self._handover.stop)

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Updates that the application made itself, past the session, and then whatever it does with them."""
        if isinstance(event, Update):
            if not self._handover.knows(event.update_id):
                self._handover.heard(event.model_dump_json(exclude_unset=True, by_alias=True).encode())
            if event.model_fields_set <= {"update_id"}:
                return UNHANDLED  # spared, see `_pass`: an application has nothing to do with a bare number
        return await handler(event, data)

    def _pass(self, content: Any, bot: Bot) -> Any:
        """What aiogram is to read in place of `content`, after it was kept."""
        raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else bytes(content)
        self._handover.said(raw, bot.id)
        updates = updates_in(raw)
        if not updates:
            return content
        self._handover.heard(raw)
        strange = [not _readable(update, bot) for update in updates]
        if not any(strange):
            return content
        log.warning("frontdesk_spared_aiogram", updates=sum(strange))
        passed = [bare(one) if odd else one for one, odd in zip(updates, strange, strict=True)]
        return with_updates(passed) if updates != [raw] else passed[0]


def _readable(update: bytes, bot: Bot) -> bool:
    try:
        Update.model_validate(load(update), context={"bot": bot})
    except (ValidationError, Unreadable):
        return False
    return True
