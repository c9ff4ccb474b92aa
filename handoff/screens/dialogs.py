"""Small sheets over the desk: transfer, close, book or move a call, and the list of keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Response

from gateway.errors import NotFound
from gateway.messages import Value
from gateway.ports import EntityKind
from gateway.staff import Role
from gateway.texts import Translator
from gateway.web.guard import Guards
from gateway.web.pages import StaffRequest
from handoff.desk_rows import CustomerContext
from handoff.handoffs import CHOICES
from handoff.hours import Span
from handoff.names import called
from handoff.phones import show_phone
from handoff.screens.drawing import Drawing
from handoff.screens.people import person_dialog
from handoff.screens.proposing import proposal_context, proposal_dialog
from handoff.screens.words import Words
from handoff.topics import topic_of
from handoff.wording import When, customer_zone

Number = FromPath[int]


class Window(Value, frozen=True, kw_only=True, omit_defaults=False):
    """A time at which we can call; `theirs` is the same on the customer's clock, and calendar, where that differs."""

    starts_at: str
    text: str
    theirs: str


class WindowDay(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One day's free windows."""

    name: str
    windows: tuple[Window, ...]


def by_day(free: Sequence[Span], when: When, zone: str, their_zone: str, translator: Translator) -> list[WindowDay]:
    """`free` windows under their days, in the desk's zone."""
    days: dict[str, list[Window]] = {}
    for span in free:
        text, theirs = translator.time(span.start, zone), when.elsewhere(span.start, their_zone)
        window = Window(starts_at=span.start.isoformat(), text=text, theirs=theirs)
        days.setdefault(when.day(span.start), []).append(window)
    return [WindowDay(name=name, windows=tuple(windows)) for name, windows in days.items()]


def dialog_routes(drawing: Drawing, guards: Guards) -> list[HTTPRouteHandler]:
    """`/desk/keys` and `/desk/{conversation}/dialog/{name}`."""
    guarded: dict[str, Any] = {"guards": [guards.requires(Role.AGENT)], "include_in_schema": False}

    @get("/desk/keys", **guarded)
    async def keys(request: StaffRequest) -> Response[str]:
        return drawing.html(request, "dialog_keys.html")

    @get("/desk/{conversation_id:int}/dialog/{name:str}", **guarded)
    async def dialog(request: StaffRequest, conversation_id: Number, name: FromPath[str]) -> Response[str]:
        kind, _, number = name.partition("-")
        match kind:
            case "transfer":
                return await _transfer(drawing, request, conversation_id)
            case "close":
                return await _close(drawing, request, conversation_id)
            case "propose":
                return await proposal_dialog(drawing, request, conversation_id)
            case "callback":
                return await _call(drawing, request, conversation_id, None)
            case "move" if number.isdecimal():
                return await _call(drawing, request, conversation_id, int(number))
            case _:
                return await person_dialog(drawing, request, conversation_id, kind)

    return [keys, dialog]


async def _transfer(drawing: Drawing, request: StaffRequest, conversation_id: int) -> Response[str]:
    colleagues = await drawing.desk.views.colleagues(conversation_id, drawing.staff(request))
    return drawing.html(request, "dialog_transfer.html", id=conversation_id, colleagues=colleagues)


async def _close(drawing: Drawing, request: StaffRequest, conversation_id: int) -> Response[str]:
    say = Words(drawing.translator(request))
    return drawing.html(
        request,
        "dialog_close.html",
        id=conversation_id,
        outcomes=[(outcome.value, say.outcome(outcome)) for outcome in CHOICES],
        rated=drawing.settings.handoff.rating,
        **await proposal_context(drawing, conversation_id),
    )


async def _call(drawing: Drawing, request: StaffRequest, conversation_id: int, moved: int | None) -> Response[str]:
    """The sheet to book a call, or to move the call number `moved`."""
    context = await drawing.desk.views.context(conversation_id)
    translator, company = drawing.translator(request), drawing.settings.company
    call = next((one.callback for one in context.calls if one.callback.id == moved), None)
    if moved is not None and call is None:
        raise NotFound(f"callback {moved}")
    phone = call.phone if call else context.contact.phone or _named_phone(context)
    their_zone = customer_zone(context.contact, company)
    when = When(translator, company.zone, drawing.clock())
    free = await drawing.desk.calls.free_windows(without=moved)
    return drawing.html(
        request,
        "dialog_call.html",
        id=conversation_id,
        call=call,
        days=by_day(free, when, company.zone, their_zone, translator),
        name=called(context.contact.name, context.contact.id, translator),
        phone=show_phone(phone) if phone else "",
        topic=(call.topic if call else topic_of(context.tried)) or "",
    )


def _named_phone(context: CustomerContext) -> str | None:
    """A number the customer wrote before the handoff."""
    told = context.handoff.context if context.handoff else None
    return next((one.value for one in told.entities if one.kind is EntityKind.PHONE), None) if told else None
