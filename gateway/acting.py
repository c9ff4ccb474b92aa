"""Carrying out what a turn decided: words said, forms begun, people called, the state moved; in its transaction."""

from __future__ import annotations

from gateway import dialogue
from gateway.conversations import Form, State, require_move
from gateway.dialogue import Decision, counts_as_miss
from gateway.live import DESK, conversation_topic
from gateway.messages import Outbound
from gateway.people.arriving import Arrivals
from gateway.ports import Handoffs, Outcome, Reason, Situation
from gateway.recalling import handoff_context
from gateway.replies import Replies
from gateway.speaking import Speaker
from gateway.storage.work import Work


class Acts:
    """Does what was decided; everything happens in the caller's transaction."""

    def __init__(self, handoffs: Handoffs, speaker: Speaker, replies: Replies, arrivals: Arrivals | None) -> None:
        self._handoffs = handoffs
        self._speaker = speaker
        self._replies = replies
        self._arrivals = arrivals

    async def carry_out(self, work: Work, situation: Situation, decision: Decision) -> Outcome:
        """What follows from `decision`; forms and the queue are the handoff room's to word."""
        words = self._words(situation, decision)
        form = situation.conversation.form
        match decision:
            case dialogue.HandOver(reason=reason, article=article):
                outcome = await self.hand_over(work, situation, reason, article)
                if outcome.state is not State.QUEUED:
                    # Nobody takes over yet (outside hours): a farewell would promise what does not come.
                    return outcome
            case dialogue.Begin(form=name):
                # The form words all that is to say: it knows whether there is a call to cancel at all.
                return await self._handoffs.begin(work, name, situation)
            case dialogue.GoOn() if self._arrivals is not None:
                ways = await self._arrivals.ways(work, situation.conversation, situation.language)
                outcome = Outcome(replies=(ways,), form=form)
            case dialogue.Step():
                outcome = await self._step(work, situation)
            case dialogue.Wait():
                outcome = keep_form(await self._handoffs.waiting(work, situation), form)
            case dialogue.Leave():
                outcome = await self._handoffs.back_to_bot(work, situation)
            case dialogue.Listen():
                if situation.conversation.state is State.AGENT:
                    await self._handoffs.wrote(work, situation)
                outcome = Outcome(form=form)
            case _:
                outcome = Outcome(form=form)
        return prepend(words, outcome)

    async def _step(self, work: Work, situation: Situation) -> Outcome:
        outcome = await self._handoffs.step(work, situation)
        if outcome.handoff is None:
            return outcome
        after = await self.hand_over(work, situation, outcome.handoff, None)
        return prepend(list(outcome.replies), after)

    async def hand_over(self, work: Work, situation: Situation, reason: Reason, article: str | None) -> Outcome:
        """Call a person, who is told what was tried."""
        turns = await work.turns.of(situation.conversation.id)
        context = handoff_context(turns, situation, reason, article)
        return await self._handoffs.request(work, situation, context)

    def _words(self, situation: Situation, decision: Decision) -> list[Outbound]:
        return self._replies.word(
            decision,
            language=situation.language,
            channel_kind=situation.channel_kind,
            contact=situation.contact,
            entities=situation.understanding.entities if situation.understanding else (),
        )

    async def apply(self, work: Work, situation: Situation, decision: Decision, outcome: Outcome) -> None:
        """Say the replies, and change state, form and counts."""
        conversation = situation.conversation
        changes: dict[str, object] = {}
        if outcome.form != conversation.form:
            changes["form"] = outcome.form
        if outcome.state is not None and outcome.state is not conversation.state:
            require_move(conversation, outcome.state)
            changes["state"] = outcome.state
        if isinstance(decision, dialogue.Reply) and decision.article != conversation.article:
            changes["article"] = decision.article
        missed = counts_as_miss(decision)
        if missed is not None:
            changes["misses"] = conversation.misses + 1 if missed else 0
        if changes:
            work.conversations.change(conversation.id, **changes)
        if outcome.replies:
            await self._speaker.say(work, conversation, *outcome.replies)
        if "state" in changes:
            work.announce(conversation_topic(conversation.id), "state")
            work.announce(DESK, "state", conversation=conversation.id)


def prepend(words: list[Outbound], outcome: Outcome) -> Outcome:
    """`words` said before what follows."""
    return Outcome(
        replies=(*words, *outcome.replies),
        state=outcome.state,
        form=outcome.form,
        handoff=outcome.handoff,
        unhandled=outcome.unhandled,
    )


def keep_form(outcome: Outcome, form: Form | None) -> Outcome:
    """The form stays open beside an answer, unless what happened opened another."""
    if outcome.form is not None or outcome.state is not None:
        return outcome
    return Outcome(replies=outcome.replies, form=form)
