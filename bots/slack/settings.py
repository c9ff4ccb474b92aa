"""The settings of a Slack channel: one table `[channels.NAME]` with `kind = "slack"`.

What a desk has in common with a channel is `SlackConnection`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from gateway.settings import Section

EVERYWHERE = "*"


class SlackConnection(Section, frozen=True, kw_only=True):
    """How one Slack app is reached. Times are seconds, sizes are bytes."""

    bot_token: Annotated[
        str, Meta(pattern=r"^\S+$", description="The app's Bot User OAuth Token, `xoxb-…`, from OAuth & Permissions.")
    ]
    signing_secret: Annotated[
        str,
        Meta(
            pattern=r"^\S*$",
            description="Proves that a request is Slack's, from Basic Information; required when `mode` is `events`.",
        ),
    ] = ""
    app_token: Annotated[
        str,
        Meta(
            pattern=r"^\S*$",
            description="App-level token with `connections:write`, `xapp-…`; required when `mode` is `socket`.",
        ),
    ] = ""
    mode: Annotated[
        str,
        Meta(
            pattern="^(events|socket)$",
            description="`events` needs an address that Slack reaches; `socket` (Socket Mode) needs none.",
        ),
    ] = "events"
    api_base: Annotated[
        str, Meta(pattern=r"^https?://\S+$", description="Where the Web API is, for calls and files alike.")
    ] = "https://slack.com/api"
    connect_timeout: Annotated[float, Meta(gt=0, description="How long connecting to Slack may take.")] = 5.0
    call_timeout: Annotated[float, Meta(gt=0, description="How long a call without a file may take.")] = 20.0
    file_timeout: Annotated[
        float, Meta(gt=0, description="How long an upload, or silence within a download, may take.")
    ] = 40.0
    download_limit: Annotated[int, Meta(ge=1, description="Largest file that is fetched from Slack.")] = (
        20 * 1024 * 1024
    )


class SlackSettings(SlackConnection, frozen=True, kw_only=True):
    """A Slack app as a customers' channel."""

    direct: Annotated[bool, Meta(description="Whether direct messages to the app are conversations.")] = True
    rooms: Annotated[
        list[str],
        Meta(
            description="Slack channels whose threads are conversations, by id (`C0123ABCD`); `*` is every one that "
            "the app was invited to, an empty list none."
        ),
    ] = field(default_factory=lambda: [EVERYWHERE])
