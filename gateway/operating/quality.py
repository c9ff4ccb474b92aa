"""The checklist of a channel kind: what is asked of every one, and what each says of itself.

A kind answers in `bots/<kind>/quality.toml`, one line a question: `question = "done"`, or
`question = { todo = "why" }`, or `question = { exempt = "why" }`. What the contract suite can prove
(`tests/contracts/`) is proved there; the rest is read by people.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from pathlib import Path

from gateway.errors import FrontdeskError
from gateway.messages import Value

QUESTIONS: dict[str, str] = {
    "settings": "Is every setting described, and is a wrong one refused by its name and with the remedy?",
    "api_base": "Can the platform's address be set, so that a local stand-in or a proxy can be the platform?",
    "limits": "Does every limit in the capabilities name the page it comes from?",
    "wire_tables": "Are there payloads shaped after the platform's reference, one table each way?",
    "dedupe": "Does an event that comes again have the same id, so that it is taken once?",
    "forgery": "Is what the platform did not say refused with 401 or 403 before anything is stored?",
    "raw_bytes": "Is a signature checked over the bytes as they came?",
    "replay": "Is a request that was recorded and comes again later refused?",
    "quarantine": "Is an authentic body that cannot be read put aside (or refused with the reason), and that alone?",
    "unknown_types": "Is an event of a type we do not know passed over without harm to its neighbours?",
    "outages": "Is what was said while the gateway was away taken afterwards?",
    "parts_in": "Is every sort of content that the platform has read as ours?",
    "parts_out": "Is every sort of content said as the platform's own, or readable in words where it has none?",
    "long_text": "Is a long text cut within the platform's limit without losing a word?",
    "buttons": "Are choices shown as buttons, or readable as a list, and is a press understood?",
    "files_in": "Can customers' files be fetched, up to a limit?",
    "files_out": "Are our files sent, and those that are too large refused clearly?",
    "typing": "Is it shown that somebody is writing, and does it never fail?",
    "receipts": "Are delivered and read taken from the platform?",
    "blocked": "Is a customer who blocked us, or whose address is gone, known as such?",
    "throttling": "Is a platform's 429 obeyed to the second?",
    "failures": "Does every way to fail give the error that says what may be done next?",
    "resending": "Does a repeat after an unknown outcome arrive once (keyed, reconciled), or is it never hidden?",
    "privacy": "Is there no word, token or address in errors and logs?",
    "identity": "Is an address called verified only where the platform proves it?",
    "lazy": "Is nothing loaded until a channel of this kind is configured?",
    "checkup": "Can `frontdesk doctor` ask whether the token and the webhook work?",
    "manual": "Does the README say how to set it up, step by step?",
}
"""Every question, with what it asks. The order is that of a message's way."""


class Standing(StrEnum):
    """How a kind answers a question."""

    DONE = "done"
    TODO = "todo"
    EXEMPT = "exempt"


class Answer(Value, frozen=True, kw_only=True):
    """What a kind says of one question; `reason` is empty where it is done."""

    standing: Standing
    reason: str = ""


class QualityFault(FrontdeskError):
    """A checklist that does not answer what is asked; the text names the file and the line to mend."""


def read_quality(path: Path) -> dict[str, Answer]:
    """The answers in `path`, in the order of `QUESTIONS`. Raises QualityFault."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise QualityFault(f"{path} is missing: every kind of channel answers the checklist") from None
    except (OSError, ValueError) as error:
        raise QualityFault(f"{path} cannot be read: {error}") from None
    if unknown := sorted(given.keys() - QUESTIONS.keys()):
        raise QualityFault(f"{path}: {unknown[0]} is not asked; take the line out")
    if missing := [question for question in QUESTIONS if question not in given]:
        raise QualityFault(f"{path}: {missing[0]} is not answered: {QUESTIONS[missing[0]]}")
    return {question: _answer(path, question, given[question]) for question in QUESTIONS}


def _answer(path: Path, question: str, given: object) -> Answer:
    match given:
        case "done":
            return Answer(standing=Standing.DONE)
        case {"todo": str(reason), **rest} if reason.strip() and not rest:
            return Answer(standing=Standing.TODO, reason=reason.strip())
        case {"exempt": str(reason), **rest} if reason.strip() and not rest:
            return Answer(standing=Standing.EXEMPT, reason=reason.strip())
    raise QualityFault(f'{path}: {question} is "done", or {{ todo = "why" }}, or {{ exempt = "why" }}')
