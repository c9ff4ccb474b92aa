"""How an answer will look: the editor's bubbles, filled with sample data in the template process."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup, escape

from gateway.channels import Capabilities
from gateway.channels import Markup as ChannelMarkup
from gateway.messages import Button, Outbound, Text, Value
from gateway.rendering import Fitted, fit, strip_markdown
from gateway.settings import LANGUAGES, Company
from gateway.splitting import length
from knowledge_base.articles import DEFAULT, Article, nearest, tidy_line
from knowledge_base.checking import TemplateChecker, Trial, Verdict
from knowledge_base.problems import N_, Problem
from knowledge_base.snippets.values import Texts, names_in, spoken

SURFACES = ("webchat", "telegram")
"""The channel kinds that are always shown as bubbles; those in use come beside them."""

_NAMES = {"uk": "Оксана", "ru": "Оксана", "en": "Oksana"}
SAMPLE = "sample."
"""How the names of the form's fields with an editor's own samples begin."""
KNOWN_ONLY = ("contact", "entities")
"""What may be said only of a customer whom we know."""


class Variable(Value, frozen=True, kw_only=True, omit_defaults=False):
    """Something that answers can say: its name, what it is (an English text that catalogues translate), and
    a sample value."""

    name: str
    about: str
    sample: str


class Bubble(Value, frozen=True, kw_only=True):
    """One message as a customer would see it, and those that follow it where it is cut (`more`).

    `unknown` variables nobody fills; `missing` had no value in the sample; `broken` says that the template
    cannot be used (the fault stands at its field). `warnings` say what this kind of channel does not show as
    it is written; `length` of `limit` characters is used (no limit is known: 0).
    """

    surface: str
    html: Markup
    more: tuple[Markup, ...] = ()
    buttons: tuple[str, ...] = ()
    own_words: bool = False
    broken: bool = False
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()
    length: int = 0
    limit: int = 0


class Previewer:
    """Fills answers for the editor.

    `capabilities` are those of the kinds of channels in use: an answer is fitted to them exactly as when it
    is sent.
    """

    def __init__(
        self,
        checker: TemplateChecker,
        company: Company,
        hours: Mapping[str, str],
        capabilities: Mapping[str, Capabilities] | None = None,
    ) -> None:
        self._checker = checker
        self._company = company
        self._hours = hours
        self._capabilities = capabilities or {}
        self.surfaces = (*SURFACES, *sorted(self._capabilities.keys() - set(SURFACES)))

    async def bubbles(
        self,
        article: Article,
        *,
        customer_known: bool,
        samples: Mapping[str, str] | None = None,
        snippets: Mapping[str, Texts] | None = None,
    ) -> dict[str, list[Bubble]]:
        """For each language the article answers in: a bubble for each surface. `samples` are an editor's own
        values by variable (``{"contact.name": "Ivan"}``), `snippets` those that answers may name."""
        known = snippets or {}
        wanted = self._company.language
        places = [
            (language, surface) for language in LANGUAGES if language in article.answers for surface in self.surfaces
        ]
        trials = [
            Trial(
                source=_source(article.answers[language], surface),
                snippets=spoken(known, names_in(_source(article.answers[language], surface)), language, wanted),
                variables=self._filled(language, customer_known=customer_known, samples=samples or {}),
            )
            for language, surface in places
        ]
        bubbles: dict[str, list[Bubble]] = {}
        for (language, surface), verdict in zip(places, await self._checker.run(trials), strict=True):
            bubbles.setdefault(language, []).append(self._bubble(article, language, surface, verdict, known))
        return bubbles

    def variables(self, language: str) -> list[Variable]:
        """All that answers can say, with samples in `language`."""
        company, names = self._company, self._company.name
        name = names.get(language) or next(iter(names.values()), "")
        return [
            Variable(name="company.name", about=N_("The firm’s name in the answer’s language"), sample=name),
            Variable(name="company.phone", about=N_("The firm’s telephone"), sample=company.phone),
            Variable(name="company.email", about=N_("The firm’s e-mail address"), sample=company.email),
            Variable(name="company.site", about=N_("The firm’s web address"), sample=company.site),
            Variable(name="company.hours", about=N_("Opening hours in words"), sample=self._hours.get(language, "")),
            Variable(name="contact.name", about=N_("The customer’s name"), sample=_NAMES.get(language, _NAMES["en"])),
            Variable(name="contact.phone", about=N_("The customer’s telephone, where it is known"), sample=_PHONE),
            Variable(name="contact.email", about=N_("The customer’s e-mail address, where it is known"), sample=_MAIL),
            Variable(name="contact.language", about=N_("The customer’s language: uk, ru or en"), sample=language),
            Variable(name="entities.order_number", about=N_("The order or parcel they named"), sample="1234567890"),
            Variable(name="entities.phone", about=N_("A telephone they wrote"), sample=_PHONE),
            Variable(name="entities.email", about=N_("An e-mail address they wrote"), sample=_MAIL),
            Variable(name="entities.time", about=N_("A time they named"), sample="2026-12-01T10:00:00+02:00"),
        ]

    def _bubble(
        self, article: Article, language: str, surface: str, verdict: Verdict, snippets: Mapping[str, Texts]
    ) -> Bubble:
        buttons = _buttons(article, language)
        messages: tuple[str, ...] = (verdict.text,)
        labels = tuple(button.label for button in buttons)
        warnings: tuple[Problem, ...] = ()
        capabilities = self._capabilities.get(surface)
        if capabilities is not None:
            fitted = fit(Outbound(parts=(Text(text=verdict.text, markdown=True),), buttons=buttons), capabilities)
            messages = tuple(part.text for part in fitted.parts if isinstance(part, Text))
            labels = tuple(button.label for button in fitted.buttons)
            warnings = tuple(_warnings(verdict.text, buttons, fitted, capabilities))
        return Bubble(
            surface=surface,
            html=to_html(messages[0]) if messages else Markup(""),
            more=tuple(map(to_html, messages[1:])),
            buttons=labels,
            own_words=surface in article.answers[language],
            broken=verdict.problem is not None,
            unknown=tuple(name for name in verdict.unknown if name.removeprefix("snippets.") not in snippets),
            missing=verdict.missing,
            warnings=warnings,
            length=length(verdict.text, capabilities) if capabilities else 0,
            limit=capabilities.text_limit if capabilities else 0,
        )

    def _filled(self, language: str, *, customer_known: bool, samples: Mapping[str, str]) -> dict[str, dict[str, str]]:
        filled: dict[str, dict[str, str]] = {"company": {}, "contact": {}, "entities": {}}
        for variable in self.variables(language):
            group, _, name = variable.name.partition(".")
            if customer_known or group not in KNOWN_ONLY:
                filled[group][name] = samples.get(variable.name) or variable.sample
        return filled


_PHONE, _MAIL = "+380671234567", "oksana@example.com"


def samples_in(form: Mapping[str, str]) -> dict[str, str]:
    """The editor's own samples among the form's fields."""
    return {
        name.removeprefix(SAMPLE): tidy_line(value)[:SAMPLE_LIMIT]
        for name, value in form.items()
        if name.startswith(SAMPLE) and value.strip()
    }


SAMPLE_LIMIT = 200


def _warnings(text: str, buttons: Sequence[Button], fitted: Fitted, capabilities: Capabilities) -> Iterator[Problem]:
    """What of an answer is not shown as it is written."""
    if len(fitted.parts) > 1:
        yield Problem(
            message=N_("Too long for one message here: customers get {count}."), values={"count": len(fitted.parts)}
        )
    if buttons and not fitted.buttons:
        yield Problem(message=N_("There are no such buttons here: they become lines, answered by number."))
    elif any(shown.label != button.label for shown, button in zip(fitted.buttons, buttons, strict=False)):
        yield Problem(message=N_("A button’s label is too long here and is cut."))
    if capabilities.markup is ChannelMarkup.PLAIN and strip_markdown(text) != text:
        yield Problem(message=N_("Bold words and named links are not shown here: only the words stay."))


def _source(variants: Mapping[str, str], surface: str) -> str:
    return variants.get(surface) or variants.get(DEFAULT, "")


def _buttons(article: Article, language: str) -> tuple[Button, ...]:
    """The buttons as they would be sent; where they lead is no matter for their looks."""
    buttons = []
    for place, button in enumerate(article.buttons):
        spoken = nearest(button.label, language)
        if spoken:
            payload = None if button.url else str(place)
            buttons.append(Button(label=button.label[spoken], payload=payload, url=button.url))
    return tuple(buttons)


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
