"""The pages of what customers asked: what each request does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

import msgspec
from litestar.response import Redirect, Response

from gateway.errors import Conflict, RequestRefused
from gateway.messages import Value
from gateway.settings import LANGUAGES
from gateway.staff import Role
from gateway.storage.engine import Database
from gateway.web.pages import Pages, StaffRequest
from knowledge_base.articles import Status
from knowledge_base.asked.questions import Filters, Order, Why
from knowledge_base.asked.service import Added, AskedQuestions
from knowledge_base.listing import title_in
from knowledge_base.publishing import Refused, StaleEdit
from knowledge_base.storage import Articles, Editor

PERIODS = (7, 30, 90)
PAGE = 20
MOST_SHOWN = 500
LISTED = 40
"""Questions of one group that are listed; the others go along with them."""
AT_ONCE = 5_000
SUGGESTED = 3


class Told(Value, frozen=True, kw_only=True):
    """What the next page says of what was just done: carried in its address."""

    did: str
    article: str = ""
    added: int = 0
    elsewhere: int = 0


class AskedScreens:
    """Every page and fragment under `/kb/asked`."""

    def __init__(self, asked: AskedQuestions, database: Database, pages: Pages, channels: Sequence[str]) -> None:
        self._asked = asked
        self._database = database
        self._pages = pages
        self._channels = tuple(channels)

    async def questions(self, request: StaffRequest) -> Response[str]:
        """The page; its groups follow, for to sort them may take a moment."""
        return self._pages.html(
            request,
            "knowledge_base/questions.html",
            filters=_filters(request),
            query=urlencode({**request.query_params}),
            periods=PERIODS,
            channels=self._channels,
            codes=LANGUAGES,
            reasons=Why,
            orders=Order,
            proposed=await self._asked.proposed(),
            told=_told(request.query_params),
        )

    async def groups(self, request: StaffRequest) -> Response[str]:
        """The groups that fit."""
        filters = _filters(request)
        overview = await self._asked.overview(filters)
        shown = min(_number(request.query_params.get("shown", "")) or PAGE, MOST_SHOWN)
        groups = overview.groups[:shown]
        said = await self._asked.nearest(groups)
        language = self._pages.language(request)
        titles = await self._titles(language)
        names = dict(titles)
        return self._pages.html(
            request,
            "knowledge_base/question_groups.html",
            overview=overview,
            groups=list(zip(groups, said, strict=True)),
            titles=titles,
            names=names,
            suggestions=[[one for one in asked.ranking if one.intent in names][:SUGGESTED] for asked in said],
            listed=LISTED,
            more=shown + PAGE if len(overview.groups) > shown else 0,
            query=urlencode({name: value for name, value in request.query_params.items() if name != "shown"}),
            to_desk=self._may_desk(request),
        )

    async def act(self, request: StaffRequest) -> Redirect:
        """Do with the chosen questions what the pressed button says."""
        form = await request.form()
        messages = [int(str(one)) for one in form.getall("message", []) if _number(str(one))][:AT_ONCE]
        article, back = str(form.get("article") or ""), str(form.get("back") or "")
        _ = self._gettext(request)
        if not messages:
            raise RequestRefused(400, _("Choose at least one question."))
        told = await self._do(request, str(form.get("do") or ""), messages, article)
        if told.did == "made":
            return Redirect(f"/kb/articles/{told.article}", status_code=303)
        return Redirect(_after("/kb/asked", back, told), status_code=303)

    async def _do(self, request: StaffRequest, deed: str, messages: Sequence[int], article: str) -> Told:
        editor = _editor(request)
        _ = self._gettext(request)
        if deed in ("add", "label") and not article:
            raise RequestRefused(400, _("Choose an article first."))
        try:
            match deed:
                case "make":
                    return _made("made", await self._asked.make_article(messages, editor))
                case "add":
                    return _made("added", await self._asked.add_to(messages, article, editor))
                case "label":
                    return Told(
                        did="labelled", article=article, added=await self._asked.label(messages, article, editor)
                    )
                case "nothing":
                    return Told(did="nothing", added=await self._asked.label(messages, None, editor))
                case "dismiss":
                    await self._asked.dismiss(messages, editor)
                    return Told(did="dismissed", added=len(messages))
        except (Refused, StaleEdit) as refused:
            raise self._refusal(request, refused) from None
        raise RequestRefused(400, "say what to do: make, add, label, nothing or dismiss")

    # --- proposals -----------------------------------------------------------------------------

    async def proposals(self, request: StaffRequest) -> Response[str]:
        """What agents propose."""
        return self._pages.html(
            request,
            "knowledge_base/proposals.html",
            proposals=await self._asked.proposals(),
            titles=await self._titles(self._pages.language(request)),
            told=_told(request.query_params),
            to_desk=self._may_desk(request),
        )

    async def settle(self, request: StaffRequest, number: int, form: Mapping[str, str]) -> Redirect:
        """Take a proposal up or turn it down."""
        _, editor, article = self._gettext(request), _editor(request), form.get("article", "")
        try:
            match form.get("do"):
                case "make":
                    added = await self._asked.take(number, editor)
                    return Redirect(f"/kb/articles/{added.article}", status_code=303)
                case "add" if article:
                    told = _made("added", await self._asked.take_into(number, article, editor))
                case "dismiss":
                    await self._asked.decline(number, editor)
                    told = Told(did="declined")
                case _:
                    raise RequestRefused(400, _("Choose an article first."))
        except (Refused, StaleEdit) as refused:
            raise self._refusal(request, refused) from None
        return Redirect(_after("/kb/proposals", "", told), status_code=303)

    # --- pieces --------------------------------------------------------------------------------

    async def _titles(self, language: str) -> list[tuple[str, str]]:
        """Every article that is not archived, by title."""
        async with self._database.read() as view:
            saved = await Articles(view.connection).all()
        found = [
            (one.article.id, title_in(one.article, language))
            for one in saved.values()
            if one.article.status is not Status.ARCHIVED
        ]
        return sorted(found, key=lambda pair: pair[1].casefold())

    def _refusal(self, request: StaffRequest, refused: Refused | StaleEdit) -> Exception:
        _ = self._gettext(request)
        if isinstance(refused, StaleEdit):
            return Conflict(_("Somebody has just saved this article. Please try again."))
        problems = refused.problems
        words = "; ".join(problem.text(_) for problem in problems)
        return RequestRefused(422, words)

    def _may_desk(self, request: StaffRequest) -> bool:
        staff = request.scope.get("user")
        return bool(staff and staff.may(Role.AGENT))

    def _gettext(self, request: StaffRequest) -> Callable[[str], str]:
        return self._pages.texts.translator(self._pages.language(request)).gettext


def _filters(request: StaffRequest) -> Filters:
    """What the address asks for; what is no filter of ours narrows nothing."""
    given = {name: request.query_params.get(name, "").strip() for name in Filters.__struct_fields__}
    try:
        filters = msgspec.convert({name: word for name, word in given.items() if word}, Filters, strict=False)
    except msgspec.ValidationError:
        return Filters()
    return filters if filters.days in PERIODS else msgspec.structs.replace(filters, days=30)


def _made(did: str, added: Added) -> Told:
    return Told(did=did, article=added.article, added=added.added, elsewhere=added.elsewhere)


def _told(query: Mapping[str, str]) -> Told | None:
    given = {name: query[name] for name in Told.__struct_fields__ if name in query}
    try:
        return msgspec.convert(given, Told, strict=False)
    except msgspec.ValidationError:
        return None


def _after(path: str, back: str, told: Told) -> str:
    """`path` with the filters of `back` (a query of ours) and what was done."""
    kept = [part for part in back.split("&") if part.partition("=")[0] in Filters.__struct_fields__]
    fields = {name: value for name, value in msgspec.to_builtins(told).items() if value}
    return f"{path}?{'&'.join([*kept, urlencode(fields)])}"


def _editor(request: StaffRequest) -> Editor:
    staff = request.scope["user"]
    return Editor(name=staff.name, staff_id=staff.id)


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 16 else None
