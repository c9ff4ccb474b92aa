"""The staff table: people who sign in, and their server-side sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.errors import Conflict, NotFound
from gateway.staff import Role, Staff
from gateway.storage import tables

_column = tables.staff.c


class StaffTable:
    """Agents, editors, supervisors and operators."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        *,
        email: str,
        name: str,
        password_hash: str,
        roles: frozenset[Role],
        now: datetime,
        language: str = "uk",
        skills: tuple[str, ...] = (),
    ) -> Staff:
        """A new person. Raises Conflict where the e-mail is taken."""
        if await self.by_email(email):
            raise Conflict(f"{email} is already on the staff")
        result = await self._connection.execute(
            insert(tables.staff)
            .values(
                email=email.lower(),
                name=name,
                password=password_hash,
                roles=msgspec.json.encode(sorted(roles)).decode(),
                skills=msgspec.json.encode(skills).decode(),
                language=language,
                created_at=now,
            )
            .returning(_column.id)
        )
        return await self.get(int(result.scalar_one()))

    async def get(self, staff_id: int) -> Staff:
        """The person. Raises NotFound."""
        row = (await self._connection.execute(select(tables.staff).where(_column.id == staff_id))).one_or_none()
        if row is None:
            raise NotFound(f"staff {staff_id}")
        return _to_staff(row)

    async def by_email(self, email: str) -> Staff | None:
        """The person with this e-mail, in any case of letters."""
        result = await self._connection.execute(
            select(tables.staff).where(func.lower(_column.email) == email.strip().lower())
        )
        row = result.one_or_none()
        return None if row is None else _to_staff(row)

    async def password_hash(self, staff_id: int) -> str:
        """The stored argon2 hash, kept out of the value so that it never travels."""
        result = await self._connection.execute(select(_column.password).where(_column.id == staff_id))
        return str(result.scalar_one())

    async def all(self, *, role: Role | None = None) -> list[Staff]:
        """Active people by name, those with `role` only where given."""
        result = await self._connection.execute(
            select(tables.staff).where(_column.active.is_(True)).order_by(_column.name)
        )
        people = [_to_staff(row) for row in result]
        return [person for person in people if role is None or role in person.roles]

    async def change(self, staff_id: int, **changes: Any) -> None:
        """Set columns (`roles` as a set). Whoever makes an agent something else gives their conversations back."""
        if "roles" in changes:
            changes["roles"] = msgspec.json.encode(sorted(changes["roles"])).decode()
        await self._connection.execute(update(tables.staff).where(_column.id == staff_id).values(**changes))


def _to_staff(row: Row[Any]) -> Staff:
    return Staff(
        id=row.id,
        email=row.email,
        name=row.name,
        roles=frozenset(Role(role) for role in msgspec.json.decode(row.roles)),
        skills=tuple(msgspec.json.decode(row.skills, type=list[str])),
        language=row.language,
        active=row.active,
    )
