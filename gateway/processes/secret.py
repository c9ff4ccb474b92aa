"""The secret that signs visitor tokens and links: given, or made once and kept in the data folder."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from gateway.errors import SettingsError

FILE = "secret"
"""Its name in the data folder."""
LOOKS = 10
AGAIN_SECONDS = 0.05


def ensure_folder(path: Path, field: str) -> Path:
    """`path` as a folder that can be written. Raises SettingsError naming `field`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(field, f"cannot make the folder {path}: {error.strerror}") from None
    if not os.access(path, os.W_OK):
        raise SettingsError(field, f"the folder {path} cannot be written; change its owner or {field}")
    return path


def load_secret(given: str, data_dir: Path) -> str:
    """`given`, else the one in the data folder, made on the first call and readable by us alone."""
    if given:
        return given
    path = data_dir / FILE
    try:
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
        kept = _read(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("data_dir", f"cannot keep the secret in {path}: {error}") from None
    if not kept:
        # Cut off while it was written. What an empty secret signs, anybody can sign.
        raise SettingsError("data_dir", f"the secret in {path} is empty; delete that file and start again")
    return kept


def _read(path: Path) -> str:
    """What `path` holds. Another process that starts with us may have made it and not yet written it."""
    for _ in range(LOOKS):
        kept = path.read_text().strip()
        if kept:
            return kept
        time.sleep(AGAIN_SECONDS)
    return ""
