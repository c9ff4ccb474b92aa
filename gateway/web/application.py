"""The web framework without what we do not use of it."""

from __future__ import annotations

from litestar import Litestar
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin


class Application(Litestar):
    """Litestar looks whether pydantic and attrs are installed (aiogram brings them) and loads support for
    them: 10 MB and a quarter of a second for models that none of our handlers has."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]
