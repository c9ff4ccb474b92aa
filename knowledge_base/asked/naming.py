"""An article's id made from a question in any of our languages. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

_LATIN = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "h", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "zh", "з": "z",
        "и": "y", "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p",
        "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh",
        "щ": "shch", "ь": "", "ю": "iu", "я": "ia", "ё": "e", "ы": "y", "ъ": "", "э": "e", "'": "", "’": "",
    }
)  # fmt: skip
"""As passports spell Ukrainian (Cabinet of Ministers, resolution 55 of 2010), and Russian letters the like."""
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_WORDS, _LONGEST = 5, 48
NAMELESS = "question"


def slug(text: str) -> str:
    """`text` in small Latin letters joined by hyphens, its first words only."""
    latin = unicodedata.normalize("NFKC", text).lower().translate(_LATIN)
    plain = unicodedata.normalize("NFKD", latin).encode("ascii", "ignore").decode()
    words = [word for word in _NOT_WORD.split(plain) if word][:_WORDS]
    return "-".join(words)[:_LONGEST].strip("-") or NAMELESS


def free_id(text: str, taken: Container[str]) -> str:
    """`slug` of `text`, with a number behind it where the bare one is taken."""
    name = found = slug(text)
    number = 2
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found
