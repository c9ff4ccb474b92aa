"""What the next page says of what was just done: carried in its address, as words of ours and numbers.

Not in the session: two requests at once (a live refresh beside a save) would write over each other's.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from urllib.parse import urlencode

import msgspec

from gateway.messages import Value


class Done(StrEnum):
    """What was done."""

    SAVED = "saved"
    REVIEW = "review"
    UNCHANGED = "unchanged"
    PUBLISHED = "published"
    REMOVED = "removed"
    NOTHING = "nothing"
    ROLLED_BACK = "rolled_back"
    TRAINED = "trained"
    JOINED = "joined"
    SIGNED = "signed"
    RETURNED = "returned"
    COMMENTED = "commented"
    KEPT = "kept"
    FORGOTTEN = "forgotten"


TRAINS = frozenset({Done.PUBLISHED, Done.REMOVED, Done.TRAINED})
"""What is followed by a training."""


class Flash(Value, frozen=True, kw_only=True):
    """What was done, and the revision of the publication or the article."""

    done: Done
    revision: int | None = None

    def after(self, path: str) -> str:
        """`path` with this in its query."""
        fields = {name: value for name, value in msgspec.to_builtins(self).items() if value is not None}
        return f"{path}?{urlencode(fields)}"


def read_flash(query: Mapping[str, str]) -> Flash | None:
    """The flash in a page's query; None where there is none, or not one of ours."""
    given = {name: query[name] for name in Flash.__struct_fields__ if name in query}
    try:
        return msgspec.convert(given, Flash, strict=False)
    except msgspec.ValidationError:
        return None
