"""Slack's JSON ↔ our values, as plain functions without any messenger library.

In: `signing` (whose request it is), `envelopes` (raw body → Envelope) and `inbound` (stored body → Event),
over the `shapes` of Slack's payloads. Out: `outbound` (Send → Call, with `blocks`), `replies` (what came
back → result or SendError) and `traces` (is a message in a history one of our sends?). Both ways: `mrkdwn`
and `emoji`.
"""
