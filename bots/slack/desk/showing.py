"""Showing handoffs in Slack: what is posted follows from what is in the database, so nothing that happens
anywhere has to be handed over, and what Slack could not take is shown when it can.

Each thread remembers how far it is shown. A post is announced to the database before it leaves; where its fate
is not known afterwards, it is looked for in Slack before it is posted again.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from msgspec import structs

from bots.slack.desk.calling import CallShowing
from bots.slack.desk.files import FileCarrier
from bots.slack.desk.once import OF_THE_MESSAGE, Once
from bots.slack.desk.posting import Post, Poster
from bots.slack.desk.settings import SlackDeskSettings
from bots.slack.desk.storage.threads import LineTable, Thread, ThreadTable
from bots.slack.desk.telling import Teller
from bots.slack.desk.wire.cards import card_blocks, card_words
from bots.slack.desk.wire.pieces import Block
from bots.slack.desk.wire.transcripts import Bundle, bundled, files_elsewhere, opening, replacement
from bots.slack.wire.files import file_name
from gateway.conversations import State
from gateway.desks import DeskTools, Standing
from gateway.errors import Ambiguous, Rejected, SendError, StorageUnavailable, Throttled
from gateway.live import DESK
from gateway.processes.wakeups import POLL_SECONDS, wait_for
from gateway.retries import LOOK_SECONDS, backoff

log = structlog.get_logger()

NEWCOMERS = 3
"""Steps for cards nobody works on in one pass: a queue of a hundred does not hold up who is being answered."""
LINES = 40
AFTERWARDS = timedelta(days=1)
"""How long a closed conversation may still have news (a rating)."""
PROBLEM_SECONDS = 60.0
BREATH_SECONDS = 0.05

_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""A card that cannot be changed any more; all else goes on."""


