"""Messenger channels, one folder a kind: pure `wire` translation plus thin drivers."""
