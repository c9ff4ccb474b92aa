"""The dial's page: how sure the bot must be before it answers, and what follows from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from litestar.response import Redirect, Response

from gateway.errors import RequestRefused
from gateway.improving.dial import LEAST, MOST, Dial, point_at
from gateway.learning import DialPoint, TrainingReport
from gateway.messages import Value
from gateway.web.pages import Pages, StaffRequest

Report = Callable[[], Awaitable[TrainingReport | None]]
"""Gives the report of the model in service; None where none was trained."""

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 34


class Line(Value, frozen=True, kw_only=True):
    """A measured share over the confidence: `points` as SVG's polyline has them."""

    part: str
    points: str
    end: float


class DialScreen:
    """Shows the dial, and turns it."""

    def __init__(self, dial: Dial, report: Report, pages: Pages) -> None:
        self._dial = dial
        self._report = report
        self._pages = pages

    async def show(self, request: StaffRequest) -> Response[str]:
        """The page."""
        report = await self._report()
        policy = self._dial.policy
        points = report.dial if report else ()
        return self._pages.html(
            request,
            "knowledge_base/dial.html",
            policy=policy,
            written=self._dial.written,
            report=report,
            here=point_at(report, policy.answer_confidence),
            lines=[_line(part, points) for part in ("answered", "right", "strange")] if points else [],
            points=msgspec.json.encode(points).decode(),
            frame={"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM},
            here_x=_x(policy.answer_confidence),
            marks=[(percent, _x(percent / 100), _y(percent / 100)) for percent in (0, 25, 50, 75, 100)],
            least=LEAST,
            most=MOST,
            history=await self._dial.history(),
            done=request.query_params.get("done", ""),
        )

    async def turn(self, request: StaffRequest, form: Mapping[str, str]) -> Redirect:
        """Set it, or give it back to the settings file."""
        staff = request.scope["user"]
        confidence: float | None = None
        if form.get("do") != "reset":
            try:
                confidence = float(form.get("confidence", ""))
            except ValueError:
                confidence = -1.0
            if not LEAST <= confidence <= MOST:
                translator = self._pages.texts.translator(self._pages.language(request))
                words = translator.gettext("Choose a value between {least} and {most}.")
                limits = {"least": translator.number(LEAST, digits=2), "most": translator.number(MOST, digits=2)}
                raise RequestRefused(400, words.format(**limits))
        await self._dial.turn(confidence, author=staff.name, staff_id=staff.id)
        return Redirect("/kb/dial?done=turned", status_code=303)


def _line(part: str, points: Sequence[DialPoint]) -> Line:
    ordered = sorted(points, key=lambda point: point.confidence)
    places = [(_x(point.confidence), _y(getattr(point, part))) for point in ordered]
    return Line(part=part, points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places), end=places[-1][1])


def _x(confidence: float) -> float:
    return LEFT + confidence * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)
