"""Carrying out what agents did: one transaction an event, in which the event is marked as done as well.

So nothing is done twice, and nothing is forgotten: whatever ends the process in between, the event is either
done with all that follows from it, or still waits. A refusal rolls everything back, and is told to who tried.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from bots.slack.api import SlackApi
from bots.slack.desk.calls import OUTCOMES, CallRoom
from bots.slack.desk.dialogs import DialogRoom
from bots.slack.desk.files import FileCarrier
from bots.slack.desk.people import DeskPeople
from bots.slack.desk.refusals import Refusals, whisper_to
from bots.slack.desk.settings import SlackDeskSettings
from bots.slack.desk.storage.calls import CallTable, ShownCall
from bots.slack.desk.storage.events import EventTable, StoredEvent
from bots.slack.desk.storage.people import Whisper, WhisperTable
from bots.slack.desk.storage.threads import LineTable, Thread, ThreadTable
from bots.slack.desk.wire import calls as callings
from bots.slack.desk.wire import cards
from bots.slack.desk.wire.deeds import (
    Changed,
    Chosen,
    Deed,
    Deleted,
    Nothing,
    Pressed,
    Said,
    Spot,
    Submitted,
    read_deed,
)
from bots.slack.desk.wire.dialogs import CODE
from bots.slack.desk.wire.pieces import Block, actions
from bots.slack.desk.wire.transcripts import earlier_button, line_blocks
from bots.slack.desk.words import Taken, ThreadWords
from gateway.desks import DeskTools
from gateway.errors import Conflict, NotFound, RequestRefused
from gateway.live import DESK
from gateway.staff import Staff
from gateway.storage.work import Work
from gateway.texts import Translator

log = structlog.get_logger()

EARLIER_LINES = 15


class AlreadyDone(Exception):
    """The event was dealt with before."""


class Doer:
    """Carries out one event at a time; events of different threads may be carried out side by side."""

    def __init__(
        self, name: str, settings: SlackDeskSettings, tools: DeskTools, api: SlackApi, people: DeskPeople
    ) -> None:
        self._name = name
        self._settings = settings
        self._tools = tools
        self._acts = tools.acts
        self._people = people
        self._words = ThreadWords(name, settings, tools, FileCarrier(api, tools))
        self._calls = CallRoom(tools)
        self._refusals = Refusals(tools.texts)
        self._dialogs = DialogRoom(api, tools, self._calls)

    async def do(self, event: StoredEvent) -> None:
        """Carry out `event`. Raises SendError where Slack must be asked and cannot be (try again later),
        StorageUnavailable, and Unreadable."""
        deed = read_deed(event.body)
        try:
            await self._do(event, deed)
        except AlreadyDone:
            log.info("desk_event_known", desk=self._name, inbox=event.id)

    async def _do(self, event: StoredEvent, deed: Deed) -> None:
        if isinstance(deed, Nothing):
            await self._settle(event)
            return
        spot = deed.subject.spot if isinstance(deed, Chosen | Submitted) else deed.spot
        thread, call = await self._at(spot)
        if thread is None and (isinstance(deed, Changed | Deleted) or (isinstance(deed, Said) and call is None)):
            await self._settle(event)  # a thread of their own
            return
        if isinstance(deed, Submitted) and deed.subject.dialog == cards.CODE:
            await self._link(event, deed)
            return
        if isinstance(deed, Pressed) and deed.action == cards.CODE:
            await self._dialogs.ask_for_code(deed, await self._people.who(deed.user))
            await self._settle(event)
            return
        person = await self._people.who(deed.user)
        try:
            if person.staff is None:
                await self._settle(event, self._refusals.stranger(deed, spot, person))
            elif call or _about_call(deed):
                await self._act_on_call(event, deed, call, person.staff)
            else:
                await self._act(event, deed, thread, person.staff)
        except Taken as taken:
            await self._settle(event, self._refusals.held(event, deed.user, spot, person, taken.holder))
        except (Conflict, RequestRefused, NotFound) as refusal:
            await self._settle(event, self._refusals.refusal(deed.user, spot, person, refusal))

    async def _act(self, event: StoredEvent, deed: Deed, thread: Thread | None, agent: Staff) -> None:
        match deed:
            case Pressed(action=cards.TAKE_OVER):
                await self._take_over(event, deed, agent)
            case Pressed(action=cards.EARLIER):
                await self._earlier(event, deed, agent)
            case _ if thread is None:
                await self._settle(event)
            case Said():
                await self._say(event, deed, thread, agent)
            case Changed():
                await self._change(event, deed, thread, agent)
            case Deleted():
                await self._deleted(event, deed, thread, agent)
            case Pressed():
                await self._press(event, deed, thread, agent)
            case Chosen():
                await self._dialogs.redraw(deed, thread.conversation_id, agent)
                await self._settle(event)
            case Submitted():
                async with self._acting(event) as work:
                    await self._dialogs.submit(work, deed, thread.conversation_id, agent)

    async def _act_on_call(self, event: StoredEvent, deed: Deed, call: ShownCall | None, agent: Staff) -> None:
        match deed:
            case Pressed(action=action) if call and action in OUTCOMES:
                async with self._acting(event) as work:
                    await self._calls.press(work, call.callback_id, action, agent)
            case Pressed(action=callings.ENDING) if call:
                await self._dialogs.open_call(deed, call.callback_id, agent)
                await self._settle(event)
            case Submitted():
                async with self._acting(event) as work:
                    await self._calls.submit(work, deed, agent)
            case Said() if call:
                async with self._acting(event) as work:
                    await self._calls.note(work, call.callback_id, agent, self._words.note_in(deed) or deed.text)
            case _:
                await self._settle(event)

    # --- words -------------------------------------------------------------------------------

    async def _say(self, event: StoredEvent, said: Said, thread: Thread, agent: Staff, *, over: bool = False) -> None:
        """Words in a thread: a note, or a reply to the customer."""
        media = await self._words.files_of(said, thread, agent, over=over)
        async with self._acting(event) as work:
            await self._words.say(work, said, thread, agent, media, over=over)

    async def _change(self, event: StoredEvent, changed: Changed, thread: Thread, agent: Staff) -> None:
        async with self._acting(event) as work:
            await self._words.change(work, changed, thread, agent)

    async def _deleted(self, event: StoredEvent, deleted: Deleted, thread: Thread, agent: Staff) -> None:
        async with self._tools.database.read() as view:
            message_id = await LineTable(view, self._name).at(thread.id, deleted.ts)
        if message_id is None:
            await self._settle(event)
            return
        _ = self._texts(agent.language).gettext
        words = _("Deleting here takes nothing back: what you wrote stays in the conversation.")
        await self._settle(event, whisper_to(deleted.user, deleted.spot, words))

    async def _take_over(self, event: StoredEvent, pressed: Pressed, agent: Staff) -> None:
        """Take the conversation, and say what could not be said before."""
        async with self._tools.database.read() as view:
            number = int(pressed.value) if pressed.value.isdecimal() else 0
            before = await EventTable(view, self._name).get(number)
        meant = read_deed(before.body) if before else None
        if not isinstance(meant, Said | Submitted) or meant.user != pressed.user:
            await self._settle(event)
            return
        spot = meant.spot if isinstance(meant, Said) else meant.subject.spot
        thread = await self._thread(spot)
        if thread is None:
            await self._settle(event)
        elif isinstance(meant, Said):
            await self._say(event, meant, thread, agent, over=True)
        else:
            async with self._acting(event) as work:
                await self._words.hold(work, thread.conversation_id, agent, over=True)
                await self._dialogs.submit(work, meant, thread.conversation_id, agent)

    # --- buttons -----------------------------------------------------------------------------

    async def _press(self, event: StoredEvent, pressed: Pressed, thread: Thread, agent: Staff) -> None:
        match pressed.action:
            case cards.CLAIM:
                async with self._acting(event) as work:
                    await self._acts.claim(work, thread.conversation_id, agent)
            case cards.BOT:
                async with self._acting(event) as work:
                    await self._acts.back_to_bot(work, thread.conversation_id, agent)
            case _:
                await self._dialogs.open(pressed, thread.conversation_id, agent)
                await self._settle(event)

    async def _earlier(self, event: StoredEvent, pressed: Pressed, agent: Staff) -> None:
        """What was said before, shown to who asked."""
        number, _, before = pressed.value.partition(":")
        thread = await self._thread_by(int(number)) if number.isdecimal() and before.isdecimal() else None
        if thread is None:
            await self._settle(event)
            return
        texts = self._texts(agent.language)
        async with self._tools.database.read() as view:
            lines = await self._acts.lines_before(
                view, thread.conversation_id, int(before), EARLIER_LINES, agent.language
            )
        blocks: list[Block] = [block for line in lines for block in line_blocks(line, None, texts)][:48]
        if lines and lines[0].seq > 1:
            blocks += actions(earlier_button(thread.id, lines[0].seq, texts))
        words = texts.gettext("Earlier messages")
        spot = Spot(room=thread.room, ts=thread.ts or pressed.spot.ts)
        await self._settle(event, whisper_to(pressed.user, spot, words, blocks))

    # --- who is who --------------------------------------------------------------------------

    async def _link(self, event: StoredEvent, submitted: Submitted) -> None:
        person = await self._people.who(submitted.user)
        async with self._acting(event) as work:
            staff = await self._people.link(work, submitted.user, submitted.values.get(CODE, ""))
            _ = self._texts(staff.language if staff else person.language).gettext
            if staff is None:
                words = _("This code is not good, or no longer. Make a new one in the web desk.")
            else:
                words = _("You are {name} here from now on. Say again what you wanted to say.").format(name=staff.name)
                log.info("slack_account_linked", desk=self._name, agent=staff.id)
            whisper = whisper_to(submitted.user, submitted.subject.spot, words)
            await WhisperTable(work, self._name).add(whisper, self._tools.clock())

    # --- pieces ------------------------------------------------------------------------------

    @asynccontextmanager
    async def _acting(self, event: StoredEvent) -> AsyncIterator[Work]:
        """A transaction in which `event` is done. Raises AlreadyDone."""
        async with self._tools.database.write() as work:
            if not await EventTable(work, self._name).take(event.id):
                raise AlreadyDone
            yield work
            work.announce(DESK, "slack")

    async def _settle(self, event: StoredEvent, whisper: Whisper | None = None) -> None:
        """The event is done, and perhaps there is something to tell."""
        async with self._acting(event) as work:
            if whisper is not None:
                await WhisperTable(work, self._name).add(whisper, self._tools.clock())

    async def give_up(self, event: StoredEvent, reason: str) -> None:
        """Put `event` aside for good, and tell who did it that nothing came of it."""
        deed = read_deed(event.body)
        async with self._tools.database.write() as work:
            await EventTable(work, self._name).put_off(event.id, reason, self._tools.clock(), final=True)
            if isinstance(deed, Nothing):
                return
            spot = deed.subject.spot if isinstance(deed, Chosen | Submitted) else deed.spot
            words = self._texts(self._tools.company.language).gettext(
                "Something went wrong, and nothing was done. Please try again, or use the web desk."
            )
            await WhisperTable(work, self._name).add(whisper_to(deed.user, spot, words), self._tools.clock())
            work.announce(DESK, "slack")

    async def _thread(self, spot: Spot) -> Thread | None:
        return (await self._at(spot))[0]

    async def _at(self, spot: Spot) -> tuple[Thread | None, ShownCall | None]:
        """Whose card is there: a handoff's, or a call's."""
        async with self._tools.database.read() as view:
            thread = await ThreadTable(view, self._name).at(spot.room, spot.ts)
            call = None if thread else await CallTable(view, self._name).at(spot.room, spot.ts)
        return thread, call

    async def _thread_by(self, number: int) -> Thread | None:
        async with self._tools.database.read() as view:
            return await ThreadTable(view, self._name).get(number)

    def _texts(self, language: str) -> Translator:
        return self._tools.texts.translator(language)


def _about_call(deed: Deed) -> bool:
    return isinstance(deed, Submitted | Chosen) and deed.subject.dialog == callings.ENDING
