"""Who is at the editor's pages, and the numbers that their forms carry."""

from __future__ import annotations

from gateway.staff import Staff
from gateway.web.pages import StaffRequest
from knowledge_base.storage import Editor


def staff_of(request: StaffRequest) -> Staff:
    """Who is signed in; the guard has seen to it that somebody is."""
    staff = request.scope["user"]
    assert isinstance(staff, Staff)
    return staff


def editor_of(request: StaffRequest) -> Editor:
    """Who is signed in, as one who changes the knowledge base."""
    staff = staff_of(request)
    return Editor(name=staff.name, staff_id=staff.id)


def number_in(word: str) -> int | None:
    """The number that a form or an address carries; None where it is none."""
    return int(word) if word.isascii() and word.isdigit() and len(word) < 10 else None
