"""The doctor's findings on a screen or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.text import Text

from gateway.errors import SettingsError
from gateway.operating.checkup import Finding, Verdict, problem
from gateway.settings import load

MARKS = {Verdict.OK: ("OK", "green"), Verdict.WARNING: ("warning", "yellow"), Verdict.PROBLEM: ("PROBLEM", "bold red")}


async def look(config: Path | None, *, as_json: bool, out: Console) -> int:
    """Print every finding; the exit code: 1 where something does not work."""
    findings = await _findings(config)
    worst = max((list(Verdict).index(finding.verdict) for finding in findings), default=0)
    if as_json:
        body = msgspec.json.encode({"verdict": list(Verdict)[worst], "findings": [_whole(one) for one in findings]})
        out.print(msgspec.json.format(body, indent=2).decode(), markup=False, soft_wrap=True)
    else:
        _draw(findings, out)
    return int(list(Verdict)[worst] is Verdict.PROBLEM)


async def _findings(config: Path | None) -> list[Finding]:
    try:
        settings = load(config)
    except SettingsError as error:
        return [problem("settings", str(error), "mend this setting; nothing else was looked at")]
    from gateway.operating.doctor import examine  # noqa: PLC0415 — takes a second, which a wrong setting need not

    return await examine(settings)


def _whole(finding: Finding) -> dict[str, str]:
    """All fields in every finding, for those who read it by program."""
    return {name: getattr(finding, name) for name in Finding.__struct_fields__}


def _draw(findings: Sequence[Finding], out: Console) -> None:
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        word, style = MARKS[finding.verdict]
        line = Text(f"{word:<8} ", style=style)
        line.append(f"{finding.subject:<{width}}  {finding.says}", style="default")
        out.print(line, soft_wrap=True)
        if finding.fix:
            out.print(Text(f"{'':9}{'':{width}}  → {finding.fix}"), soft_wrap=True)
    bad = sum(finding.verdict is Verdict.PROBLEM for finding in findings)
    mild = sum(finding.verdict is Verdict.WARNING for finding in findings)
    out.print(f"{len(findings)} looked at, {bad} problems, {mild} warnings." if bad or mild else "All is well.")
