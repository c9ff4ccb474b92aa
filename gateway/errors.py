"""Every error Frontdesk raises on purpose, and what each one asks of its catcher.

FrontdeskError
├── SettingsError            a setting is missing or wrong: one line to the operator, exit 2
├── StorageUnavailable       the database cannot be reached or opened: 503, or exit 2 at start
├── RequestRefused           an HTTP request we will not take; carries the status to answer with
├── Unreadable               an authentic body that cannot be parsed: quarantine it, ack it, count it
├── Unstorable               words with a character that no database text holds: 400
├── NotFound                 a named thing does not exist
├── Conflict                 somebody else was first (claimed, edited, closed)
├── ImportRefused            a knowledge-base folder has faults; carries all of them
├── TemplateError            a template is not allowed, too large, or failed to render
└── SendError                a send did not succeed
    ├── Throttled            definite, retry after the platform's own delay
    ├── Unreachable          definite, nothing was written: retry with backoff
    ├── Rejected             definite and final: fail the delivery
    │   ├── Gone             nobody is at this address any more, or they blocked us
    │   ├── MovedAway        the chat has another address now, which it names
    │   └── WindowOver       the platform takes no answer at this address now
    └── Ambiguous            the platform may or may not have taken it: the delivery is `unknown`
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class FrontdeskError(Exception):
    """The root of all errors raised on purpose; its text is fit for an operator's eyes."""


class SettingsError(FrontdeskError):
    """A setting is missing or wrong.

    Args:
        field: the setting's dotted name, as in ``channels.shop.token``.
        reason: what is wrong and how to mend it.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"setting {field}: {reason}")
        self.field = field
        self.reason = reason


class StorageUnavailable(FrontdeskError):
    """The database cannot be opened, reached or written."""


class RequestRefused(FrontdeskError):
    """An HTTP request that is not taken.

    Args:
        status: the HTTP status to answer with, 400–499.
        reason: a short text for the caller; never echoes the request.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Unreadable(FrontdeskError):
    """An authentic body that cannot be turned into our values."""


class Unstorable(FrontdeskError):
    """Words hold a character that the database has no place for: PostgreSQL keeps no NUL."""


class NotFound(FrontdeskError):
    """The named thing does not exist (any more)."""


class Conflict(FrontdeskError):
    """Somebody else was first; the text says who or what."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why a knowledge-base file cannot be taken: file, 1-based line (in a table the row, with the
    name of the column), what to mend."""

    file: str
    line: int
    reason: str
    column: str = ""

    def __str__(self) -> str:
        where = f"{self.line}: column {self.column}" if self.column else f"{self.line}"
        return f"{self.file}:{where}: {self.reason}"


class ImportRefused(FrontdeskError):
    """A folder was not imported; `faults` names every bad place, and nothing was changed."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class TemplateError(FrontdeskError):
    """A template is refused (too large, forbidden tag, syntax) or failed while rendering."""

    def __init__(self, reason: str, *, line: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class SendError(FrontdeskError):
    """A send did not succeed; the subclass says whether and when to try again.

    Args:
        reason: a short machine-like text (``"429"``, ``"chat not found"``); never message text.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Throttled(SendError):
    """The platform refused for now and named (or implies) a delay in seconds."""

    def __init__(self, reason: str, *, retry_after: float) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Unreachable(SendError):
    """No connection came about, so nothing was sent."""


class Rejected(SendError):
    """The platform refused this message for good (4xx other than 429)."""


class Gone(Rejected):
    """The address itself is refused for good: it ended, or its owner blocked us."""


class MovedAway(Rejected):
    """The chat has another address now, and nothing was sent to the old one.

    Args:
        address: where it goes on.
    """

    def __init__(self, reason: str, *, address: str) -> None:
        super().__init__(reason)
        self.address = address


class WindowOver(Rejected):
    """The time in which the platform lets us answer at this address is over, until the customer writes again."""


class Ambiguous(SendError):
    """The request went out but no answer came back (time-out, reset, 5xx)."""
