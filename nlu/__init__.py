"""Understanding texts: engine, training, language, entities and mood."""
