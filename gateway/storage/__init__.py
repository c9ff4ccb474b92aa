"""Everything that speaks SQL for the spine: engine, tables, repositories and migrations."""
