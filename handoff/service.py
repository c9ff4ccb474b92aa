"""The handoff room as the spine sees it: `gateway.ports.Handoffs`, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from gateway.channels import Channel
from gateway.conversations import State
from gateway.live import DESK, conversation_topic
from gateway.messages import Outbound
from gateway.ports import Clock, HandoffContext, Knowledge, Outcome, Reason, Situation
from gateway.settings import Dialogue, Settings
from gateway.storage.work import Work
from gateway.texts import Texts, Translator
from handoff import line, queue
from handoff.admission import Admission
from handoff.bookings import Bookings
from handoff.call_forms import CallForms
from handoff.endings import Endings
from handoff.forms import message, rating
from handoff.forms.callback import NAME as CALLBACK
from handoff.forms.changes import CANCEL, MOVE
from handoff.forms.said import Said, hear, pressed
from handoff.handoffs import Handoff, HandoffOutcome, HandoffState
from handoff.hours import OpeningHours
from handoff.storage.handoffs import HandoffTable
from handoff.wording import When, bot_button, call_button, customer_zone, message_button, say

ALREADY_SAID = (Reason.ATTACHMENT, Reason.ANGRY, Reason.FAILURE)
"""Reasons after which the customer's words are the message: asking for another would be an insult."""

TELL_CLOSED_AGAIN = timedelta(minutes=30)


