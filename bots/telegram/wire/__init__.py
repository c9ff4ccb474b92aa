"""Bot API JSON ↔ our values, as plain functions without any messenger library.

In: `envelopes` (raw body → Envelope) and `inbound` (stored body → Event), over the `shapes` of the Bot API.
Out: `outbound` (Send → Call, with `html` for texts) and `replies` (what came back → result or SendError).
"""
