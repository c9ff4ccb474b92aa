"""Dialogs (Slack: modals) as views: template, callback, note, transfer, close, the code that links an account.

https://docs.slack.dev/reference/views/: a title has 24 characters, a view 100 blocks, its private metadata
3,000 characters. A field's words have 3,000 at most (…/block-elements/plain-text-input-element/).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from bots.slack.desk.wire.deeds import Subject
from bots.slack.desk.wire.pieces import OPTIONS, Block, context, option, plain, safe, section
from bots.slack.wire.blocks import sections
from gateway.desk_calls import CallCard, CallEnding
from gateway.desks import CallSheet, CallTime, Named, ReadyText
from gateway.messages import Text
from gateway.texts import Translator

FIELD_LIMIT = 3000
WORDS, SEARCH, SHORTCUT = "words", "search", "shortcut"
PHONE, TIME, TOPIC = "phone", "time", "topic"
OUTCOME, WHOM, REASON, CODE = "outcome", "whom", "reason", "code"
QUEUE = "queue"
ARTICLE = "article:"
"""How the value of an article begins; the shortcut of a template has no colon."""
_RADIO = {"type": "radio_buttons"}
_TITLE = 24
_LABEL = 2000


def note_dialog(subject: Subject, texts: Translator) -> Block:
    """Words for colleagues."""
    _ = texts.gettext
    field = _text(WORDS, _("Only colleagues read it"), lines=True)
    return _view(subject, _("Private note"), _("Write"), [field], texts)


def close_dialog(subject: Subject, outcomes: Sequence[Named], texts: Translator) -> Block:
    """How it ended."""
    _ = texts.gettext
    choices = [option(one.label, one.value) for one in outcomes]
    element = {**_RADIO, "action_id": OUTCOME, "options": choices, "initial_option": choices[0]}
    return _view(subject, _("Close"), _("Close"), [_input(_("How did it end?"), element)], texts)


def transfer_dialog(subject: Subject, colleagues: Sequence[Named], texts: Translator) -> Block:
    """Who goes on."""
    _ = texts.gettext
    queue = option(_("Back to the queue"), QUEUE)
    people = [option(one.label, one.value) for one in colleagues[: OPTIONS - 1]]
    whom = {"type": "static_select", "action_id": WHOM, "options": [queue, *people], "initial_option": queue}
    why = _text(REASON, _("What the colleague should know"), optional=True)
    return _view(subject, _("Transfer"), _("Transfer"), [_input(_("Who goes on?"), whom), why], texts)


def code_dialog(subject: Subject, texts: Translator) -> Block:
    """Who somebody is."""
    _ = texts.gettext
    field = _text(CODE, _("The code from your web desk"))
    return _view(subject, _("Link your account"), _("Link"), [field], texts)


def callback_dialog(subject: Subject, sheet: CallSheet, texts: Translator) -> Block:
    """A call: when, to which number, about what."""
    _ = texts.gettext
    if not sheet.times:
        words = _("There is no free time for a call in the coming days.")
        return _view(subject, _("Callback"), "", [section(safe(words, 300))], texts)
    fields = [
        _input(_("When?"), _when(sheet.times)),
        _text(PHONE, _("Number to call"), value=sheet.phone),
        _text(TOPIC, _("About"), value=sheet.topic, optional=True),
    ]
    return _view(subject, _("Callback"), _("Book"), fields, texts)


def ending_dialog(subject: Subject, card: CallCard, ending: CallEnding, texts: Translator) -> Block:
    """What came of a booked call, or another time for it."""
    _ = texts.gettext
    choices = [option(one.label, one.value) for one in ending.outcomes]
    about = f"*{safe(card.name, 150)}* · {safe(card.phone, 60)} · {safe(card.window, 150)}"
    fields = [section(about), _input(_("What came of it?"), {**_RADIO, "action_id": OUTCOME, "options": choices})]
    if ending.times:
        fields.append(_input(_("The new time, if it is moved"), _when(ending.times), optional=True))
    fields.append(_text(WORDS, _("A word for colleagues"), optional=True))
    return _view(subject, _("Callback"), _("Save"), fields, texts)


def template_dialog(
    subject: Subject, found: Sequence[ReadyText], chosen: ReadyText | None, texts: Translator, *, searched: str = ""
) -> Block:
    """A canned text or an article's answer: look for it, choose it, read it as the customer will, change it, send
    it."""
    _ = texts.gettext
    label = _("Search templates and articles, and press Enter")
    blocks = [_text(SEARCH, label, value=searched, optional=True, dispatch=True)]
    if not found:
        words = _("Nothing has these words.") if searched else _("There are no templates yet. Search the articles.")
        return _view(subject, _("Template"), _("Send"), [*blocks, section(safe(words, 300))], texts)
    choices = [option(_choice(one), choice_of(one)) for one in found[:OPTIONS]]
    menu: Block = {"type": "static_select", "action_id": SHORTCUT, "options": choices}
    if chosen is not None:
        menu |= {"initial_option": next((one for one in choices if one["value"] == choice_of(chosen)), choices[0])}
    blocks.append(_input(_("Which one?"), menu, dispatch=True))
    # A dialog with fields must have a button to send it, also before anything is chosen.
    preview = _preview(chosen, texts) if chosen else []
    return _view(subject, _("Template"), _("Send"), [*blocks, *preview], texts)


def choice_of(one: ReadyText) -> str:
    """The value by which `one` is chosen in the menu."""
    return f"{ARTICLE}{one.shortcut}" if one.title else one.shortcut


def _choice(one: ReadyText) -> str:
    words = " ".join(one.text.split())
    return f"📖 {one.title} — {words}" if one.title else f"/{one.shortcut} — {words}"


def _preview(chosen: ReadyText, texts: Translator) -> list[Block]:
    """The filled text. A field keeps what stands in it while its `block_id` is the same."""
    _ = texts.gettext
    blocks = []
    if chosen.missing:
        names = ", ".join(chosen.missing)
        blocks.append(context("⚠️ " + safe(_("Nobody knows: {names}. Fill it in yourself.").format(names=names), 500)))
    if len(chosen.text) > FIELD_LIMIT:
        return [*blocks, *sections(Text(text=chosen.text))]
    mark = hashlib.sha256(f"{chosen.shortcut}\n{chosen.text}".encode()).hexdigest()[:16]
    return [*blocks, {**_text(WORDS, _("The customer will read"), value=chosen.text, lines=True), "block_id": mark}]


# --- pieces ----------------------------------------------------------------------------------


def _view(subject: Subject, title: str, submit: str, blocks: Sequence[Block], texts: Translator) -> Block:
    view: Block = {
        "type": "modal",
        "callback_id": subject.dialog,
        "private_metadata": msgspec.json.encode(subject).decode(),
        "title": plain(title, _TITLE),
        "close": plain(texts.gettext("Cancel"), _TITLE),
        "blocks": list(blocks),
    }
    return {**view, "submit": plain(submit, _TITLE)} if submit else view


def _input(label: str, element: Block, *, optional: bool = False, dispatch: bool = False) -> Block:
    block: Block = {"type": "input", "label": plain(label, _LABEL), "element": element, "optional": optional}
    return {**block, "dispatch_action": True} if dispatch else block


def _text(
    action: str, label: str, *, value: str = "", lines: bool = False, optional: bool = False, dispatch: bool = False
) -> Block:
    element: dict[str, Any] = {"type": "plain_text_input", "action_id": action, "multiline": lines}
    element["max_length"] = FIELD_LIMIT
    if value:
        element["initial_value"] = value[:FIELD_LIMIT]
    if dispatch:
        element["dispatch_action_config"] = {"trigger_actions_on": ["on_enter_pressed"]}
    return _input(label, element, optional=optional, dispatch=dispatch)


def _when(times: Sequence[CallTime]) -> Block:
    """A menu of windows, day by day."""
    groups = [
        {
            "label": plain(day, 75),
            "options": [option(f"{day}, {time.text}", time.starts_at) for time in of_day[:OPTIONS]],
        }
        for day, of_day in _by_day(times).items()
    ]
    return {"type": "static_select", "action_id": TIME, "option_groups": groups[:OPTIONS]}


def _by_day(times: Sequence[CallTime]) -> dict[str, list[CallTime]]:
    days: dict[str, list[CallTime]] = {}
    for time in times:
        days.setdefault(time.day, []).append(time)
    return days
