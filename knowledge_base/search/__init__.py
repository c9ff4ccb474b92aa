"""Search over the knowledge base: inflection and typing mistakes forgiven, in three languages."""
