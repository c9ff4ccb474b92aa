"""People who sign in: agents, content editors and reviewers, supervisors, operators."""

from __future__ import annotations

from enum import StrEnum

from gateway.messages import Value


class Role(StrEnum):
    """What somebody may open."""

    AGENT = "agent"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"


class Staff(Value, frozen=True, kw_only=True):
    """Somebody who signs in; `language` is the one their screens are in, `skills` free words."""

    id: int
    email: str
    name: str
    roles: frozenset[Role]
    skills: tuple[str, ...] = ()
    language: str = "uk"
    active: bool = True

    def may(self, role: Role) -> bool:
        """Whether this person has `role`: an operator has every one, and a reviewer edits as well."""
        if role is Role.EDITOR and Role.REVIEWER in self.roles:
            return True
        return role in self.roles or Role.OPERATOR in self.roles

    @property
    def is_agent(self) -> bool:
        """Whether this person may talk with customers: one who is not active may do nothing."""
        return self.active and self.may(Role.AGENT)
