"""What every desk may do and see: `gateway.desks.DeskActs`, over the same service as the web desk's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.channels import Channel
from gateway.conversations import State
from gateway.desks import CallSheet, Card, DeskLine, Named, ReadyText, Standing
from gateway.errors import RequestRefused
from gateway.messages import Author, Media, Message
from gateway.people.assembly import People
from gateway.ports import Clock, EntityKind
from gateway.replies import company_name
from gateway.settings import Settings
from gateway.speaking import Speaker
from gateway.staff import Staff
from gateway.storage.joined import Joined
from gateway.storage.work import Work
from gateway.texts import Texts
from handoff.desk_rows import CustomerContext, Line, Transcript, waits_since
from handoff.desk_service import CANNED_PREFIX
from handoff.desks.calls import call_times
from handoff.desks.cards import card_of, lines_of
from handoff.desks.colleague import ColleagueDesk
from handoff.handoffs import CHOICES, Handoff, HandoffOutcome
from handoff.names import called
from handoff.phones import show_phone
from handoff.screens.about import Setting, Titles
from handoff.screens.words import Words
from handoff.storage.agents import AgentTable
from handoff.storage.handoffs import HandoffTable
from handoff.storage.standing import StandingTable
from handoff.topics import topic_of
from handoff.wording import When, customer_zone
from handoff.yielding import HandoffYielding

LOOK_BACK = 30
"""Messages looked through for the first that has no answer yet."""


class DeskPort:
    """Implements `DeskActs`; every method joins the caller's transaction."""

    def __init__(
        self,
        speaker: Speaker,
        channels: Mapping[str, Channel],
        texts: Texts,
        settings: Settings,
        titles: Titles,
        clock: Clock,
    ) -> None:
        self._speaker = speaker
        self._channels = channels
        self._texts = texts
        self._settings = settings
        self._titles = titles
        self._clock = clock
        self._people = People(channels, speaker, HandoffYielding(clock), texts, settings.company, clock)

    def desk(self, work: Work) -> ColleagueDesk:
        """The web desk's own service, within `work`."""
        return ColleagueDesk(
            Joined(work), self._speaker, self._channels, self._texts, self._settings, self._clock, self._people
        )

    # --- looking -----------------------------------------------------------------------------

    async def standing(self, work: Work, known: Sequence[int]) -> list[Standing]:
        """See `DeskActs.standing`."""
        return await StandingTable(work).of(known)

    async def card(self, work: Work, handoff_id: int, language: str) -> Card:
        """See `DeskActs.card`."""
        handoff = await HandoffTable(work).get(handoff_id)
        context = await self.desk(work).views.context(handoff.conversation_id)
        queued = context.conversation.state is State.QUEUED
        return card_of(
            context,
            handoff,
            waits_since=handoff.since if queued else await self._unanswered(work, handoff),
            setting=self._setting(),
            titles=self._titles,
            say=self._say(language),
        )

    async def _unanswered(self, work: Work, handoff: Handoff) -> datetime | None:
        """Since when the customer waits for words; None where they have the last answer."""
        since = None
        for message in reversed(await work.messages.before(handoff.conversation_id, None, LOOK_BACK, notes=False)):
            if message.author is Author.AGENT:
                break
            if message.author is Author.CONTACT:
                since = message.created_at
        return waits_since(since, handoff)

    async def lines(
        self, work: Work, conversation_id: int, after_seq: int, limit: int, language: str
    ) -> list[DeskLine]:
        """See `DeskActs.lines`."""
        found = await self.desk(work).views.since(conversation_id, after_seq, limit)
        return await self._lines(work, conversation_id, found, language)

    async def lines_before(
        self, work: Work, conversation_id: int, before_seq: int, limit: int, language: str
    ) -> list[DeskLine]:
        """See `DeskActs.lines_before`."""
        found = await self.desk(work).views.transcript(conversation_id, before_seq, limit)
        return await self._lines(work, conversation_id, found, language)

    async def _lines(self, work: Work, conversation_id: int, found: Transcript, language: str) -> list[DeskLine]:
        conversation = await work.conversations.get(conversation_id)
        contact = await work.contacts.get(conversation.contact_id)
        say = self._say(language)
        lines: Sequence[Line] = found.lines
        return lines_of(lines, called(contact.name, contact.id, say.translator), self._kinds(), say)

    async def templates(self, work: Work, conversation_id: int, agent: Staff, words: str) -> list[ReadyText]:
        """See `DeskActs.templates`."""
        conversation = await work.conversations.get(conversation_id)
        company = company_name(self._settings.company, conversation.language or self._settings.company.language)
        found = await self.desk(work).views.canned(conversation_id, agent, words, company)
        return [ReadyText(shortcut=one.shortcut, text=one.text, missing=one.missing) for one in found]

    async def call_sheet(self, work: Work, conversation_id: int, agent: Staff) -> CallSheet:
        """See `DeskActs.call_sheet`; the windows are those that the web desk offers."""
        desk = self.desk(work)
        context = await desk.views.context(conversation_id)
        when = When(self._texts.translator(agent.language), self._settings.company.zone, self._clock())
        theirs = customer_zone(context.contact, self._settings.company)
        phone = context.contact.phone or _named_phone(context)
        return CallSheet(
            phone=show_phone(phone) if phone else "",
            topic=topic_of(context.tried) or "",
            times=call_times(await desk.calls.free_windows(), when, theirs),
        )

    async def colleagues(self, work: Work, conversation_id: int, agent: Staff) -> list[Named]:
        """See `DeskActs.colleagues`."""
        here = self._texts.translator(agent.language).gettext("at the desk now")
        found = await self.desk(work).views.colleagues(conversation_id, agent)
        return [
            Named(label=f"{one.staff.name} · {here}" if one.online else one.staff.name, value=str(one.staff.id))
            for one in found
        ]

    def outcomes(self, language: str) -> list[Named]:
        """See `DeskActs.outcomes`."""
        say = self._say(language)
        return [Named(label=say.outcome(outcome), value=outcome.value) for outcome in CHOICES]

    # --- doing -------------------------------------------------------------------------------

    async def claim(self, work: Work, conversation_id: int, agent: Staff) -> None:
        """See `DeskActs.claim`."""
        await self.desk(work).claim(conversation_id, agent)
        await AgentTable(work).seen(agent.id, self._clock())

    async def take_over(self, work: Work, conversation_id: int, agent: Staff) -> None:
        """See `DeskActs.take_over`."""
        await self.desk(work).take_over(conversation_id, agent)

    async def reply(
        self,
        work: Work,
        conversation_id: int,
        agent: Staff,
        text: str,
        *,
        media: Sequence[Media] = (),
        canned: str | None = None,
        article: str | None = None,
    ) -> Message:
        """See `DeskActs.reply`."""
        template = f"{CANNED_PREFIX}{canned}" if canned else article
        await AgentTable(work).seen(agent.id, self._clock())
        return await self.desk(work).reply(conversation_id, agent, text, media=media, template=template)

    async def correct(self, work: Work, message_id: int, agent: Staff, text: str) -> Message:
        """See `DeskActs.correct`."""
        return await self.desk(work).correct(message_id, agent, text)

    async def note(self, work: Work, conversation_id: int, agent: Staff, text: str) -> Message:
        """See `DeskActs.note`."""
        return await self.desk(work).note(conversation_id, agent, text)

    async def transfer(self, work: Work, conversation_id: int, agent: Staff, to: int | None, reason: str) -> None:
        """See `DeskActs.transfer`."""
        await self.desk(work).transfer(conversation_id, agent, to, reason)

    async def back_to_bot(self, work: Work, conversation_id: int, agent: Staff) -> None:
        """See `DeskActs.back_to_bot`."""
        await self.desk(work).back_to_bot(conversation_id, agent)

    async def close(self, work: Work, conversation_id: int, agent: Staff, outcome: str) -> None:
        """See `DeskActs.close`."""
        if outcome not in set(CHOICES):
            raise RequestRefused(400, self._texts.translator(agent.language).gettext("Choose how it ended."))
        await self.desk(work).close(conversation_id, agent, HandoffOutcome(outcome))

    async def book(
        self, work: Work, conversation_id: int, agent: Staff, starts_at: datetime, phone: str, topic: str
    ) -> str:
        """See `DeskActs.book`."""
        desk = self.desk(work)
        callback = await desk.calls.book(conversation_id, agent, starts_at, phone, topic or None)
        translator = self._texts.translator(agent.language)
        return When(translator, self._settings.company.zone, self._clock()).window(callback.window)

    # --- pieces ------------------------------------------------------------------------------

    def _say(self, language: str) -> Words:
        return Words(self._texts.translator(language))

    def _setting(self) -> Setting:
        return Setting(zone=self._settings.company.zone, now=self._clock(), kinds=self._kinds())

    def _kinds(self) -> dict[str, str]:
        return {name: channel.kind for name, channel in self._channels.items()}


def _named_phone(context: CustomerContext) -> str | None:
    """A number the customer wrote before the handoff."""
    return next((entity.value for entity in context.entities if entity.kind is EntityKind.PHONE), None)
