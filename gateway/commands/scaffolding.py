"""Beginning a new kind of channel: a folder that works at once, to be changed into the platform's own.

The files come from `gateway/scaffold/`; `__kind__` and `__Kind__` in them become the new name.
"""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from gateway.errors import Conflict, FrontdeskError

LONGEST = 24
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class NotHere(FrontdeskError):
    """The folder is no source tree of Frontdesk, or the name is none."""


def new_channel(root: Path, name: str) -> list[Path]:
    """Write `bots/<name>/` and `tests/bots/<name>/` under `root`; the files written.

    Raises NotHere for a bad name or another folder, Conflict where the name is taken.
    """
    homes = _homes(root, name)
    written = []
    for part, home in homes.items():
        for source, place in _sources(files("gateway") / "scaffold" / part):
            target = home / place.removesuffix(".txt")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_named(source.read_text(encoding="utf-8"), name), encoding="utf-8")
            written.append(target.relative_to(root))
    return sorted(written)


def _homes(root: Path, name: str) -> dict[str, Path]:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or len(name) > LONGEST:
        raise NotHere(f"{name!r} cannot be a kind: take a-z, 0-9 and single _ between, at most {LONGEST} characters")
    if not (root / "bots" / "__init__.py").is_file() or not (root / "tests" / "contracts" / "case.py").is_file():
        raise NotHere(f"{root.resolve()} is no source tree of Frontdesk: run this in a clone of it, or give --root")
    homes = {"bots": root / "bots" / name, "tests": root / "tests" / "bots" / name}
    for home in homes.values():
        if home.exists():
            raise Conflict(f"{home.relative_to(root)} is there already: take another name")
    return homes


def _sources(folder: Traversable, prefix: str = "") -> list[tuple[Traversable, str]]:
    """The templates in `folder` with their places below it."""
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _sources(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((".txt", ".json")):
            found.append((entry, f"{prefix}{entry.name}"))
    return found


def _named(text: str, name: str) -> str:
    camel = "".join(word.capitalize() for word in name.split("_"))
    return text.replace("__kind__", name).replace("__Kind__", camel)
