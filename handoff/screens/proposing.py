"""The sheet by which an agent proposes an answer for the knowledge base."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import post
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body, FromPath
from litestar.response import Response

from gateway.errors import NotFound
from gateway.improving.proposing import ANSWER_LIMIT, QUESTION_LIMIT
from gateway.staff import Role
from gateway.web.guard import Guards
from gateway.web.pages import StaffRequest
from handoff.screens.drawing import Drawing

Fields = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


async def proposal_context(drawing: Drawing, conversation_id: int) -> dict[str, Any]:
    """What `proposal_fields.html` needs; `proposal` is None where nothing can be proposed."""
    proposals = drawing.desk.proposals
    draft = await proposals.draft(conversation_id) if proposals.possible else None
    return {"proposal": draft, "question_limit": QUESTION_LIMIT, "answer_limit": ANSWER_LIMIT}


async def proposal_dialog(drawing: Drawing, request: StaffRequest, conversation_id: int) -> Response[str]:
    """The sheet. Raises NotFound."""
    if not drawing.desk.proposals.possible:
        raise NotFound("dialog")
    context = await proposal_context(drawing, conversation_id)
    return drawing.html(request, "dialog_propose.html", id=conversation_id, **context)


def proposal_route(drawing: Drawing, guards: Guards) -> HTTPRouteHandler:
    """`POST /desk/{conversation}/propose`."""

    @post(
        "/desk/{conversation_id:int}/propose",
        guards=[guards.requires(Role.AGENT)],
        status_code=204,
        include_in_schema=False,
    )
    async def propose(request: StaffRequest, conversation_id: FromPath[int], data: Fields) -> None:
        await drawing.desk.proposals.propose(
            conversation_id, drawing.staff(request), data.get("question", ""), data.get("answer", "")
        )

    return propose
