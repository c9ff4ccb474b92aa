"""Stand-ins for the rooms the spine talks to: as small as they can be, and honest about what they saw."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from gateway.channels import (
    UNREADABLE,
    Capabilities,
    Envelope,
    Idempotency,
    Intake,
    Markup,
    Receipt,
    Send,
    WebhookRequest,
)
from gateway.conversations import State
from gateway.errors import NotFound, RequestRefused, SendError, Unreadable
from gateway.messages import Button, Event, Inbound, MediaKind, Outbound, Sender, Text
from gateway.ports import (
    Action,
    Answer,
    HandoffContext,
    Outcome,
    Ranked,
    Situation,
    Understanding,
    Utterance,
    Variables,
)
from gateway.storage.work import Work

PLAIN = Capabilities(text_limit=4096, markup=Markup.PLAIN, idempotency=Idempotency.NEITHER)


class FakeChannel:
    """A messenger whose webhook takes JSON Inbounds and whose sends land in `sent`.

    `failures` are raised by the next sends, in order; a test that leaves one unused fails in `check`.
    """

    kind = "fake"

    def __init__(self, name: str = "shop", capabilities: Capabilities = PLAIN) -> None:
        self.name = name
        self.capabilities = capabilities
        self.sent: list[Send] = []
        self.failures: list[SendError] = []
        self.typed: list[str] = []

    def receive(self, request: WebhookRequest) -> Receipt:
        if request.headers.get("x-secret") != "right":
            raise RequestRefused(403, "wrong secret")
        try:
            envelope = envelope_of(msgspec.json.decode(request.body, type=Inbound))
        except msgspec.DecodeError:
            digest = sha256(request.body).hexdigest()
            envelope = Envelope(platform_id=UNREADABLE + digest, address=None, body=request.body)
        return Receipt(envelopes=(envelope,))

    def parse(self, body: bytes) -> Event:
        try:
            return msgspec.json.decode(body, type=Inbound)
        except msgspec.DecodeError as error:
            raise Unreadable(str(error)) from None

    async def send(self, send: Send) -> str | None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(send)
        return f"out-{len(self.sent)}"

    async def typing(self, address: str) -> None:
        self.typed.append(address)

    async def fetch(self, ref: str) -> AsyncIterator[bytes]:
        yield ref.encode()

    async def run(self, intake: Intake) -> None:
        return None

    async def close(self) -> None:
        return None

    @property
    def texts(self) -> list[str]:
        """The words that were sent."""
        return [send.part.text for send in self.sent if isinstance(send.part, Text)]

    def check(self) -> None:
        """Every canned failure was met."""
        assert not self.failures, f"unused: {self.failures}"


def inbound(text: str, *, address: str = "7", platform_id: str = "1", name: str | None = "Оля") -> Inbound:
    """Something a customer typed."""
    return Inbound(sender=Sender(address=address, name=name), parts=(Text(text=text),), platform_id=platform_id)


def envelope_of(event: Inbound) -> Envelope:
    """`event` as the fake channel's wire has it."""
    return Envelope(platform_id=f"m:{event.platform_id}", address=event.sender.address, body=msgspec.json.encode(event))


class FakeEngine:
    """Understands exactly the texts it was given: text → (intent, confidence)."""

    revision = 1

    def __init__(self, known: Mapping[str, tuple[str, float]], language: str = "uk") -> None:
        self._known = known
        self._language = language
        self.hints: list[str | None] = []

    async def understand(self, utterances: Sequence[Utterance]) -> list[Understanding]:
        self.hints += [utterance.language for utterance in utterances]
        return [self._one(utterance.text) for utterance in utterances]

    def _one(self, text: str) -> Understanding:
        known = self._known.get(text)
        ranking = (Ranked(intent=known[0], confidence=known[1]),) if known else ()
        return Understanding(text=text, language=self._language, language_confidence=1.0, ranking=ranking)

    async def refresh(self) -> bool:
        return False


class FakeKnowledge:
    """Articles whose answer is their own name."""

    revision = 1

    def __init__(self, actions: Mapping[str, Action]) -> None:
        self._actions = actions
        self.filled: list[Variables] = []
        """What each answer was filled with."""

    async def refresh(self) -> bool:
        return False

    def action(self, article: str, now: datetime) -> Action | None:
        return self._actions.get(article)

    def title(self, article: str, language: str) -> str | None:
        return f"Title of {article}"

    def category(self, article: str) -> str:
        return "smalltalk" if article == "hello" else ""

    def titles(self, language: str) -> list[tuple[str, str]]:
        return [(article, f"Title of {article}") for article in self._actions]

    def answer(self, article: str, language: str, channel_kind: str, variables: Variables) -> Answer:
        if article not in self._actions:
            raise NotFound(article)
        self.filled.append(variables)
        buttons = (Button(label="More", payload="a:more"),) if article == "with-button" else ()
        return Answer(article=article, text=f"{article} in {language}", language=language, buttons=buttons)


class FakeHandoffs:
    """Queues at once and says where it was asked."""

    def __init__(self) -> None:
        self.requested: list[HandoffContext] = []
        self.heard: list[str] = []

    async def request(self, work: Work, situation: Situation, context: HandoffContext) -> Outcome:
        self.requested.append(context)
        return Outcome(replies=(_say("You are number 1."),), state=State.QUEUED)

    async def waiting(self, work: Work, situation: Situation) -> Outcome:
        return Outcome(replies=(_say("Still number 1."),))

    async def wrote(self, work: Work, situation: Situation) -> None:
        self.heard.append(str(situation.conversation.id))

    async def begin(self, work: Work, form: str, situation: Situation) -> Outcome:
        return Outcome(replies=(_say(f"Form {form}."),))

    async def step(self, work: Work, situation: Situation) -> Outcome:
        return Outcome(unhandled=True)

    async def back_to_bot(self, work: Work, situation: Situation) -> Outcome:
        return Outcome(replies=(_say("I am here."),), state=State.BOT)


def _say(text: str) -> Outbound:
    return Outbound(parts=(Text(text=text),))


ALL_MEDIA = frozenset(MediaKind)
