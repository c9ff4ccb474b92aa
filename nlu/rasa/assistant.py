"""A whole Rasa assistant behind `gateway.assisting.assistant`: asked over its REST channel, its tracker kept in step.

https://legacy-docs-oss.rasa.com/docs/rasa/connectors/your-own-website#restinput
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from gateway.assisting.assistant import AssistantFailed, Missed, Question, Said, Told
from gateway.assisting.settings import Rasa
from gateway.messages import Author
from nlu.rasa.client import RasaClient, RasaFailed
from nlu.rasa.engine import spoken
from nlu.rasa.ranking import article_of
from nlu.rasa.saying import SHORT, payload_named, said_after, told
from nlu.rasa.wire import Event, Tracker

log = structlog.get_logger(__name__)

REMEMBERED = 10_000
"""Conversations whose tracker need not be looked at before each message."""
LINES = 100
"""Of a talk with people, that the assistant is told."""
_MARK = "frontdesk"


class RasaAssistant:
    """One Rasa server's assistant.

    A conversation's first message in this process is asked after a look at its tracker: what an earlier process
    asked before it died is answered from there, and a pause that nobody ended is ended.
    """

    def __init__(self, client: RasaClient, settings: Rasa, known: Callable[[str], bool]) -> None:
        self._client = client
        self._settings = settings
        self._known = known
        self._met: OrderedDict[str, str | None] = OrderedDict()
        """The language that each conversation's tracker was told; None where it has no slot for it."""

    @property
    def start(self) -> str | None:
        """See `Assistant.start`."""
        return self._settings.start or None

    async def ask(self, question: Question, missed: Missed) -> Told:
        """See `Assistant.ask`."""
        try:
            answer = await self._ask(question, missed)
        except RasaFailed as error:
            self._met.pop(question.sender, None)
            raise AssistantFailed(str(error)) from None
        except BaseException:
            self._met.pop(question.sender, None)
            raise
        return answer

    async def pause(self, sender: str, seq: int) -> None:
        """See `Assistant.pause`. A tracker that heard nothing needs no pause."""
        self._met.pop(sender, None)
        try:
            tracker = await self._client.tracker(sender)
            if not tracker.paused and any(event.event == "user" for event in tracker.events or ()):
                await self._client.append(sender, [{"event": "pause", "metadata": {_MARK: {"seq": seq}}}])
        except RasaFailed as error:
            raise AssistantFailed(str(error)) from None

    async def resume(self, sender: str, missed: Missed) -> None:
        """See `Assistant.resume`."""
        try:
            await self._resume(sender, await self._client.tracker(sender), missed)
        except RasaFailed as error:
            raise AssistantFailed(str(error)) from None

    async def look(self) -> None:
        """See `Assistant.look`."""
        await self._client.probe()

    def article(self, payload: str) -> str | None:
        """See `Assistant.article`."""
        name = payload.removeprefix("/").partition("{")[0].partition("@")[0]
        article = article_of(name, self._settings) if payload.startswith("/") else None
        return article if article and self._known(article) else None

    # --- inside ------------------------------------------------------------------------------

    async def _ask(self, question: Question, missed: Missed) -> Told:
        message = spoken(question.text)
        if question.sender not in self._met:
            tracker = await self._client.tracker(question.sender)
            answered = said_after(tracker.events or (), question.message)
            if answered:
                log.info("assistant_had_answered", message=question.message)
                return told(answered)
            await self._resume(question.sender, tracker, missed)
            self._meet(question.sender, tracker)
        if question.payload is not None:
            message = await self._payload(question.sender, question.payload) or message
        if not message:
            raise AssistantFailed("nothing to ask")
        await self._tell_language(question)
        metadata = {_MARK: {"message": question.message}}
        answers = await self._client.converse(question.sender, message, metadata)
        if not answers:
            # Its own errors (an action server that is down, no rule that fits) look like this too.
            raise AssistantFailed("an empty answer")
        return told(answers)

    async def _payload(self, sender: str, payload: str) -> str | None:
        if not payload.startswith(SHORT):
            return payload
        return payload_named(payload, (await self._client.tracker(sender)).events or ())

    def _meet(self, sender: str, tracker: Tracker) -> None:
        slot = self._settings.language_slot
        language = tracker.slots.get(slot, None)
        self._met[sender] = str(language or "") if slot in tracker.slots else None
        if len(self._met) > REMEMBERED:
            self._met.popitem(last=False)

    async def _tell_language(self, question: Question) -> None:
        if self._met.get(question.sender) in (None, question.language):
            return
        event = {"event": "slot", "name": self._settings.language_slot, "value": question.language}
        await self._client.append(question.sender, [event])
        self._met[question.sender] = question.language

    async def _resume(self, sender: str, tracker: Tracker, missed: Missed) -> None:
        if not tracker.paused:
            return
        lines = await missed(_paused_after(tracker.events or ()))
        await self._client.append(sender, [*map(_event, lines[-LINES:]), {"event": "resume"}])
        log.info("assistant_resumed", lines=len(lines))


def _paused_after(events: Sequence[Event]) -> int:
    """The message after which the last pause began."""
    for event in reversed(events):
        if event.event == "pause":
            ours = (event.metadata or {}).get(_MARK)
            seq = ours.get("seq") if isinstance(ours, dict) else None
            return seq if isinstance(seq, int) else 0
    return 0


def _event(line: Said) -> dict[str, Any]:
    """A line of the talk as Rasa keeps it: `agent` is a person who took over. What a customer said to people was
    understood by nobody: their lines have no intent, but Rasa refuses a line that does not say so."""
    kind = {Author.CONTACT: "user", Author.AGENT: "agent"}.get(line.author, "bot")
    event: dict[str, Any] = {
        "event": kind,
        "text": line.text,
        "timestamp": line.at.timestamp(),
        "metadata": {_MARK: {"people": True}},
    }
    if kind == "user":
        event["parse_data"] = {"text": line.text, "intent": {}, "entities": []}
    return event
