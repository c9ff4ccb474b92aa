"""How an answer will look: the editor's bubbles, filled with sample data in the template process."""

from __future__ import annotations

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from gateway.messages import Value
from gateway.ports import Variables
from gateway.settings import LANGUAGES, Company
from knowledge_base.articles import DEFAULT, Article, nearest
from knowledge_base.checking import TemplateChecker, Trial

SURFACES = ("webchat", "telegram")
"""The channel kinds that are shown as bubbles."""

_NAMES = {"uk": "Оксана", "ru": "Оксана", "en": "Oksana"}
_SAMPLE_ORDER = "1234567890"


class Bubble(Value, frozen=True, kw_only=True):
    """One message as a customer would see it. `unknown` variables nobody fills; `missing` had no value
    in the sample; `broken` says that the template cannot be used (the fault stands at its field)."""

    surface: str
    html: Markup
    buttons: tuple[str, ...] = ()
    own_words: bool = False
    broken: bool = False
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Previewer:
    """Fills answers for the editor."""

    def __init__(self, checker: TemplateChecker, company: Company, hours: Mapping[str, str]) -> None:
        self._checker = checker
        self._company = company
        self._hours = hours

    async def bubbles(self, article: Article, *, customer_known: bool) -> dict[str, list[Bubble]]:
        """For each language the article answers in: a bubble for each surface."""
        places = [(language, surface) for language in LANGUAGES if language in article.answers for surface in SURFACES]
        trials = [
            Trial(
                source=_source(article.answers[language], surface),
                variables=self._sample(language, customer_known=customer_known),
            )
            for language, surface in places
        ]
        bubbles: dict[str, list[Bubble]] = {}
        for (language, surface), verdict in zip(places, await self._checker.run(trials), strict=True):
            bubbles.setdefault(language, []).append(
                Bubble(
                    surface=surface,
                    html=to_html(verdict.text),
                    buttons=_labels(article, language),
                    own_words=surface in article.answers[language],
                    broken=verdict.problem is not None,
                    unknown=verdict.unknown,
                    missing=verdict.missing,
                )
            )
        return bubbles

    def _sample(self, language: str, *, customer_known: bool) -> dict[str, dict[str, str]]:
        company = self._company
        names = company.name
        variables: Variables = {
            "company": {
                "name": names.get(language) or next(iter(names.values()), ""),
                "phone": company.phone,
                "email": company.email,
                "site": company.site,
                "hours": self._hours.get(language, ""),
            },
            "contact": {"name": _NAMES[language], "phone": "+380671234567"} if customer_known else {},
            "entities": {"order_number": _SAMPLE_ORDER} if customer_known else {},
        }
        return {group: dict(values) for group, values in variables.items()}


def _source(variants: Mapping[str, str], surface: str) -> str:
    return variants.get(surface) or variants.get(DEFAULT, "")


def _labels(article: Article, language: str) -> tuple[str, ...]:
    labels = []
    for button in article.buttons:
        spoken = nearest(button.label, language)
        if spoken:
            labels.append(button.label[spoken])
    return tuple(labels)


# --- light Markdown as HTML ------------------------------------------------------------------

_INLINE = re.compile(
    r"\*\*(?P<bold>.+?)\*\*|\[(?P<name>[^\]]+)\]\((?P<to>https?://[^)\s]+)\)|(?P<url>https?://[^\s<>()]+)"
)
_TAIL = ".,;:!?»”\"'…"


def to_html(text: str) -> Markup:
    """Our light Markdown (bold, lists, links) as safe HTML."""
    blocks = (_block(block) for block in re.split(r"\n\s*\n", text) if block.strip())
    return Markup("").join(blocks)


def _block(block: str) -> Markup:
    parts: list[Markup] = []
    items: list[Markup] = []
    words: list[Markup] = []
    for line in [*block.split("\n"), None]:
        is_item = line is not None and line.lstrip().startswith("- ")
        if items and not is_item:
            parts.append(Markup("<ul>{}</ul>").format(Markup("").join(items)))
            items = []
        if words and (is_item or line is None):
            parts.append(Markup("<p>{}</p>").format(Markup("<br>").join(words)))
            words = []
        if line is None:
            break
        if is_item:
            items.append(Markup("<li>{}</li>").format(_inline(line.lstrip()[2:])))
        else:
            words.append(_inline(line))
    return Markup("").join(parts)


def _inline(line: str) -> Markup:
    parts: list[Markup] = []
    position = 0
    for match in _INLINE.finditer(line):
        parts.append(escape(line[position : match.start()]))
        position = match.end()
        if match["bold"]:
            parts.append(Markup("<strong>{}</strong>").format(match["bold"]))
            continue
        url = match["to"] or match["url"].rstrip(_TAIL)
        tail = "" if match["to"] else match["url"][len(url) :]
        name = match["name"] or url
        parts.append(Markup('<a href="{}" target="_blank" rel="noopener">{}</a>{}').format(url, name, tail))
    parts.append(escape(line[position:]))
    return Markup("").join(parts)
