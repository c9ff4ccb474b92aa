"""What a knowledge base and another program's assistant have in common: questions, their answers and their buttons.

`knowledge_base` makes these of articles and articles of these; `nlu.rasa` writes and reads them as Rasa's files.
"""

from __future__ import annotations

from typing import Any

from msgspec import field

from gateway.messages import Value
from gateway.ports import Action


class Variation(Value, frozen=True, kw_only=True):
    """One wording of an answer: for `language`, and for one kind of `channel` (None: for every other).

    `source` is the template that `text` was made of, where the two differ.
    """

    text: str
    language: str
    channel: str | None = None
    source: str | None = None


class Choice(Value, frozen=True, kw_only=True):
    """A button: its `label` by language, and a `topic`, an `action` or a `url` behind it."""

    label: dict[str, str]
    topic: str | None = None
    action: Action | None = None
    url: str | None = None


class Topic(Value, frozen=True, kw_only=True):
    """A routine question. `about` is what only the knowledge base needs to know of it, JSON-plain."""

    id: str
    title: dict[str, str] = field(default_factory=dict)
    phrasings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    answers: tuple[Variation, ...] = ()
    choices: tuple[Choice, ...] = ()
    action: Action = Action.ANSWER
    about: dict[str, Any] = field(default_factory=dict)
