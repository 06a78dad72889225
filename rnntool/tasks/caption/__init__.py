"""A text for each vector: one to many."""
