"""The parts of Slack's payloads that we read; every other field is passed over.

Names are Slack's: https://docs.slack.dev/reference/events/message/ and its neighbours,
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload/,
https://docs.slack.dev/interactivity/implementing-slash-commands/.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all shapes."""


class Profile(Shape, frozen=True, kw_only=True):
    display_name: str | None = None
    real_name: str | None = None
    name: str | None = None


class File(Shape, frozen=True, kw_only=True):
    """`mode` is ``tombstone`` or ``hidden_by_limit`` for what is gone, ``external`` for another's link."""

    id: str
    name: str | None = None
    title: str | None = None
    mimetype: str | None = None
    size: int | None = None
    mode: str = ""
    subtype: str = ""
    url_private: str | None = None
    url_private_download: str | None = None


class Edited(Shape, frozen=True, kw_only=True):
    user: str | None = None
    ts: str = ""


class Attachment(Shape, frozen=True, kw_only=True):
    """What stands under a message: a forwarded message has its words only here."""

    text: str | None = None
    fallback: str | None = None
    is_share: bool | None = None
    files: list[File] | None = None


class Message(Shape, frozen=True, kw_only=True):
    """A ``message`` or ``app_mention`` event, or the message within one that changed."""

    ts: str = ""
    channel: str | None = None
    channel_type: str = ""
    subtype: str | None = None
    user: str | None = None
    bot_id: str | None = None
    text: str | None = None
    thread_ts: str | None = None
    files: list[File] | None = None
    attachments: list[Attachment] | None = None
    edited: Edited | None = None
    user_profile: Profile | None = None
    message: Message | None = None
    previous_message: Message | None = None


class Item(Shape, frozen=True, kw_only=True):
    type: str = ""
    channel: str | None = None
    ts: str | None = None


class Reaction(Shape, frozen=True, kw_only=True):
    """A ``reaction_added`` or ``reaction_removed`` event."""

    user: str
    reaction: str
    item: Item = Item()
    item_user: str | None = None
    event_ts: str = ""


class Authorization(Shape, frozen=True, kw_only=True):
    user_id: str | None = None
    is_bot: bool = False


class Callback(Shape, frozen=True, kw_only=True):
    """The wrapper around every event (https://docs.slack.dev/apis/events-api/#event-type-structure)."""

    event: dict[str, Any]
    event_id: str
    team_id: str = ""
    authorizations: list[Authorization] | None = None
    authed_users: list[str] | None = None

    @property
    def own(self) -> frozenset[str]:
        """The user ids under which our own bot is known."""
        bots = {one.user_id for one in self.authorizations or () if one.is_bot and one.user_id}
        return frozenset(bots)


class Named(Shape, frozen=True, kw_only=True):
    """Anything with an id: a team, a room."""

    id: str


class Person(Shape, frozen=True, kw_only=True):
    id: str
    username: str | None = None
    name: str | None = None
    team_id: str | None = None


class Words(Shape, frozen=True, kw_only=True):
    """A text object."""

    text: str = ""


class Option(Shape, frozen=True, kw_only=True):
    value: str | None = None
    text: Words | None = None


class Action(Shape, frozen=True, kw_only=True):
    action_id: str = ""
    type: str = ""
    value: str | None = None
    text: Words | None = None
    selected_option: Option | None = None
    action_ts: str = ""


class Container(Shape, frozen=True, kw_only=True):
    message_ts: str | None = None
    channel_id: str | None = None
    thread_ts: str | None = None


class Interaction(Shape, frozen=True, kw_only=True):
    """A ``block_actions`` payload."""

    user: Person
    actions: list[Action] = []
    trigger_id: str | None = None
    team: Named | None = None
    channel: Named | None = None
    container: Container = Container()
    message: Message | None = None


class Command(Shape, frozen=True, kw_only=True):
    """A slash command, its form made JSON."""

    command: str
    user_id: str
    text: str = ""
    team_id: str = ""
    user_name: str | None = None
    trigger_id: str | None = None


class Overheard(Shape, frozen=True, kw_only=True):
    """What the firm's own bot said in a conversation, as `bots.slack.bolt` tells it."""

    channel: str
    ts: str
    text: str = ""
    thread_ts: str | None = None
