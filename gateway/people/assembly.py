"""One person across messengers, put together: proving, joining and going on elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.channels import Channel
from gateway.people.arriving import Arrivals
from gateway.people.codes import Codes, carriers_of
from gateway.people.continuing import Continuing
from gateway.people.joining import Joining, Yielding
from gateway.people.moving import Moving
from gateway.people.parting import Parting
from gateway.people.proof_form import ProofForm
from gateway.people.proving import Proving
from gateway.ports import Clock
from gateway.settings import Company
from gateway.speaking import Speaker
from gateway.texts import Texts


class People:
    """Made once in each process that decides or serves."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        speaker: Speaker,
        yielding: Yielding,
        texts: Texts,
        company: Company,
        clock: Clock,
        *,
        secret: str | None = None,
        code_channel: str = "",
    ) -> None:
        self.joining = Joining(speaker, yielding, texts, company, clock)
        self.moving = Moving(self.joining)
        self.parting = Parting(self.joining, speaker, yielding, texts, company, clock)
        self.proving = Proving(channels, self.joining, clock)
        self.continuing = Continuing(channels, self.joining, clock)
        # Without a secret no code can be made: who only joins and parts people needs none.
        carriers = carriers_of(channels, code_channel) if secret else []
        self.codes = Codes(carriers, secret or "", clock)
        self.arrivals = Arrivals(
            channels, self.proving, self.continuing, speaker, texts, company, clock, ProofForm(self.codes)
        )
