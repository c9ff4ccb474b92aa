"""Joining what two editors made of one article at the same time. Pure.

What only one of them changed is taken over; phrasings are joined as sets, texts line by line. Where both
changed the same place in different ways, the result keeps the words of the one who is saving (`mine`) and a
Collision shows both.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

from gateway.messages import Value
from knowledge_base.articles import Article, ArticleButton, in_order, phrase_key, tidy_text
from knowledge_base.differences import spoken
from knowledge_base.moments import day_of, time_of
from knowledge_base.rules import BUTTONS_LIMIT

T = TypeVar("T")
ItemT = TypeVar("ItemT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Collision(Value, frozen=True, kw_only=True):
    """A place that both changed in different ways: `mine` is what the result holds, `theirs` what is saved."""

    path: tuple[str, ...]
    mine: str
    theirs: str


class Merged(Value, frozen=True, kw_only=True):
    """The joined article, and where a person must decide (nowhere, mostly)."""

    article: Article
    collisions: tuple[Collision, ...] = ()


def merge(base: Article, mine: Article, theirs: Article) -> Merged:
    """`mine` and `theirs`, both made from `base`, as one. The status is mine: it is a deed, not words."""
    found: list[Collision] = []
    begins = _single(("valid_from",), base.begins, mine.begins, theirs.begins, found)
    ends = _single(("valid_until",), base.ends, mine.ends, theirs.ends, found)
    article = msgspec.structs.replace(
        mine,
        title=_texts(("title",), base.title, mine.title, theirs.title, found),
        phrasings=_phrasings(base.phrasings, mine.phrasings, theirs.phrasings),
        answers=_answers(base.answers, mine.answers, theirs.answers, found),
        buttons=_buttons(base.buttons, mine.buttons, theirs.buttons, found),
        category=_single(("category",), base.category, mine.category, theirs.category, found),
        action=_single(("action",), base.action, mine.action, theirs.action, found),
        valid_from=day_of(begins),
        from_time=time_of(begins),
        valid_until=day_of(ends),
        until_time=time_of(ends),
        notes=_text(("notes",), base.notes, mine.notes, theirs.notes, found),
    )
    return Merged(article=article, collisions=tuple(found))


def take_theirs(article: Article, theirs: Article, path: tuple[str, ...]) -> Article:
    """`article` with the other one's words at a collision's `path`."""
    match path:
        case ("valid_from",):
            return msgspec.structs.replace(article, valid_from=theirs.valid_from, from_time=theirs.from_time)
        case ("valid_until",):
            return msgspec.structs.replace(article, valid_until=theirs.valid_until, until_time=theirs.until_time)
        case (part,):
            return msgspec.structs.replace(article, **{part: getattr(theirs, part)})
        case ("title", language):
            title = _with(article.title, language, theirs.title.get(language, ""))
            return msgspec.structs.replace(article, title=title)
        case ("answers", language, kind):
            text = theirs.answers.get(language, {}).get(kind, "")
            variants = _with(article.answers.get(language, {}), kind, text)
            return msgspec.structs.replace(article, answers=_with(article.answers, language, variants))
        case _:
            return article


# --- part by part ----------------------------------------------------------------------------


def _single(path: tuple[str, ...], base: T, mine: T, theirs: T, found: list[Collision]) -> T:
    """What one of the two made of it; mine where both changed it differently."""
    if theirs in (base, mine):
        return mine
    if mine == base:
        return theirs
    found.append(Collision(path=path, mine=_said(mine), theirs=_said(theirs)))
    return mine


def _said(value: object) -> str:
    return "" if value is None else str(value)


def _texts(
    path: tuple[str, ...],
    base: Mapping[str, str],
    mine: Mapping[str, str],
    theirs: Mapping[str, str],
    found: list[Collision],
) -> dict[str, str]:
    """Texts by name; one that nobody has is left out."""
    texts = {
        name: _text((*path, name), base.get(name, ""), mine.get(name, ""), theirs.get(name, ""), found)
        for name in in_order([*base, *mine, *theirs])
    }
    return {name: text for name, text in texts.items() if text}


def _text(path: tuple[str, ...], base: str, mine: str, theirs: str, found: list[Collision]) -> str:
    joined = join(_lines(base), _lines(mine), _lines(theirs))
    if joined.collides:
        found.append(Collision(path=path, mine=mine, theirs=theirs))
    return tidy_text("\n".join(joined.items))


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


def _answers(
    base: Mapping[str, Mapping[str, str]],
    mine: Mapping[str, Mapping[str, str]],
    theirs: Mapping[str, Mapping[str, str]],
    found: list[Collision],
) -> dict[str, dict[str, str]]:
    answers = {
        language: _texts(
            ("answers", language), base.get(language, {}), mine.get(language, {}), theirs.get(language, {}), found
        )
        for language in in_order([*base, *mine, *theirs])
    }
    return {language: variants for language, variants in answers.items() if variants}


def _phrasings(
    base: Mapping[str, Sequence[str]], mine: Mapping[str, Sequence[str]], theirs: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """A phrasing stays unless one of the two took it out, and is there if one of them wrote it."""
    joined = {
        language: _set(base.get(language, ()), mine.get(language, ()), theirs.get(language, ()))
        for language in in_order([*base, *mine, *theirs])
    }
    return {language: phrases for language, phrases in joined.items() if phrases}


def _set(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...]:
    if tuple(mine) == tuple(base):
        return tuple(theirs)  # in their order
    before, after = set(base), set(theirs)
    kept = [phrase for phrase in mine if phrase in after or phrase not in before]
    known = {phrase_key(phrase) for phrase in kept}
    for phrase in theirs:
        # The same question in another spelling is one phrasing: mine is taken.
        if phrase not in before and phrase_key(phrase) not in known:
            known.add(phrase_key(phrase))
            kept.append(phrase)
    return tuple(kept)


def _buttons(
    base: Sequence[ArticleButton],
    mine: Sequence[ArticleButton],
    theirs: Sequence[ArticleButton],
    found: list[Collision],
) -> tuple[ArticleButton, ...]:
    named = {_name(button): button for button in (*base, *theirs, *mine)}
    joined = join(*([_name(button) for button in buttons] for buttons in (base, mine, theirs)))
    if not joined.collides and len(joined.items) <= BUTTONS_LIMIT:
        return tuple(named[name] for name in joined.items)
    found.append(Collision(path=("buttons",), mine=_all_spoken(mine), theirs=_all_spoken(theirs)))
    return tuple(mine)


def _name(button: ArticleButton) -> bytes:
    return msgspec.json.encode(button, order="deterministic")


def _all_spoken(buttons: Sequence[ArticleButton]) -> str:
    return "\n".join(spoken(button) for button in buttons)


def _with(texts: Mapping[str, ValueT], name: str, value: ValueT) -> dict[str, ValueT]:
    """`texts` with `value` under `name`, or without that name where the value is empty."""
    changed = {**texts, name: value}
    return {one: changed[one] for one in in_order(changed) if changed[one]}


# --- sequences -------------------------------------------------------------------------------


class Joined(NamedTuple, Generic[ItemT]):
    """The joined items, mine where both collide."""

    items: list[ItemT]
    collides: bool


def join(base: Sequence[ItemT], mine: Sequence[ItemT], theirs: Sequence[ItemT]) -> Joined[ItemT]:
    """Three sequences as one, stretch by stretch between what all three have in common (the method of diff3:
    Khanna, Kunal, Pierce, "A Formal Investigation of Diff3", 2007)."""
    items: list[ItemT] = []
    collides = False
    at = (0, 0, 0)
    for begin, length in _common(base, mine, theirs):
        before, ours, others = (
            sequence[start:end] for sequence, start, end in zip((base, mine, theirs), at, begin, strict=True)
        )
        if list(others) in (list(before), list(ours)):
            items += ours
        elif list(ours) == list(before):
            items += others
        else:
            collides = True
            items += ours
        items += base[begin[0] : begin[0] + length]
        at = (begin[0] + length, begin[1] + length, begin[2] + length)
    return Joined(items, collides)


def _common(
    base: Sequence[ItemT], mine: Sequence[ItemT], theirs: Sequence[ItemT]
) -> list[tuple[tuple[int, int, int], int]]:
    """Stretches that all three have: (where they begin in each, how long). The last one is empty, at the ends."""
    ours, others = (_place(base, changed) for changed in (mine, theirs))
    found: list[tuple[tuple[int, int, int], int]] = []
    for place in range(len(base)):
        ours_at, others_at = ours(place), others(place)
        if ours_at is None or others_at is None:
            continue
        here = (place, ours_at, others_at)
        begin, length = found[-1] if found else ((-1, -1, -1), 0)
        if here == tuple(start + length for start in begin):
            found[-1] = (begin, length + 1)
        else:
            found.append((here, 1))
    found.append(((len(base), len(mine), len(theirs)), 0))
    return found


def _place(base: Sequence[ItemT], changed: Sequence[ItemT]) -> Callable[[int], int | None]:
    """Where each item of `base` that was kept stands in `changed`."""
    blocks = difflib.SequenceMatcher(None, base, changed, autojunk=False).get_matching_blocks()
    places = {block.a + step: block.b + step for block in blocks for step in range(block.size)}
    return places.get
