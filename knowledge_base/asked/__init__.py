"""What customers asked and the bot did not know: the questions, what editors make of them, and proposals."""
