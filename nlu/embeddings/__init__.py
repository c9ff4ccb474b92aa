"""A language model's sentence vectors beside the light features: the `embeddings` engine."""
