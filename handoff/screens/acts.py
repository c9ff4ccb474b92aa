"""What agents do from their screens: each is one POST that answers with nothing.

The page asks afresh afterwards, so that one agent's screen and all others learn of a change the same way.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from litestar import post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body, FromPath

from gateway.errors import RequestRefused
from gateway.messages import Value
from gateway.staff import Role
from gateway.web.guard import Guards
from gateway.web.pages import StaffRequest
from handoff.callbacks import CallOutcome
from handoff.desk_service import CANNED_PREFIX, DeskService
from handoff.handoffs import HandoffOutcome
from handoff.screens.drawing import Drawing
from handoff.screens.files import Files

FILES_AT_ONCE = 10
"""More are refused before the first is kept: none of them may be missing unnoticed."""

KEY_LIMIT = 64

Number = FromPath[int]
Fields = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


class Said(Value, frozen=True, kw_only=True):
    """What the composer sends: the words, where they came from, files, and its own name for all that."""

    key: str
    note: bool
    text: str
    reply_to: int | None
    template: str | None
    files: tuple[UploadFile, ...]


def act_routes(drawing: Drawing, files: Files, guards: Guards) -> list[HTTPRouteHandler]:
    """Everything under `/desk` that changes something."""
    guarded: dict[str, Any] = {
        "guards": [guards.requires(Role.AGENT)],
        "status_code": 204,
        "include_in_schema": False,
    }
    return [
        *_moving(drawing, drawing.desk, guarded),
        *_speaking(drawing, drawing.desk, files, guarded),
        *_keeping(drawing, drawing.desk, guarded),
        *_calling(drawing, drawing.desk, guarded),
    ]


def _moving(drawing: Drawing, desk: DeskService, guarded: dict[str, Any]) -> list[HTTPRouteHandler]:
    @post("/desk/{conversation_id:int}/claim", **guarded)
    async def claim(request: StaffRequest, conversation_id: Number) -> None:
        await desk.claim(conversation_id, drawing.staff(request))

    @post("/desk/{conversation_id:int}/bot", **guarded)
    async def back_to_bot(request: StaffRequest, conversation_id: Number) -> None:
        await desk.back_to_bot(conversation_id, drawing.staff(request))

    @post("/desk/{conversation_id:int}/transfer", **guarded)
    async def transfer(request: StaffRequest, conversation_id: Number, data: Fields) -> None:
        to = data.get("to", "")
        if to != "queue" and not to.isdecimal():
            raise RequestRefused(400, drawing.translator(request).gettext("Choose who takes it over."))
        colleague = None if to == "queue" else int(to)
        await desk.transfer(conversation_id, drawing.staff(request), colleague, data.get("reason", "").strip())

    @post("/desk/{conversation_id:int}/close", **guarded)
    async def close(request: StaffRequest, conversation_id: Number, data: Fields) -> None:
        try:
            outcome = HandoffOutcome(data.get("outcome", ""))
        except ValueError:
            raise RequestRefused(400, drawing.translator(request).gettext("Choose how it ended.")) from None
        staff, proposes = drawing.staff(request), bool(data.get("propose")) and desk.proposals.possible
        question, answer = data.get("question", ""), data.get("answer", "")
        if proposes:
            desk.proposals.check(staff, question, answer)
        await desk.close(conversation_id, staff, outcome)
        if proposes:
            await desk.proposals.propose(conversation_id, staff, question, answer)

    return [claim, back_to_bot, transfer, close]


def _speaking(drawing: Drawing, desk: DeskService, files: Files, guarded: dict[str, Any]) -> list[HTTPRouteHandler]:
    @post("/desk/{conversation_id:int}/say", **guarded)
    async def say(request: StaffRequest, conversation_id: Number) -> None:
        staff, said = drawing.staff(request), await _read(request)
        if said.note:
            await desk.note(conversation_id, staff, said.text, said.key)
            return
        if len(said.files) > FILES_AT_ONCE:
            words = drawing.translator(request).gettext("Too many files at once: {limit} at most.")
            raise RequestRefused(400, words.format(limit=FILES_AT_ONCE))
        await desk.reply(
            conversation_id,
            staff,
            said.text,
            media=[await files.store(upload, staff) for upload in said.files],
            reply_to=said.reply_to,
            template=said.template,
            key=said.key,
        )

    @post("/desk/{conversation_id:int}/typing", **guarded)
    async def typing(request: StaffRequest, conversation_id: Number) -> None:
        await desk.typing(conversation_id, drawing.staff(request))

    @post("/desk/{conversation_id:int}/resend/{delivery_id:int}", **guarded)
    async def resend(request: StaffRequest, conversation_id: Number, delivery_id: Number) -> None:
        del conversation_id  # it is in the address for the reader of logs; the delivery says the rest
        await desk.resend(delivery_id, drawing.staff(request))

    return [say, typing, resend]


def _keeping(drawing: Drawing, desk: DeskService, guarded: dict[str, Any]) -> list[HTTPRouteHandler]:
    @post("/desk/{conversation_id:int}/draft", **guarded)
    async def draft(request: StaffRequest, conversation_id: Number, data: Fields) -> None:
        note = bool(data.get("note"))
        await desk.save_draft(conversation_id, drawing.staff(request), data.get("text", ""), note=note)

    @post("/desk/{conversation_id:int}/read", **guarded)
    async def read(request: StaffRequest, conversation_id: Number, data: Fields) -> None:
        seq = data.get("seq", "")
        if seq.isdecimal() and len(seq) < 10:
            await desk.mark_read(conversation_id, drawing.staff(request), int(seq))

    @post("/desk/here", **guarded)
    async def here(request: StaffRequest) -> None:
        await desk.presence.seen(drawing.staff(request).id)

    return [draft, read, here]


def _calling(drawing: Drawing, desk: DeskService, guarded: dict[str, Any]) -> list[HTTPRouteHandler]:
    @post("/desk/{conversation_id:int}/callback", **guarded)
    async def book(request: StaffRequest, conversation_id: Number, data: Fields) -> None:
        staff = drawing.staff(request)
        start = _start(drawing, request, data)
        await desk.calls.book(conversation_id, staff, start, data.get("phone", ""), data.get("topic"))

    @post("/desk/{conversation_id:int}/call/{callback_id:int}", **guarded)
    async def attempt(request: StaffRequest, conversation_id: Number, callback_id: Number, data: Fields) -> None:
        del conversation_id
        staff = drawing.staff(request)
        if data.get("outcome") == "cancel":
            await desk.calls.cancel(callback_id, staff)
            return
        try:
            outcome = CallOutcome(data.get("outcome", ""))
        except ValueError:
            raise RequestRefused(400, drawing.translator(request).gettext("Say what came of the call.")) from None
        start = _start(drawing, request, data) if outcome is CallOutcome.MOVED else None
        await desk.calls.attempt(callback_id, staff, outcome, data.get("note", ""), start)

    return [book, attempt]


def _start(drawing: Drawing, request: StaffRequest, data: dict[str, str]) -> datetime:
    """The chosen window's beginning; the page sends it with its offset."""
    try:
        start = datetime.fromisoformat(data.get("starts_at", ""))
    except ValueError:
        start = None
    if start is None or start.tzinfo is None:
        raise RequestRefused(400, drawing.translator(request).gettext("Choose a time."))
    return start


async def _read(request: StaffRequest) -> Said:
    form = await request.form()
    reply_to, key = str(form.get("reply_to") or ""), str(form.get("key") or "")[:KEY_LIMIT]
    shortcut, article = str(form.get("template") or ""), str(form.get("article") or "")
    uploads = [one for one in form.getall("files", []) if isinstance(one, UploadFile) and one.filename]
    return Said(
        key=key if key.isalnum() else "",
        note=form.get("mode") == "note",
        text=str(form.get("text") or ""),
        reply_to=int(reply_to) if reply_to.isdecimal() else None,
        template=f"{CANNED_PREFIX}{shortcut}" if shortcut else article or None,
        files=tuple(uploads),
    )
