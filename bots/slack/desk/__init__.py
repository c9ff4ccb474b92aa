"""Slack as an agents' desk: a handoff is a card in a room, its thread the conversation.

`receive` and `take` keep what agents do before it is acknowledged; `working` carries it out through
`gateway.desks.DeskActs`, one transaction a deed; `showing` posts what follows from the database. slack_sdk is
imported when a desk is built, never before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.slack.desk.settings import SlackDeskSettings
from gateway.desks import DeskKind, DeskTools
from gateway.errors import SettingsError

if TYPE_CHECKING:
    from bots.slack.desk.desk import SlackDesk


def build(name: str, settings: SlackDeskSettings, tools: DeskTools) -> SlackDesk:
    """The desk `name`. Raises SettingsError for settings that do not go together."""
    wanted = "signing_secret" if settings.mode == "events" else "app_token"
    if not getattr(settings, wanted):
        reason = f'is missing, and mode = "{settings.mode}" needs it: see Basic Information of your Slack app'
        raise SettingsError(f"desks.{name}.{wanted}", reason)
    if not settings.room and not settings.rooms:
        raise SettingsError(f"desks.{name}.room", "is missing: the id of the Slack channel for handoffs (C0123ABCD)")
    for key in settings.rooms:
        if not key.startswith(("article:", "channel:", "lang:")):
            reason = f"{key!r} is no such choice; say article:ID, channel:NAME or lang:uk"
            raise SettingsError(f"desks.{name}.rooms", reason)
    from bots.slack.api import SlackApi  # noqa: PLC0415 — slack_sdk and aiohttp, for whoever has such a desk
    from bots.slack.desk.desk import SlackDesk  # noqa: PLC0415

    return SlackDesk(name, settings, tools, SlackApi(settings))


KIND = DeskKind(name="slack", settings=SlackDeskSettings, build=build)
