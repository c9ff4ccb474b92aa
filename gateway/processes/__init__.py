"""Processes: what runs in each, who does what alone, and how they wake each other."""
