"""Small drawings for the report, as SVG: how far confidence can be trusted, and what the dial gives.

Drawn by hand so that the report is one file that needs nothing from elsewhere; colours come from the page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from gateway.learning import DialPoint
from nlu.findings import Bin

_WIDTH, _HEIGHT = 560, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 16, 14, 40


def _x(value: float) -> float:
    return round(_LEFT + value * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(value: float) -> float:
    return round(_HEIGHT - _BOTTOM - value * (_HEIGHT - _TOP - _BOTTOM), 1)


def draw_calibration(bins: Sequence[Bin]) -> str:
    """Mean confidence against the share that was right: on the diagonal, confidence is what it says."""
    most = max((one.count for one in bins), default=1)
    columns = "".join(
        f'<rect class="amount" x="{_x(one.low) + 2}" y="{_y(0.9 * one.count / most)}" '
        f'width="{_x(one.high) - _x(one.low) - 4:.1f}" height="{_y(0) - _y(0.9 * one.count / most):.1f}">'
        f"<title>{one.count} answers of confidence {one.low:.1f} to {one.high:.1f}</title></rect>"
        for one in bins
    )
    points = [(one.confidence, one.right) for one in bins]
    dots = "".join(
        f'<circle class="one" cx="{_x(one.confidence)}" cy="{_y(one.right)}" r="5"><title>Confidence '
        f"{one.confidence:.2f}: {one.right:.0%} of {one.count} right</title></circle>"
        for one in bins
    )
    diagonal = f'<line class="ideal" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
    return _drawing(
        "Confidence against the share that was right", "confidence", columns + diagonal + _line(points, "one") + dots
    )


def draw_dial(points: Sequence[DialPoint], marks: Sequence[tuple[float, str]], *, strangers: bool) -> str:
    """What answering from each confidence on gives; `marks` are confidences with what to call them."""
    curves: list[tuple[str, Callable[[DialPoint], float]]] = [
        ("one", lambda point: point.answered),
        ("two", lambda point: point.right),
    ]
    if strangers:
        curves.append(("three", lambda point: point.strange))
    lines = "".join(_line([(point.confidence, of(point)) for point in points], kind) for kind, of in curves)
    signs = "".join(
        f'<line class="mark" x1="{_x(at)}" y1="{_y(0)}" x2="{_x(at)}" y2="{_y(1)}"/>'
        f'<text class="mark" x="{_x(at) - 5}" y="{_y(0.03 + 0.08 * number)}" text-anchor="end">{escape(named)}</text>'
        for number, (at, named) in enumerate(marks)
    )
    return _drawing("What each setting of the dial gives", "how sure before answering", lines + signs)


def _line(points: Sequence[tuple[float, float]], kind: str) -> str:
    placed = " ".join(f"{_x(x)},{_y(y)}" for x, y in points)
    return f'<polyline class="{kind}" points="{placed}"/>'


def _drawing(title: str, below: str, inside: str) -> str:
    grid = "".join(
        f'<line class="grid" x1="{_x(0)}" y1="{_y(part / 5)}" x2="{_x(1)}" y2="{_y(part / 5)}"/>'
        f'<text x="{_LEFT - 8}" y="{_y(part / 5) + 4}" text-anchor="end">{part * 20} %</text>'
        f'<text x="{_x(part / 5)}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{part / 5:.1f}</text>'
        for part in range(6)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">{grid}{inside}'
        f'<text x="{_x(0.5)}" y="{_HEIGHT - 4}" text-anchor="middle">{escape(below)}</text></svg>'
    )
