"""What a look at a part of the installation found: a line with a verdict, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

from gateway.messages import Value


class Verdict(StrEnum):
    """How bad it is; the worst decides how `frontdesk doctor` ends."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(Value, frozen=True, kw_only=True):
    """One thing found: `subject` is what was looked at (``database``, ``channels.shop``), `says` a sentence
    without secrets, `fix` what to do where it is not `OK`."""

    subject: str
    verdict: Verdict
    says: str
    fix: str = ""


@runtime_checkable
class Checkable(Protocol):
    """A channel that can look at its own health. Channels that cannot simply lack the method."""

    async def checkup(self) -> Sequence[Finding]:
        """Look, within some seconds and without changing anything. Never raises for what it looks at."""
        ...


def fine(subject: str, says: str) -> Finding:
    """Nothing to do."""
    return Finding(subject=subject, verdict=Verdict.OK, says=says)


def warning(subject: str, says: str, fix: str) -> Finding:
    """It works, but should be mended."""
    return Finding(subject=subject, verdict=Verdict.WARNING, says=says, fix=fix)


def problem(subject: str, says: str, fix: str) -> Finding:
    """It does not work."""
    return Finding(subject=subject, verdict=Verdict.PROBLEM, says=says, fix=fix)
