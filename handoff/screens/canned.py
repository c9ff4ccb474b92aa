"""Where editors and supervisors keep the texts that agents send with a slash."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import get, post
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body
from litestar.response import Redirect, Response

from gateway.errors import Conflict, NotFound, RequestRefused
from gateway.messages import Value
from gateway.settings import LANGUAGES
from gateway.staff import Role
from gateway.web.guard import Guards
from gateway.web.pages import StaffRequest
from handoff.canned import TEXT_LIMIT, Canned, Overtaken, fill
from handoff.screens.drawing import Drawing

Fields = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

DONE = frozenset({"saved", "deleted"})
"""What the page may say was done."""


class Blank(Value, frozen=True, kw_only=True, omit_defaults=False):
    """A blank that is filled when an agent takes the text, what it is, and a sample."""

    name: str
    about: str
    sample: str


class Entry(Value, frozen=True, kw_only=True, omit_defaults=False):
    """A text with how it reads when it is filled, by language."""

    canned: Canned
    filled: dict[str, str]
    mark: str
    """What stands in the database, whatever words the form has."""


class CannedScreen:
    """Shows the texts, and keeps what was changed."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing

    async def show(
        self,
        request: StaffRequest,
        *,
        tried: Canned | None = None,
        theirs: Canned | None = None,
        refused: str = "",
        status: int = 200,
    ) -> Response[str]:
        """All texts; with words that were refused (`tried`) still in their form, why, and what a colleague wrote."""
        drawing = self._drawing
        blanks = self._blanks(request)
        samples = {blank.name: blank.sample for blank in blanks}
        known = await drawing.desk.views.all_canned()
        marks = {one.id: one.mark for one in known}
        shown = [tried if tried and tried.id == one.id else one for one in known]
        language = drawing.pages.language(request)
        done = request.query_params.get("done", "")
        return drawing.pages.html(
            request,
            "handoff/canned.html",
            status=status,
            entries=[
                Entry(
                    canned=one,
                    mark=marks[one.id],
                    filled={code: fill(one, code, samples).text for code in LANGUAGES if one.texts.get(code)},
                )
                for one in shown
            ],
            new=tried if tried and not tried.id else None,
            tried=tried.id if tried else None,
            refused=refused,
            theirs=theirs,
            blanks=blanks,
            codes=sorted(LANGUAGES, key=lambda code: code != language),
            limit=TEXT_LIMIT,
            done=done if done in DONE else "",
        )

    async def act(self, request: StaffRequest, data: dict[str, str]) -> Response[Any]:
        """Save or delete, as the pressed button says."""
        drawing = self._drawing
        number = int(data["id"]) if data.get("id", "").isdecimal() and len(data["id"]) < 12 else 0
        if data.get("do") == "delete" and number:
            await drawing.desk.canned.delete(number)
            return Redirect("/canned?done=deleted", status_code=303)
        texts = {code: data.get(f"text.{code}", "") for code in LANGUAGES}
        canned = Canned(id=number, shortcut=data.get("shortcut", ""), texts=texts)
        _ = drawing.translator(request).gettext
        try:
            await drawing.desk.canned.save(canned, drawing.pages.language(request), data.get("seen"))
        except RequestRefused as refused:
            return await self.show(request, tried=canned, refused=refused.reason, status=422)
        except Overtaken as overtaken:
            words = _("A colleague has changed this text meanwhile; it stands below. Saving replaces it by yours.")
            return await self.show(request, tried=canned, theirs=overtaken.theirs, refused=words, status=409)
        except Conflict:
            words = _("Another text has this shortcut already.")
            return await self.show(request, tried=canned, refused=words, status=409)
        except NotFound:
            kept = Canned(shortcut=canned.shortcut, texts=texts)
            words = _("A colleague has deleted this text. Saving writes it anew.")
            return await self.show(request, tried=kept, refused=words, status=404)
        return Redirect("/canned?done=saved", status_code=303)

    def _blanks(self, request: StaffRequest) -> list[Blank]:
        _ = self._drawing.translator(request).gettext
        company = self._drawing.pages.company_name(self._drawing.pages.language(request))
        return [
            Blank(name="contact.name", about=_("the customer’s name"), sample="Оксана"),
            Blank(name="contact.phone", about=_("the customer’s telephone"), sample="+380671234567"),
            Blank(name="contact.email", about=_("the customer’s e-mail address"), sample="oksana@example.com"),
            Blank(name="agent.name", about=_("the agent’s name"), sample=self._drawing.staff(request).name),
            Blank(name="company.name", about=_("the firm’s name"), sample=company),
            Blank(name="entities.order", about=_("the order or parcel they named"), sample="1234567890"),
        ]


def canned_routes(drawing: Drawing, guards: Guards) -> list[HTTPRouteHandler]:
    """`/canned`, for editors and supervisors."""
    screen = CannedScreen(drawing)
    guarded: dict[str, Any] = {"guards": [guards.requires(Role.EDITOR, Role.SUPERVISOR)], "include_in_schema": False}

    @get("/canned", **guarded)
    async def show(request: StaffRequest) -> Response[str]:
        return await screen.show(request)

    @post("/canned", status_code=303, **guarded)
    async def act(request: StaffRequest, data: Fields) -> Response[Any]:
        return await screen.act(request, data)

    return [show, act]
