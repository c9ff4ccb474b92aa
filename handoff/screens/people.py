"""Screens about who somebody is: the sheets to join, to take apart and to go on elsewhere, and their acts."""

from __future__ import annotations

from typing import Any

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from gateway.errors import NotFound, RequestRefused
from gateway.messages import Value
from gateway.staff import Role
from gateway.web.guard import Guards
from gateway.web.pages import StaffRequest
from handoff.names import called
from handoff.phones import show_phone
from handoff.screens.about import Fact, identity_fact
from handoff.screens.acts import Fields, Number
from handoff.screens.drawing import Drawing
from handoff.screens.words import Words, mark
from handoff.storage.people import Found

QUERY = 100


class Candidate(Value, frozen=True, kw_only=True, omit_defaults=False):
    """Somebody whom the customer may be."""

    id: int
    name: str
    facts: tuple[Fact, ...]
    state: str


class Place(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One identity to choose; `current` is where the conversation is answered."""

    id: int
    fact: Fact
    current: bool = False


class Way(Value, frozen=True, kw_only=True, omit_defaults=False):
    """A messenger that a link opens."""

    channel: str
    icon: str
    word: str


def people_routes(drawing: Drawing, guards: Guards) -> list[HTTPRouteHandler]:
    """What is under `/desk/{conversation}` about people."""
    guarded: dict[str, Any] = {"guards": [guards.requires(Role.AGENT)], "include_in_schema": False}
    return [_search(drawing, guarded), *_acts(drawing, guarded | {"status_code": 204})]


async def person_dialog(drawing: Drawing, request: StaffRequest, conversation_id: int, name: str) -> Response[str]:
    """The sheet `join`, `split` or `continue`. Raises NotFound."""
    match name:
        case "join":
            return drawing.html(request, "dialog_join.html", id=conversation_id)
        case "split":
            return await _split(drawing, request, conversation_id)
        case "continue":
            return await _continue(drawing, request, conversation_id)
        case _:
            raise NotFound("dialog")


async def _split(drawing: Drawing, request: StaffRequest, conversation_id: int) -> Response[str]:
    say = Words(drawing.translator(request))
    context = await drawing.desk.views.context(conversation_id)
    here = context.conversation.identity_id
    places = [
        Place(id=one.id, fact=identity_fact(one, drawing.kinds, say), current=one.id == here)
        for one in context.identities
    ]
    return drawing.html(request, "dialog_split.html", id=conversation_id, places=places)


async def _continue(drawing: Drawing, request: StaffRequest, conversation_id: int) -> Response[str]:
    say = Words(drawing.translator(request))
    found = await drawing.desk.people.places(conversation_id)
    return drawing.html(
        request,
        "dialog_continue.html",
        id=conversation_id,
        places=[Place(id=one.id, fact=identity_fact(one, drawing.kinds, say)) for one in found.identities],
        ways=[Way(channel=name, icon=mark(kind), word=say.channel(kind)) for name, kind in found.ways],
    )


def _search(drawing: Drawing, guarded: dict[str, Any]) -> HTTPRouteHandler:
    @get("/desk/{conversation_id:int}/people", **guarded)
    async def people(request: StaffRequest, conversation_id: Number, q: FromQuery[str] = "") -> Response[str]:
        found = await drawing.desk.people.find(conversation_id, q[:QUERY])
        say = Words(drawing.translator(request))
        candidates = [_candidate(one, drawing, say) for one in found]
        return drawing.html(request, "people.html", candidates=candidates, asked=bool(q.strip()))

    return people


def _candidate(found: Found, drawing: Drawing, say: Words) -> Candidate:
    contact = found.contact
    facts = [identity_fact(one, drawing.kinds, say) for one in found.identities if one.reachable]
    if contact.phone:
        facts.append(Fact(label=say.translator.gettext("Phone"), value=show_phone(contact.phone)))
    if contact.email and contact.email not in {one.value for one in facts}:
        facts.append(Fact(label=say.translator.gettext("Mail"), value=contact.email))
    return Candidate(
        id=contact.id,
        name=called(contact.name, contact.id, say.translator),
        facts=tuple(facts),
        state=say.state(found.state) if found.state else "",
    )


def _acts(drawing: Drawing, guarded: dict[str, Any]) -> list[HTTPRouteHandler]:
    @post("/desk/{conversation_id:int}/join", **guarded)
    async def join(request: StaffRequest, conversation_id: Number, data: Fields) -> None:
        other = data.get("other", "")
        if not other.isdecimal():
            raise RequestRefused(400, drawing.translator(request).gettext("Choose who it is."))
        await drawing.desk.people.join(conversation_id, drawing.staff(request), int(other), data.get("reason", ""))

    @post("/desk/{conversation_id:int}/split", **guarded)
    async def split(request: StaffRequest, conversation_id: Number) -> None:
        form = await request.form()
        chosen = [int(one) for one in form.getall("identity", []) if str(one).isdecimal()]
        if not chosen:
            raise RequestRefused(400, drawing.translator(request).gettext("Choose what is somebody else’s."))
        reason = str(form.get("reason") or "")
        await drawing.desk.people.split(conversation_id, drawing.staff(request), chosen, reason)

    @post("/desk/{conversation_id:int}/unjoin/{join_id:int}", **guarded)
    async def undo(request: StaffRequest, conversation_id: Number, join_id: FromPath[int]) -> None:
        del conversation_id  # it is in the address for the reader of logs; the entry says the rest
        await drawing.desk.people.undo(join_id, drawing.staff(request))

    @post("/desk/{conversation_id:int}/continue", **guarded)
    async def go_on(request: StaffRequest, conversation_id: Number, data: Fields) -> None:
        kind, _, which = data.get("where", "").partition(":")
        staff = drawing.staff(request)
        if kind == "identity" and which.isdecimal():
            await drawing.desk.people.answer_in(conversation_id, staff, int(which))
        elif kind == "channel" and which:
            await drawing.desk.people.invite(conversation_id, staff, which)
        else:
            raise RequestRefused(400, drawing.translator(request).gettext("Choose where to go on."))

    return [join, split, undo, go_on]
