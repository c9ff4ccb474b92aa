"""Moving conversations to people: queue, desk, opening hours, callbacks and ratings."""
