"""What the rooms tell each other to make the bot better: candidates, likeness, proposals, the dial."""
