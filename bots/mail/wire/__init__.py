"""Mail ↔ our values, as plain functions: no I/O, no clock, no IMAP and no SMTP.

In: `letter` (raw bytes → Letter), `inbound` (Letter → Event) with `robots`, `bounces` and `proof` for who wrote,
`words`, `html`, `quotes` and `charsets` for what, `files` for what came with it. Out: `outbound` (Send → mail).
"""
