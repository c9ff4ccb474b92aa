"""What changed between two states of an article, in a form people can read. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

from gateway.messages import Value
from knowledge_base.articles import Article, ArticleButton, in_order


class Op(StrEnum):
    """What happened to a piece of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


class Run(Value, frozen=True, kw_only=True):
    """A stretch of text that was kept, added or removed."""

    op: Op
    text: str


class Difference(Value, frozen=True, kw_only=True):
    """One changed place. `lines` are runs of text line by line; `whole` where each line is one item of a
    list (a phrasing), so that lines are added or removed but never changed within."""

    path: tuple[str, ...]
    lines: tuple[tuple[Run, ...], ...]
    whole: bool = False


def differences(old: Article, new: Article) -> list[Difference]:
    """Every place where `new` differs from `old`, in the order of the editor's page."""
    return [
        *_texts(("title",), old.title, new.title),
        *_phrasings(old.phrasings, new.phrasings),
        *(
            difference
            for language in in_order([*old.answers, *new.answers])
            for difference in _texts(
                ("answers", language), old.answers.get(language, {}), new.answers.get(language, {})
            )
        ),
        *_buttons(old.buttons, new.buttons),
        *_single("category", old.category, new.category),
        *_single("status", old.status, new.status),
        *_single("action", old.action, new.action),
        *_single("valid_from", str(old.begins or ""), str(new.begins or "")),
        *_single("valid_until", str(old.ends or ""), str(new.ends or "")),
        *_text(("notes",), old.notes, new.notes),
    ]


def text_differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[Difference]:
    """Every language in which `new` differs from `old`; their paths are the languages."""
    return list(_texts((), old, new))


def _texts(path: tuple[str, ...], old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Difference]:
    for name in in_order([*old, *new]):
        yield from _text((*path, name), old.get(name, ""), new.get(name, ""))


def _text(path: tuple[str, ...], old: str, new: str) -> Iterator[Difference]:
    if old != new:
        yield Difference(path=path, lines=_lines(_words(old, new)))


def _single(name: str, old: str, new: str) -> Iterator[Difference]:
    if old != new:
        runs = [Run(op=Op.REMOVED, text=old), Run(op=Op.ADDED, text=new)]
        yield Difference(path=(name,), lines=(tuple(run for run in runs if run.text),))


def _phrasings(old: Mapping[str, Sequence[str]], new: Mapping[str, Sequence[str]]) -> Iterator[Difference]:
    for language in in_order([*old, *new]):
        before, after = old.get(language, ()), new.get(language, ())
        yield from _items(("phrasings", language), before, after)


def _buttons(old: Sequence[ArticleButton], new: Sequence[ArticleButton]) -> Iterator[Difference]:
    yield from _items(("buttons",), [spoken(button) for button in old], [spoken(button) for button in new])


def spoken(button: ArticleButton) -> str:
    """A button in words: its labels and where it leads."""
    labels = " / ".join(button.label[language] for language in in_order(button.label))
    return f"{labels} → {button.article or button.action or button.url or '?'}"


def _items(path: tuple[str, ...], old: Sequence[str], new: Sequence[str]) -> Iterator[Difference]:
    """A list's changes; kept items are left out, for a list of forty would hide the one that matters."""
    if list(old) == list(new):
        return
    removed = [item for item in old if item not in new]
    added = [item for item in new if item not in old]
    runs = [Run(op=Op.REMOVED, text=item) for item in removed] + [Run(op=Op.ADDED, text=item) for item in added]
    if not runs:
        runs = [Run(op=Op.SAME, text="⇅")]
    yield Difference(path=path, lines=tuple((run,) for run in runs), whole=True)


_TOKEN = re.compile(r"\w+|\n|[^\w\n]")
_PAIRS = 2_000_000
"""Pairs of pieces that are compared at most: half a second, in which customers wait. An answer has fewer; of notes
as long as a leaflet it would be minutes."""


def _words(old: str, new: str) -> list[Run]:
    """The runs that turn `old` into `new`, cut at words; of long texts at lines, and of very long ones nowhere."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(before) * len(after) > _PAIRS:
        before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if len(before) * len(after) > _PAIRS:
        return _replaced(old, new)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    runs: list[Run] = []
    removed = added = ""
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        kept = "".join(before[i1:i2])
        if tag == "equal" and _worth_keeping(kept, ends=i1 == 0 or i2 == len(before)):
            runs += _replaced(removed, added)
            removed = added = ""
            runs.append(Run(op=Op.SAME, text=kept))
        else:
            removed += kept
            added += "".join(after[j1:j2])
    return runs + _replaced(removed, added)


def _worth_keeping(kept: str, *, ends: bool) -> bool:
    """Whether words between two changes help the eye: a comma or one word that both happen to have do not."""
    return ends or "\n" in kept or len(re.findall(r"\w+", kept)) > 1


def _replaced(removed: str, added: str) -> list[Run]:
    runs = (Run(op=Op.REMOVED, text=removed), Run(op=Op.ADDED, text=added))
    return [run for run in runs if run.text]


def _lines(runs: Sequence[Run]) -> tuple[tuple[Run, ...], ...]:
    """`runs` cut into lines at their line ends."""
    lines: list[list[Run]] = [[]]
    for run in runs:
        for number, piece in enumerate(run.text.split("\n")):
            if number:
                lines.append([])
            if piece:
                lines[-1].append(Run(op=run.op, text=piece))
    return tuple(tuple(line) for line in lines)
