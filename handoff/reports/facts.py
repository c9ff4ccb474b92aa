"""What a report is drawn from: everything counted in one read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.improving.usefulness import Usage, Uses
from gateway.messages import Value
from gateway.storage.engine import Database
from handoff.reports.period import Period
from handoff.storage.reports import Asked, Begun, Calls, Handled, Outcomes, ReportTable


class Facts(Value, frozen=True, kw_only=True):
    """All counts of a period. `names` are those of the agents by number, `ratings` (count, mean)."""

    period: Period
    begun: Sequence[Begun]
    outcomes: Outcomes
    asked: Asked
    handled: Sequence[Handled]
    calls: Calls
    usage: Mapping[str, Usage]
    ratings: Mapping[int, tuple[int, float]]
    names: Mapping[int, str]


async def gather(database: Database, uses: Uses, period: Period, now: datetime) -> Facts:
    """Count. Raises StorageUnavailable."""
    async with database.read() as view:
        counted = ReportTable(view, period.start, period.end)
        handled = await counted.handled()
        ratings = await counted.ratings()
        agents = {one.agent for one in handled if one.agent is not None} | ratings.keys()
        return Facts(
            period=period,
            begun=await counted.begun(),
            outcomes=await counted.outcomes(),
            asked=await counted.asked(),
            handled=handled,
            calls=await counted.calls(now),
            usage=await uses(view, period.start, period.end),
            ratings=ratings,
            names=await counted.names(sorted(agents)),
        )
