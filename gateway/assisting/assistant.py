"""An assistant of another program (Rasa) that answers in place of our own dialogue: what we ask it and it tells us."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from gateway.conversations import Conversation
from gateway.errors import FrontdeskError
from gateway.messages import Author, Outbound, Value
from gateway.ports import Action, Reason


class Said(Value, frozen=True, kw_only=True):
    """A line of the transcript that the assistant did not hear, because people talked."""

    author: Author
    text: str
    at: datetime


Missed = Callable[[int], Awaitable[Sequence[Said]]]
"""What was said after the message with that sequence number, while people talked."""


class Question(Value, frozen=True, kw_only=True):
    """What the assistant is asked: a customer's `text`, or the `payload` of a button or start.

    `sender` names the conversation, always the same; `message` is our message's number: whoever asks the
    same again gets the same answer. `language` is the customer's.
    """

    sender: str
    message: int
    text: str
    payload: str | None
    language: str


class HandingOver(Value, frozen=True, kw_only=True):
    """The assistant wants a person: why, what it tells them in confidence, and the customer in farewell."""

    reason: Reason
    note: str | None = None
    say: str | None = None


class Told(Value, frozen=True, kw_only=True):
    """What the assistant answers: words, then perhaps a handoff or one of our own `action`s.

    Media in `replies` may have a web address as `ref`. `unknown`: it asks us to answer by ourselves.
    """

    replies: tuple[Outbound, ...] = ()
    handoff: HandingOver | None = None
    action: Action | None = None
    unknown: bool = False


class AssistantFailed(FrontdeskError):
    """The assistant did not answer, or nothing that can be used; the text says why, without addresses."""


class Assistant(Protocol):
    """Another program's assistant. Every method is bounded in time and raises AssistantFailed only."""

    @property
    def start(self) -> str | None:
        """The payload for a conversation that was opened without a word; None: our own greeting is said."""
        ...

    async def ask(self, question: Question, missed: Missed) -> Told:
        """Its answer; it is told first what it `missed` while people talked."""
        ...

    async def pause(self, sender: str, seq: int) -> None:
        """People talk from the message after `seq` on."""
        ...

    async def resume(self, sender: str, missed: Missed) -> None:
        """The bot has the conversation again."""
        ...

    async def look(self) -> None:
        """See whether an assistant that failed is there again. Never raises."""
        ...

    def article(self, payload: str) -> str | None:
        """The article that a payload stands for where the assistant is silent."""
        ...


def sender_of(conversation: Conversation) -> str:
    """How the assistant knows the conversation. The time is in it so that the tracker of another database's
    conversation with the same number is never gone on with."""
    return f"frontdesk-{conversation.id}-{conversation.created_at:%Y%m%d%H%M%S%f}"
