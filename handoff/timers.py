"""What rings in the handoff room: waiting too long, opening time, calls that are due, a rating's end.

Each handler runs in the transaction that forgets its alarm, so it happens at least once and, after a
restart, late rather than never. A handler looks at the state first: an alarm may outlive its reason.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from gateway.contacts import Contact
from gateway.conversations import Conversation, State
from gateway.live import DESK, conversation_topic
from gateway.messages import Author
from gateway.ports import Clock, Timer
from gateway.settings import Settings
from gateway.speaking import Speaker
from gateway.storage.work import Work
from gateway.texts import Texts, Translator
from handoff import line
from handoff.admission import OPENING, WAITING_LIMIT, Admission
from handoff.bookings import DUE, OVERDUE, REMINDER, Bookings
from handoff.callbacks import CallbackRequest, CallbackState, reminder_fits
from handoff.endings import COMMENT_OVER
from handoff.forms import rating
from handoff.handoffs import HandoffState
from handoff.hours import OpeningHours
from handoff.phones import show_phone
from handoff.storage.callbacks import CallbackTable
from handoff.storage.handoffs import HandoffTable
from handoff.telling import tell
from handoff.wording import When, bot_button, call_button, change_buttons, customer_zone, message_button, say

TALKING = timedelta(minutes=30)
"""Somebody who wrote or was answered this recently is not forgotten."""

Handler = Callable[[Work, Timer], Awaitable[None]]


class Alarms:
    """The handlers of this room's timers."""

    def __init__(self, speaker: Speaker, texts: Texts, settings: Settings, clock: Clock) -> None:
        self._speaker = speaker
        self._texts = texts
        self._settings = settings
        self._clock = clock
        self._hours = OpeningHours(settings.hours, settings.company.zone)
        self._admission = Admission(settings, clock)
        self._bookings = Bookings(self._hours, settings.callbacks, clock)

    def handlers(self) -> Mapping[str, Handler]:
        """Handler by kind of timer."""
        return {
            WAITING_LIMIT: self.waited_long,
            OPENING: self.opened,
            DUE: self.call_due,
            OVERDUE: self.call_overdue,
            REMINDER: self.remind,
            COMMENT_OVER: self.comment_over,
        }

    # --- the queue ---------------------------------------------------------------------------

    async def waited_long(self, work: Work, timer: Timer) -> None:
        """Offer a call or a message to somebody who has waited the limit; the place is kept."""
        conversation = await work.conversations.lock(int(timer.payload["conversation"]))
        handoff = await HandoffTable(work).active(conversation.id)
        if conversation.state is not State.QUEUED or handoff is None or handoff.state is not HandoffState.WAITING:
            return
        if conversation.form is not None or handoff.opening is not None:
            return  # booking a call or leaving a message already
        texts = self._translator(conversation)
        _ = texts.gettext
        position = await line.position(work, conversation.id, self._clock())
        words = [
            _("It is taking longer than we hoped, I am sorry."),
            *([line.say_position(texts, position)] if position else []),
            _("You keep your place. If you would rather not wait, we can call you, or you leave a message."),
        ]
        await HandoffTable(work).change(
            handoff.id, told_at=self._clock(), told_place=position.place if position else None
        )
        buttons = [call_button(texts), message_button(texts), bot_button(texts)]
        await tell(self._speaker, work, conversation, say(" ".join(words), buttons))

    async def opened(self, work: Work, timer: Timer) -> None:
        """Somebody wanted a person while nobody was there, and chose nothing: into the queue.

        Before the opening this rings where the conversation would else be closed as forgotten; then
        it is done silently, and put off while the customer is talking with the bot.
        """
        conversation = await work.conversations.lock(int(timer.payload["conversation"]))
        handoff = await HandoffTable(work).active(conversation.id)
        if conversation.state is not State.BOT or handoff is None or handoff.state is not HandoffState.OFFERED:
            return
        now = self._clock()
        if self._hours.is_open(now):
            await self._queue(work, conversation, None)
            await self._say_open(work, conversation)
        elif now - conversation.updated_at < TALKING:
            await self._admission.set_opening(work, conversation.id, self._hours.next_opening(now))
        else:
            await self._queue(work, conversation, self._hours.next_opening(now) or now)

    async def _queue(self, work: Work, conversation: Conversation, opening: datetime | None) -> None:
        await self._admission.enqueue(work, conversation.id, language=conversation.language, opening=opening)
        work.conversations.change(conversation.id, state=State.QUEUED, form=None)
        work.announce(conversation_topic(conversation.id), "state")
        work.announce(DESK, "state", conversation=conversation.id)

    async def _say_open(self, work: Work, conversation: Conversation) -> None:
        texts = self._translator(conversation)
        words = [texts.gettext("My colleagues are back, and you asked for one.")]
        position = await line.position(work, conversation.id, self._clock())
        if position:
            words.append(line.say_position(texts, position))
        await tell(self._speaker, work, conversation, say(" ".join(words), [call_button(texts), bot_button(texts)]))

    # --- calls -------------------------------------------------------------------------------

    async def call_due(self, work: Work, timer: Timer) -> None:
        """The window begins."""
        callback = await self._callback(work, timer)
        if callback.state is CallbackState.BOOKED:
            await self._bookings.ring(work, callback, timer.due_at)

    async def call_overdue(self, work: Work, timer: Timer) -> None:
        """The window is over."""
        callback = await self._callback(work, timer)
        if callback.active:
            await self._bookings.pass_over(work, callback)

    async def remind(self, work: Work, timer: Timer) -> None:
        """Tell the customer that the call is near."""
        planned = await CallbackTable(work).get(int(timer.payload["callback"]))
        contact = await work.contacts.get(planned.contact_id)
        conversation = await self._where(work, contact, planned)
        callback = await self._callback(work, timer)
        if not reminder_fits(callback, self._clock()):
            return
        texts = self._texts.translator(callback.language or self._settings.company.language)
        when = When(texts, customer_zone(contact, self._settings.company), self._clock())
        words = texts.gettext("Soon we call {phone}: {when}.").format(
            phone=show_phone(callback.phone), when=when.window(callback.window)
        )
        await tell(self._speaker, work, conversation, say(words, change_buttons(texts), author=Author.SYSTEM))

    # --- ratings -----------------------------------------------------------------------------

    async def comment_over(self, work: Work, timer: Timer) -> None:
        """What is written from now on is a new matter."""
        conversation = await work.conversations.lock(int(timer.payload["conversation"]))
        if conversation.form is not None and conversation.form.name == rating.NAME:
            work.conversations.change(conversation.id, form=None)

    # --- pieces ------------------------------------------------------------------------------

    async def _callback(self, work: Work, timer: Timer) -> CallbackRequest:
        return await CallbackTable(work).get(int(timer.payload["callback"]), lock=True)

    async def _where(self, work: Work, contact: Contact, callback: CallbackRequest) -> Conversation:
        """The contact's open conversation, else the one the call was booked in; locked."""
        return await work.conversations.open_of(contact.id) or await work.conversations.lock(callback.conversation_id)

    def _translator(self, conversation: Conversation) -> Translator:
        return self._texts.translator(conversation.language or self._settings.company.language)
