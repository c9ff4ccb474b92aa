"""Booked calls on every desk: `gateway.desk_calls.CallActs`, over the same service as the web desk's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from gateway.channels import Channel
from gateway.desk_calls import CANCEL, CallCard, CallEnding, DueCall
from gateway.desks import CallTime, Named
from gateway.errors import RequestRefused
from gateway.messages import Message
from gateway.ports import Clock
from gateway.settings import Settings
from gateway.staff import Staff
from gateway.storage.work import Work
from gateway.texts import Texts
from handoff.callbacks import CallOutcome
from handoff.desks.colleague import ColleagueDesk
from handoff.hours import Span
from handoff.names import called
from handoff.screens.about import AttemptLine, Setting, draw_call
from handoff.screens.words import Words
from handoff.storage.agents import AgentTable
from handoff.storage.callbacks import CallbackTable
from handoff.storage.standing import CallStandingTable
from handoff.wording import When, customer_zone

OUTCOMES = (CallOutcome.REACHED, CallOutcome.NO_ANSWER, CallOutcome.WRONG_NUMBER, CallOutcome.MOVED)


class CallPort:
    """Implements `CallActs`; every method joins the caller's transaction.

    Args:
        desk: the web desk's service within a transaction.
    """

    def __init__(
        self,
        desk: Callable[[Work], ColleagueDesk],
        channels: Mapping[str, Channel],
        texts: Texts,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._channels = channels
        self._texts = texts
        self._settings = settings
        self._clock = clock

    # --- looking -----------------------------------------------------------------------------

    async def standing(self, work: Work, known: Sequence[int]) -> list[DueCall]:
        """See `CallActs.standing`."""
        return await CallStandingTable(work).of(known)

    async def card(self, work: Work, callback_id: int, language: str) -> CallCard:
        """See `CallActs.card`."""
        call = await self._desk(work).views.call(callback_id)
        say = Words(self._texts.translator(language))
        drawn = draw_call(call, self._setting(), say)
        callback = call.callback
        return CallCard(
            name=called(call.contact, callback.contact_id, say.translator),
            phone=drawn.phone_shown,
            number=drawn.phone,
            window=drawn.window,
            customers_window=drawn.zone,
            status=drawn.state,
            due=callback.active and callback.state == "due",
            active=drawn.active,
            overdue=callback.active and callback.overdue,
            topic=drawn.topic,
            tries=tuple(self._tried(one, say) for one in drawn.attempts),
            by=drawn.by,
        )

    def _tried(self, attempt: AttemptLine, say: Words) -> str:
        at = say.translator.time(attempt.at, self._settings.company.zone)
        return " · ".join(word for word in (at, attempt.outcome, attempt.note) if word)

    async def active_of(self, work: Work, conversation_id: int) -> int | None:
        """See `CallActs.active_of`."""
        conversation = await work.conversations.get(conversation_id)
        calls = await CallbackTable(work).active_of(conversation.contact_id)
        return calls[0].id if calls else None

    async def ending(self, work: Work, callback_id: int, agent: Staff) -> CallEnding:
        """See `CallActs.ending`."""
        callback = await CallbackTable(work).get(callback_id)
        contact = await work.contacts.get(callback.contact_id)
        say = Words(self._texts.translator(agent.language))
        outcomes = [Named(label=say.call(outcome), value=outcome.value) for outcome in OUTCOMES]
        cancel = Named(label=say.translator.gettext("Cancel the call"), value=CANCEL)
        when = When(say.translator, self._settings.company.zone, self._clock())
        free = await self._desk(work).calls.free_windows(without=callback_id)
        theirs = customer_zone(contact, self._settings.company)
        return CallEnding(outcomes=(*outcomes, cancel), times=call_times(free, when, theirs))

    # --- doing -------------------------------------------------------------------------------

    async def end(
        self, work: Work, callback_id: int, agent: Staff, outcome: str, note: str, starts_at: datetime | None
    ) -> None:
        """See `CallActs.end`."""
        calls = self._desk(work).calls
        await AgentTable(work).seen(agent.id, self._clock())
        if outcome == CANCEL:
            await calls.cancel(callback_id, agent)
            return
        try:
            came = CallOutcome(outcome)
        except ValueError:
            words = self._texts.translator(agent.language).gettext("Say what came of the call.")
            raise RequestRefused(400, words) from None
        await calls.attempt(callback_id, agent, came, note, starts_at if came is CallOutcome.MOVED else None)

    async def note(self, work: Work, callback_id: int, agent: Staff, text: str) -> Message:
        """See `CallActs.note`."""
        callback = await CallbackTable(work).get(callback_id)
        return await self._desk(work).note(callback.conversation_id, agent, text)

    def _setting(self) -> Setting:
        kinds = {name: channel.kind for name, channel in self._channels.items()}
        return Setting(zone=self._settings.company.zone, now=self._clock(), kinds=kinds)


def call_times(free: Iterable[Span], when: When, theirs: str) -> tuple[CallTime, ...]:
    """Windows to choose from, with the customer's clock (in their zone, `theirs`) beside where it differs."""
    return tuple(
        CallTime(starts_at=span.start.isoformat(), day=when.day(span.start), text=when.clocks(span.start, theirs))
        for span in free
    )
