"""Text made comparable: one form for every way of typing the same words.

`normalise` folds case, apostrophes, look-alike letters and invisible characters. `skeleton` goes on
to a Latin form in which «посилка», «посылка», "posylka" and "posilka" are one word, so that Ukrainian,
Russian and what people type without a Cyrillic keyboard teach each other.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

LIMIT = 2000
"""Characters of a text that are looked at: nobody asks a question longer than this."""

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´ʹ＇‛′ʻ", "'") | {"ё": "е"})
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]")
_MARKS = re.compile("[\u0300-\u0305\u0307-\u036f]")  # stress marks typed over vowels; й and ї are composed
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_LATIN_TWINS = "aceopxyikhbmt"
_CYRILLIC_TWINS = "асеорхуікнвмт"
_TO_CYRILLIC = str.maketrans(_LATIN_TWINS, _CYRILLIC_TWINS)
_TO_LATIN = str.maketrans(_CYRILLIC_TWINS, _LATIN_TWINS)
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[a-z]")
_REPEAT = re.compile(r"(.)\1{2,}")
_ODD = re.compile(f"{_INVISIBLE.pattern}|{_MARKS.pattern}|[’‘ʼ`´ʹ＇‛′ʻё]")
"""Whatever of it a text has must be changed; most have nothing, and one look is cheaper than three passes."""


class Reading(NamedTuple):
    """A text read once for everyone who looks at it: as it is, in normal form, and its words.

    `words` are those of the normal form with letters repeated for emphasis cut to one.
    """

    text: str
    normal: str
    words: list[str]


def read(text: str) -> Reading:
    """The reading of any `text`, of which at most `LIMIT` characters are looked at. Never raises."""
    normal = normalise(text)
    return Reading(text[:LIMIT], normal, words(squeeze(normal)))


def normalise(text: str) -> str:
    """`text` in lower case, NFKC, ё as е, one apostrophe, no invisible characters, look-alikes resolved.

    At most `LIMIT` characters are kept. Never raises.
    """
    folded = unicodedata.normalize("NFKC", text[: LIMIT * 2]).lower()[:LIMIT]
    if _ODD.search(folded):
        folded = _MARKS.sub("", _INVISIBLE.sub("", folded).translate(_APOSTROPHES))
    if _CYRILLIC.search(folded) and _LATIN.search(folded):
        folded = _WORD.sub(lambda match: one_script(match.group()), folded)
    return folded


def words(text: str) -> list[str]:
    """The words and numbers of normalised `text`, in order."""
    return _WORD.findall(text)


def is_cyrillic(word: str) -> bool:
    """Whether `word` has a Cyrillic letter."""
    return bool(_CYRILLIC.search(word))


def one_script(word: str) -> str:
    """`word` with look-alike letters of the other script replaced, where that makes it one script.

    People (and spammers) mix them: «пoсилка» with a Latin o. The script with more letters wins.
    """
    cyrillic, latin = len(_CYRILLIC.findall(word)), len(_LATIN.findall(word))
    if not cyrillic or not latin:
        return word
    mended = word.translate(_TO_CYRILLIC if cyrillic >= latin else _TO_LATIN)
    other = _LATIN if cyrillic >= latin else _CYRILLIC
    return word if other.search(mended) else mended


_LETTERS = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "h", "ґ": "h", "д": "d", "е": "e", "є": "e", "э": "e",
        "ж": "zh", "з": "z", "и": "i", "і": "i", "ї": "i", "ы": "i", "й": "i", "к": "k", "л": "l",
        "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f",
        "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ь": "", "ю": "u", "я": "a",
        "'": "",
    }
)  # fmt: skip
_LATIN_FOLDS = (
    ("shch", "sh"), ("sch", "sh"), ("kh", "h"), ("g", "h"), ("y", "i"), ("j", "i"), ("w", "v"),
    ("iie", "ie"), ("ia", "a"), ("ie", "e"), ("iu", "u"), ("io", "o"),
)  # fmt: skip
_DOUBLE = re.compile(r"(\D)\1+")


def skeleton(text: str) -> str:
    """Normalised `text` in the Latin form shared by Ukrainian, Russian and their transliterations.

    Losing и/і/ы, г/х and soft signs costs nothing that an intent hangs on; English passes through the
    same folds, so it stays comparable with itself.
    """
    folded = text.translate(_LETTERS)
    for written, kept in _LATIN_FOLDS:
        folded = folded.replace(written, kept)
    return _DOUBLE.sub(r"\1", folded)


def squeeze(text: str) -> str:
    """Letters repeated for emphasis («дууууже») cut to one."""
    return _REPEAT.sub(r"\1", text)
