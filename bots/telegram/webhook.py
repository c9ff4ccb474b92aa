"""Webhook mode: telling Telegram our address, and knowing its calls from forgeries."""

from __future__ import annotations

import asyncio
import hmac
import json

import structlog

from bots.telegram.api import BotApi
from bots.telegram.polling import Pause, retry_delay
from bots.telegram.settings import TelegramSettings
from bots.telegram.wire.inbound import ALLOWED_UPDATES
from gateway.channels import WebhookRequest
from gateway.errors import RequestRefused, SendError

log = structlog.get_logger()

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105
BODY_LIMIT = 1024 * 1024


def verify(request: WebhookRequest, secret: str) -> None:
    """Raise RequestRefused unless `request` carries `secret` and is one we can take.

    The secret comes first: a stranger learns nothing about what else would be wrong.
    """
    given = request.headers.get(SECRET_HEADER)
    if given is None:
        raise RequestRefused(401, f"{SECRET_HEADER} is missing")
    same = hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())
    if not same or not secret:
        raise RequestRefused(403, f"{SECRET_HEADER} is wrong")
    if request.method.upper() != "POST":
        raise RequestRefused(405, "only POST is taken here")
    if len(request.body) > BODY_LIMIT:
        raise RequestRefused(413, "the body is larger than 1 MiB")


def webhook_url(public_url: str, channel: str) -> str:
    """Where Telegram is to call us for `channel`."""
    return f"{public_url.rstrip('/')}/channels/{channel}/webhook"


def press_reply(query_id: str) -> bytes:
    """The webhook's answer that is itself a call: Telegram runs the method in it
    (https://core.telegram.org/bots/api#making-requests-when-getting-updates)."""
    return json.dumps({"method": "answerCallbackQuery", "callback_query_id": query_id}).encode()


class Registration:
    """Keeps telling Telegram our webhook until it has understood."""

    def __init__(self, channel: str, api: BotApi, settings: TelegramSettings, *, pause: Pause = asyncio.sleep) -> None:
        self._channel = channel
        self._api = api
        self._settings = settings
        self._pause = pause

    async def run(self, public_url: str) -> None:
        """Return once the webhook is set."""
        failures = 0
        while True:
            try:
                await self._api.call("setWebhook", self._params(public_url))
            except SendError as error:
                failures += 1
                log.warning("telegram_webhook_not_set", channel=self._channel, reason=error.reason, failures=failures)
                await self._pause(retry_delay(error, failures))
            else:
                log.info("telegram_webhook_set", channel=self._channel)
                return

    def _params(self, public_url: str) -> dict[str, object]:
        return {
            "url": webhook_url(public_url, self._channel),
            "secret_token": self._settings.webhook_secret,
            "allowed_updates": list(ALLOWED_UPDATES),
            "max_connections": self._settings.max_connections,
        }
