"""What people also write to a bot: questions of everyday life that no firm's knowledge base answers.

Training takes them as a silent class of their own, so that «де купити сіль» is not mistaken for a branch
for want of anything nearer. Those that resemble an article's phrasings are left out (a florist's bot
must answer about flowers). They lie in `everyday/`, a file a language, one question a line.
"""

from __future__ import annotations

from pathlib import Path

from gateway.settings import LANGUAGES

EVERYDAY = Path(__file__).parent / "everyday"


def everyday_text(language: str) -> str:
    """The questions in `language` (uk, ru or en), one a line."""
    return (EVERYDAY / f"{language}.txt").read_text(encoding="utf-8")


def everyday_questions() -> list[str]:
    """All of them, in the three languages."""
    return [line for language in LANGUAGES for line in everyday_text(language).splitlines()]
