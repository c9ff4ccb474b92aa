"""The settings of a Rasa server that understands, or answers, in place of the embedded engine: `[rasa]`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from gateway.section import Section


class Rasa(Section, frozen=True, kw_only=True):
    """`[rasa]`: where Rasa is and how far it is trusted; read only where `engine = "rasa"`."""

    url: Annotated[
        str, Meta(pattern="^https?://", description="Rasa's server, started with `rasa run --enable-api`.")
    ] = "http://127.0.0.1:5005"
    token: Annotated[
        str, Meta(description="What `--auth-token` gave the server; empty: none. Better by `FRONTDESK_RASA_TOKEN`.")
    ] = ""
    mode: Annotated[
        str,
        Meta(
            pattern="^(nlu|assistant)$",
            description="`nlu`: Rasa says what a text means and Frontdesk answers; `assistant`: Rasa's own dialogue "
            "answers, over its REST channel.",
        ),
    ] = "nlu"
    timeout: Annotated[
        float,
        Meta(
            gt=0,
            le=30,
            description="Seconds to wait for one answer of Rasa. A batch of texts waits twice as long at most, a "
            "message to the assistant three times; then the embedded engine answers.",
        ),
    ] = 3.0
    concurrency: Annotated[int, Meta(ge=1, le=100, description="Requests to Rasa under way at once.")] = 8
    answer_confidence: Annotated[
        float,
        Meta(
            gt=0,
            lt=1,
            description="Rasa's confidence that counts as much as `dialogue.answer_confidence`; DIET is surer of "
            "itself than the embedded engine.",
        ),
    ] = 0.7
    clarify_confidence: Annotated[
        float, Meta(gt=0, lt=1, description="Rasa's confidence that counts as much as `dialogue.clarify_confidence`.")
    ] = 0.3
    intents: Annotated[
        dict[str, str],
        Meta(
            description="Articles by Rasa's intents, where the names differ by more than `_` for `-`: "
            '`ask_price = "delivery-cost"`.'
        ),
    ] = field(default_factory=dict)
    start: Annotated[
        str,
        Meta(
            description="What the assistant is told when somebody opens a conversation, as `/greet`; empty: our own "
            "greeting is said."
        ),
    ] = ""
    language_slot: Annotated[
        str,
        Meta(description="Slot of the assistant that is told the customer's language (uk, ru, en); empty: none."),
    ] = "language"
