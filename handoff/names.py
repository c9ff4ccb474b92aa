"""How staff read who a customer is."""

from __future__ import annotations

from gateway.texts import Translator


def called(name: str | None, contact_id: int, translator: Translator) -> str:
    """A customer's name, or a stand-in that tells nameless visitors apart."""
    return name or translator.gettext("Visitor {number}").format(number=contact_id)
