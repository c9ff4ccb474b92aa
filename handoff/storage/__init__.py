"""Everything that speaks SQL for handoffs: tables and repositories made from a Work's connection."""
