"""Saying what an assistant of another program told, or, where it told nothing, what we would have answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from msgspec import structs

from gateway import dialogue
from gateway.acting import Acts, keep_form, prepend
from gateway.assisting.assistant import Assistant, HandingOver, Told
from gateway.assisting.fetching import Fetcher
from gateway.channels import Channel
from gateway.conversations import State
from gateway.dialogue import ARTICLE, Decision, Scene, decide
from gateway.messages import Media, Message, Outbound, Part, Start, Text
from gateway.ports import Action, Clock, Knowledge, Outcome, Situation, Understanding
from gateway.rendering import strip_markdown
from gateway.replies import Replies, reply_language
from gateway.settings import Company, Dialogue
from gateway.speaking import Speaker
from gateway.storage.work import Work

log = structlog.get_logger()

_FORMS = {
    Action.CALLBACK: "callback",
    Action.CALLBACK_MOVE: "callback_move",
    Action.CALLBACK_CANCEL: "callback_cancel",
}


class Telling:
    """Answers a question that was put to the assistant; everything happens in the caller's transaction."""

    def __init__(
        self,
        *,
        assistant: Assistant,
        acts: Acts,
        channels: Mapping[str, Channel],
        knowledge: Knowledge,
        replies: Replies,
        speaker: Speaker,
        policy: Callable[[], Dialogue],
        company: Company,
        fetcher: Fetcher,
        clock: Clock,
    ) -> None:
        self._assistant = assistant
        self._acts = acts
        self._channels = channels
        self._knowledge = knowledge
        self._replies = replies
        self._speaker = speaker
        self._policy = policy
        self._company = company
        self._fetcher = fetcher
        self._clock = clock

    async def fetched(self, told: Told) -> Told:
        """`told` with the files it names by their web addresses in our store, outside any transaction."""
        return structs.replace(told, replies=tuple([await self._fetched(reply) for reply in told.replies]))

    async def tell(
        self,
        work: Work,
        conversation_id: int,
        message: Message,
        told: Told | None,
        understanding: Understanding | None,
        payload: str | None,
    ) -> None:
        """Answer `message`, unless a person or another answer came first."""
        conversation = await work.conversations.lock(conversation_id)
        if conversation.state is not State.BOT or not self._speaker.reaches(conversation):
            return
        contact = await work.contacts.get(conversation.contact_id)
        situation = Situation(
            conversation=conversation,
            contact=contact,
            parts=message.parts,
            language=reply_language(conversation.language, contact.language, default=self._company.language),
            now=self._clock(),
            channel_kind=self._channels[conversation.channel].kind,
            understanding=understanding,
        )
        if told is None or told.unknown:
            decision, outcome = await self._by_ourselves(work, situation, payload)
        else:
            decision, outcome = await self._as_told(work, situation, told)
        await self._acts.apply(work, situation, decision, outcome)
        did = type(decision).__name__.lower()
        if understanding is not None:
            work.turns.add(
                conversation_id=conversation.id,
                message_id=message.id,
                understanding=understanding,
                did=did,
                now=self._clock(),
            )
        log.info("assistant_answered", message=message.id, did=did, replies=len(outcome.replies))

    # --- by ourselves ------------------------------------------------------------------------

    async def _by_ourselves(self, work: Work, situation: Situation, payload: str | None) -> tuple[Decision, Outcome]:
        """What we decide and do without an assistant."""
        conversation = situation.conversation
        article = self._assistant.article(payload) if payload else None
        words = situation.understanding.text if situation.understanding else ""
        started = any(isinstance(part, Start) for part in situation.parts)
        parts: tuple[Part, ...] = situation.parts if started else (Text(text=words),) if payload else situation.parts
        # A button of which nothing is known but its payload is not understood; it is not passed over.
        unheard = payload if not (words or started) else None
        scene = Scene(
            state=State.BOT,
            parts=parts,
            misses=conversation.misses,
            choice=ARTICLE + article if article else unheard,
            understanding=situation.understanding,
        )
        decision = decide(scene, self._policy(), lambda name: self._knowledge.action(name, situation.now))
        outcome = await self._acts.carry_out(work, situation, decision)
        return decision, keep_form(outcome, conversation.form)

    # --- as told -----------------------------------------------------------------------------

    async def _as_told(self, work: Work, situation: Situation, told: Told) -> tuple[Decision, Outcome]:
        """What the assistant says, and after it what it asks us to do."""
        said = list(told.replies)
        if told.handoff is not None:
            decision = dialogue.HandOver(reason=told.handoff.reason)
            outcome = await self._hand_over(work, situation, told.handoff, silent=not said)
            return decision, prepend(said, outcome)
        begun: Decision | None = None
        if told.action in _FORMS:
            begun = dialogue.Begin(form=_FORMS[told.action])
        elif told.action is Action.CONTINUE:
            begun = dialogue.GoOn()
        if begun is not None:
            return begun, prepend(said, await self._acts.carry_out(work, situation, begun))
        return dialogue.Tell(), Outcome(replies=tuple(said), form=situation.conversation.form)

    async def _hand_over(self, work: Work, situation: Situation, asked: HandingOver, *, silent: bool) -> Outcome:
        if asked.note:
            await self._speaker.note(work, situation.conversation, None, strip_markdown(asked.note))
        outcome = await self._acts.hand_over(work, situation, asked.reason, None)
        if outcome.state is not State.QUEUED:
            # Nobody takes over yet (outside hours): a farewell would promise what does not come.
            return outcome
        farewell = [Outbound(parts=(Text(text=asked.say, markdown=True),))] if asked.say else []
        if silent and not farewell:
            farewell = self._replies.word(
                dialogue.HandOver(reason=asked.reason),
                language=situation.language,
                channel_kind=situation.channel_kind,
                contact=situation.contact,
            )
        return prepend(farewell, outcome)

    async def _fetched(self, reply: Outbound) -> Outbound:
        parts = [await self._fetcher.fetched(part) if isinstance(part, Media) else part for part in reply.parts]
        return structs.replace(reply, parts=tuple(parts))