class Showing:
    """Looks what has news, and shows it, thread by thread and step by step."""

    def __init__(
        self,
        name: str,
        settings: SlackDeskSettings,
        tools: DeskTools,
        poster: Poster,
        files: FileCarrier,
        teller: Teller,
        calls: CallShowing,
        once: Once,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._settings = settings
        self._tools = tools
        self._acts = tools.acts
        self._poster = poster
        self._files = files
        self._teller = teller
        self._calls = calls
        self._once = once
        self._monotonic = monotonic
        self._texts = tools.texts.translator(settings.language or tools.company.language)
        self._bell = tools.wakeups.bell(DESK)
        self._rest_until = 0.0
        self._failures = 0
        self._later: dict[int, float] = {}

    async def run(self) -> None:
        """Show until told to stop."""
        while not self._tools.wakeups.stopping:
            try:
                wait = await self.show_due()
            except StorageUnavailable as error:
                log.warning("desk_waits", desk=self._name, reason=str(error))
                wait = POLL_SECONDS
            if wait:
                await wait_for(self._bell, wait)
            await asyncio.sleep(BREATH_SECONDS)  # what comes together is shown together

    async def show_due(self) -> float:
        """One pass; seconds until another is of use though nobody rings, 0 where there is more to show at once."""
        rest = self._rest_until - self._monotonic()
        if rest > 0:
            return min(rest, POLL_SECONDS)
        threads, standing = await self._look()
        try:
            more = await self._teller.tell()
            more |= await self._teller.settle_fates()
            more |= await self._calls.show()
            for thread in _in_order(threads, standing):
                more |= await self._bring(thread, standing[thread.handoff_id])
        except SendError as error:
            self._rest(error)
            return POLL_SECONDS
        self._failures = 0
        return 0.0 if more else POLL_SECONDS

    # --- what has news -----------------------------------------------------------------------

    async def _look(self) -> tuple[list[Thread], dict[int, Standing]]:
        """The threads to bring up to date, and how their handoffs stand."""
        async with self._tools.database.read() as view:
            threads = await ThreadTable(view, self._name).open()
            found = await self._acts.standing(view, [thread.handoff_id for thread in threads])
        standing = {one.handoff_id: one for one in found}
        begun = await self._begin([one for one in found if one.active], {thread.handoff_id for thread in threads})
        again = {thread.id for thread in begun}
        threads = [*(thread for thread in threads if thread.id not in again), *begun]
        lost = [thread for thread in threads if thread.handoff_id not in standing]
        for thread in lost:
            await self._change(thread, is_open=False)
        now = self._monotonic()
        news = [
            thread
            for thread in threads
            if thread not in lost
            and self._later.get(thread.id, 0.0) <= now
            and (thread.ts is None or thread.mark != standing[thread.handoff_id].mark)
        ]
        await self._end([thread for thread in threads if thread not in lost and thread not in news], standing)
        return news, standing

    async def _begin(self, active: Sequence[Standing], known: set[int]) -> list[Thread]:
        """Threads for handoffs that have none. An agent who steps in by hand goes on in the thread there was."""
        new = [one for one in active if one.handoff_id not in known and (self._room(one) or not one.asked)]
        if not new:
            return []
        begun = []
        async with self._tools.database.write() as work:
            table = ThreadTable(work, self._name)
            for one in new:
                before = await table.of_handoff(one.handoff_id)
                if before is None and not one.asked:
                    before = await table.newest_of(one.conversation_id)
                if before is not None:
                    await table.change(before.id, handoff_id=one.handoff_id, mark="", is_open=True)
                    begun.append(structs.replace(before, handoff_id=one.handoff_id, mark="", is_open=True))
                elif room := self._room(one):
                    since = max(0, one.last_seq - self._settings.transcript)
                    begun.append(await table.add(one.handoff_id, one.conversation_id, room, since, self._tools.clock()))
        return begun

    async def _end(self, shown: Sequence[Thread], standing: Mapping[int, Standing]) -> None:
        """Threads without further news are not looked at any more."""
        now = self._tools.clock()
        newest: dict[int, int] = {}
        for thread in shown:
            newest[thread.conversation_id] = max(thread.id, newest.get(thread.conversation_id, 0))
        for thread in shown:
            one = standing[thread.handoff_id]
            over = one.state is State.CLOSED and one.closed_at is not None and now - one.closed_at > AFTERWARDS
            left = one.state is State.BOT or thread.id < newest[thread.conversation_id]
            if not one.active and thread.ts is not None and thread.mark == one.mark and (over or left):
                await self._change(thread, is_open=False)

    def _room(self, one: Standing) -> str:
        """Where a handoff is shown."""
        return self._settings.room_of(article=one.article, channel=one.channel, language=one.language)

    # --- one thread --------------------------------------------------------------------------

    async def _bring(self, thread: Thread, standing: Standing) -> bool:
        """One step towards what is; whether more are to follow. Raises SendError for what means all rooms."""
        delay = self._once.delay(thread.room)
        if delay > 0:
            self._later[thread.id] = self._monotonic() + delay
            return False
        try:
            return await self._step(thread, standing)
        except Rejected as error:
            log.warning("desk_room_refuses", desk=self._name, thread=thread.id, reason=error.reason)
            await self._change(thread, problem=error.reason[:64])
            self._later[thread.id] = self._monotonic() + PROBLEM_SECONDS
            return False

    async def _step(self, thread: Thread, standing: Standing) -> bool:
        language = self._texts.language
        async with self._tools.database.read() as view:
            card = await self._acts.card(view, thread.handoff_id, language)
        prefix = next(iter(self._settings.note_prefixes), "//")
        blocks = card_blocks(card, str(thread.id), self._link(thread), self._texts, prefix=prefix)
        seen = hashlib.sha256(msgspec.json.encode(blocks)).hexdigest()
        mark = f"desk:{self._name}:{thread.id}:card"
        if thread.ts is None:
            post = Post(room=thread.room, mark=mark, blocks=tuple(blocks), text=card_words(card))
            ts, _ = await self._post_once(thread, post, mark)
            await self._change(thread, ts=ts, card=seen, tried_at=None, problem=None)
            return True
        if seen != thread.card:
            await self._redraw(thread, thread.ts, blocks, card_words(card), mark)
            await self._change(thread, card=seen, problem=None)
        if not standing.active and standing.state is not State.CLOSED:
            # It is the bot's again, or another handoff's thread tells what is said now.
            await self._change(thread, mark=standing.mark)
            return False
        return await self._show_lines(thread, thread.ts, standing)

    async def _redraw(self, thread: Thread, ts: str, blocks: Sequence[Block], text: str, mark: str) -> None:
        try:
            await self._poster.update(thread.room, ts, blocks, text, mark)
        except Rejected as error:
            if error.reason not in _GONE | OF_THE_MESSAGE:
                raise
            log.warning("desk_card_stays", desk=self._name, thread=thread.id, reason=error.reason)

    async def _show_lines(self, thread: Thread, ts: str, standing: Standing) -> bool:
        """The next message of lines; whether there is more."""
        more = 0 < thread.since == thread.seq
        async with self._tools.database.read() as view:
            lines = await self._acts.lines(view, thread.conversation_id, thread.seq, LINES, self._texts.language)
            there = await LineTable(view, self._name).standing_in(thread.id, [line.message_id for line in lines])
        shown = [line for line in lines if line.message_id not in there]
        bundles = bundled(shown, self._link(thread), self._texts)
        if not bundles:
            seq = lines[-1].seq if lines else standing.last_seq
            await self._change(thread, seq=max(seq, thread.seq), mark=standing.mark, problem=None)
            return bool(lines) and seq < standing.last_seq
        bundle = bundles[0]
        head = f"desk:{self._name}:{thread.id}:{thread.seq}:"
        _, mark = await self._post_once(thread, await self._message(thread, ts, bundle, head, more=more), head)
        last = mark.removeprefix(head)
        seq = int(last) if last.isdecimal() else bundle.last
        await self._change(thread, seq=seq, tried_at=None, problem=None)
        return True

    async def _message(self, thread: Thread, ts: str, bundle: Bundle, head: str, *, more: bool) -> Post:
        link = self._link(thread)
        blocks = [*opening(thread.id, bundle.lines, self._texts, more=more), *bundle.blocks]
        files: list[tuple[str, bytes]] = []
        for media in bundle.lines[0].media if bundle.with_files else ():
            data = await self._files.bytes_of(bundle.lines[0], media)
            if data:
                files.append((file_name(media), data))
        if bundle.with_files and len(files) < len(bundle.lines[0].media):
            blocks.append(files_elsewhere(link, self._texts))
        return Post(
            room=thread.room,
            ts=ts,
            mark=f"{head}{bundle.last}",
            blocks=tuple(blocks),
            text=bundle.text,
            files=tuple(files),
        )

    # --- posting -----------------------------------------------------------------------------

    async def _post_once(self, thread: Thread, post: Post, head: str) -> tuple[str, str]:
        """(ts, mark) of the post, made now or found to be made before. Raises SendError."""

        async def note(tried_at: datetime | None) -> None:
            await self._change(thread, tried_at=tried_at)

        return await self._once.post(post, head, thread.tried_at, note, self._plainly(thread, post))

    def _plainly(self, thread: Thread, post: Post) -> Post:
        """Where Slack does not take these words or files, say where they are."""
        plain = replacement(self._link(thread), self._texts)
        blocks = (*post.blocks, files_elsewhere(self._link(thread), self._texts)) if post.files else tuple(plain)
        return structs.replace(post, blocks=blocks[:50], files=())

    # --- pieces ------------------------------------------------------------------------------

    def _rest(self, error: SendError) -> None:
        """Leave Slack alone for a while."""
        self._failures += 1
        wait = error.retry_after if isinstance(error, Throttled) else backoff(self._failures, 0.5).total_seconds()
        if isinstance(error, Ambiguous):
            wait = max(wait, LOOK_SECONDS)
        self._rest_until = self._monotonic() + min(wait, 60.0)
        log.warning("desk_rests", desk=self._name, reason=error.reason, seconds=round(wait, 1))

    async def _change(self, thread: Thread, **changes: object) -> None:
        async with self._tools.database.write() as work:
            await ThreadTable(work, self._name).change(thread.id, **changes)

    def _link(self, thread: Thread) -> str | None:
        base = self._tools.public_url
        return f"{base}/desk/{thread.conversation_id}" if base else None


def _in_order(threads: Sequence[Thread], standing: Mapping[int, Standing]) -> list[Thread]:
    """Those that somebody works on, then a few of the others, the oldest first."""
    held = [thread for thread in threads if standing[thread.handoff_id].state is State.AGENT and thread.ts is not None]
    others = [thread for thread in threads if thread not in held]
    return [*held, *others[:NEWCOMERS]]