class HandoffService:
    """Queue, forms and ratings for the turn. Implements `gateway.ports.Handoffs`."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        knowledge: Knowledge,
        texts: Texts,
        settings: Settings,
        clock: Clock,
        *,
        policy: Callable[[], Dialogue] | None = None,
    ) -> None:
        self._policy = policy or (lambda: settings.dialogue)
        self._knowledge = knowledge
        self._texts = texts
        self._settings = settings
        self._clock = clock
        self._hours = OpeningHours(settings.hours, settings.company.zone)
        self._admission = Admission(settings, clock)
        self._calls = CallForms(
            Bookings(self._hours, settings.callbacks, clock),
            self._admission,
            texts,
            company=settings.company,
            clock=clock,
            can_ask_phone=lambda channel: channels[channel].capabilities.ask_buttons,
        )
        self._endings = Endings(texts, clock, anger=settings.dialogue.anger)

    # --- the queue ---------------------------------------------------------------------------

    async def request(self, work: Work, situation: Situation, context: HandoffContext) -> Outcome:
        """Hand over. Outside opening hours the first wish is answered with an offer (a call, or a
        message for later); words that are a message already, and a second wish, wait for the opening."""
        conversation = situation.conversation
        if context.reason is Reason.QUIET:
            await self._keep(work, situation, context)
            return Outcome(state=State.QUEUED)
        if self._hours.is_open(self._clock()):
            handoff = await self._admission.enqueue(work, conversation.id, language=situation.language, context=context)
            return Outcome(replies=(await self._say_place(work, situation, handoff),), state=State.QUEUED)
        opening = self._hours.next_opening(self._clock())
        known = await HandoffTable(work).active(conversation.id)
        if known is None and context.reason not in ALREADY_SAID:
            await self._admission.offer(
                work, conversation.id, language=situation.language, context=context, opening=opening
            )
            return Outcome(replies=(self._offer_later(situation),))
        handoff = await self._admission.enqueue(
            work, conversation.id, language=situation.language, context=context, opening=opening
        )
        return Outcome(replies=(await self._say_kept(work, situation, handoff),), state=State.QUEUED)

    async def waiting(self, work: Work, situation: Situation) -> Outcome:
        """Tell the place where it changed or was told a while ago; else silence."""
        handoff = await HandoffTable(work).active(situation.conversation.id)
        if handoff is None or handoff.state is not HandoffState.WAITING:
            return Outcome()
        now = self._clock()
        if not self._hours.is_open(now):
            if not queue.worth_telling(None, None, handoff.told_at, now, TELL_CLOSED_AGAIN):
                return Outcome()
            return Outcome(replies=(await self._say_kept(work, situation, handoff),))
        position = await line.position(work, situation.conversation.id, now)
        place = position.place if position else None
        if not queue.worth_telling(place, handoff.told_place, handoff.told_at, now):
            return Outcome()
        return Outcome(replies=(await self._say_place(work, situation, handoff),))

    async def wrote(self, work: Work, situation: Situation) -> None:
        """The customer wrote to an agent: unread follows from the agent's read position, so only the
        desk is told."""
        conversation = situation.conversation
        work.announce(DESK, "unread", conversation=conversation.id, agent=conversation.agent_id)
        work.announce(conversation_topic(conversation.id), "unread", agent=conversation.agent_id)

    async def back_to_bot(self, work: Work, situation: Situation) -> Outcome:
        """The customer leaves the queue. With an agent it stays with the agent."""
        if situation.conversation.state is State.AGENT:
            return Outcome(form=situation.conversation.form)
        await self._admission.close(work, situation.conversation.id, HandoffOutcome.BOT)
        words = self._translator(situation).gettext("You are with the assistant again. How can I help?")
        return Outcome(replies=(say(words),), state=State.BOT)

    # --- forms -------------------------------------------------------------------------------

    async def begin(self, work: Work, form: str, situation: Situation) -> Outcome:
        """Start a form by name. Raises NotFound for an unknown one."""
        if form == message.NAME:
            return self._ask_message(situation)
        return await self._calls.begin(work, form, situation, self._hear(situation))

    async def step(self, work: Work, situation: Situation) -> Outcome:
        """Go on with the form that a button names, else with the open one."""
        press = pressed(situation)
        form = situation.conversation.form
        name = press[0] if press else (form.name if form else None)
        if situation.conversation.state is State.AGENT and name not in (MOVE, CANCEL, rating.NAME):
            # An old button under an agent's conversation: the agent sees the press, the bot is silent.
            await self.wrote(work, situation)
            return Outcome(form=form)
        match name:
            case rating.NAME:
                return await self._endings.step(work, situation, self._hear(situation))
            case message.NAME:
                refused = press is None and self._hear(situation).refuses
                return await self._step_message(work, situation, "no" if refused else press[1] if press else None)
            case str() if name in (CALLBACK, MOVE, CANCEL):
                return await self._calls.step(work, name, situation, self._hear(situation))
            case _:
                return Outcome(unhandled=True, form=form)

    def _hear(self, situation: Situation) -> Said:
        return hear(
            situation,
            lambda article: self._knowledge.action(article, self._clock()),
            self._policy().answer_confidence,
            self._settings.company.regions,
        )

    # --- a message for later -----------------------------------------------------------------

    def _ask_message(self, situation: Situation) -> Outcome:
        when = self._opening_words(situation)
        return Outcome(replies=(message.ask(self._translator(situation), when),), form=message.FORM)

    async def _step_message(self, work: Work, situation: Situation, press: str | None) -> Outcome:
        if press == "start":
            return self._ask_message(situation)
        if press is not None:
            return Outcome(replies=(say(self._translator(situation).gettext("All right. How else can I help?")),))
        context = HandoffContext(
            reason=Reason.ASKED,
            language=situation.language,
            tried=tuple(tried for tried, _ in await work.turns.of(situation.conversation.id)),
            entities=situation.understanding.entities if situation.understanding else (),
        )
        handoff = await self._keep(work, situation, context)
        return Outcome(replies=(await self._say_kept(work, situation, handoff),), state=State.QUEUED)

    async def _keep(self, work: Work, situation: Situation, context: HandoffContext) -> Handoff:
        """Into the queue as somebody who left a message: nobody asks them for patience."""
        now = self._clock()
        return await self._admission.enqueue(
            work,
            situation.conversation.id,
            language=situation.language,
            context=context,
            opening=self._hours.next_opening(now) or now,
        )

    # --- words -------------------------------------------------------------------------------

    async def _say_place(self, work: Work, situation: Situation, handoff: Handoff) -> Outbound:
        now = self._clock()
        texts = self._translator(situation)
        position = await line.position(work, situation.conversation.id, now)
        place = position.place if position else None
        await HandoffTable(work).change(handoff.id, told_at=now, told_place=place)
        words = line.say_position(texts, position) if position else texts.gettext("A colleague will be with you soon.")
        return say(words, [call_button(texts), bot_button(texts)])

    async def _say_kept(self, work: Work, situation: Situation, handoff: Handoff) -> Outbound:
        """Everything written is kept for people, who answer at the opening (or, when open, in turn)."""
        now = self._clock()
        texts = self._translator(situation)
        _ = texts.gettext
        await HandoffTable(work).change(handoff.id, told_at=now, told_place=None)
        words = [_("My colleagues will read everything you have written and answer here; you need not wait.")]
        when = self._opening_words(situation)
        if when:
            words.append(_("They are back {when}.").format(when=when))
        return say(" ".join(words), [call_button(texts), bot_button(texts)])

    def _offer_later(self, situation: Situation) -> Outbound:
        texts = self._translator(situation)
        _ = texts.gettext
        when = self._opening_words(situation)
        words = [_("My colleagues are away now.")]
        if when:
            words.append(_("They are back {when}.").format(when=when))
        words.append(_("Shall we call you, or would you like to leave a message?"))
        return say(" ".join(words), [call_button(texts), message_button(texts)])

    def _opening_words(self, situation: Situation) -> str | None:
        """When people are back; None while they are there, or where they never are."""
        now = self._clock()
        opening = self._hours.next_opening(now)
        if opening is None or opening <= now:
            return None
        zone = customer_zone(situation.contact, self._settings.company)
        return When(self._translator(situation), zone, now).opening(opening)

    def _translator(self, situation: Situation) -> Translator:
        return self._texts.translator(situation.language)
