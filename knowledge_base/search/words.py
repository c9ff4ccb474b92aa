"""Words as the search index has them: one form for all a word's endings, in uk, ru and en. Pure.

Light stemming, the same for Ukrainian and Russian: letters that the two spell differently are folded, the
ending cut off, and what changes inside a word with its ending (замовлення, замовлень; посилка, посилок;
платіж, платежу) made alike. What comes out is for comparing, not for reading.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LONGEST = 32
"""Letters of a word that count."""
SURE = 4
"""Letters from which on a word may be a mistyped other one."""
_TWICE = 8
"""Letters from which on two mistakes are forgiven."""
_KEYED = 6

_WORD = re.compile(r"[^\W_]+")
_INSIDE = re.compile(r"(?<=\w)['’ʼ`´‘](?=\w)")
_FOLDED = str.maketrans(
    {"ё": "е", "є": "е", "э": "е", "ы": "и", "і": "и", "ї": "и", "й": "и", "ґ": "г", "ь": None, "ъ": None}
)
_CYRILLIC = re.compile("[а-я]")
_SAID = """
а я у ю о е и ам ям ами ями ах ях ом ем ов ев ив еи ои ии ия ие ию иеи ею ою иею ови еви иям иях иями
ая яя ое ее ого его ому ему им ими их ую юю
"""
_ENDINGS = frozenset(_SAID.split())
"""Those of nouns and adjectives; verbs are looked for by less of them, see `forms_asked`."""
_LONGEST_ENDING = 4
_VERB = re.compile(
    "(?:[уюо]?ва|[аяиіїеєую])(?:ти|ть|ння|ние|ния|нню|нь|в|ла|ло|ли|ют|ють|ет|є|ем|емо|ете|ит|ить|имо|ят|ять)(?:ся|сь)?"
)
_VOWELS = "аеиоуюя"
_FLEETING = re.compile(rf"(?<=[^{_VOWELS}])[оеи](?=к$)")
_CLOSED = re.compile(rf"[оеи](?=[^{_VOWELS}]{{1,2}}$)")
_ENGLISH = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("edly", ""), ("ed", ""), ("es", ""), ("s", ""), ("ly", ""))


def words_of(text: str) -> list[str]:
    """The words of `text` in the index's form, in their order; none of them is empty."""
    return [stem(word) for word in _words(text)]


def forms_asked(text: str) -> list[tuple[str, ...]]:
    """For each word of a query the beginnings to look for: its form, and of a verb what is left without its
    ending (оплатити finds оплата)."""
    return [(stem(word), *_of_verb(word)) for word in _words(text)]


def _words(text: str) -> list[str]:
    plain = _INSIDE.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return [word[:LONGEST] for word in _WORD.findall(plain)]


def _of_verb(word: str) -> tuple[str, ...]:
    found = _VERB.search(word) if _CYRILLIC.search(word) else None
    while found and found.end() < len(word):
        found = _VERB.search(word, found.start() + 1)
    if found is None or found.start() < SURE:
        return ()
    return (word[: found.start()].translate(_FOLDED),)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The index's form of a word in small letters."""
    folded = word.translate(_FOLDED)
    if _CYRILLIC.search(folded):
        return _slavic(folded)
    return _english(folded) if folded.isascii() and folded.isalpha() else folded or word


def _slavic(word: str) -> str:
    # Again and again: where a word's own last letters look like an ending, its other forms lose them too.
    while ending := _ending(word):
        word = word[:-ending]
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    if word[-1] == "ц":
        word = f"{word[:-1]}к"
    return _CLOSED.sub("и", _FLEETING.sub("", word)) if len(word) >= 5 else word


def _ending(word: str) -> int:
    """How many letters of `word` are an ending; three at least are left."""
    longest = min(_LONGEST_ENDING, len(word) - 3)
    return next((size for size in range(longest, 0, -1) if word[-size:] in _ENDINGS), 0)


def _english(word: str) -> str:
    for ending, instead in _ENGLISH:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending) + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiosl":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] in "ey" else word


# --- mistyped words ----------------------------------------------------------------------------


def keys_of(word: str) -> set[str]:
    """The keys under which a word of the index is found by a mistyped one: its beginning, and that with any one
    letter left out."""
    begin = word[:_KEYED]
    return {begin, *_without_one(begin)}


def keys_asked(word: str) -> set[str]:
    """The keys under which to look for what was meant by `word`; one letter more of it may belong to it."""
    begins = {word[:_KEYED], word[: _KEYED + 1]}
    once = {key for begin in begins for key in _without_one(begin)}
    twice = {key for begin in once for key in _without_one(begin)} if len(word) >= _TWICE else set()
    return begins | once | twice


def nearest_words(word: str, candidates: list[str]) -> list[str]:
    """Those of `candidates` that `word` may be a mistyped form of: all of the least distance, at most 5."""
    limit = 2 if len(word) >= _TWICE else 1
    near = [(distance(word, other, limit), other) for other in candidates]
    least = min((far for far, _ in near), default=limit + 1)
    return sorted(other for far, other in near if far == least)[:5] if least <= limit else []


def distance(one: str, other: str, limit: int) -> int:
    """Letters to change, add, leave out or swap with the next to get from `one` to `other`; `limit` + 1 where it
    is more than that (optimal string alignment: https://en.wikipedia.org/wiki/Damerau-Levenshtein_distance)."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        above, before, row = before, row, [i]
        for j, theirs in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != theirs))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == theirs:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def _without_one(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(len(word))} if len(word) > 2 else set()
