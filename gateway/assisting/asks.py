"""Questions to an assistant of another program: durable, asked outside any transaction, answered in one of their own.

A turn that would answer puts the question down instead. It is an alarm that rings when the customer has waited
long enough: then we answer by ourselves. Whoever takes the alarm away first, the assistant's answer or its ringing,
is the one who answers, so nothing is said twice, and a slow assistant keeps nobody else waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from gateway.assisting.assistant import Assistant, AssistantFailed, Question, Told, sender_of
from gateway.assisting.telling import Telling
from gateway.assisting.transcript import missed_before
from gateway.conversations import Conversation, State
from gateway.dialogue import (
    ARTICLE,
    CALLBACK,
    CALLBACK_CANCEL,
    CALLBACK_MOVE,
    CONTINUE,
    FORM,
    NONE_OF_THESE,
    PERSON,
    VOTE,
    Decision,
    HandOver,
    Listen,
    Scene,
    Step,
    Wait,
    Welcome,
)
from gateway.errors import StorageUnavailable
from gateway.messages import ButtonPress, ContactCard, Location, Message, Start, Value, has_attachment, plain_text
from gateway.ports import Clock, Engine, Reason, Timer, Understanding, Utterance
from gateway.processes.wakeups import ASKS, Wakeups, wait_for
from gateway.settings import Company
from gateway.storage.engine import Database
from gateway.storage.work import Work

log = structlog.get_logger()

KIND = "ask"
AT_ONCE = 16
"""Questions under way; those of one conversation go one after the other."""
LOOKED_AT = 500
TIMEOUTS = 3
"""The assistant's time-outs that a customer waits: for the answer, and for what goes before it."""
WORDS = 2000
_OURS = (CALLBACK, CALLBACK_MOVE, CALLBACK_CANCEL, CONTINUE, NONE_OF_THESE, PERSON)


class Asked(Value, frozen=True, kw_only=True):
    """A question that was put down."""

    conversation: int
    message: int
    payload: str | None = None


