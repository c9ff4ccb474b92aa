"""Dialogs from pressing a button to what follows from them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import structlog
from msgspec import structs

from bots.slack.api import SlackApi
from bots.slack.desk.calls import CallRoom
from bots.slack.desk.people import Person
from bots.slack.desk.wire import cards
from bots.slack.desk.wire import dialogs as views
from bots.slack.desk.wire.deeds import Chosen, Pressed, Subject, Submitted
from bots.slack.desk.wire.pieces import Block
from gateway.conversations import State
from gateway.desks import DeskTools, ReadyText
from gateway.errors import Conflict, RequestRefused, SendError
from gateway.staff import Staff
from gateway.storage.work import Work

log = structlog.get_logger()

SEARCHED = 200
"""Characters of a search that a dialog remembers."""

Draw = Callable[[Work, Subject, int, Staff], Awaitable[Block]]
Carry = Callable[[Work, Mapping[str, str], int, Staff], Awaitable[None]]


class DialogRoom:
    """Opens, redraws and carries out dialogs; a dialog's name is the `action_id` of the button that opens it."""

    def __init__(self, api: SlackApi, tools: DeskTools, calls: CallRoom) -> None:
        self._api = api
        self._tools = tools
        self._calls = calls
        self._acts = tools.acts
        self._drawn: dict[str, Draw] = {
            cards.NOTE: self._draw_note,
            cards.CLOSE: self._draw_close,
            cards.TRANSFER: self._draw_transfer,
            cards.CALLBACK: self._draw_call,
            cards.TEMPLATE: self._draw_template,
        }
        self._carried: dict[str, Carry] = {
            cards.NOTE: self._note,
            cards.CLOSE: self._close,
            cards.TRANSFER: self._transfer,
            cards.CALLBACK: self._call,
            cards.TEMPLATE: self._template,
        }

    # --- showing -----------------------------------------------------------------------------

    async def open(self, pressed: Pressed, conversation_id: int, agent: Staff) -> None:
        """Open the dialog that the button names. Raises RequestRefused where Slack did not wait for it."""
        draw = self._drawn.get(pressed.action)
        if draw is None:
            return
        subject = Subject(dialog=pressed.action, spot=pressed.spot)
        async with self._tools.database.read() as view:
            drawn = await draw(view, subject, conversation_id, agent)
        await self._open(pressed, drawn, agent.language)

    async def open_call(self, pressed: Pressed, callback_id: int, agent: Staff) -> None:
        """Open the dialog about a booked call. Raises RequestRefused where Slack did not wait for it."""
        subject = Subject(dialog=pressed.action, spot=pressed.spot, call=callback_id)
        async with self._tools.database.read() as view:
            drawn = await self._calls.draw(view, subject, agent)
        await self._open(pressed, drawn, agent.language)

    async def ask_for_code(self, pressed: Pressed, person: Person) -> None:
        """Open the dialog for the code that links an account."""
        texts = self._tools.texts.translator(person.language)
        drawn = views.code_dialog(Subject(dialog=cards.CODE, spot=pressed.spot), texts)
        await self._open(pressed, drawn, person.language)

    async def redraw(self, chosen: Chosen, conversation_id: int, agent: Staff) -> None:
        """Show the template that was chosen or looked for. A dialog that was closed meanwhile stays closed."""
        if chosen.subject.dialog != cards.TEMPLATE:
            return
        searched = chosen.values.get(views.SEARCH, "").strip()
        async with self._tools.database.read() as view:
            found = await self._found(view, conversation_id, agent, searched)
        picked = _picked(found, chosen.value) if chosen.action == views.SHORTCUT else None
        shortcut = views.choice_of(picked) if picked else ""
        subject = structs.replace(chosen.subject, shortcut=shortcut, searched=searched[:SEARCHED])
        texts = self._tools.texts.translator(agent.language)
        drawn = views.template_dialog(subject, found, picked, texts, searched=searched)
        try:
            await self._api.call("views.update", {"view_id": chosen.view, "hash": chosen.hash, "view": drawn})
        except SendError as error:
            log.info("desk_dialog_not_redrawn", reason=error.reason)

    async def _open(self, pressed: Pressed, drawn: Block, language: str) -> None:
        try:
            await self._api.call("views.open", {"trigger_id": pressed.trigger, "view": drawn})
        except SendError as error:
            # A trigger lives for three seconds: there is no second try with it.
            log.warning("desk_dialog_not_opened", reason=error.reason)
            words = self._tools.texts.translator(language).gettext("Slack did not open the dialog. Press again.")
            raise RequestRefused(503, words) from None

    async def _draw_note(self, _work: Work, subject: Subject, _conversation_id: int, agent: Staff) -> Block:
        return views.note_dialog(subject, self._tools.texts.translator(agent.language))

    async def _draw_close(self, _work: Work, subject: Subject, _conversation_id: int, agent: Staff) -> Block:
        outcomes = self._acts.outcomes(agent.language)
        return views.close_dialog(subject, outcomes, self._tools.texts.translator(agent.language))

    async def _draw_transfer(self, work: Work, subject: Subject, conversation_id: int, agent: Staff) -> Block:
        colleagues = await self._acts.colleagues(work, conversation_id, agent)
        return views.transfer_dialog(subject, colleagues, self._tools.texts.translator(agent.language))

    async def _draw_call(self, work: Work, subject: Subject, conversation_id: int, agent: Staff) -> Block:
        """Where a call is booked already it is about that one."""
        booked = await self._tools.calls.active_of(work, conversation_id)
        if booked is not None:
            return await self._calls.draw(work, structs.replace(subject, call=booked), agent)
        sheet = await self._acts.call_sheet(work, conversation_id, agent)
        return views.callback_dialog(subject, sheet, self._tools.texts.translator(agent.language))

    async def _draw_template(self, work: Work, subject: Subject, conversation_id: int, agent: Staff) -> Block:
        found = await self._acts.templates(work, conversation_id, agent, "")
        return views.template_dialog(subject, found, None, self._tools.texts.translator(agent.language))

    async def _found(self, work: Work, conversation_id: int, agent: Staff, searched: str) -> list[ReadyText]:
        """Templates that have the words, then articles that have them or may be meant by them."""
        templates = await self._acts.templates(work, conversation_id, agent, searched)
        if not searched:
            return templates
        conversation = await work.conversations.get(conversation_id)
        language = conversation.language or self._tools.company.language
        articles = await self._tools.search(searched, language, conversation)
        return [*templates, *(ReadyText(shortcut=one, title=title, text=text) for one, title, text in articles)]

    # --- carrying out ------------------------------------------------------------------------

    async def submit(self, work: Work, submitted: Submitted, conversation_id: int, agent: Staff) -> None:
        """Do what was confirmed, in the caller's transaction. Raises as `DeskActs` does."""
        carry = self._carried.get(submitted.subject.dialog)
        if carry is not None:
            given = {**submitted.values}
            given.setdefault(views.SHORTCUT, submitted.subject.shortcut)
            given.setdefault(views.SEARCH, submitted.subject.searched)
            await carry(work, given, conversation_id, agent)

    async def _note(self, work: Work, given: Mapping[str, str], conversation_id: int, agent: Staff) -> None:
        await self._acts.note(work, conversation_id, agent, given.get(views.WORDS, ""))

    async def _close(self, work: Work, given: Mapping[str, str], conversation_id: int, agent: Staff) -> None:
        await self._acts.close(work, conversation_id, agent, given.get(views.OUTCOME, ""))

    async def _transfer(self, work: Work, given: Mapping[str, str], conversation_id: int, agent: Staff) -> None:
        whom = given.get(views.WHOM, views.QUEUE)
        to = int(whom) if whom.isdecimal() else None
        await self._acts.transfer(work, conversation_id, agent, to, given.get(views.REASON, ""))

    async def _call(self, work: Work, given: Mapping[str, str], conversation_id: int, agent: Staff) -> None:
        try:
            starts_at = datetime.fromisoformat(given.get(views.TIME, ""))
        except ValueError:
            words = self._tools.texts.translator(agent.language).gettext("Choose a time.")
            raise RequestRefused(400, words) from None
        phone, topic = given.get(views.PHONE, ""), given.get(views.TOPIC, "")
        await self._acts.book(work, conversation_id, agent, starts_at, phone, topic)

    async def _template(self, work: Work, given: Mapping[str, str], conversation_id: int, agent: Staff) -> None:
        """What stands in the field; a text too long for it is filled anew."""
        shortcut = given.get(views.SHORTCUT, "")
        if not shortcut:
            words = self._tools.texts.translator(agent.language).gettext("Choose a template first.")
            raise RequestRefused(400, words)
        article = shortcut.removeprefix(views.ARTICLE) if shortcut.startswith(views.ARTICLE) else None
        text = given.get(views.WORDS)
        if text is None:
            searched = given.get(views.SEARCH, "") if article else shortcut
            picked = _picked(await self._found(work, conversation_id, agent, searched), shortcut)
            text = picked.text if picked else ""
        await self._hold(work, conversation_id, agent)
        canned = None if article else shortcut
        await self._acts.reply(work, conversation_id, agent, text, canned=canned, article=article)

    async def _hold(self, work: Work, conversation_id: int, agent: Staff) -> None:
        conversation = await work.conversations.lock(conversation_id)
        if conversation.state in (State.QUEUED, State.BOT):
            await self._acts.claim(work, conversation_id, agent)
        elif conversation.state is State.AGENT and conversation.agent_id != agent.id:
            name = (await work.staff.get(conversation.agent_id or 0)).name
            words = self._tools.texts.translator(agent.language).gettext("{name} has this conversation.")
            raise Conflict(words.format(name=name))


def _picked(found: Sequence[ReadyText], value: str) -> ReadyText | None:
    return next((one for one in found if views.choice_of(one) == value), None)
