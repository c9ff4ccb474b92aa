"""Carrying out what agents did: one transaction an event, in which the event is marked as done as well.

So nothing is done twice, and nothing is forgotten: whatever ends the process in between, the event is either
done with all that follows from it, or still waits. A refusal rolls everything back, and is told to who tried.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import structlog

from bots.slack.api import SlackApi
from bots.slack.desk.dialogs import DialogRoom
from bots.slack.desk.files import FileCarrier
from bots.slack.desk.people import DeskPeople, Person
from bots.slack.desk.settings import SlackDeskSettings
from bots.slack.desk.storage.events import EventTable, StoredEvent
from bots.slack.desk.storage.people import Whisper, WhisperTable
from bots.slack.desk.storage.threads import LineTable, Thread, ThreadTable
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
from bots.slack.desk.wire.pieces import Block, actions, button, safe, section
from bots.slack.desk.wire.transcripts import earlier_button, line_blocks
from gateway.conversations import State
from gateway.desks import DeskTools
from gateway.errors import Conflict, NotFound, RequestRefused
from gateway.live import DESK
from gateway.messages import Media
from gateway.staff import Staff
from gateway.storage.work import Work
from gateway.texts import Translator

log = structlog.get_logger()

EARLIER_LINES = 15
FILES_AT_ONCE = 10


class AlreadyDone(Exception):
    """The event was dealt with before."""


class Taken(Exception):
    """Another agent has the conversation."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


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
        self._files = FileCarrier(api, tools)
        self._dialogs = DialogRoom(api, tools)

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
        thread = await self._thread(spot)
        if thread is None and isinstance(deed, Said | Changed | Deleted):
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
                await self._settle(event, self._stranger(deed, spot, person))
            else:
                await self._act(event, deed, thread, person.staff)
        except Taken as taken:
            await self._settle(event, self._ask_to_take_over(event, deed.user, spot, person, taken.holder))
        except (Conflict, RequestRefused, NotFound) as refusal:
            await self._settle(event, self._refusal(deed.user, spot, person, refusal))

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

    # --- words -------------------------------------------------------------------------------

    async def _say(self, event: StoredEvent, said: Said, thread: Thread, agent: Staff, *, over: bool = False) -> None:
        """Words in a thread: a note, or a reply to the customer."""
        words = self._note_in(said)
        if words is not None:
            async with self._acting(event) as work:
                noted = await self._acts.note(work, thread.conversation_id, agent, words)
                await LineTable(work, self._name).add(thread.id, said.ts, noted.id, settled=True)
            return
        media: Sequence[Media] = ()
        if said.files:
            await self._look_who_has_it(thread, agent, over=over)
            media = [await self._files.fetch(file, agent) for file in said.files[:FILES_AT_ONCE]]
        async with self._acting(event) as work:
            lines = LineTable(work, self._name)
            if await lines.at(thread.id, said.ts) is not None:
                return
            await self._hold(work, thread.conversation_id, agent, over=over)
            told = await self._acts.reply(work, thread.conversation_id, agent, said.text, media=media)
            await lines.add(thread.id, said.ts, told.id, settled=False)

    def _note_in(self, said: Said) -> str | None:
        """The words of a private note, None where they are for the customer. Words that call a colleague are
        not for customers, with or without a prefix."""
        names = "".join(f"\n📎 {file.name or file.id}" for file in said.files)
        for prefix in self._settings.note_prefixes:
            if prefix and said.text.casefold().startswith(prefix.casefold()):
                return said.text[len(prefix) :].strip() + names
        return said.text + names if said.calls else None

    async def _look_who_has_it(self, thread: Thread, agent: Staff, *, over: bool) -> None:
        """Before a file is fetched that would not be sent anyway. Raises Taken."""
        async with self._tools.database.read() as view:
            conversation = await view.conversations.get(thread.conversation_id)
            if conversation.agent_id not in (None, agent.id) and not over:
                raise Taken((await view.staff.get(conversation.agent_id or 0)).name)

    async def _hold(self, work: Work, conversation_id: int, agent: Staff, *, over: bool = False) -> None:
        """Make it the agent's: who answers takes what nobody has. Raises Taken, and Conflict where it is over."""
        conversation = await work.conversations.lock(conversation_id)
        if conversation.state is State.AGENT and conversation.agent_id != agent.id:
            if not over:
                raise Taken((await work.staff.get(conversation.agent_id or 0)).name)
            await self._acts.take_over(work, conversation_id, agent)
        elif conversation.state in (State.QUEUED, State.BOT):
            await self._acts.claim(work, conversation_id, agent)

    async def _change(self, event: StoredEvent, changed: Changed, thread: Thread, agent: Staff) -> None:
        async with self._acting(event) as work:
            lines = LineTable(work, self._name)
            message_id = await lines.at(thread.id, changed.ts)
            if message_id is None:
                return  # it was never sent
            told = await self._acts.correct(work, message_id, agent, changed.text)
            await lines.add(thread.id, f"{changed.ts}~{told.id}", told.id, settled=False)

    async def _deleted(self, event: StoredEvent, deleted: Deleted, thread: Thread, agent: Staff) -> None:
        async with self._tools.database.read() as view:
            message_id = await LineTable(view, self._name).at(thread.id, deleted.ts)
        if message_id is None:
            await self._settle(event)
            return
        _ = self._texts(agent.language).gettext
        words = _("Deleting here takes nothing back: what you wrote stays in the conversation.")
        await self._settle(event, _whisper(deleted.user, deleted.spot, words))

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
                await self._hold(work, thread.conversation_id, agent, over=True)
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
        await self._settle(event, _whisper(pressed.user, spot, words, blocks))

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
            whisper = _whisper(submitted.user, submitted.subject.spot, words)
            await WhisperTable(work, self._name).add(whisper, self._tools.clock())

    def _stranger(self, deed: Deed, spot: Spot, person: Person) -> Whisper | None:
        """Whoever is not known reads what to do; nothing of theirs goes anywhere."""
        if isinstance(deed, Deleted | Changed | Nothing):
            return None
        texts = self._texts(person.language)
        words = texts.gettext(
            "Nothing was done: I do not know which account of the web desk is yours. Your address in Slack is not "
            "that of an agent. Ask whoever runs Frontdesk to add it, or open the web desk, make a code there "
            "(Link Slack), and press the button."
        )
        link = actions(button(cards.CODE, texts.gettext("I have a code"), "code"))
        return _whisper(deed.user, spot, words, [section(safe(words, 3000)), *link])

    def _ask_to_take_over(self, event: StoredEvent, user: str, spot: Spot, person: Person, holder: str) -> Whisper:
        texts = self._texts(person.language)
        words = texts.gettext("{name} has this conversation. Your words were not sent.").format(name=holder)
        press = button(cards.TAKE_OVER, texts.gettext("Take over and send"), str(event.id), "primary")
        return _whisper(user, spot, words, [section(safe(words, 3000)), *actions(press)])

    def _refusal(self, user: str, spot: Spot, person: Person, error: Exception) -> Whisper:
        texts = self._texts(person.language)
        words = texts.gettext("This does not exist any more.") if isinstance(error, NotFound) else str(error)
        return _whisper(user, spot, words)

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
            await WhisperTable(work, self._name).add(_whisper(deed.user, spot, words), self._tools.clock())
            work.announce(DESK, "slack")

    async def _thread(self, spot: Spot) -> Thread | None:
        async with self._tools.database.read() as view:
            return await ThreadTable(view, self._name).at(spot.room, spot.ts)

    async def _thread_by(self, number: int) -> Thread | None:
        async with self._tools.database.read() as view:
            return await ThreadTable(view, self._name).get(number)

    def _texts(self, language: str) -> Translator:
        return self._tools.texts.translator(language)


def _whisper(user: str, spot: Spot, words: str, blocks: Sequence[Block] = ()) -> Whisper:
    return Whisper(room=spot.room, ts=spot.ts, user=user, words=words, blocks=tuple(blocks))
