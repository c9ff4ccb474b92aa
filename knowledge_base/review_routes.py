"""The addresses of changes, reviews and test questions, under `/kb` and for editors only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Router, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, PathParameter
from litestar.response import Response
from litestar.types import Middleware

from gateway.staff import Role
from gateway.web.guard import Guards
from gateway.web.pages import StaffRequest
from knowledge_base.question_screens import QuestionScreens
from knowledge_base.review_screens import ReviewScreens

FormData = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
PathId = Annotated[str, PathParameter(max_length=64)]


def review_router(
    reviews: ReviewScreens, questions: QuestionScreens, guards: Guards, middleware: Sequence[Middleware]
) -> Router:
    """`/kb/changes`, `/kb/effect`, `/kb/reviews` and `/kb/tests`."""

    @get("/changes")
    async def all_changes(request: StaffRequest) -> Response[str]:
        return await reviews.show(request, "")

    @get("/changes/{article_id:str}")
    async def change(request: StaffRequest, article_id: PathId) -> Response[str]:
        return await reviews.show(request, article_id)

    @post("/changes", status_code=303)
    async def publish(request: StaffRequest, data: FormData) -> Response[Any]:
        return await reviews.publish(request, data)

    @get("/effect")
    async def effect_of_all(request: StaffRequest) -> Response[str]:
        return await reviews.effect(request, "", begin=False, again=False)

    @post("/effect", status_code=200)
    async def find_effect_of_all(request: StaffRequest, data: FormData) -> Response[str]:
        return await reviews.effect(request, "", begin=True, again="again" in data)

    @get("/effect/{article_id:str}")
    async def effect(request: StaffRequest, article_id: PathId) -> Response[str]:
        return await reviews.effect(request, article_id, begin=False, again=False)

    @post("/effect/{article_id:str}", status_code=200)
    async def find_effect(request: StaffRequest, article_id: PathId, data: FormData) -> Response[str]:
        return await reviews.effect(request, article_id, begin=True, again="again" in data)

    @get("/reviews")
    async def waiting(request: StaffRequest) -> Response[str]:
        return await reviews.waiting(request)

    @post("/reviews/{article_id:str}", status_code=303)
    async def act(request: StaffRequest, article_id: PathId, data: FormData) -> Response[Any]:
        return await reviews.act(request, article_id, data)

    @get("/tests")
    async def tests(request: StaffRequest) -> Response[str]:
        return await questions.show(request)

    @post("/tests", status_code=303)
    async def keep(request: StaffRequest, data: FormData) -> Response[Any]:
        return await questions.keep(request, data)

    @post("/tests/{number:int}/forget", status_code=303)
    async def forget(number: FromPath[int]) -> Response[Any]:
        return await questions.forget(number)

    return Router(
        path="/kb",
        route_handlers=[
            all_changes,
            change,
            publish,
            effect_of_all,
            find_effect_of_all,
            effect,
            find_effect,
            waiting,
            act,
            tests,
            keep,
            forget,
        ],
        guards=[guards.requires(Role.EDITOR)],
        middleware=list(middleware),
        include_in_schema=False,
    )
