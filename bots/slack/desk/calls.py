"""What agents say in Slack of booked calls: by a button of its card, or in a dialog."""

from __future__ import annotations

from datetime import datetime

from bots.slack.desk.wire import dialogs as views
from bots.slack.desk.wire.calls import ENDING, NO_ANSWER, REACHED
from bots.slack.desk.wire.deeds import Subject, Submitted
from bots.slack.desk.wire.pieces import Block
from gateway.desks import DeskTools
from gateway.errors import RequestRefused
from gateway.staff import Staff
from gateway.storage.work import Work

OUTCOMES = {REACHED: "reached", NO_ANSWER: "no_answer"}
"""What a button says of the call at once."""


class CallRoom:
    """Draws the dialog about a call, and carries out what is said of it."""

    def __init__(self, tools: DeskTools) -> None:
        self._tools = tools
        self._acts = tools.calls

    async def draw(self, work: Work, subject: Subject, agent: Staff) -> Block:
        """The dialog about the call `subject.call`."""
        ending = await self._acts.ending(work, subject.call, agent)
        card = await self._acts.card(work, subject.call, agent.language)
        subject = Subject(dialog=ENDING, spot=subject.spot, call=subject.call)
        return views.ending_dialog(subject, card, ending, self._tools.texts.translator(agent.language))

    async def press(self, work: Work, callback_id: int, action: str, agent: Staff) -> None:
        """Say of the call what the button says. Raises as `CallActs` does."""
        await self._acts.end(work, callback_id, agent, OUTCOMES[action], "", None)

    async def submit(self, work: Work, submitted: Submitted, agent: Staff) -> None:
        """Do what was confirmed. Raises as `CallActs` does."""
        given = submitted.values
        starts_at = self._time(given.get(views.TIME, ""), agent)
        note = given.get(views.WORDS, "")
        await self._acts.end(work, submitted.subject.call, agent, given.get(views.OUTCOME, ""), note, starts_at)

    def _time(self, text: str, agent: Staff) -> datetime | None:
        try:
            return datetime.fromisoformat(text) if text else None
        except ValueError:
            words = self._tools.texts.translator(agent.language).gettext("Choose a time.")
            raise RequestRefused(400, words) from None

    async def note(self, work: Work, callback_id: int, agent: Staff, text: str) -> None:
        """A private note in the call's conversation."""
        await self._acts.note(work, callback_id, agent, text)
