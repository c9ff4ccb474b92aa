"""The web desk: where agents read, answer and move conversations in a browser."""
