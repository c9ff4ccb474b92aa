"""The settings of a Slack desk: one table `[desks.NAME]` with `kind = "slack"`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from bots.slack.settings import SlackConnection


class SlackDeskSettings(SlackConnection, frozen=True, kw_only=True):
    """A Slack app as an agents' desk: in which rooms, and how it is written there."""

    room: Annotated[
        str,
        Meta(
            pattern="^[A-Z0-9]*$",
            description="The Slack channel that handoffs and due calls are posted to, by id (`C0123ABCD`); the app "
            "must be invited.",
        ),
    ] = ""
    rooms: Annotated[
        dict[str, str],
        Meta(
            description="Other rooms for some handoffs: by `article:ID`, by `channel:NAME` (the customer's), by "
            "`lang:uk`; the first of these that fits counts, else `room`."
        ),
    ] = field(default_factory=dict)
    note_prefixes: Annotated[
        list[str], Meta(description="What a message begins with that is a private note for colleagues.")
    ] = field(default_factory=lambda: ["//", "note:"])
    language: Annotated[
        str,
        Meta(
            pattern="^(|uk|ru|en)$",
            description="Language of cards and threads; empty: the company's. Refusals are in each agent's own.",
        ),
    ] = ""
    transcript: Annotated[
        int, Meta(ge=0, le=20, description="Messages of before the handoff that a thread begins with.")
    ] = 8

    def room_of(self, *, channel: str, language: str | None, article: str | None = None) -> str:
        """Where is shown what came over that channel, in that language, about that article; empty: nowhere."""
        wanted = (f"article:{article}", f"channel:{channel}", f"lang:{language}")
        return next((self.rooms[key] for key in wanted if key in self.rooms), self.room)
