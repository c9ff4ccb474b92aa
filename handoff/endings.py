"""After closing: the rating a customer gives, and the word they may add."""

from __future__ import annotations

from datetime import timedelta

import structlog

from gateway.conversations import Conversation, Form, State
from gateway.errors import NotFound
from gateway.live import DESK
from gateway.messages import has_attachment
from gateway.ports import Action, Clock, Outcome, Situation
from gateway.processes.wakeups import TIMERS
from gateway.storage.work import Work
from gateway.texts import Texts
from handoff.forms import rating
from handoff.forms.said import Said
from handoff.handoffs import Rating
from handoff.storage.handoffs import HandoffTable
from handoff.wording import say

log = structlog.get_logger()

COMMENT_OVER = "rating.over"
COMMENT_TIME = timedelta(minutes=15)
"""Words written later than this after a rating are a new matter, not a comment."""


class Endings:
    """Takes ratings in the caller's transaction."""

    def __init__(self, texts: Texts, clock: Clock, *, anger: float) -> None:
        self._anger = anger
        self._texts = texts
        self._clock = clock

    async def step(self, work: Work, situation: Situation, said: Said) -> Outcome:
        """A pressed score, or the comment after one."""
        form = situation.conversation.form
        if said.press is not None:
            scored = rating.read(said.press)
            return await self._rate(work, situation, *scored) if scored else self._thank(situation)
        if form is None or self._asks(situation, said):
            return Outcome(unhandled=True)
        if said.text:
            await HandoffTable(work).comment(int(form.slots["conversation"]), said.text[: rating.COMMENT_LIMIT])
        work.announce(DESK, "rated", conversation=int(form.slots["conversation"]))
        return self._thank(situation)

    async def _rate(self, work: Work, situation: Situation, score: int, conversation_id: int | None) -> Outcome:
        here = situation.conversation
        rated = await self._rated(work, situation, conversation_id)
        table = HandoffTable(work)
        handoff = await table.latest(rated.id)
        await table.rate(
            Rating(
                conversation_id=rated.id,
                score=score,
                created_at=self._clock(),
                agent_id=handoff.claimed_by if handoff else None,
            )
        )
        work.conversations.change(rated.id, rating=score)
        work.announce(DESK, "rated", conversation=rated.id)
        log.info("conversation_rated", conversation=rated.id, score=score)
        if here.state is not State.CLOSED:
            # The next matter is open already: a question for a comment would get in its way.
            return Outcome(replies=self._thank(situation).replies, form=here.form)
        over = self._clock() + COMMENT_TIME
        await work.timers.set(COMMENT_OVER, str(here.id), over, {"conversation": here.id})
        work.announce(TIMERS, "set")
        form = Form(name=rating.NAME, step=rating.COMMENT, slots={"conversation": rated.id})
        return Outcome(replies=(rating.thanks(self._texts.translator(situation.language), score),), form=form)

    async def _rated(self, work: Work, situation: Situation, conversation_id: int | None) -> Conversation:
        """The conversation a button names, if it is this contact's (payloads come from outside)."""
        if conversation_id is None or conversation_id == situation.conversation.id:
            return situation.conversation
        try:
            named = await work.conversations.get(conversation_id)
        except NotFound:
            return situation.conversation
        return named if named.contact_id == situation.contact.id else situation.conversation

    def _asks(self, situation: Situation, said: Said) -> bool:
        """Whether this is surely another question. All else right after a rating is about it; what
        would go to a person must not be begun in a conversation that is over."""
        calm = situation.understanding is not None and situation.understanding.mood.anger < self._anger
        return said.action is Action.ANSWER and calm and not has_attachment(situation.parts)

    def _thank(self, situation: Situation) -> Outcome:
        words = self._texts.translator(situation.language).gettext("Thank you!")
        return Outcome(replies=(say(words),))
