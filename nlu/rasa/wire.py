"""What Rasa's HTTP API says, as values. Fields that we do not use are not read; what is there is checked.

https://legacy-docs-oss.rasa.com/docs/rasa/pages/http-api
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import field


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """An intent with Rasa's confidence in it; `name` is None where nothing was recognised."""

    name: str | None = None
    confidence: float = 0.0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An entity at `text[start:end]`."""

    entity: str
    value: Any = None
    start: int = 0
    end: int = 0


class Parse(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `POST /model/parse`."""

    intent: Intent
    intent_ranking: list[Intent] = field(default_factory=list)
    entities: list[Found] = field(default_factory=list)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A button or quick reply: a `payload` that comes back, or a `url` to open."""

    title: str = ""
    payload: str | None = None
    url: str | None = None


class Element(msgspec.Struct, frozen=True, kw_only=True):
    """A card of a carousel."""

    title: str = ""
    subtitle: str = ""
    image_url: str | None = None
    buttons: list[Choice] | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing the assistant says over its REST channel."""

    text: str | None = None
    image: str | None = None
    attachment: Any = None
    custom: Any = None
    buttons: list[Choice] | None = None
    quick_replies: list[Choice] | None = None
    elements: Any = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a tracker; `data` is what a bot event says besides its text."""

    event: str
    text: str | None = None
    data: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class Tracker(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `GET /conversations/{id}/tracker`."""

    paused: bool = False
    slots: dict[str, Any] = field(default_factory=dict)
    events: list[Event] | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `GET /status`."""

    model_file: str | None = None
    model_id: str | None = None
