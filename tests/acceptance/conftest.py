"""A prepared installation: migrated, with the demo knowledge base imported and trained, to copy from."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.storage.engine import parse_url
from tests.standins.browser import CHROMIUM, chromium
from tests.standins.program import command

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "knowledge_base" / "demo"

CONFIG = """
log_format = "text"
{top}
[company]
name = {{ uk = "Журавлик", ru = "Журавлик", en = "Zhuravlyk" }}
phone = "0 800 300 400"

[hours]
mon = "00:00-24:00"
tue = "00:00-24:00"
wed = "00:00-24:00"
thu = "00:00-24:00"
fri = "00:00-24:00"
sat = "00:00-24:00"
sun = "00:00-24:00"

{channels}
"""


def run(folder: Path, *words: str, check: bool = True, **environ: str) -> subprocess.CompletedProcess[str]:
    """A `frontdesk` command in `folder`, to its end."""
    return subprocess.run(
        command(*words), cwd=folder, env={**os.environ, **environ}, check=check, capture_output=True, text=True
    )


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a migrated database that knows the demo articles."""
    folder = tmp_path_factory.mktemp("prepared")
    write_config(folder)
    run(folder, "migrate")
    run(folder, "import", str(DEMO))
    return folder


@pytest.fixture
def installation(prepared: Path, tmp_path: Path) -> Path:
    """A copy of the prepared folder for one test."""
    target = tmp_path / "installation"
    shutil.copytree(prepared, target)
    return target


@pytest.fixture
def empty_database(postgres: str | None) -> str:
    """The URL of a new PostgreSQL database."""
    if postgres is None:
        pytest.skip("PostgreSQL is not installed and FRONTDESK_TEST_POSTGRES_URL is not set")
    name = f"whole_{uuid4().hex}"

    async def create() -> None:
        engine = create_async_engine(parse_url(postgres), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
        await engine.dispose()

    # In a thread of its own: the browser keeps a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(create())).result()
    return parse_url(postgres).set(drivername="postgresql", database=name).render_as_string(hide_password=False)


def write_config(folder: Path, *, channels: str = '[channels.site]\nkind = "webchat"\n', top: str = "") -> None:
    """`frontdesk.toml` of an ever open company with `channels`."""
    (folder / "frontdesk.toml").write_text(CONFIG.format(channels=channels, top=top), encoding="utf-8")


PASSWORD = "long-enough"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for a module's tests; playwright's loop must be gone before another module's async tests."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    with chromium() as opened:
        yield opened


@pytest.fixture
def staffed(installation: Path) -> Path:
    """An installation with two agents; the first one edits as well."""
    for email, name, roles in (
        ("olena@example.com", "Олена", ("agent", "editor")),
        ("taras@example.com", "Тарас", ("agent",)),
    ):
        words = [word for role in roles for word in ("--role", role)]
        run(installation, "add-staff", email, "--name", name, *words, FRONTDESK_PASSWORD=PASSWORD)
    return installation


def sign_in(page: Page, base: str, email: str = "olena@example.com", to: str = "/desk") -> None:
    """Sign in as `email` and land on `to`."""
    page.goto(base + to)
    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Увійти").click()
    page.wait_for_url(f"**{to}")


class Customer:
    """Somebody in front of the widget on the demo page."""

    def __init__(self, page: Page, base: str, language: str = "uk") -> None:
        self.page = page
        page.goto(f"{base}/?lang={language}")
        page.locator("frontdesk-chat button[aria-expanded]").click()
        self.box = page.locator("frontdesk-chat textarea")
        self.log = page.locator("frontdesk-chat [role=log]")

    def says(self, text: str) -> None:
        """Type and send."""
        self.box.fill(text)
        self.box.press("Enter")

    def sees(self, text: str) -> None:
        """Wait until `text` stands in the chat."""
        expect(self.log).to_contain_text(text, timeout=30_000)

    def presses(self, label: str) -> None:
        """Press the newest button with this label."""
        self.page.locator("frontdesk-chat").get_by_role("button", name=label).last.click()
