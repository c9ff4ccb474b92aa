"""Rasa in place of the embedded engine: understanding, its whole assistant, and its project files."""
