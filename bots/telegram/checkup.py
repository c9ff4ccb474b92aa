"""Whether Telegram knows our bot and our webhook: getMe and getWebhookInfo, judged.

https://core.telegram.org/bots/api#getme and #getwebhookinfo.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from bots.telegram.api import BotApi
from bots.telegram.settings import TelegramSettings
from gateway.errors import Rejected, SendError
from gateway.operating.checkup import Finding, fine, problem, warning

PILE = 100
"""So many updates do not wait at Telegram while a webhook works."""
LATELY = timedelta(minutes=10)


class WebhookInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What Telegram knows of our webhook; `last_error_date` in Unix seconds."""

    url: str = ""
    pending_update_count: int = 0
    last_error_date: int | None = None
    last_error_message: str = ""


async def look(
    name: str, api: BotApi, settings: TelegramSettings, webhook: str | None, now: datetime
) -> Sequence[Finding]:
    """Ask Telegram about the bot of channel `name`, whose address should be `webhook` (None: public_url is
    not set)."""
    subject = f"channels.{name}"
    try:
        me = await api.call("getMe", {})
        told = await api.call("getWebhookInfo", {})
    except Rejected as error:
        if error.reason.startswith(("401", "404")):
            fix = f"take the token that @BotFather shows now and set {subject}.token"
            return [problem(subject, "Telegram does not know this token", fix)]
        return [problem(subject, f"Telegram refuses: {error.reason}", f"see {settings.api_base}")]
    except SendError as error:
        fix = f"see that this machine reaches {settings.api_base} (or mend api_base)"
        return [problem(subject, f"the Bot API does not answer: {error.reason}", fix)]
    try:
        info = msgspec.convert(told, WebhookInfo)
    except msgspec.ValidationError:
        info = WebhookInfo()
    bot = fine(subject, f"the token is @{me.get('username', '?')}'s" if isinstance(me, dict) else "the token is good")
    return [bot, *judge_webhook(f"{subject}.webhook", settings, info, webhook, now)]


def judge_webhook(
    subject: str, settings: TelegramSettings, info: WebhookInfo, wanted: str | None, now: datetime
) -> list[Finding]:
    """Whether updates reach us the way the settings say."""
    if settings.mode == "host":
        if wanted is not None and info.url == wanted:
            says = "our own address is registered, so the host bot gets nothing"
            return [problem(subject, says, "start the host bot, or set mode to webhook")]
        return [fine(subject, f"the host bot takes the updates; {info.pending_update_count} wait at Telegram")]
    if settings.mode == "polling":
        if info.url:
            says = f"{info.url} is registered, and while it is Telegram lets nobody poll"
            return [warning(subject, says, "start the gateway, which takes it away, or stop who sets it")]
        return [fine(subject, f"none, as the bot polls; {info.pending_update_count} updates wait")]
    if wanted is None and settings.register_webhook:
        return [problem(subject, "public_url is not set, so Telegram cannot be told where we are", "set public_url")]
    if not info.url:
        fix = "start the gateway, which registers it" if settings.register_webhook else "register it with setWebhook"
        return [problem(subject, "none is registered", fix)]
    if wanted is not None and info.url != wanted:
        fix = "restart the gateway, and see that no other bot program uses this token"
        return [problem(subject, f"{info.url} is registered in place of {wanted}", fix)]
    return [_judge_calls(subject, info, now)]


def _judge_calls(subject: str, info: WebhookInfo, now: datetime) -> Finding:
    says = f"{info.url}, {info.pending_update_count} updates wait at Telegram"
    failed_at = None if info.last_error_date is None else datetime.fromtimestamp(info.last_error_date, UTC)
    if failed_at is not None and now - failed_at < LATELY:
        fix = "see that public_url leads to this gateway from outside, with a valid certificate"
        judge = problem if info.pending_update_count else warning
        return judge(subject, f"{says}; its last call failed: {info.last_error_message}", fix)
    if info.pending_update_count > PILE:
        return warning(subject, says, "see that the gateway runs and that public_url reaches it")
    return fine(subject, says)
