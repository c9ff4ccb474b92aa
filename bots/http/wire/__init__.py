"""JSON ↔ our values, as plain functions: `inbound` (a body → envelopes → events), `outbound` (a Send → a
body), `replies` (what came back → the message's id or a SendError)."""
