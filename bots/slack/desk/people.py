"""Who is who: a Slack user is an agent by the e-mail address of their profile, or by a code from the web desk."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from bots.slack.api import SlackApi
from bots.slack.desk.storage.people import Codes, Known, PeopleTable
from gateway.errors import NotFound, Rejected
from gateway.messages import Value
from gateway.ports import Clock
from gateway.settings import LANGUAGES
from gateway.staff import Staff
from gateway.storage.engine import Database
from gateway.storage.work import Work

FRESH = timedelta(hours=12)
"""How long an address is taken for known: who leaves the firm loses it."""


class Person(Value, frozen=True, kw_only=True):
    """Somebody in Slack: their account here (None: nobody we know), and the language to speak to them in."""

    staff: Staff | None
    language: str


class DeskPeople:
    """Asks Slack once in a while, and remembers."""

    def __init__(self, desk: str, api: SlackApi, database: Database, language: str, clock: Clock) -> None:
        self._desk = desk
        self._api = api
        self._database = database
        self._language = language
        self._clock = clock
        self._team: str | None = None

    async def who(self, user: str) -> Person:
        """The person. Raises SendError where Slack cannot be asked, and is not known lately."""
        async with self._database.read() as view:
            known = await PeopleTable(view, self._desk).who(user)
            staff = await _agent(view, known.staff_id) if known else None
        if known and staff and (known.by_code or self._clock() - known.checked_at < FRESH):
            return Person(staff=staff, language=staff.language)
        return await self._ask(user, known)

    async def link(self, work: Work, user: str, code: str) -> Staff | None:
        """The account that `code` was made for, linked with `user` from now on; None for a code that is no good."""
        now = self._clock()
        staff_id = await Codes(work).use(digest(code), now)
        staff = await _agent(work, staff_id) if staff_id is not None else None
        if staff is not None:
            await PeopleTable(work, self._desk).meet(user, staff.id, now, by_code=True)
        return staff

    async def _ask(self, user: str, known: Known | None) -> Person:
        try:
            told = await self._api.call("users.info", {"user": user, "include_locale": "true"})
            team = await self._own_team()
        except Rejected:
            return Person(staff=None, language=self._language)
        profile = told.get("user")
        fields: dict[str, Any] = profile if isinstance(profile, dict) else {}
        address = proven_address(fields, team)
        async with self._database.write() as work:
            table = PeopleTable(work, self._desk)
            named = await work.staff.by_email(address) if address else None
            staff = await _agent(work, named.id) if named else None
            if staff is not None:
                await table.meet(user, staff.id, self._clock(), by_code=False)
            elif known is not None and not known.by_code:
                await table.forget(user)
        return Person(staff=staff, language=staff.language if staff else _language(fields) or self._language)

    async def _own_team(self) -> str:
        if self._team is None:
            self._team = str((await self._api.call("auth.test", {})).get("team_id", ""))
        return self._team


def proven_address(user: dict[str, Any], team: str) -> str | None:
    """The address of a full member of our own workspace (https://docs.slack.dev/reference/objects/user-object/).

    What another firm's workspace says of its people in a shared channel proves nothing to us, nor does a guest's
    or a bot's profile, nor an address that nobody has confirmed.
    """
    if any(user.get(flag) for flag in ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")):
        return None
    if user.get("is_email_confirmed") is False or not team:
        return None
    enterprise = user.get("enterprise_user")
    teams = enterprise.get("teams") if isinstance(enterprise, dict) else None
    if user.get("team_id") != team and team not in (teams if isinstance(teams, list) else ()):
        return None
    profile = user.get("profile")
    address = profile.get("email") if isinstance(profile, dict) else None
    return address if isinstance(address, str) and "@" in address else None


def digest(code: str) -> str:
    """How a code is kept: however it was typed, only by its digest."""
    typed = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(typed.encode()).hexdigest()


async def _agent(work: Work, staff_id: int) -> Staff | None:
    """The account, if it may work at a desk."""
    try:
        staff = await work.staff.get(staff_id)
    except NotFound:
        return None
    return staff if staff.is_agent else None


def _language(user: dict[str, Any]) -> str | None:
    locale = user.get("locale")
    code = locale.partition("-")[0].lower() if isinstance(locale, str) else ""
    return code if code in LANGUAGES else None
