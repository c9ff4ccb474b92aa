"""Installations of Frontdesk to measure: settings, a prepared database to copy, and what customers ask."""

from __future__ import annotations

import asyncio
import csv
import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import msgspec
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.storage.engine import parse_url
from tests.bench.processes import ROOT, Served, run
from tests.standins.program import command

DEMO = ROOT / "knowledge_base" / "demo"
QUESTIONS = ROOT / "tests" / "nlu" / "strangers.tsv"
SECRET = "bench-secret"
CHANNEL = "shop_telegram"
WEBHOOK = f"/channels/{CHANNEL}/webhook"
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}

SETTINGS = """database_url = "{database}"

[company]
name = {{ uk = "Журавлик", ru = "Журавлик", en = "Zhuravlyk" }}

[hours]
{hours}

[channels.site]
kind = "webchat"
"""
TELEGRAM = """
[channels.{name}]
kind = "telegram"
driver = "{driver}"
mode = "webhook"
token = "123456:bench"
api_base = "http://127.0.0.1:{platform}"
webhook_secret = "{secret}"
register_webhook = false
"""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Installation:
    """A folder with `frontdesk.toml` and, on SQLite, the database."""

    folder: Path
    database: str = "sqlite:///frontdesk.db"

    def configure(self, *, driver: str | None = None, platform: int = 0) -> None:
        """Write the settings: web chat, and with a `driver` a Telegram bot whose platform is at that port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        hours = "\n".join(f'{day} = "00:00-24:00"' for day in DAYS)
        settings = SETTINGS.format(database=self.database, hours=hours)
        if driver:
            settings += TELEGRAM.format(name=CHANNEL, driver=driver, platform=platform, secret=SECRET)
        (self.folder / "frontdesk.toml").write_text(settings, encoding="utf-8")

    def prepare(self) -> None:
        """Migrate, take in the demo's articles and train."""
        self.configure()
        run(command("migrate"), folder=self.folder)
        run(command("import", str(DEMO)), folder=self.folder)

    def copy(self, folder: Path, server: str | None = None) -> Installation:
        """The same in another `folder`; on PostgreSQL also another database of `server`. It must not be
        in use meanwhile."""
        shutil.copytree(self.folder, folder)
        if server is None:
            return Installation(folder)
        template = parse_url(self.database).database
        return Installation(folder, create_database(server, f'TEMPLATE "{template}"'))

    def served(self, *words: str, environ: dict[str, str] | None = None) -> Served:
        """`frontdesk serve` on it, not started."""
        return Served(
            command("serve", "--port", "{port}", *words),
            folder=self.folder,
            log=self.folder / "frontdesk.log",
            ready="/health/ready",
            environ=environ,
        )

    def answerable(self, questions: Path = QUESTIONS) -> list[str]:
        """Those texts of `questions` that the bot answers by itself with one message, so that each
        message in has exactly one out."""
        with questions.open(encoding="utf-8", newline="") as lines:
            texts = [line["text"] for line in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]
        asked = "\n".join(f"{said} 17" for said in texts)
        answers = run(command("ask", "-", "--json"), folder=self.folder, given=asked).splitlines()
        decided = [msgspec.json.decode(answer)["decision"] for answer in answers]
        return [said for said, decision in zip(texts, decided, strict=True) if decision == "answer"]


def create_database(server: str, clause: str = "") -> str:
    """The URL of a new database of the PostgreSQL `server`."""
    name = f"bench_{uuid4().hex[:12]}"
    asyncio.run(administer(server, f'CREATE DATABASE "{name}" {clause}'))
    return parse_url(server).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


async def administer(server: str, *statements: str) -> None:
    """Run `statements`, each by itself, outside any transaction."""
    engine = create_async_engine(parse_url(server), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for statement in statements:
                await connection.exec_driver_sql(statement)
    finally:
        await engine.dispose()


def takes_workers() -> bool:
    """Whether this program's `serve` knows `--workers`."""
    return "--workers" in run(command("serve", "--help"), environ={"COLUMNS": "200"})
