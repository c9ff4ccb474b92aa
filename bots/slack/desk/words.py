"""What agents write in a handoff's thread: replies to the customer, and notes for colleagues."""

from __future__ import annotations

from collections.abc import Sequence

from bots.slack.desk.files import FileCarrier
from bots.slack.desk.settings import SlackDeskSettings
from bots.slack.desk.storage.threads import LineTable, Thread
from bots.slack.desk.wire.deeds import Changed, Said
from gateway.conversations import State
from gateway.desks import DeskTools
from gateway.errors import RequestRefused
from gateway.messages import Direction, Media
from gateway.staff import Staff
from gateway.storage.work import Work

FILES_AT_ONCE = 10


class Taken(Exception):
    """Another agent has the conversation."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class ThreadWords:
    """Carries words from a thread into its conversation, in the caller's transaction."""

    def __init__(self, name: str, settings: SlackDeskSettings, tools: DeskTools, files: FileCarrier) -> None:
        self._name = name
        self._settings = settings
        self._tools = tools
        self._acts = tools.acts
        self._files = files

    def note_in(self, said: Said | Changed) -> str | None:
        """The words of a private note, None where they are for the customer. Words that call a colleague are
        not for customers, with or without a prefix."""
        names = "".join(f"\n📎 {file.name or file.id}" for file in said.files) if isinstance(said, Said) else ""
        for prefix in self._settings.note_prefixes:
            if prefix and said.text.casefold().startswith(prefix.casefold()):
                return said.text[len(prefix) :].strip() + names
        return said.text + names if said.calls else None

    async def files_of(self, said: Said, thread: Thread, agent: Staff, *, over: bool) -> Sequence[Media]:
        """The files that go to the customer, fetched. Raises Taken before any is fetched that would not be sent,
        SendError, and RequestRefused."""
        if not said.files or self.note_in(said) is not None:
            return ()
        async with self._tools.database.read() as view:
            conversation = await view.conversations.get(thread.conversation_id)
            if conversation.agent_id not in (None, agent.id) and not over:
                raise Taken((await view.staff.get(conversation.agent_id or 0)).name)
        return [await self._files.fetch(file, agent) for file in said.files[:FILES_AT_ONCE]]

    async def say(
        self, work: Work, said: Said, thread: Thread, agent: Staff, media: Sequence[Media], *, over: bool
    ) -> None:
        """Note it, or tell the customer. Raises as `DeskActs` does, and Taken unless `over`."""
        lines = LineTable(work, self._name)
        words = self.note_in(said)
        if words is not None:
            noted = await self._acts.note(work, thread.conversation_id, agent, words)
            await lines.add(thread.id, said.ts, noted.id, settled=True)
            return
        if await lines.at(thread.id, said.ts) is not None:
            return
        await self.hold(work, thread.conversation_id, agent, over=over)
        told = await self._acts.reply(work, thread.conversation_id, agent, said.text, media=media)
        await lines.add(thread.id, said.ts, told.id, settled=False)

    async def change(self, work: Work, changed: Changed, thread: Thread, agent: Staff) -> None:
        """Correct what was said or noted. Raises as `DeskActs` does."""
        lines = LineTable(work, self._name)
        message_id = await lines.at(thread.id, changed.ts)
        if message_id is None:
            return  # it was never sent
        note = (await work.messages.get(message_id)).direction is Direction.NOTE
        if not note and self.note_in(changed) is not None:
            _ = self._tools.texts.translator(agent.language).gettext
            raise RequestRefused(400, _("A reply cannot become a note: the customer still reads the old words."))
        told = await self._acts.correct(work, message_id, agent, changed.text)
        await lines.add(thread.id, f"{changed.ts}~{told.id}", told.id, settled=False)

    async def hold(self, work: Work, conversation_id: int, agent: Staff, *, over: bool = False) -> None:
        """Make it the agent's: who answers takes what nobody has. Raises Taken, and Conflict where it is over."""
        conversation = await work.conversations.lock(conversation_id)
        if conversation.state is State.AGENT and conversation.agent_id != agent.id:
            if not over:
                raise Taken((await work.staff.get(conversation.agent_id or 0)).name)
            await self._acts.take_over(work, conversation_id, agent)
        elif conversation.state in (State.QUEUED, State.BOT):
            await self._acts.claim(work, conversation_id, agent)
