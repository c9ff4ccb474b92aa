"""What is wrong with a value, in words."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from gateway.faulty import in_words


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (int, "x", "must be a whole number, not text"),
        (str, 5, "must be text, not a whole number"),
        (float, [], "must be a number, not a list"),
        (bool, "x", "must be true or false, not text"),
        (dict[str, str], "x", "must be a table, not text"),
        (list[str], {}, "must be a list, not a table"),
        (str | None, 5, "must be text, not a whole number"),
        (Annotated[int, Meta(ge=1)], 0, "must be 1 or more"),
        (Annotated[float, Meta(le=1)], 2.0, "must be 1.0 or less"),
        (Annotated[str, Meta(min_length=1)], "", "must not be empty"),
        (Annotated[str, Meta(max_length=3)], "four", "must have at most 3 characters"),
        (Annotated[list[int], Meta(min_length=2)], [1], "must have at least 2 entries"),
        (Annotated[str, Meta(pattern="^(uk|ru|en)$")], "de", "must be one of uk, ru, en"),
        (Annotated[str, Meta(pattern="^(|uk|ru)$")], "de", "must be one of uk, ru, or empty"),
        (
            Annotated[str, Meta(pattern="^(python-telegram-bot|aiogram)$")],
            "x",
            "must be one of python-telegram-bot, aiogram",
        ),
        (Annotated[str, Meta(pattern=r"^https?://\S+$")], "x", r"does not look as it should, which is ^https?://\S+$"),
    ],
)
def test_a_wrong_value_in_words(kind: Any, value: Any, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(value, kind)
    assert in_words(str(raised.value)) == words


def test_what_is_not_known_stays() -> None:
    assert in_words("Object missing required field `text`") == "object missing required field `text`"
