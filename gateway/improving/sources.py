"""Where settings come from: a TOML file, the environment, and files that hold secrets."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gateway.errors import SettingsError

PREFIX = "FRONTDESK_"
ENCODING = "utf-8-sig"
"""Some editors begin a file with a mark that nobody sees, and that would be a part of the first name or secret."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_toml(path: Path | None) -> dict[str, Any]:
    """The file at `path`, or `frontdesk.toml` if it is there. Raises SettingsError."""
    if path is None:
        path = Path("frontdesk.toml")
        if not path.exists():
            return {}
    try:
        return tomllib.loads(path.read_text(encoding=ENCODING))
    except FileNotFoundError:
        raise SettingsError("--config", f"{path} does not exist") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError("--config", f"{path} cannot be read: {error}") from None


def from_environment(name: str, kind: str, environ: Mapping[str, str]) -> Any:
    """What the environment says of the field `name` of type `kind`, itself or by naming a file; None where it
    says nothing. Raises SettingsError."""
    variables = variables_of(name)
    for variable in variables:
        if variable in environ:
            return _from_text(name, kind, environ[variable])
    for variable in variables:
        if environ.get(f"{variable}_FILE"):
            return _from_text(name, kind, read_secret(name, Path(environ[f"{variable}_FILE"])))
    return None


def _from_text(name: str, kind: str, text: str) -> Any:
    """Lists and tables are given as JSON in the environment; the rest is converted by type."""
    if not kind.startswith(("list", "dict")):
        return text
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise SettingsError(name, f"must be JSON ({kind}) in the environment") from None


def variables_of(name: str) -> list[str]:
    """The variables that may say the field `name`, the usual one first."""
    words = [word.upper().replace("-", "_") for word in name.split(".")]
    return [PREFIX + "_".join(words), PREFIX + "__".join(words)]


def put(target: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a field of nested tables. Raises SettingsError where something else stands in a table's place."""
    for key in path[:-1]:
        target = target.setdefault(key, {})
        if not isinstance(target, dict):
            raise SettingsError(key, f"must be a table, as [{key}]")
    target[path[-1]] = value


def table_of(target: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """The table in which the field at `path` stands; an empty one where there is none."""
    for key in path[:-1]:
        found = target.get(key)
        target = found if isinstance(found, dict) else {}
    return target


def check_tables(section: str, tables: Any, example: str) -> None:
    """Each has a name that fits into an address, and is a table with a kind. (msgspec would not say which one is
    not.) Raises SettingsError."""
    for name, table in tables.items() if isinstance(tables, dict) else ():
        if not _NAME.fullmatch(name):
            raise SettingsError(f"{section}.{name}", "stands in addresses; name it by 1–64 of A-Z a-z 0-9 _ -")
        if not isinstance(table, dict):
            raise SettingsError(f"{section}.{name}", f'must be a table, with for example kind = "{example}"')
        if not isinstance(table.get("kind"), str):
            raise SettingsError(f"{section}.{name}.kind", f'is missing; say for example kind = "{example}"')


def kinds_in(environ: Mapping[str, str], section: str, tables: Any) -> dict[str, str]:
    """The tables of `section` whose kind the environment names, as FRONTDESK_CHANNELS_SHOP_KIND does: one of
    `tables` where its name fits, else a new one, in small letters."""
    named = re.compile(rf"{PREFIX}{section.upper()}_+(\w+?)_+KIND")
    known = {name.upper().replace("-", "_"): name for name in tables} if isinstance(tables, dict) else {}
    found = {given[1]: kind for variable, kind in environ.items() if (given := named.fullmatch(variable))}
    return {known.get(name, name.lower()): kind for name, kind in found.items()}


def read_secret(name: str, path: Path) -> str:
    """The words in a file. Raises SettingsError naming the setting `name`."""
    try:
        return path.read_text(encoding=ENCODING).strip()
    except OSError as error:
        raise SettingsError(name, f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(name, f"{path} is not text in UTF-8") from None
