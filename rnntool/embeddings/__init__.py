"""Word vectors: training them, asking them, and putting them into a model."""
