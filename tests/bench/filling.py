"""Fills an installation's database with years of past conversations, by one statement a table.

Each stored customer has one conversation of ten messages: five asked, five answered and sent. One
conversation in fifty is still open in the bot's hands, the rest are closed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import UTC, datetime

import msgspec

from gateway.channels import Send
from gateway.messages import Text, encode_parts
from gateway.ports import Ranked, Understanding
from gateway.storage.engine import parse_url
from tests.bench.installation import CHANNEL, administer
from tests.bench.load import chat_id

PER_CONVERSATION = 10
OPEN_EACH = 50
TEXT = "Підкажіть, будь ласка, скільки коштує доставка до іншого міста і коли її чекати?"
BODY = '{"update_id":1,"message":{"message_id":1,"date":1790000000,"chat":{"id":1,"type":"private"},"text":"Yes"}}'

_EVEN = "1000000000 + 2 * ((i * 2654435761) % 2147483648)"
"""`chat_id(i, stored=True)` in SQL."""
_CREATED = "{now} - ({count} - i) * 1000000"
_COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"


def fill(url: str, messages: int) -> float:
    """Store about `messages` messages in the migrated database at `url`, which has had no customers yet;
    returns the seconds it took. Nobody may use the database meanwhile."""
    begun = time.monotonic()
    if parse_url(url).drivername.startswith("sqlite"):
        _fill_sqlite(str(parse_url(url).database), messages)
    else:
        _fill_postgresql(url, messages)
    return time.monotonic() - begun


def statements(messages: int) -> dict[str, str]:
    """The insert of each table."""
    customers = max(1, messages // PER_CONVERSATION)
    asked = customers * PER_CONVERSATION // 2
    return {
        "contacts": _insert("contacts", customers, id="i", name="'Olha'", language="'uk'", created_at=_CREATED),
        "identities": _insert(
            "identities", customers, id="i", contact_id="i", channel=_quoted(CHANNEL), address=_text(_EVEN)
        ),
        "conversations": _insert(
            "conversations",
            customers,
            id="i",
            contact_id="i",
            identity_id="i",
            state=f"CASE WHEN i % {OPEN_EACH} = 0 THEN 'bot' ELSE 'closed' END",
            language="'uk'",
            last_seq=str(PER_CONVERSATION),
            created_at=_CREATED,
            updated_at=f"CASE WHEN i % {OPEN_EACH} = 0 THEN {{now}} ELSE {_CREATED} END",
            closed_at=f"CASE WHEN i % {OPEN_EACH} = 0 THEN NULL ELSE {_CREATED} END",
        ),
        "messages": _messages(customers * PER_CONVERSATION),
        "deliveries": _deliveries(asked),
        "inbox": _insert(
            "inbox",
            asked,
            id="i",
            channel=_quoted(CHANNEL),
            platform_id=_text("3000000000 + i"),
            identity_id=_person("i"),
            body="CAST({body} AS BYTES)",
            status="'done'",
            received_at=_CREATED,
        ),
        "turns": _turns(asked),
    }


def _messages(count: int) -> str:
    said = _quoted(encode_parts((Text(text=TEXT),)))
    asked = "i % 2 = 1"
    return _insert(
        "messages",
        count,
        id="i",
        conversation_id=f"(i - 1) / {PER_CONVERSATION} + 1",
        seq=f"(i - 1) % {PER_CONVERSATION} + 1",
        direction=f"CASE WHEN {asked} THEN 'inbound' ELSE 'outbound' END",
        author=f"CASE WHEN {asked} THEN 'contact' ELSE 'bot' END",
        channel=_quoted(CHANNEL),
        parts=said,
        platform_id=_text("4000000000 + i"),
        created_at=_CREATED,
    )


def _deliveries(count: int) -> str:
    send = msgspec.json.encode(Send(address=str(chat_id(1)), part=Text(text=TEXT), key="1.0")).decode()
    return _insert(
        "deliveries",
        count,
        id="i",
        conversation_id=_person("i"),
        message_id="2 * i",
        channel=_quoted(CHANNEL),
        send=_quoted(send),
        author="'bot'",
        state="'sent'",
        attempts="1",
        due_at=_CREATED,
        platform_id=_text("4000000000 + 2 * i"),
        created_at=_CREATED,
        updated_at=_CREATED,
    )


def _turns(count: int) -> str:
    ranking = (Ranked(intent="delivery-cost", confidence=0.9), Ranked(intent="delivery-time", confidence=0.05))
    understood = Understanding(text=TEXT, language="uk", language_confidence=0.99, ranking=ranking)
    return _insert(
        "turns",
        count,
        id="i",
        conversation_id=_person("i"),
        message_id="2 * i - 1",
        text=_quoted(TEXT),
        intent="'delivery-cost'",
        confidence="0.9",
        did="'answer'",
        understanding=_quoted(msgspec.json.encode(understood).decode()),
        created_at=_CREATED,
    )


def _insert(table: str, count: int, **columns: str) -> str:
    """One insert of `count` rows whose columns are SQL over the row's number `i`."""
    values = ", ".join(columns.values())
    query = f"{_COUNT} INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM n"
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    return query.replace("{count}", str(count)).replace("{now}", str(now)).replace("{body}", _quoted(BODY))


def _person(number: str) -> str:
    """Whose the `number`-th question is."""
    return f"({number} - 1) / {PER_CONVERSATION // 2} + 1"


def _text(expression: str) -> str:
    return f"CAST({expression} AS TEXT)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _fill_sqlite(path: str, messages: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    # Nothing here must survive a crash: no journal while filling.
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    for statement in statements(messages).values():
        connection.execute(statement.replace("AS BYTES", "AS BLOB"))
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def _fill_postgresql(url: str, messages: int) -> None:
    inserts = statements(messages)
    counters = [f"SELECT setval(pg_get_serial_sequence('{t}', 'id'), (SELECT max(id) FROM {t}))" for t in inserts]
    asyncio.run(
        administer(
            url,
            # No look at each foreign key: they are right by construction.
            "SET session_replication_role = replica",
            *(
                insert.replace("AS BYTES", "AS BYTEA").replace("n(i) AS (SELECT 1 ", "n(i) AS (SELECT 1::bigint ")
                for insert in inserts.values()
            ),
            *counters,
            # What a running server does by itself within minutes.
            "VACUUM ANALYZE",
        )
    )
