"""Everything a Slack desk keeps, and the only SQL of it."""
