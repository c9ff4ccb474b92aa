"""A real Chromium, the system's own, kept off the network beyond this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright import async_api, sync_api
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parent.parent.parent / "gateway" / "web" / "node_modules" / "axe-core" / "axe.min.js"

PATIENCE_MILLISECONDS = 30_000
"""How long a page may take to show what is expected: nobody's promise, so as much as a loaded machine needs."""

sync_api.expect.set_options(timeout=PATIENCE_MILLISECONDS)
async_api.expect.set_options(timeout=PATIENCE_MILLISECONDS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser for as long as the block lasts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it stands: rule, how many places, and the first of them."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)")
    return [f"{rule['id']} × {len(rule['nodes'])}: {rule['nodes'][0]['html'][:200]}" for rule in found]
