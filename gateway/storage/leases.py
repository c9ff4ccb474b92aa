"""The statements of leasing and settling, written out: each moves many deliveries, and a sender runs
little else all day.

Both databases plan a statement best that always has the same words; so lists travel as one JSON text. The
two partial indexes are told apart by their conditions: SQLite wants an index's own words beside the
narrower ones, PostgreSQL sees the implication and would read less well for them (it loses the order).

A token alone fences: whoever takes a delivery over writes another, and settling takes it away.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sqlalchemy import TextClause, bindparam, text

from gateway.messages import Value
from gateway.storage import tables
from gateway.storage.queries import Query
from gateway.storage.schema import Instant

COLUMNS = (
    "id",
    "conversation_id",
    "message_id",
    "channel",
    "send",
    "author",
    "state",
    "attempts",
    "resent",
    "due_at",
    "created_at",
    "lease",
    "platform_id",
    "reason",
)
"""What a `Delivery` is made of."""

_OUTCOME = {
    "delivery": "bigint",
    "lease": "text",
    "state": "text",
    "attempts": "integer",
    "resent": "boolean",
    "due_at": "bigint",
    "platform_id": "text",
    "reason": "text",
}
"""The fields of an outcome in JSON, with PostgreSQL's types."""

_LEASE = """
WITH due AS (
    SELECT id FROM deliveries AS waiting
    WHERE channel = :channel AND state = 'queued' {open} AND due_at <= :now
      AND id = (
        SELECT min(id) FROM deliveries AS earlier
        WHERE earlier.conversation_id = waiting.conversation_id AND earlier.state in ('queued', 'sending')
      )
    ORDER BY due_at, id LIMIT :limit {lock}
)
UPDATE deliveries
SET state = 'sending', lease = :lease, leased_until = :until, attempts = attempts + 1, updated_at = :now
WHERE id IN (SELECT id FROM due)
RETURNING {columns}
"""

_SETTLE = """
UPDATE deliveries
SET state = outcome.state, attempts = outcome.attempts, resent = outcome.resent, due_at = outcome.due_at,
    platform_id = outcome.platform_id, reason = outcome.reason,
    lease = NULL, leased_until = NULL, updated_at = :now
FROM {outcomes} AS outcome
WHERE id = outcome.delivery AND deliveries.lease = outcome.lease
RETURNING id
"""

_RENEW = """
UPDATE deliveries SET leased_until = :until
FROM {held} AS held
WHERE id = held.delivery AND deliveries.lease = held.lease
RETURNING id
"""

_RELEASE = """
UPDATE deliveries
SET state = 'queued', lease = NULL, leased_until = NULL, attempts = attempts - 1, updated_at = :now
WHERE channel = :channel AND state = 'sending' {open} AND lease IN ({leases})
RETURNING id
"""

_EXPIRED = """
SELECT {columns} FROM deliveries
WHERE channel = :channel AND state = 'sending' {open} AND leased_until <= :now
  AND id NOT IN ({ours})
ORDER BY id LIMIT :limit {lock}
"""


class Statements(Value, frozen=True, kw_only=True):
    """The statements in one database's words. Each changing one returns the ids that it changed."""

    lease: Query
    settle: Query
    renew: Query
    release: Query
    expired: Query


@cache
def statements(*, postgresql: bool) -> Statements:
    """For PostgreSQL, else for SQLite."""
    words = (_POSTGRESQL if postgresql else _SQLITE) | {"columns": ", ".join(COLUMNS)}
    return Statements(
        lease=_giving_deliveries(_text(_LEASE, words, "now", "until")),
        settle=_giving_ids(_text(_SETTLE, words, "now")),
        renew=_giving_ids(_text(_RENEW, words, "until")),
        release=_giving_ids(_text(_RELEASE, words, "now")),
        expired=_giving_deliveries(_text(_EXPIRED, words, "now")),
    )


def _text(words: str, spelling: Mapping[str, str], *instants: str) -> TextClause:
    return text(words.format_map(spelling)).bindparams(*(bindparam(name, type_=Instant) for name in instants))


def _giving_ids(statement: TextClause) -> Query:
    return Query(statement.columns(tables.deliveries.c.id))


def _giving_deliveries(statement: TextClause) -> Query:
    return Query(statement.columns(*(tables.deliveries.c[name] for name in COLUMNS)))


def _from_json_each(parameter: str, *fields: str) -> str:
    extracts = ", ".join(f"json_extract(value, '$.{field}') AS {field}" for field in fields)
    return f"(SELECT {extracts} FROM json_each(:{parameter}))"  # noqa: S608 — names of ours


def _from_recordset(parameter: str, *fields: str) -> str:
    typed = ", ".join(f"{field} {_OUTCOME[field]}" for field in fields)
    return f"(SELECT * FROM json_to_recordset(CAST(:{parameter} AS json)) AS one({typed}))"  # noqa: S608


_SQLITE = {
    "lock": "",
    "open": "AND state in ('queued', 'sending')",
    "outcomes": _from_json_each("rows", *_OUTCOME),
    "held": _from_json_each("rows", "delivery", "lease"),
    "leases": "SELECT value FROM json_each(:leases)",
    "ours": "SELECT value FROM json_each(:ours)",
}
_POSTGRESQL = {
    "lock": "FOR UPDATE SKIP LOCKED",
    "open": "",
    "outcomes": _from_recordset("rows", *_OUTCOME),
    "held": _from_recordset("rows", "delivery", "lease"),
    "leases": "SELECT json_array_elements_text(CAST(:leases AS json))",
    "ours": "SELECT CAST(json_array_elements_text(CAST(:ours AS json)) AS bigint)",
}
