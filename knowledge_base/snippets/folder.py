"""The file `snippets.yml` beside the articles of a folder or an archive. Pure.

opening_hours:
  uk: |
    Щодня з 9 до 18
  en: Daily from 9 to 18
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import msgspec

from gateway.errors import Fault
from gateway.messages import Value
from knowledge_base.articles import in_order, tidy_text
from knowledge_base.problems import N_, Problem, SaidFault
from knowledge_base.snippets.values import SNIPPETS_LIMIT, Snippet, Texts
from knowledge_base.yaml_tree import Field, Fields, Unreadable, Words, read

FILE = "snippets.yml"
SIZE_LIMIT = 1 << 20
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class ReadSnippets(Value, frozen=True, kw_only=True):
    """A file as read: its snippets, the line of each place, and what is of the wrong form."""

    snippets: tuple[Snippet, ...] = ()
    lines: Mapping[tuple[str, ...], int] = msgspec.field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def judged(self, problems: Sequence[Sequence[Problem]]) -> list[Fault]:
        """All faults, with the `problems` of each snippet at their lines."""
        found = list(self.faults)
        for snippet, own in zip(self.snippets, problems, strict=True):
            for problem in own:
                path = (snippet.name, *problem.path)
                line = self.lines.get(path, self.lines.get((snippet.name,), 1))
                found.append(SaidFault.at(FILE, line + problem.line - 1, problem))
        return found


def read_snippets(content: bytes) -> ReadSnippets:
    """Read the file. Never raises: faults are in the result."""
    if len(content) > SIZE_LIMIT:
        return _refused(Problem(message=N_("the file is larger than 1 MiB")))
    try:
        tree = read(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _refused(Problem(message=N_("the file is not UTF-8; save it as UTF-8")))
    except Unreadable as error:
        return _refused(error.problem)
    if not isinstance(tree, Fields):
        return _refused(Problem(message=N_("there must be names here, and under each its texts by language")))
    if len(tree.fields) > SNIPPETS_LIMIT:
        message = N_("there are more than {limit} snippets")
        return _refused(Problem(message=message, values={"limit": SNIPPETS_LIMIT}))
    lines: dict[tuple[str, ...], int] = {}
    faults: list[Fault] = []
    snippets = [_snippet(name, field, lines, faults) for name, field in tree.fields.items()]
    return ReadSnippets(snippets=tuple(snippets), lines=lines, faults=tuple(faults))


def _snippet(name: str, field: Field, lines: dict[tuple[str, ...], int], faults: list[Fault]) -> Snippet:
    lines[name,] = field.line
    texts: dict[str, str] = {}
    given = field.node.fields if isinstance(field.node, Fields) else {}
    for language, inner in given.items():
        node = inner.node
        if not isinstance(node, Words):
            faults.append(_fault(inner.line, N_("a text was expected here; quote it if it has a colon")))
            continue
        dropped = len(node.text) - len(node.text.lstrip())
        lines[name, language] = node.line + (1 if node.block else 0) + node.text.count("\n", 0, dropped)
        texts[language] = tidy_text(node.text)
    if not given:
        faults.append(_fault(field.line, N_("a snippet needs a text in at least one language")))
    return Snippet(name=name, texts=texts)


def write_snippets(snippets: Mapping[str, Texts]) -> bytes:
    """The file's content. Reading it again gives equal snippets."""
    lines: list[str] = []
    for name in sorted(snippets):
        lines.append(f"{name}:")
        for language in in_order(snippets[name]):
            text = snippets[name][language]
            if _UNPRINTABLE.search(text):
                quoted = json.dumps(text, ensure_ascii=False)
                safe = _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", quoted)
                lines.append(f"  {language}: {safe}")
                continue
            lines.append(f"  {language}: |")
            lines += [f"    {line}" if line else "" for line in text.split("\n")]
    return ("\n".join(lines) + "\n").encode("utf-8")


def _fault(line: int, message: str) -> Fault:
    return SaidFault.at(FILE, line, Problem(message=message, line=line))


def _refused(problem: Problem) -> ReadSnippets:
    return ReadSnippets(faults=(SaidFault.at(FILE, problem.line, problem),))
