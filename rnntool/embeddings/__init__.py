"""Word vectors: training them, querying them, and loading them into a model."""
