"""Which agents may take a conversation, and who of them first. Pure.

Any agent may claim anything by hand; routing decides whom the desk notifies and offers for a transfer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gateway.messages import Value
from gateway.staff import Staff

LANGUAGE_PREFIX = "lang:"
"""A skill such as ``lang:en`` names a language the agent writes in; an agent with none writes in all."""


class Needs(Value, frozen=True, kw_only=True):
    """What a conversation asks of an agent: its language, and skills (all of them)."""

    language: str | None = None
    skills: frozenset[str] = frozenset()


def speaks(agent: Staff, language: str | None) -> bool:
    """Whether the agent writes in `language`."""
    spoken = {skill.removeprefix(LANGUAGE_PREFIX) for skill in agent.skills if skill.startswith(LANGUAGE_PREFIX)}
    return language is None or not spoken or language in spoken


def may_take(agent: Staff, needs: Needs) -> bool:
    """Whether the agent is active, is an agent, speaks the language and has every skill."""
    return agent.is_agent and speaks(agent, needs.language) and needs.skills <= set(agent.skills)


def candidates(
    agents: Iterable[Staff], needs: Needs, online: Sequence[int] = (), loads: Mapping[int, int] | None = None
) -> list[Staff]:
    """Who may take it: present ones first, then those with fewer conversations, then by name.

    Where nobody has the skills, those who speak the language; where nobody does, every agent: a
    customer with the second-best agent is better off than one with none.
    """
    everyone = [agent for agent in agents if agent.is_agent]
    fitting = (
        [agent for agent in everyone if may_take(agent, needs)]
        or [agent for agent in everyone if speaks(agent, needs.language)]
        or everyone
    )
    counted = loads or {}
    return sorted(fitting, key=lambda agent: (agent.id not in online, counted.get(agent.id, 0), agent.name))