class Asks:
    """Puts questions down, asks them, and has the answers said."""

    def __init__(
        self,
        database: Database,
        assistant: Assistant,
        engine: Engine,
        telling: Telling,
        company: Company,
        *,
        clock: Clock,
        wakeups: Wakeups,
        timeout: float,
    ) -> None:
        self._database = database
        self._assistant = assistant
        self._engine = engine
        self._telling = telling
        self._company = company
        self._clock = clock
        self._wakeups = wakeups
        self._patience = timedelta(seconds=TIMEOUTS * timeout)
        self._bell = wakeups.bell(ASKS)
        self._busy: set[int] = set()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._answers: dict[int, Told] = {}
        """Answers that could not be said yet, by message: the assistant is not asked again for them."""

    # --- in the turn -------------------------------------------------------------------------

    def takes(self, scene: Scene, decision: Decision) -> bool:
        """Whether the assistant answers in place of `decision`: words and its own buttons, while the bot talks.

        Photos, shared contacts, our forms, our own buttons and anger stay ours.
        """
        if scene.state is not State.BOT or isinstance(decision, Listen | Step | Wait):
            return False
        if isinstance(decision, Welcome) and any(isinstance(part, Start) for part in scene.parts):
            return self._assistant.start is not None
        if scene.choice is not None:
            return not scene.choice.startswith((ARTICLE, FORM, VOTE)) and scene.choice not in _OURS
        angry = isinstance(decision, HandOver) and decision.reason is Reason.ANGRY
        beyond = has_attachment(scene.parts) or any(
            isinstance(part, Location | ContactCard | Start) for part in scene.parts
        )
        return not angry and not beyond and bool(plain_text(scene.parts).strip())

    async def put(self, work: Work, conversation: Conversation, message: Message, choice: str | None) -> None:
        """Put down the question that `message` is."""
        started = any(isinstance(part, Start) for part in message.parts)
        await work.timers.set(
            KIND,
            str(message.id),
            self._clock() + self._patience,
            {
                "conversation": conversation.id,
                "message": message.id,
                "payload": self._assistant.start if started else choice,
            },
        )
        work.announce(ASKS, "asked")

    # --- asking ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Ask what is put down until told to stop."""
        async with asyncio.TaskGroup() as group:
            while not self._wakeups.stopping:
                try:
                    for asked in await self._waiting():
                        self._busy.add(asked.conversation)
                        group.create_task(self._settle(asked))
                except StorageUnavailable as error:
                    log.warning("asks_wait", reason=str(error))
                await wait_for(self._bell)

    async def _waiting(self) -> Sequence[Asked]:
        """The oldest question of each conversation that has none under way."""
        async with self._database.read() as view:
            timers = await view.timers.of_kind(KIND, LOOKED_AT)
        found: dict[int, Asked] = {}
        for timer in timers:
            asked = _asked(timer)
            if asked.conversation not in self._busy:
                found.setdefault(asked.conversation, asked)
        return list(found.values())

    async def _settle(self, asked: Asked) -> None:
        try:
            async with self._room:
                await self.answer(asked)
            self._bell.set()
        except StorageUnavailable as error:
            log.warning("asks_wait", reason=str(error))
        except Exception:
            # Tried again until its time is over; then we answer by ourselves.
            log.exception("ask_failed", message=asked.message)
        finally:
            self._busy.discard(asked.conversation)

    async def answer(self, asked: Asked) -> None:
        """Ask, and say the answer."""
        async with self._database.read() as view:
            conversation = await view.conversations.get(asked.conversation)
            message = await view.messages.get(asked.message)
        told, understanding = None, None
        if conversation.state is State.BOT:
            told = await self._ask(conversation, message, asked)
            understanding = await self._understand(conversation, message)
            if told is not None:
                self._answers[asked.message] = told
        async with self._database.write() as work:
            if await work.timers.take(KIND, str(asked.message)):
                await self._telling.tell(work, asked.conversation, message, told, understanding, asked.payload)
            else:
                log.info("assistant_late", message=asked.message)
        self._answers.pop(asked.message, None)

    async def ring(self, work: Work, timer: Timer) -> None:
        """The assistant did not answer in time: a `TimerHandler`."""
        asked = _asked(timer)
        conversation = await work.conversations.lock(asked.conversation)
        message = await work.messages.get(asked.message)
        understanding = await self._understand(conversation, message)
        log.warning("assistant_too_slow", message=asked.message)
        await self._telling.tell(work, asked.conversation, message, None, understanding, asked.payload)

    async def _ask(self, conversation: Conversation, message: Message, asked: Asked) -> Told | None:
        """What the assistant tells; None where it failed."""
        known = self._answers.get(asked.message)
        if known is not None:
            return known
        question = Question(
            sender=sender_of(conversation),
            message=message.id,
            text=words_of(message, conversation),
            payload=asked.payload,
            language=conversation.language or self._company.language,
        )
        try:
            told = await self._assistant.ask(question, missed_before(self._database, conversation.id, message.seq))
        except AssistantFailed as error:
            log.warning("assistant_failed", message=asked.message, reason=str(error))
            return None
        return await self._telling.fetched(told)

    async def _understand(self, conversation: Conversation, message: Message) -> Understanding | None:
        """What we make of the words ourselves: entities are kept in any case."""
        words = words_of(message, conversation)
        if not words:
            return None
        utterance = Utterance(text=words, now=self._clock(), zone=self._company.zone, language=conversation.language)
        try:
            return (await self._engine.understand([utterance]))[0]
        except Exception:
            log.exception("understanding_broke", texts=1)
            return None


def words_of(message: Message, conversation: Conversation) -> str:
    """What a customer said: words, or the label of the button they pressed, which not every messenger tells."""
    offered = {offer.payload: offer.label for offer in conversation.offers}
    pressed = [part for part in message.parts if isinstance(part, ButtonPress)]
    labels = (label for part in pressed if (label := part.label or offered.get(part.payload)))
    return (plain_text(message.parts).strip() or next(labels, ""))[:WORDS]


def _asked(timer: Timer) -> Asked:
    payload = timer.payload
    return Asked(conversation=payload["conversation"], message=payload["message"], payload=payload["payload"])
