"""A Figure: a picture, the table under it, and one sentence on what it says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from statistics import median, quantiles

from gateway.messages import Value

Cell = str | int | float | None
"""What stands in a table: words, a count, a number of seconds, or nothing to tell."""


class Unit(StrEnum):
    """How a column's numbers are shown."""

    WORDS = "words"
    COUNT = "count"
    SECONDS = "seconds"
    PERCENT = "percent"
    SCORE = "score"


class Column(Value, frozen=True, kw_only=True, omit_defaults=False):
    """A column: its head, and what its numbers are."""

    head: str
    unit: Unit = Unit.COUNT


class Series(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One row of bars or one line, in the order of the picture's labels."""

    name: str
    values: tuple[float | None, ...]
    tone: str = ""


class Picture(Value, frozen=True, kw_only=True, omit_defaults=False):
    """What is drawn: bars (`stacked`, `lying`) or a line over `labels`; `unit` of the numbers."""

    labels: tuple[str, ...]
    series: tuple[Series, ...]
    line: bool = False
    stacked: bool = False
    lying: bool = False
    unit: Unit = Unit.COUNT


class Figure(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One part of the report. `name` is its address, `empty` says that there is nothing to draw."""

    name: str
    title: str
    sentence: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    picture: Picture
    empty: bool = False


class Tile(Value, frozen=True, kw_only=True, omit_defaults=False):
    """One number at the head of the report, with the sentence that explains it."""

    label: str
    value: Cell
    unit: Unit
    sentence: str


class Spread(Value, frozen=True, kw_only=True):
    """How long something took, in seconds: in the middle, and for nine of ten."""

    count: int
    middle: float | None
    most: float | None


def spread(times: Sequence[timedelta]) -> Spread:
    """The spread of `times`; those before zero (clocks differ) count as zero."""
    seconds = [max(0.0, one.total_seconds()) for one in times]
    if not seconds:
        return Spread(count=0, middle=None, most=None)
    most = quantiles(seconds, n=10, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    return Spread(count=len(seconds), middle=round(median(seconds), 1), most=round(most, 1))


def share(part: float, whole: float) -> float | None:
    """`part` of `whole` in percent; None where there is nothing to take a part of."""
    return round(100 * part / whole, 1) if whole else None
