"""Writes the schemas anew."""

from bots.http.schema import HOME, documents

for name, text in documents().items():
    (HOME / name).write_text(text, encoding="utf-8")
