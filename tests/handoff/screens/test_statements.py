"""A full desk costs no more statements than an empty one."""

from __future__ import annotations

from sqlalchemy import event

from tests.handoff.screens.app import DeskApp
from tests.handoff.screens.conftest import Agent
from tests.handoff.screens.samples import crowd_of


def statements(app: DeskApp) -> list[str]:
    """Every statement the readers run from now on."""
    seen: list[str] = []

    @event.listens_for(app.database._reader.sync_engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    return seen


async def test_as_many_statements_for_many_rows_as_for_few(app: DeskApp, agent: Agent) -> None:
    await crowd_of(app, 3)
    seen = statements(app)
    await agent.get("/desk/list", htmx=True, list="queue")
    few = len(seen)
    await crowd_of(app, 30)
    seen.clear()
    await agent.get("/desk/list", htmx=True, list="queue")
    assert len(seen) == few
