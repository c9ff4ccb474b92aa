"""Slack: an app as a customers' channel, by the Events API or Socket Mode.

`wire` translates and knows no library; `api` speaks through slack_sdk; `channel` joins them; `bolt` plugs the
gateway into a Bolt application that a firm already has. slack_sdk is imported when a channel is built, never
before.

Carried: text with light formatting, buttons, menus and presses, files, edits, reactions, slash commands,
threads as conversations, direct messages, what a host application's own bot says. Not carried, on purpose:
bots and Slackbot (nobody asks there), deletions (what was said stays in the transcript), typing and receipts
(Slack tells apps of neither).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bots.slack.settings import SlackSettings
from gateway.channels import ChannelKind, ChannelTools
from gateway.errors import SettingsError

if TYPE_CHECKING:
    from bots.slack.channel import SlackChannel


def build(name: str, settings: SlackSettings, tools: ChannelTools) -> SlackChannel:
    """The channel `name`. Raises SettingsError for settings that do not go together."""
    wanted = "signing_secret" if settings.mode == "events" else "app_token"
    if not getattr(settings, wanted):
        reason = f'is missing, and mode = "{settings.mode}" needs it: see Basic Information of your Slack app'
        raise SettingsError(f"channels.{name}.{wanted}", reason)
    from bots.slack.api import SlackApi  # noqa: PLC0415 — slack_sdk and aiohttp, for whoever has such a channel
    from bots.slack.channel import SlackChannel  # noqa: PLC0415

    return SlackChannel(name, settings, tools, SlackApi(settings))


KIND = ChannelKind(name="slack", settings=SlackSettings, build=build)
