"""What a snippet must fulfil, and which snippets a template may name: the same for a file and for the editor."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from gateway.settings import LANGUAGES
from knowledge_base.checking import TemplateChecker
from knowledge_base.problems import N_, Problem
from knowledge_base.snippets.values import NAME, NAME_LIMIT, Snippet
from knowledge_base.template_scan import line_at
from knowledge_base.templates import SNIPPETS


def others_of(unknown: Sequence[str]) -> list[str]:
    """The variables of `unknown` (see `templates.check`) that are no snippets."""
    return [name for name in unknown if not name.startswith(f"{SNIPPETS}.")]


def unknown_snippets(source: str, unknown: Sequence[str], known: Collection[str]) -> Iterator[Problem]:
    """What is wrong with the snippets among the variables `unknown` of `source`; `known` are those there are."""
    for variable in unknown:
        name = variable.removeprefix(f"{SNIPPETS}.")
        if name != variable and name not in known:
            yield Problem(
                message=N_("there is no snippet “{name}”: write it under “Snippets” first, or mend its name"),
                line=_line(source, name),
                values={"name": name[:60]},
            )


async def snippet_problems(snippets: Sequence[Snippet], checker: TemplateChecker) -> list[list[Problem]]:
    """For each snippet what is wrong with it; all templates are tried in one go. One without texts is to be
    taken out, which is no fault."""
    places = [
        (number, language, source)
        for number, snippet in enumerate(snippets)
        for language, source in snippet.texts.items()
    ]
    verdicts = await checker.check([source for _, _, source in places])
    found = [[*_name_problems(snippet.name)] for snippet in snippets]
    for (number, language, source), verdict in zip(places, verdicts, strict=True):
        if language not in LANGUAGES:
            values = {"language": language[:20], "languages": ", ".join(LANGUAGES)}
            message = N_("the language “{language}” is not known; there are {languages}")
            found[number].append(Problem(message=message, path=(language,), values=values))
        elif not source:
            message = N_("this is empty; write something or leave it out")
            found[number].append(Problem(message=message, path=(language,)))
        elif verdict.problem is not None:
            found[number].append(verdict.problem.at(language))
        else:
            found[number] += [problem.at(language) for problem in _nested(source, verdict.unknown)]
    return found


def _name_problems(name: str) -> Iterator[Problem]:
    if not NAME.fullmatch(name) or len(name) > NAME_LIMIT:
        yield Problem(
            message=N_(
                "the name “{name}” must be small Latin letters, digits and _, as opening_hours, "
                "at most {limit} characters"
            ),
            path=("name",),
            values={"name": name[:60], "limit": NAME_LIMIT},
        )


def _nested(source: str, unknown: Sequence[str]) -> Iterator[Problem]:
    for variable in unknown:
        name = variable.removeprefix(f"{SNIPPETS}.")
        if name != variable:
            yield Problem(
                message=N_("a snippet cannot use another one: write the words of “{name}” here"),
                line=_line(source, name),
                values={"name": name[:60]},
            )
            return


def _line(source: str, name: str) -> int:
    found = re.search(rf"{SNIPPETS}\W{{1,9}}{re.escape(name)}\b", source)
    return line_at(source, found.start()) if found else 1
