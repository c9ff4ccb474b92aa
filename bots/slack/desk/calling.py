"""Showing booked calls in Slack: each whose time has come is a card, which tells what came of it until it is over.

Like threads (`showing`) a card follows from what is in the database; a call that is moved gets another at its new
time, so that the room hears of it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
import structlog
from msgspec import structs

from bots.slack.desk.once import OF_THE_MESSAGE, Once
from bots.slack.desk.posting import Post, Poster
from bots.slack.desk.settings import SlackDeskSettings
from bots.slack.desk.storage.calls import CallTable, ShownCall
from bots.slack.desk.wire.calls import call_blocks, call_words
from bots.slack.desk.wire.transcripts import replacement
from gateway.desk_calls import DueCall
from gateway.desks import DeskTools
from gateway.errors import Rejected

log = structlog.get_logger()

PROBLEM_SECONDS = 60.0
_STAYS = OF_THE_MESSAGE | {"message_not_found", "cant_update_message", "edit_window_closed"}
"""Refusals after which a card stays as it is."""


class CallShowing:
    """Looks which calls are due or have news, and shows it."""

    def __init__(
        self,
        name: str,
        settings: SlackDeskSettings,
        tools: DeskTools,
        poster: Poster,
        once: Once,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._settings = settings
        self._tools = tools
        self._acts = tools.calls
        self._poster = poster
        self._once = once
        self._monotonic = monotonic
        self._texts = tools.texts.translator(settings.language or tools.company.language)
        self._later: dict[int, float] = {}

    async def show(self) -> bool:
        """One step of each call that has news; whether more are to follow. Raises SendError."""
        shown, standing = await self._look()
        more = False
        for call in shown:
            if self._later.get(call.id, 0.0) <= self._monotonic():
                more |= await self._bring(call, standing.get(call.callback_id))
        return more

    async def _look(self) -> tuple[Sequence[ShownCall], Mapping[int, DueCall]]:
        async with self._tools.database.read() as view:
            shown = await CallTable(view, self._name).open()
            found = await self._acts.standing(view, [call.callback_id for call in shown])
        known = {(call.callback_id, call.starts_at) for call in shown}
        new = [one for one in found if one.due and (one.callback_id, one.starts_at) not in known and self._room(one)]
        return [*shown, *await self._begin(new)], {one.callback_id: one for one in found}

    async def _begin(self, due: Sequence[DueCall]) -> list[ShownCall]:
        if not due:
            return []
        async with self._tools.database.write() as work:
            table = CallTable(work, self._name)
            return [
                await table.add(one, self._room(one), self._tools.clock()) for one in due if not await table.has(one)
            ]

    def _room(self, one: DueCall) -> str:
        return self._settings.room_of(channel=one.channel, language=one.language)

    # --- one call ----------------------------------------------------------------------------

    async def _bring(self, shown: ShownCall, standing: DueCall | None) -> bool:
        """One step towards what is; whether another is to follow."""
        if standing is None:
            await self._change(shown, is_open=False)
            return False
        delay = self._once.delay(shown.room)
        if delay > 0:
            self._later[shown.id] = self._monotonic() + delay
            return False
        try:
            return await self._step(shown, standing)
        except Rejected as error:
            log.warning("desk_room_refuses", desk=self._name, call=shown.callback_id, reason=error.reason)
            await self._change(shown, problem=error.reason[:64])
            self._later[shown.id] = self._monotonic() + PROBLEM_SECONDS
            return False

    async def _step(self, shown: ShownCall, standing: DueCall) -> bool:
        moved = standing.active and standing.starts_at != shown.starts_at
        async with self._tools.database.read() as view:
            card = await self._acts.card(view, shown.callback_id, self._texts.language)
        blocks = call_blocks(card, str(shown.callback_id), self._link(shown), self._texts, moved=moved)
        words = call_words(card, self._texts)
        seen = hashlib.sha256(msgspec.json.encode(blocks)).hexdigest()
        head = f"desk:{self._name}:call:{shown.id}:card"
        post = Post(room=shown.room, mark=head, blocks=tuple(blocks), text=words)
        if shown.ts is None:
            ts, _ = await self._post_once(shown, post, head)
            await self._change(shown, ts=ts, card=seen, tried_at=None, problem=None)
            return True
        if seen != shown.card:
            await self._redraw(shown, shown.ts, post)
            await self._change(shown, card=seen, problem=None)
        if moved or not standing.active:
            await self._change(shown, is_open=False)
        return False

    async def _post_once(self, shown: ShownCall, post: Post, head: str) -> tuple[str, str]:
        async def note(tried_at: datetime | None) -> None:
            await self._change(shown, tried_at=tried_at)

        plain = structs.replace(post, blocks=tuple(replacement(self._link(shown), self._texts)))
        return await self._once.post(post, head, shown.tried_at, note, plain)

    async def _redraw(self, shown: ShownCall, ts: str, post: Post) -> None:
        try:
            await self._poster.update(shown.room, ts, post.blocks, post.text, post.mark)
        except Rejected as error:
            if error.reason not in _STAYS:
                raise
            log.warning("desk_card_stays", desk=self._name, call=shown.callback_id, reason=error.reason)

    async def _change(self, shown: ShownCall, **changes: object) -> None:
        async with self._tools.database.write() as work:
            await CallTable(work, self._name).change(shown.id, **changes)

    def _link(self, shown: ShownCall) -> str | None:
        base = self._tools.public_url
        return f"{base}/desk/{shown.conversation_id}" if base else None
