"""The page on which an agent makes the code that links their Slack account."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from bots.slack.desk.people import digest
from bots.slack.desk.storage.people import Codes
from gateway.ports import Clock
from gateway.settings import Company
from gateway.staff import Role, Staff
from gateway.storage.engine import Database
from gateway.web.guard import Guards
from gateway.web.pages import Pages, Room, StaffRequest

ROOM = Room(name="slack", folder=str(Path(__file__).parent), href="/slack", label="Link Slack", role=Role.AGENT)
"""Among the rooms of `Pages`, where there is a Slack desk. The label is translated by the catalogues."""

LIFE = timedelta(minutes=10)
LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""None that are taken for one another."""
LENGTH = 8


def link_routes(
    *, database: Database, pages: Pages, guards: Guards, company: Company, clock: Clock
) -> list[HTTPRouteHandler]:
    """`/slack`: GET explains, POST makes a code."""
    guarded: dict[str, Any] = {"guards": [guards.requires(Role.AGENT)], "include_in_schema": False}

    @get("/slack", **guarded)
    async def explain(request: StaffRequest) -> Response[str]:
        return pages.html(request, "slack/link.html", code="", until="")

    @post("/slack", status_code=200, **guarded)
    async def make(request: StaffRequest) -> Response[str]:
        staff: Staff = request.scope["user"]
        code, now = new_code(), clock()
        async with database.write() as work:
            await Codes(work).add(digest(code), staff.id, now, LIFE)
        until = pages.texts.translator(pages.language(request)).time(now + LIFE, company.zone)
        return pages.html(request, "slack/link.html", code=code, until=until, headers={"cache-control": "no-store"})

    return [explain, make]


def new_code() -> str:
    """A code that nobody guesses within its minutes: 39 bits, in two groups to read aloud."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    return f"{letters[:4]}-{letters[4:]}"
