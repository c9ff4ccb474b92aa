"""Whether a desk's tokens may do what is needed, whether the app is in its rooms, and whether all is up to date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bots.slack.api import SlackApi
from bots.slack.checkup import look_at
from bots.slack.desk.settings import SlackDeskSettings
from bots.slack.desk.storage.events import EventTable
from bots.slack.desk.storage.threads import ThreadTable
from gateway.desks import DeskTools
from gateway.errors import Rejected, SendError
from gateway.operating.checkup import Finding, fine, problem, warning

NEEDED = {
    "chat:write": "to post cards and lines",
    "channels:history": "to hear threads in public channels, and to look what arrived",
    "groups:history": "the same in private channels",
    "channels:read": "to see whether the app is in its rooms",
    "groups:read": "the same of private channels",
    "files:read": "to fetch agents' files",
    "files:write": "to show customers' files",
    "users:read": "to know who writes",
    "users:read.email": "to know which account that is",
}
"""Scopes of a bot token that the desk uses, with why."""
LATE = timedelta(minutes=1)


async def look(name: str, api: SlackApi, settings: SlackDeskSettings, tools: DeskTools) -> Sequence[Finding]:
    """Every finding about desk `name`."""
    subject = f"desks.{name}"
    found = await look_at(subject, name, api, settings, NEEDED, tools.public_url)
    rooms = dict.fromkeys(room for room in (settings.room, *settings.rooms.values()) if room)
    for room in rooms:
        found.append(await _room(f"{subject}.room", api, room))
    return [*found, *await _up_to_date(subject, name, tools)]


async def _room(subject: str, api: SlackApi, room: str) -> Finding:
    try:
        told = await api.call("conversations.info", {"channel": room})
    except Rejected as error:
        return problem(subject, f"Slack does not show {room}: {error.reason}", "mend the room's id, or invite the app")
    except SendError as error:
        return warning(subject, f"Slack does not tell of {room} now: {error.reason}", "look again soon")
    about = told.get("channel")
    if isinstance(about, dict) and about.get("is_archived"):
        return problem(subject, f"{room} is archived", "name another room, or unarchive it")
    if isinstance(about, dict) and about.get("is_member") is False:
        return problem(subject, f"the app is not in {room}", "write /invite @… there")
    return fine(subject, f"the app is in {room}")


async def _up_to_date(subject: str, name: str, tools: DeskTools) -> list[Finding]:
    """What waits, and what a room refused."""
    async with tools.database.read() as view:
        waiting, oldest, aside = await EventTable(view, name).backlog()
        unshown, since = await ThreadTable(view, name).unshown()
        troubled = await ThreadTable(view, name).troubled()
    found: list[Finding] = []
    now, fix = tools.clock(), "see that `frontdesk serve` runs and that Slack is reached, and what it logs"
    late = [moment for moment in (oldest, since) if moment is not None and now - moment > LATE]
    if late:
        minutes = int((now - min(late)).total_seconds() // 60)
        found.append(problem(f"{subject}.waiting", f"agents' deeds or cards have waited {minutes} minutes", fix))
    else:
        found.append(fine(f"{subject}.waiting", f"{waiting + unshown} deeds and cards wait"))
    for room, reason, count in troubled:
        found.append(problem(f"{subject}.shown", f"{room} refuses {count} handoffs: {reason}", "mend this in Slack"))
    if aside:
        says = f"{aside} things that agents did were put aside, because they could not be read or carried out"
        found.append(warning(f"{subject}.quarantined", says, "look for `desk_event` in the log"))
    return found
