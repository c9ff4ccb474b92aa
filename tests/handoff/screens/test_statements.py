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


async def plan(app: DeskApp, statement: str) -> str:
    """How SQLite goes about it."""
    async with app.database.read() as view:
        connection = (await view.connection.get_raw_connection()).driver_connection
        assert connection is not None
        cursor = await connection.execute(f"EXPLAIN QUERY PLAN {statement}", [""] * statement.count("?"))
        return "\n".join(row[3] for row in await cursor.fetchall())


async def test_what_was_closed_is_read_in_order_and_no_further(app: DeskApp, agent: Agent) -> None:
    seen = statements(app)
    await agent.get("/desk/list", htmx=True, list="closed")
    listed = next(one for one in seen if "conversations.state = ?" in one and "conversations.id DESC" in one)
    done = await plan(app, listed)
    assert "SEARCH conversations USING INDEX ix_conversations_state" in done
    assert "TEMP B-TREE" not in done


async def test_words_are_looked_for_in_the_conversations_of_the_list(app: DeskApp, agent: Agent) -> None:
    seen = statements(app)
    await agent.get("/desk/list", htmx=True, list="all", q="посилка")
    listed = next(one for one in seen if "messages.parts" in one and "contact_name" in one)
    done = await plan(app, listed)
    assert "CORRELATED" in done
    assert "LIST SUBQUERY" not in done
    assert "SEARCH messages USING INDEX sqlite_autoindex_messages_1 (conversation_id=?)" in done
