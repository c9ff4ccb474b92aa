"""Waiting in tests until somebody waits for a lock of PostgreSQL."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from gateway.storage.engine import Database


async def until_one_waits(database: Database) -> None:
    """Until somebody waits for somebody else's lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(20):
        while True:
            async with database.read() as view:
                if (await view.connection.execute(query)).scalar_one():
                    return
            await asyncio.sleep(0.01)
