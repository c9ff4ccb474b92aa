"""What agents do with booked calls: book, move, cancel, and say what came of an attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.contacts import Contact
from gateway.conversations import Conversation
from gateway.errors import Conflict, RequestRefused
from gateway.messages import Author, Button, Outbound, clean_text
from gateway.ports import Clock
from gateway.settings import Settings
from gateway.speaking import Speaker
from gateway.staff import Staff
from gateway.storage.joined import Transactions
from gateway.storage.work import Work
from gateway.texts import Texts, Translator
from handoff.bookings import Booking, Bookings
from handoff.calendar import Calendar, Refusal
from handoff.callbacks import CallbackRequest, CallbackState, CallOutcome
from handoff.forms.callback import TOPIC_LIMIT, CallbackForm, Facts
from handoff.hours import OpeningHours, Span
from handoff.phones import check_phone, example_phone, show_phone
from handoff.storage.callbacks import CallbackTable
from handoff.telling import tell
from handoff.wording import When, call_button, change_buttons, customer_zone, say

SAME_PRESS = timedelta(seconds=3)


class DeskCalls:
    """Each act is one transaction; the customer is told in the channel they last wrote in."""

    def __init__(
        self,
        database: Transactions,
        speaker: Speaker,
        texts: Texts,
        settings: Settings,
        hours: OpeningHours,
        clock: Clock,
    ) -> None:
        self._database = database
        self._speaker = speaker
        self._texts = texts
        self._settings = settings
        self._clock = clock
        self._bookings = Bookings(hours, settings.callbacks, clock)

    async def free_windows(self, *, without: int | None = None) -> list[Span]:
        """Every window that can still be booked, in order; for the call `without`, which is being moved, its own
        place counts as free."""
        async with self._database.read() as work:
            return (await self._bookings.calendar(work, without=without)).free

    async def book(
        self, conversation_id: int, agent: Staff, starts_at: datetime, phone: str, topic: str | None = None
    ) -> CallbackRequest:
        """Book a call for the customer, who is told; one that is booked for that number and time already stays the
        only one. Raises RequestRefused where the number or the time will not do; the text says why."""
        number = self._phone(phone, agent)
        async with self._database.write() as work:
            conversation = await work.conversations.lock(conversation_id)
            contact = await work.contacts.get(conversation.contact_id)
            for booked in await CallbackTable(work).active_of(contact.id):
                if (booked.phone, booked.window.start) == (number, starts_at.astimezone(UTC)):
                    return booked
            booking = Booking(
                window=self._window(await self._bookings.calendar(work), starts_at, agent),
                phone=number,
                topic=clean_text(topic or "").strip()[:TOPIC_LIMIT] or None,
            )
            callback = await self._bookings.book(
                work,
                contact,
                conversation_id,
                booking,
                zone=customer_zone(contact, self._settings.company),
                language=conversation.language or self._settings.company.language,
                booked_by=agent.id,
            )
            await tell(self._speaker, work, conversation, self._confirmed(contact, callback))
            return callback

    async def move(self, callback_id: int, agent: Staff, starts_at: datetime) -> CallbackRequest:
        """Another time. Raises Conflict where the call is over, RequestRefused for a bad time."""
        async with self._database.write() as work:
            callback, conversation, contact = await self._locked(work, callback_id)
            self._require_active(callback, agent)
            calendar = await self._bookings.calendar(work, without=callback_id)
            moved = await self._bookings.move(work, callback, self._window(calendar, starts_at, agent))
            await tell(self._speaker, work, conversation, self._confirmed(contact, moved))
            return moved

    async def cancel(self, callback_id: int, agent: Staff) -> CallbackRequest:
        """No call after all. Raises Conflict where it is over already."""
        async with self._database.write() as work:
            callback, conversation, contact = await self._locked(work, callback_id)
            self._require_active(callback, agent)
            cancelled = await self._bookings.cancel(work, callback)
            texts = self._customers(callback)
            words = texts.gettext("We have cancelled the call: {when}.").format(
                when=self._when(contact, callback).full(callback.window)
            )
            await tell(self._speaker, work, conversation, say(words, [call_button(texts)], author=Author.SYSTEM))
            return cancelled

    async def attempt(
        self, callback_id: int, agent: Staff, outcome: CallOutcome, note: str = "", starts_at: datetime | None = None
    ) -> CallbackRequest:
        """Say what came of a call; MOVED needs the new `starts_at`.

        The first unanswered try is told to the customer, and after the last one a new time is offered;
        so is a wrong number. Raises Conflict where the call is over, RequestRefused for a bad time.
        """
        async with self._database.write() as work:
            callback, conversation, contact = await self._locked(work, callback_id)
            if await self._said_already(work, callback, agent, outcome):
                return callback
            self._require_active(callback, agent)
            window = await self._new_window(work, callback, outcome, starts_at, agent)
            tried = await self._bookings.attempt(
                work, callback, agent.id, outcome, clean_text(note).strip()[:TOPIC_LIMIT]
            )
            if window is not None:
                tried = await self._bookings.move(work, tried, window)
                await tell(self._speaker, work, conversation, self._confirmed(contact, tried))
                return tried
            told = await self._after(work, contact, tried, outcome)
            if told:
                await tell(self._speaker, work, conversation, told)
            return tried

    async def _said_already(self, work: Work, callback: CallbackRequest, agent: Staff, outcome: CallOutcome) -> bool:
        """Whether it is a second press of the same button: nobody calls twice within that time."""
        tries = (await CallbackTable(work).attempts([callback.id])).get(callback.id, [])
        if not tries or (tries[-1].agent_id, tries[-1].outcome) != (agent.id, outcome):
            return False
        return self._clock() - tries[-1].at < SAME_PRESS

    # --- words to the customer ---------------------------------------------------------------

    async def _after(
        self, work: Work, contact: Contact, callback: CallbackRequest, outcome: CallOutcome
    ) -> Outbound | None:
        texts = self._customers(callback)
        _ = texts.gettext
        phone = show_phone(callback.phone)
        if outcome is CallOutcome.WRONG_NUMBER:
            words = _("We tried to call {phone}, but the number does not seem to be right. Shall we book anew?")
            return say(words.format(phone=phone), [call_button(texts)], author=Author.SYSTEM)
        if outcome is not CallOutcome.NO_ANSWER:
            return None
        if callback.state is CallbackState.FAILED:
            words = _("We called {phone} several times and could not reach you. When shall we call instead?")
            return say(words.format(phone=phone), await self._offers(work, contact, texts), author=Author.SYSTEM)
        if callback.tries == 1:
            words = _("We have just called {phone} and could not reach you. We will try again.")
            return say(words.format(phone=phone), change_buttons(texts), author=Author.SYSTEM)
        return None

    async def _offers(self, work: Work, contact: Contact, texts: Translator) -> list[Button]:
        zone = customer_zone(contact, self._settings.company)
        calendar = await self._bookings.calendar(work)
        facts = Facts(zone=zone, now=self._clock(), regions=tuple(self._settings.company.regions))
        return CallbackForm(facts, calendar, texts).window_buttons(calendar.suggest(zone)) or [call_button(texts)]

    def _confirmed(self, contact: Contact, callback: CallbackRequest) -> Outbound:
        texts = self._customers(callback)
        words = texts.gettext("We call {phone}: {when}.").format(
            phone=show_phone(callback.phone), when=self._when(contact, callback).full(callback.window)
        )
        return say(words, change_buttons(texts), author=Author.SYSTEM)

    def _when(self, contact: Contact, callback: CallbackRequest) -> When:
        return When(self._customers(callback), customer_zone(contact, self._settings.company), self._clock())

    def _customers(self, callback: CallbackRequest) -> Translator:
        return self._texts.translator(callback.language or self._settings.company.language)

    # --- checking ----------------------------------------------------------------------------

    async def _locked(self, work: Work, callback_id: int) -> tuple[CallbackRequest, Conversation, Contact]:
        """The call, where to tell about it (the contact's open conversation, else the call's own), whom."""
        table = CallbackTable(work)
        seen = await table.get(callback_id)
        conversation = await work.conversations.open_of(seen.contact_id) or await work.conversations.lock(
            seen.conversation_id
        )
        callback = await table.get(callback_id, lock=True)
        return callback, conversation, await work.contacts.get(seen.contact_id)

    async def _new_window(
        self, work: Work, callback: CallbackRequest, outcome: CallOutcome, starts_at: datetime | None, agent: Staff
    ) -> Span | None:
        if outcome is not CallOutcome.MOVED:
            return None
        if starts_at is None:
            words = self._texts.translator(agent.language).gettext("Say to which time the call is moved.")
            raise RequestRefused(400, words)
        return self._window(await self._bookings.calendar(work, without=callback.id), starts_at, agent)

    def _window(self, calendar: Calendar, starts_at: datetime, agent: Staff) -> Span:
        """An agent may promise a call at once; for the rest a booking is a booking."""
        _ = self._texts.translator(agent.language).gettext
        window = calendar.window_at(starts_at.astimezone(UTC))
        refusal = calendar.why_not(window)
        if refusal is None or (refusal is Refusal.SOON and window.start >= self._clock() - timedelta(minutes=1)):
            return window
        raise RequestRefused(
            400,
            {
                Refusal.PAST: _("That time has already passed."),
                Refusal.SOON: _("That time has already passed."),
                Refusal.FAR: _("That is too far ahead."),
                Refusal.CLOSED: _("That is outside opening hours."),
                Refusal.FULL: _("That time is fully booked."),
            }[refusal],
        )

    def _phone(self, phone: str, agent: Staff) -> str:
        regions = self._settings.company.regions
        checked = check_phone(phone, regions)
        if checked is None:
            words = self._texts.translator(agent.language).gettext(
                "This does not look like a telephone number. Please write it whole, for example {example}."
            )
            raise RequestRefused(400, words.format(example=example_phone(regions)))
        return checked

    def _require_active(self, callback: CallbackRequest, agent: Staff) -> None:
        if not callback.active:
            words = self._texts.translator(agent.language).gettext("This call is closed already.")
            raise Conflict(words)
