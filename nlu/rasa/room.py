"""All that stands behind `engine = "rasa"`, on one server: the engine, the assistant, and the look at both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from gateway.assisting.assistant import Assistant
from gateway.assisting.settings import Rasa
from gateway.operating.checkup import Finding
from gateway.ports import Engine
from gateway.settings import Dialogue
from nlu.rasa.assistant import RasaAssistant
from nlu.rasa.checkup import look
from nlu.rasa.client import RasaClient
from nlu.rasa.engine import RasaEngine


class RasaRoom:
    """`engine` understands; `assistant` answers, None where Rasa only understands.

    Beside an assistant the embedded engine alone understands: what it says counts where the assistant is silent.
    """

    def __init__(self, settings: Rasa, policy: Dialogue, embedded: Engine, known: Callable[[str], bool]) -> None:
        self._settings = settings
        self._client = RasaClient(settings)
        whole = settings.mode == "assistant"
        self.engine: Engine = embedded if whole else RasaEngine(embedded, self._client, settings, policy, known)
        self.assistant: Assistant | None = RasaAssistant(self._client, settings, known) if whole else None

    async def checkup(self, articles: Collection[str]) -> Sequence[Finding]:
        """What `frontdesk doctor` says, knowing the published articles."""
        return await look(self._client, self._settings, articles)

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()
