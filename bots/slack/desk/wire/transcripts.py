"""What is said in a conversation as blocks in its thread: who, where, when, and the words exactly as they are."""

from __future__ import annotations

from collections.abc import Sequence

from bots.slack.desk.wire.cards import EARLIER
from bots.slack.desk.wire.pieces import Block, actions, button, context, cut, moment, safe, section
from bots.slack.wire.blocks import sections
from gateway.desks import DeskLine, Side
from gateway.messages import Text, Value
from gateway.texts import Translator

BLOCKS = 44
CHARACTERS = 10_000
"""What one message of ours holds: beyond some 13,000 characters Slack refuses blocks (`msg_blocks_too_long`)."""
LONGEST = 8_000
"""Characters of one line; the rest is read in the web desk."""

_MARKS = {Side.CONTACT: "💬", Side.BOT: "🤖", Side.AGENT: "🧑", Side.SYSTEM: "⚙️", Side.NOTE: "📝"}
_MIB = 1024 * 1024


class Bundle(Value, frozen=True, kw_only=True):
    """Lines that go into one message, from `first` to `last` (their `seq`); `text` is what a notification shows.
    `with_files` where its one line brings files."""

    first: int
    last: int
    lines: tuple[DeskLine, ...]
    blocks: tuple[Block, ...]
    text: str
    with_files: bool = False


def bundled(lines: Sequence[DeskLine], link: str | None, texts: Translator) -> list[Bundle]:
    """`lines` in as few messages as hold them, in order; one with files stands alone."""
    bundles: list[Bundle] = []
    gathered: list[DeskLine] = []
    blocks: list[Block] = []
    size = 0
    for line in lines:
        own = line_blocks(line, link, texts)
        length = len(line.text[:LONGEST])
        alone = bool(line.media)
        if gathered and (alone or len(blocks) + len(own) > BLOCKS or size + length > CHARACTERS):
            bundles.append(_bundle(gathered, blocks))
            gathered, blocks, size = [], [], 0
        gathered, blocks, size = [*gathered, line], [*blocks, *own], size + length
        if alone:
            bundles.append(_bundle(gathered, blocks))
            gathered, blocks, size = [], [], 0
    return [*bundles, _bundle(gathered, blocks)] if gathered else bundles


def line_blocks(line: DeskLine, link: str | None, texts: Translator) -> list[Block]:
    """One line: its author above, its words and the names of its files."""
    blocks = [context(_author(line, texts))]
    shown = Text(text=cut(line.text, LONGEST), markdown=line.markdown and len(line.text) <= LONGEST)
    blocks += sections(shown)
    if len(line.text) > LONGEST:
        blocks.append(context(_elsewhere(texts.gettext("The rest is in the web desk."), link)))
    for media in line.media:
        size = f" ({texts.number(media.size / _MIB)} MB)" if media.size else ""
        blocks.append(context(f"📎 {safe(media.name or media.kind.value, 200)}{size}"))
    return blocks


def files_elsewhere(link: str | None, texts: Translator) -> Block:
    """Where a file is that cannot be shown here."""
    return context(_elsewhere(texts.gettext("The file is in the web desk."), link))


def opening(thread_id: int, lines: Sequence[DeskLine], texts: Translator, *, more: bool) -> list[Block]:
    """What stands above the first lines of a thread: that there are earlier ones, and how to read them."""
    if not more or not lines:
        return []
    words = texts.gettext("The conversation began earlier; its last messages:")
    return [context(words), *actions(earlier_button(thread_id, lines[0].seq, texts))]


def earlier_button(thread_id: int, before_seq: int, texts: Translator) -> Block:
    """Asks for what was said before."""
    return button(EARLIER, texts.gettext("Earlier messages"), f"{thread_id}:{before_seq}")


def replacement(link: str | None, texts: Translator) -> list[Block]:
    """What stands in the place of lines that Slack refuses to show."""
    return [section(_elsewhere(texts.gettext("Slack does not show this message; it is in the web desk."), link))]


def _bundle(lines: Sequence[DeskLine], blocks: Sequence[Block]) -> Bundle:
    words = " / ".join(f"{line.by}: {line.text}" for line in lines)
    return Bundle(
        first=lines[0].seq,
        last=lines[-1].seq,
        lines=tuple(lines),
        blocks=tuple(blocks),
        text=safe(" ".join(words.split()), 300),
        with_files=bool(lines[0].media),
    )


def _author(line: DeskLine, texts: Translator) -> str:
    name = f"*{safe(line.by, 150)}*"
    if line.side is Side.NOTE:
        name = texts.gettext("Private note by {name}").format(name=name)
    said = [f"{_MARKS[line.side]} {name}"]
    if line.remark:
        said.append(f"_{safe(line.remark, 150)}_")
    if line.side is not Side.NOTE:
        said.append(safe(line.channel, 60))
    return " · ".join([*said, moment(line.at)])


def _elsewhere(words: str, link: str | None) -> str:
    return f"<{link}|{safe(words, 300)}>" if link else safe(words, 300)
